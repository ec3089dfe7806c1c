package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
	"dtnotes/kernel/internal/process"
)

// watchOptions are the flags that watch has beyond those of score.
type watchOptions struct {
	scoreOptions
	script           scriptOptions
	webhook, metrics string
	every            time.Duration // between updates of an alert that goes on
	blindAfter       time.Duration
	giveUp           time.Duration
	halfLife         time.Duration
	forget           bool // keep nothing over restarts
}

func watchCommand() *cobra.Command {
	var opt watchOptions
	cmd := &cobra.Command{
		Use:   "watch BEHAVIOR.json [-- TRACER ARG ...]",
		Short: "Watch a running tracer and say when a behavior is broken",
		Long: `Watch runs a tracer, or any command that prints what one does, and scores what it prints by a
behavior that dtnotes learn -o saved, bucket by bucket, counted as when it was learned. With
--script it runs dtrace or bpftrace, whichever is there, with scripts of the library, or a file.
Without both it reads standard input, or, where that is a terminal or nothing, runs those scripts of
the library that print what the behavior was learned from. On a terminal it shows the last minute
and what stands out now; elsewhere it prints a line when an alert starts and its story when it ends.

Hooks are told when an alert starts, while it goes on and when it ends, and when the watch is blind:
the tracer prints nothing, nothing that is understood, or loses events. A hook's command has the
phase (start, update, end, blind, seeing) in DTNOTES_PHASE, and the alert as JSON on its standard
input; a webhook gets the same JSON.

What it remembers lies beside the behavior, in BEHAVIOR.watch.json, and survives a restart. Alerts
can be taken for normal (dtnotes accept), and sources left alone for a time (dtnotes suppress),
while it runs.

With --half-life it learns on from what raises no alert, so that a normal that moves by and by stays
normal. A sudden change that lasts is an alert for as long as it does, and nothing of it is learned
before it is accepted: a permanent outage would become normal otherwise.

The status is 0 when nothing stood out, 3 when there were alerts, 4 when it was blind, 1 on an error.`,
		Example: `  dtnotes watch normal.json
  dtnotes watch normal.json --script syscalls,io
  dtnotes watch normal.json -- bpftrace persec.bt
  dtrace -s persec.d | dtnotes watch normal.json --exec 'mail -s "misbehavior: $DTNOTES_PHASE" root'
  dtnotes watch normal.json --metrics 9464 --webhook http://127.0.0.1:8080/alerts -- bpftrace persec.bt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return opt.watch(cmd, args[0], args[1:]) },
	}
	opt.flags(cmd)
	opt.script.flags(cmd)
	measureFlags(cmd, &opt.count.MeasureOptions)
	f := cmd.Flags()
	f.StringVar(&opt.webhook, "webhook", "", "post each event as JSON to this `URL`")
	f.StringVar(&opt.metrics, "metrics", "", "serve OpenMetrics at `ADDRESS`/metrics; a port alone is of this machine only")
	f.DurationVar(&opt.every, "update", time.Minute, "time between updates of an alert that goes on")
	f.DurationVar(&opt.blindAfter, "blind-after", 0, "without counts for so long the watch is blind; 0 means five buckets, at least 10 s")
	f.DurationVar(&opt.giveUp, "give-up", 0, "end when blind for so long; 0 never does")
	f.DurationVar(&opt.halfLife, "half-life", 0, "learn on from normal running, so that what was learned so long ago counts half; 0 does not")
	f.BoolVar(&opt.forget, "no-state", false, "keep nothing over restarts")
	return cmd
}

// A watch is one run of the command.
type watch struct {
	opt      *watchOptions
	cmd      *cobra.Command
	path     string
	b        *behavior.Behavior
	w        *behavior.Watcher
	state    *watchState
	view     *view
	hooks    *hooks
	metrics  *metrics
	sight    *sight
	open     bool      // an alert goes on
	told     time.Time // last update of it
	saved    time.Time // the state
	changed  [2]time.Time
	looked   time.Time // at the files
	blindFor error
	since    time.Time // of being blind
	wasBlind bool
	alerts   []behavior.Alert
	lessons  behavior.Lessons // that are learned on from
	warnings io.Writer
	buckets  int
	leftOut  map[string]bool // lines told
	// What was told last: whether no alert can be raised in its first bucket, and in a later one.
	late    [2]bool
	lifts   time.Time // when the next suppression is over, zero if none is
	advised int       // number of the last alert that how to accept it was told of
}

func (opt *watchOptions) watch(cmd *cobra.Command, path string, tracer []string) error {
	// This comes before the files are read, so that no change of them is missed.
	changed := stamps(path)
	b, err := behavior.Load(path)
	if err != nil {
		return err
	}
	if b.Measure == nil && !b.ByKind {
		return fmt.Errorf("%s was learned from matrices: a tracer prints captures", path)
	}
	tracer, done, err := opt.pick(cmd, b, tracer)
	if err != nil {
		return err
	}
	defer done()
	if opt.halfLife < 0 || opt.blindAfter < 0 || opt.giveUp < 0 || opt.every <= 0 {
		return errors.New("want positive times")
	}
	if opt.blindAfter == 0 {
		opt.blindAfter = max(10*time.Second, 5*b.Every)
	}
	if least := behavior.Lesson * b.Every; opt.halfLife != 0 && opt.halfLife < least {
		return fmt.Errorf("a half-life of %v is too short: it is learned on from %d buckets of %v at once, so that it must be at least %v", opt.halfLife, behavior.Lesson, b.Every, least)
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	stderr := &syncWriter{w: cmd.ErrOrStderr()}
	w := &watch{opt: opt, cmd: cmd, path: path, b: b, view: newView(cmd.OutOrStdout()), metrics: newMetrics(), sight: newSight(opt.blindAfter), warnings: stderr, state: &watchState{Version: stateVersion}, leftOut: map[string]bool{}, changed: changed}
	if !opt.forget {
		if w.state, err = loadState(statePath(path)); err != nil {
			return err
		}
	}
	w.lessons = behavior.Lessons{HalfLife: opt.halfLife, Options: opt.ScoreOptions}
	w.tellReach()
	if opt.metrics != "" {
		address, err := w.metrics.serve(ctx, opt.metrics, stderr)
		if err != nil {
			return err
		}
		sayf(stderr, "metrics at http://%s/metrics\n", address)
	}
	in, wait := cmd.InOrStdin(), func() error { return nil }
	opt.Tracers = []int{os.Getpid()}
	if len(tracer) > 0 {
		var pid int
		if in, wait, pid, err = start(ctx, tracer, w.sight.stderr(stderr)); err != nil {
			return blindness{err}
		}
		opt.Tracers = append(opt.Tracers, pid)
	}
	// This must wait until the tracer runs: the watcher must know the tracer's process number to
	// leave it out.
	if err := w.restart(w.state.Memory); err != nil {
		return err
	}
	w.open = w.state.Memory.Open != nil
	w.hooks = newHooks(cmd.Context(), opt.exec, opt.webhook, stderr)
	defer w.hooks.close()
	name := "standard input"
	if len(tracer) > 0 {
		name = tracer[0]
	}
	err = w.follow(ctx, stop, in, name)
	if err != nil {
		stop()
	}
	// A tracer that prints no more is given a moment to end by itself.
	defer time.AfterFunc(5*time.Second, stop).Stop()
	ended := wait()
	if errors.Is(ended, context.Canceled) {
		ended = nil
	}
	// The tracer was not stopped but failed: from then on the watch saw nothing.
	if ended != nil && len(tracer) > 0 && cmd.Context().Err() == nil && err == nil {
		err = blindness{fmt.Errorf("the tracer %s ended: %w", strings.Join(tracer, " "), ended)}
	}
	return w.finish(err)
}

// pick chooses what is run if no command was given: scripts, run by the tracer that is there. done
// removes the files that this needs.
func (opt *watchOptions) pick(cmd *cobra.Command, b *behavior.Behavior, tracer []string) (line []string, done func(), err error) {
	o := &opt.script
	asked := len(o.script) > 0 || o.tracer != ""
	switch {
	case len(tracer) > 0 && asked:
		return nil, nil, errors.New("--script and --tracer name a tracer, and so does the command: one is enough")
	case len(tracer) > 0 || !asked && !nobodyPipes(cmd):
		return tracer, func() {}, nil
	case len(o.script) == 0:
		o.script = scriptsOf(b)
	}
	if line, done, err = o.command(); err != nil {
		return nil, nil, blindness{err}
	}
	sayf(cmd.ErrOrStderr(), "running %s with %s\n", line[0], strings.Join(o.script, ", "))
	return line, done, nil
}

// nobodyPipes reports whether standard input is a terminal or nothing at all.
func nobodyPipes(cmd *cobra.Command) bool {
	return cmd.InOrStdin() == io.Reader(os.Stdin) && isTerminal(os.Stdin)
}

// finish says what has not been said yet, and returns what the watch came to. Blindness at the end
// goes before alerts, and alerts go before blindness that is over.
func (w *watch) finish(err error) error {
	interrupted := w.cmd.Context().Err() != nil
	if interrupted || err != nil {
		// The alert goes on after a restart; where nothing is kept, it ends.
		if w.opt.forget {
			w.end()
		}
	} else {
		w.end()
	}
	w.save()
	if w.opt.alerts != "" {
		if err := writeAlerts(w.opt.alerts, w.alerts); err != nil {
			return err
		}
	}
	var blind blindness
	switch {
	case errors.As(err, &blind):
		if w.blindFor == nil {
			w.tellBlind(blind.reason)
		}
		return blind
	case err != nil && !interrupted:
		return err
	case w.blindFor != nil:
		return blindness{w.blindFor}
	case len(w.alerts) > 0 || w.open:
		return misbehavior
	case w.wasBlind:
		return blindness{errors.New("it was for a time")}
	}
	return nil
}

// end closes the alert that goes on, even if the command was interrupted: the alert is reported and
// saved.
func (w *watch) end() {
	u, err := w.w.Close(context.WithoutCancel(w.cmd.Context()))
	if err != nil {
		say(w.warnings, "warning:", err)
	}
	if u != nil {
		w.take(*u)
	}
}

// restart makes a watcher of the behavior and the orders that goes on from what is remembered.
func (w *watch) restart(m behavior.Memory) error {
	opts := w.opt.ScoreOptions
	if !w.opt.forget {
		o, err := loadOrders(ordersPath(w.path))
		if err != nil {
			return err
		}
		// The watch itself ends what is suppressed, by this machine's clock: that of the tracer may
		// count from anywhere.
		opts.Suppressed, w.lifts = map[string]float64{}, time.Time{}
		for name, until := range o.Suppressed {
			opts.Suppressed[name] = math.Inf(1)
			if end := time.Unix(int64(until), 0); w.lifts.IsZero() || end.Before(w.lifts) {
				w.lifts = end
			}
		}
	}
	next, err := behavior.NewWatcher(w.b, opts)
	if err != nil {
		return err
	}
	next.Remember(m)
	if w.w != nil {
		next.RememberBuckets(w.w)
	}
	w.w = next
	return nil
}

// stamps returns when the files that other commands write were last changed: a behavior, and the
// orders beside it.
func stamps(path string) (out [2]time.Time) {
	for i, path := range []string{path, ordersPath(path)} {
		if info, err := os.Stat(path); err == nil {
			out[i] = info.ModTime()
		}
	}
	return out
}

// reload takes up what was accepted and suppressed meanwhile, which other commands write beside the
// behavior. Files are looked at once a second. What cannot be read is reported once, and the watch
// goes on with what it knows.
func (w *watch) reload() {
	now := time.Now()
	if now.Sub(w.looked) < time.Second || w.opt.forget {
		return
	}
	w.looked = now
	over := !w.lifts.IsZero() && !now.Before(w.lifts)
	before := w.changed
	if w.changed = stamps(w.path); w.changed == before {
		if over {
			w.lifts = time.Time{}
			if err := w.restart(w.w.Memory()); err != nil {
				say(w.warnings, "warning:", err)
			}
			w.view.say("judges again what was suppressed")
		}
		return
	}
	b, err := behavior.Load(w.path)
	if err == nil && b.Every != w.b.Every {
		err = fmt.Errorf("%s has buckets of %v now: start the watch again", w.path, b.Every)
	}
	if err == nil && b.Measure != nil && w.b.Measure != nil {
		if differs := w.b.Measure.Match(b.Measure); differs != nil {
			err = fmt.Errorf("%s is of something else now, start the watch again: %w", w.path, differs)
		}
	}
	if err != nil {
		say(w.warnings, "warning:", err)
		return
	}
	m := w.w.Memory()
	if w.changed[0] != before[0] {
		// If an alert goes on, it may be what was accepted, and so it ends.
		w.end()
		m = behavior.Memory{Last: m.Last, Ended: m.Ended}
	}
	w.b = b
	w.tellReach()
	if err := w.restart(m); err != nil {
		say(w.warnings, "warning:", err)
	}
	w.view.say("took up the changed behavior or orders")
}

// item is what comes from the tracer.
type item struct {
	bucket behavior.Bucket
	err    error
}

// follow judges what comes until it ends.
func (w *watch) follow(ctx context.Context, stop func(), in io.Reader, name string) error {
	items := make(chan item, 16)
	batches := w.sight.batches(dtracefs.Follow(ctx, w.sight.reader(in), name, w.opt.count.Options))
	go func() {
		defer close(items)
		// This runs in a goroutine of its own, since reading from a tracer that prints nothing
		// blocks, and just then blindness must be noticed.
		for b, err := range behavior.Buckets(batches, w.b, w.opt.count.MeasureOptions) {
			select {
			case items <- item{b, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	tick := time.NewTicker(min(time.Second, max(50*time.Millisecond, w.opt.blindAfter/10)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			w.reload()
			w.look(time.Now())
			if w.blindFor != nil && w.opt.giveUp > 0 && time.Since(w.since) > w.opt.giveUp {
				stop()
				return blindness{w.blindFor}
			}
		case it, ok := <-items:
			if !ok {
				return nil
			}
			// If both cases are ready, either may be chosen, and nothing must be judged after the
			// end.
			if ctx.Err() != nil {
				return nil
			}
			if it.err != nil {
				return blindness{it.err}
			}
			w.sight.seen()
			w.reload()
			u, err := w.w.Push(ctx, it.bucket)
			if err != nil {
				return err
			}
			w.take(u)
			w.tellLeftOut()
			w.learnOn(ctx, u)
			w.look(time.Now())
			if time.Since(w.saved) > 10*time.Second {
				w.save()
			}
		}
	}
}

// take passes what a bucket brought to all who are told: the view, the metrics, the hooks, and the
// state. The state keeps the buckets of an alert while it goes on, so that it can be accepted
// before it ends.
func (w *watch) take(u behavior.Update) {
	started := u.Alert != nil && !w.open && !u.Ended
	if u.Alert != nil && !w.open {
		w.state.Number++
	}
	number := w.state.Number
	w.view.show(u, number)
	w.metrics.update(u, started)
	switch {
	case u.Ended:
		w.open = false
		w.alerts = append(w.alerts, *u.Alert)
		w.alerts = w.alerts[max(0, len(w.alerts)-mostAlerts):]
		w.state.keep(number, *u.Alert, w.w.Buckets(u.Alert.Start, u.Alert.End))
		w.tell(phaseEnd, u.Alert)
		w.save()
	case started:
		w.open, w.told = true, time.Now()
		w.state.keep(number, *u.Alert, w.w.Buckets(u.Alert.Start, u.Alert.End))
		w.tell(phaseStart, u.Alert)
		w.save()
	case u.Alert != nil:
		if time.Since(w.told) >= w.opt.every {
			w.told = time.Now()
			w.state.keep(number, *u.Alert, w.w.Buckets(u.Alert.Start, u.Alert.End))
			w.tell(phaseUpdate, u.Alert)
		}
		w.advise(u.Alert, number)
	}
}

// tellReach says which alerts cannot be raised by what is known now, and when they can be again.
// That the figures change after a lesson is not worth saying.
func (w *watch) tellReach() {
	reach, err := w.b.Reach(w.opt.ScoreOptions)
	late := [2]bool{reach.OneP > reach.Level, min(reach.OneP, reach.LastsP) > reach.Level}
	if err != nil || late == w.late {
		return
	}
	w.late = late
	if text := reach.String(); text != "" {
		say(w.warnings, "note:", text)
	} else {
		say(w.warnings, "note: alerts can be raised in their first bucket again")
	}
}

// advise says once, for an alert that goes on, how to make it normal. Nothing becomes normal by
// itself, however long it lasts, or else an outage would.
func (w *watch) advise(a *behavior.Alert, number int) {
	if w.advised == number || a.End-a.Start < w.opt.every.Seconds() {
		return
	}
	w.advised = number
	how := fmt.Sprintf("if this is normal from now on: dtnotes accept %s %d", dtracefs.Printable(w.path), number)
	if w.opt.forget {
		how = "without --no-state it could be accepted as normal"
	}
	w.view.say(fmt.Sprintf("alert number %d goes on since %s; %s", number, stamp(a.Start), how))
}

// tellLeftOut says what is not judged, once, and again when more of it makes system calls.
func (w *watch) tellLeftOut() {
	if w.buckets++; w.buckets%leftOutEvery != 0 {
		return
	}
	for _, line := range w.w.LeftOut() {
		// The counts in brackets grow, so that they are not compared: what matters is who is left
		// out.
		if who := inBrackets.ReplaceAllString(line, ""); !w.leftOut[who] && len(w.leftOut) < mostKept {
			w.leftOut[who] = true
			say(w.warnings, "note:", line)
		}
	}
}

// leftOutEvery is the number of buckets after which a watch looks at what it leaves out.
const leftOutEvery = 5

var inBrackets = regexp.MustCompile(`\([^()]*\d\)`)

// mostAlerts bounds the alerts that --alerts writes.
const mostAlerts = 10_000

func (w *watch) tell(p phase, a *behavior.Alert) {
	w.hooks.tell(event{Phase: p, Behavior: w.path, Number: w.state.Number, Alert: a})
}

// look notices, and says, when the watch becomes blind and when it sees again.
func (w *watch) look(now time.Time) {
	if n := w.sight.takeDrops(); n > 0 {
		w.metrics.lost.Add(float64(n))
		w.view.say(fmt.Sprintf("the tracer lost %d events: counts are too low", n))
	}
	switch reason := w.sight.blind(now); {
	case reason != nil && w.blindFor == nil:
		w.tellBlind(reason)
	case reason != nil:
		w.blindFor = reason
	case w.blindFor != nil:
		w.blindFor = nil
		w.metrics.blind.Set(0)
		w.view.say("seeing again")
		w.hooks.tell(event{Phase: phaseSeeing, Behavior: w.path})
	}
}

func (w *watch) tellBlind(reason error) {
	w.blindFor, w.since, w.wasBlind = reason, time.Now(), true
	w.metrics.blind.Set(1)
	w.view.say("blind: " + reason.Error())
	w.hooks.tell(event{Phase: phaseBlind, Behavior: w.path, Reason: reason.Error()})
}

// save writes what a restart needs. A failure is reported and does not end the watch: to watch is
// worth more than to remember.
func (w *watch) save() {
	if w.opt.forget {
		return
	}
	w.saved = time.Now()
	w.state.Memory = w.w.Memory()
	if err := writeJSON(statePath(w.path), w.state); err != nil {
		say(w.warnings, "warning:", err)
	}
}

// learnOn goes on learning from normal running, a lesson at a time, while old knowledge fades.
// Neither an alert nor what was seen while events were lost is normal. The behavior is saved in
// place of the one before, so that a restart goes on with it.
func (w *watch) learnOn(ctx context.Context, u behavior.Update) {
	if w.opt.halfLife == 0 || u.Alert != nil || w.blindFor != nil {
		return
	}
	next, err := w.lessons.Take(ctx, w.b, u.Bucket)
	if err == nil && next == nil {
		return
	}
	if err == nil && !w.opt.forget && stamps(w.path)[0] != w.changed[0] {
		// To save the lesson would undo what was written, such as what was accepted.
		say(w.warnings, "note: the behavior was changed by another command, so that the last lesson is left out")
		return
	}
	if err == nil {
		err = next.Save(w.path)
	}
	if err == nil {
		w.b, w.changed = next, stamps(w.path)
		w.tellReach()
		err = w.restart(w.w.Memory())
	}
	if err != nil && ctx.Err() == nil {
		say(w.warnings, "warning: learning on:", err)
	}
}

// start runs the tracer, and returns its process number. The tracer is interrupted when ctx ends,
// so that it can print what it has.
func start(ctx context.Context, tracer []string, stderr io.Writer) (out io.Reader, wait func() error, pid int, err error) {
	c := exec.CommandContext(ctx, tracer[0], tracer[1:]...)
	process.Interruptible(c)
	c.WaitDelay = 5 * time.Second
	c.Stderr = stderr
	if out, err = c.StdoutPipe(); err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, nil, 0, fmt.Errorf("running the tracer: %w", err)
	}
	return out, c.Wait, c.Process.Pid, nil
}

// syncWriter is a writer that several goroutines may write to.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
