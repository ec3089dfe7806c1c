package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// A watchState is what a watch keeps over restarts, beside the behavior: what it remembers, and the
// last alerts with their buckets, so that they can be accepted.
type watchState struct {
	Version int             `json:"version"`
	Memory  behavior.Memory `json:"memory"`
	Number  int             `json:"number"` // of the last alert
	Alerts  []keptAlert     `json:"alerts"`
}

// A keptAlert is an alert that can be accepted.
type keptAlert struct {
	Number  int               `json:"number"`
	Alert   behavior.Alert    `json:"alert"`
	Buckets []behavior.Bucket `json:"buckets"`
}

func (k keptAlert) acceptance() behavior.Acceptance {
	return behavior.Acceptance{Number: k.Number, Start: k.Alert.Start}
}

// orders are what an operator told a watch to do. They are in a file of their own, which only
// commands write.
type orders struct {
	Suppressed map[string]float64 `json:"suppressed"` // until when, seconds since the epoch
}

// mostKept bounds the alerts that can be accepted.
const mostKept = 20

// mostBuckets bounds the buckets that are kept of an alert. The last ones are kept, which show what
// the change has settled to.
const mostBuckets = 240

// mostValues bounds the values in the buckets of one alert, and mostInAll those of all alerts that
// are kept: there may be thousands of names.
const (
	mostValues = 50_000
	mostInAll  = 250_000
)

// stateVersion is the version of the form of a watch's state. A state of another version is
// refused, so that it is not misread.
const stateVersion = 1

// statePath and ordersPath lie beside the behavior.
func statePath(behaviorPath string) string  { return besides(behaviorPath, ".watch.json") }
func ordersPath(behaviorPath string) string { return besides(behaviorPath, ".orders.json") }

// besides is the name of a file beside another one, with another ending.
func besides(path, end string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + end }

// loadState reads the state of a watch. It returns an empty state if there is none yet.
func loadState(path string) (*watchState, error) {
	s := &watchState{}
	err := readJSON(path, s)
	if err == nil && s.Version != 0 && s.Version != stateVersion {
		err = fmt.Errorf("%s: state of version %d, this program knows %d", path, s.Version, stateVersion)
	}
	s.Version = stateVersion
	return s, err
}

// loadOrders reads orders and leaves out those that are over, so that the file does not grow.
func loadOrders(path string) (*orders, error) {
	o := &orders{}
	err := readJSON(path, o)
	if o.Suppressed == nil {
		o.Suppressed = map[string]float64{}
	}
	now := float64(time.Now().Unix())
	for name, until := range o.Suppressed {
		if until <= now {
			delete(o.Suppressed, name)
		}
	}
	return o, err
}

// readJSON reads a file into v, which stays as it is if there is none.
func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// writeJSON writes a file in place of what was there, whole or not at all.
func writeJSON(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".dtnotes-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// keep remembers an alert so that it can be accepted, in place of what was known of it. What is too
// much is dropped, the oldest first: buckets of the alert, and then whole alerts.
func (s *watchState) keep(number int, a behavior.Alert, buckets []behavior.Bucket) {
	s.Alerts = slices.DeleteFunc(s.Alerts, func(k keptAlert) bool {
		if k.Number != number {
			return false
		}
		// Buckets from before a restart are known only from what was kept then.
		for i, b := range slices.Backward(k.Buckets) {
			if len(buckets) == 0 || b.Time < buckets[0].Time {
				buckets = slices.Concat(k.Buckets[:i+1], buckets)
				break
			}
		}
		return true
	})
	buckets = buckets[max(0, len(buckets)-mostBuckets):]
	for n := valuesOf(buckets); n > mostValues && len(buckets) > 1; buckets = buckets[1:] {
		n -= len(buckets[0].Counts)
	}
	s.Alerts = append(s.Alerts, keptAlert{number, a, buckets})
	s.Alerts = s.Alerts[max(0, len(s.Alerts)-mostKept):]
	all := 0
	for _, k := range s.Alerts {
		all += valuesOf(k.Buckets)
	}
	for ; all > mostInAll && len(s.Alerts) > 1; s.Alerts = s.Alerts[1:] {
		all -= valuesOf(s.Alerts[0].Buckets)
	}
}

func valuesOf(buckets []behavior.Bucket) int {
	n := 0
	for _, b := range buckets {
		n += len(b.Counts)
	}
	return n
}

func acceptCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "accept BEHAVIOR.json [NUMBER]",
		Short: "Take an alert of watch for normal from now on",
		Long: `Accept teaches a behavior that what an alert of dtnotes watch told is normal: what its sources did
then is usual from now on, and so is how they stood to each other. A watch that runs takes it up at
once and ends the alert. An alert can be accepted once. Without a number it lists the alerts that
can be accepted.`,
		Example: `  dtnotes accept normal.json
  dtnotes accept normal.json 7`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := behavior.Load(args[0])
			if err != nil {
				return err
			}
			s, err := loadState(statePath(args[0]))
			if err != nil {
				return err
			}
			before := func(k keptAlert) bool { return slices.Contains(b.Accepted, k.acceptance()) }
			if len(args) == 1 {
				for _, k := range s.Alerts {
					if !before(k) {
						sayf(cmd.OutOrStdout(), "%d  %s  %s\n", k.Number, date(k.Alert.Start), k.Alert)
					}
				}
				return nil
			}
			number, err := strconv.Atoi(args[1])
			at := slices.IndexFunc(s.Alerts, func(k keptAlert) bool { return k.Number == number })
			switch {
			case err != nil || at < 0:
				return fmt.Errorf("no alert %s is kept beside %s: dtnotes accept %s lists those that are", args[1], args[0], args[0])
			case before(s.Alerts[at]):
				return fmt.Errorf("alert %d was accepted before", number)
			}
			taught, err := b.Accept(s.Alerts[at].Buckets)
			if err != nil {
				return err
			}
			// What was learned and that it was learned are one file, which is written whole or not
			// at all: a second try never learns it twice.
			taught.Accepted = append(taught.Accepted, s.Alerts[at].acceptance())
			if err := taught.Save(args[0]); err != nil {
				return err
			}
			sayf(cmd.OutOrStdout(), "accepted: %s\n", s.Alerts[at].Alert)
			return nil
		},
	}
}

func suppressCommand() *cobra.Command {
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "suppress BEHAVIOR.json [SOURCE ...]",
		Short: "Do not judge a source for a time",
		Long: `Suppress keeps a process, or a single source of it, from raising alerts in dtnotes watch for a time,
such as while it is upgraded. A watch that runs takes it up at once. Without sources it lists those
that are suppressed.`,
		Example: `  dtnotes suppress normal.json postgres --for 2h
  dtnotes suppress normal.json postgres --for 0s   judge it again`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if length < 0 {
				return fmt.Errorf("suppressing for %v: want a positive time, or 0 to judge again", length)
			}
			b, err := behavior.Load(args[0])
			if err != nil {
				return err
			}
			o, err := loadOrders(ordersPath(args[0]))
			if err != nil {
				return err
			}
			for _, name := range args[1:] {
				name = behavior.Legible(name)
				if _, process := b.Presence[name]; !process && b.Sources[name] == nil {
					sayf(cmd.ErrOrStderr(), "warning: the behavior knows no %s\n", dtracefs.Printable(name))
				}
				if o.Suppressed[name] = float64(time.Now().Add(length).Unix()); length == 0 {
					delete(o.Suppressed, name)
				}
			}
			if len(args) > 1 {
				if err := writeJSON(ordersPath(args[0]), o); err != nil {
					return err
				}
			}
			for _, name := range sortedNames(o.Suppressed) {
				sayf(cmd.OutOrStdout(), "%s is not judged before %s\n", dtracefs.Printable(name), date(o.Suppressed[name]))
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&length, "for", time.Hour, "how long; 0 judges it again")
	return cmd
}

func sortedNames(m map[string]float64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func date(t float64) string { return time.Unix(int64(t), 0).UTC().Format("2006-01-02 15:04:05 UTC") }

func mergeCommand() *cobra.Command {
	var out string
	var halfLife time.Duration
	cmd := &cobra.Command{
		Use:   "merge BEHAVIOR.json|PART.counts ... -o MERGED",
		Short: "Make one behavior, or one counts file, of those of several hosts or days",
		Long: `Merge makes one behavior of several: what is usual in any of them is usual in it. With a half-life, what was
learned that long before the newest counts half.

Of counts files (see dtnotes count) it makes one with all their hosts, in which the parts of a host
follow each other. The order of the files, and how they were merged before, make no difference to a
byte. Parts of a host that counted the same time are refused, so that nothing is counted twice.`,
		Example: `  dtnotes merge host-a.json host-b.json -o hosts.json
  dtnotes merge monday.json tuesday.json wednesday.json -o week.json --half-life 72h
  dtnotes merge web1.counts web2.counts -o web.counts`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if counted, err := countsFiles(args); err != nil {
				return err
			} else if counted {
				if cmd.Flags().Changed("half-life") {
					return errors.New("--half-life is for behaviors: counts add up")
				}
				return mergeCounts(cmd, args, out)
			}
			if len(args) < 2 {
				return errors.New("one behavior alone has nothing to be merged with")
			}
			var all []*behavior.Behavior
			for _, path := range args {
				b, err := behavior.Load(path)
				if err != nil {
					return err
				}
				all = append(all, b)
			}
			var merged *behavior.Behavior
			var err error
			if cmd.Flags().Changed("half-life") {
				merged, err = behavior.MergeFading(halfLife, all...)
			} else {
				merged, err = behavior.Merge(all...)
			}
			if err != nil {
				return err
			}
			if err := merged.Save(out); err != nil {
				return err
			}
			sayf(cmd.OutOrStdout(), "%v", merged)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "save to `FILE`.json or .counts")
	f.DurationVar(&halfLife, "half-life", 0, "what was learned so long before the newest counts half")
	cmd.MarkFlagRequired("output")
	return cmd
}
