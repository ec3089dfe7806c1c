package behavior

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Version is that of the JSON that [Behavior.Save] writes.
const Version = 3

// ErrVersion is wrapped by the errors for behaviors of a version that this
// package does not know.
var ErrVersion = errors.New("unknown version of a behavior")

// Save writes the behavior to a JSON file, in place of what was there. The file is written beside
// it and then given its name, so that a watch that reads it meanwhile finds the old one or the
// new one, whole.
func (b *Behavior) Save(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".behavior-*")
	if err != nil {
		return fmt.Errorf("saving behavior: %w", err)
	}
	defer os.Remove(f.Name())
	err = errors.Join(b.Write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("saving behavior to %s: %w", path, err)
	}
	return nil
}

// Write writes the behavior as JSON.
func (b *Behavior) Write(w io.Writer) error {
	return json.NewEncoder(w).Encode(struct {
		Version int `json:"version"`
		*Behavior
	}{Version, b})
}

// Load reads a behavior from a file that [Behavior.Save] wrote.
func Load(path string) (*Behavior, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("loading behavior: %w", err)
	}
	defer f.Close()
	b, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("loading behavior from %s: %w", path, err)
	}
	return b, nil
}

// Read reads a behavior as JSON. A behavior of another version is an error
// that wraps [ErrVersion]; one that could not score is an error too.
func Read(r io.Reader) (*Behavior, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var head struct {
		Version *int          `json:"version"`
		Width   time.Duration `json:"width"` // as "every" was called at first
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("not a behavior: %w", err)
	}
	switch {
	case head.Version == nil:
		return nil, errors.New("not a behavior: it has no version")
	case *head.Version != Version:
		return nil, fmt.Errorf("%w: %d, this program knows %d", ErrVersion, *head.Version, Version)
	}
	b := &Behavior{Every: head.Width}
	if err := json.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("behavior: %w", err)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("damaged behavior: %w", err)
	}
	return b, nil
}

// check refuses what would make scores meaningless: numbers that no learning gives, lists out of
// order, and names that refer to nothing. A file may come from anyone, and scoring must neither
// panic nor divide by zero.
func (b *Behavior) check() error {
	switch {
	case b.Every <= 0:
		return fmt.Errorf("buckets of %v", b.Every)
	case b.Buckets <= 0:
		return fmt.Errorf("learned from %d buckets", b.Buckets)
	case len(b.Sources) == 0:
		return errors.New("no sources")
	}
	for name, s := range b.Sources {
		if s == nil {
			return fmt.Errorf("source %q is null", name)
		}
		process := processOf(name, b.ByKind)
		if _, ok := b.Presence[process]; !ok && !slices.Contains(b.Observers, process) {
			return fmt.Errorf("source %q: process unknown", name)
		}
		if math.IsNaN(s.Sum) || !(s.Squares >= 0) {
			return fmt.Errorf("source %q: sums of values %v and %v", name, s.Sum, s.Squares)
		}
		if !s.Value.valid() || !slices.Contains([]Shape{Logarithm, Linear, Arcsine}, s.Shape) || !(s.Scale > 0) {
			return fmt.Errorf("source %q: values %q on scale %q of %v", name, s.Value, s.Shape, s.Scale)
		}
		if s.Season != nil && !(s.Season.Scale > 0) {
			if s.Value.level() {
				return fmt.Errorf("source %q: its season has no scale, as older programs saved it: learn it again", name)
			}
			s.Season.Scaling = s.Scaling // of counts there is but one
		}
		if s.Missing < 0 || s.Missing >= b.Buckets || !s.Held.valid() {
			return fmt.Errorf("source %q: what it showed in buckets held out is damaged", name)
		}
		if !s.Upper.ordered(1) || !s.Lower.ordered(-1) {
			return fmt.Errorf("source %q: values of a tail out of order", name)
		}
		if n := min(s.Upper.Ties, s.Lower.Ties); n < 0 || max(s.Upper.Ties, s.Lower.Ties) > b.Buckets {
			return fmt.Errorf("source %q: %d values at a threshold", name, n)
		}
	}
	for name, k := range b.Presence {
		if k < 0 || k > b.Buckets {
			return fmt.Errorf("process %q was seen in %d of %d buckets", name, k, b.Buckets)
		}
	}
	for class, h := range b.Held {
		if h == nil || !h.valid() {
			return fmt.Errorf("what %q showed in buckets held out is damaged", class)
		}
	}
	always, linked := b.Levels.lists()
	for i, list := range slices.Concat(always, linked) {
		if needed := i < len(always) || b.Links != nil; needed != (len(*list) > 0) {
			return errors.New("links without calibration, or the other way round")
		}
		for _, c := range *list {
			if !c.valid() {
				return errors.New("calibration out of order")
			}
		}
	}
	if b.Links != nil {
		b.Links.sources = b.Sources
		return b.Links.check()
	}
	return nil
}

func (c Calibration) valid() bool {
	return c.Buckets > 0 && c.Effective >= 1 && c.Effective <= float64(c.Buckets) && len(c.Quantiles) == quantiles && slices.IsSorted(c.Quantiles) && c.Tail.ordered(1) && c.Scale >= 0 && (c.Scale == 0 || c.Moments >= 1)
}

func (h Held) valid() bool {
	return h.Buckets >= 0 && h.Up.valid() && h.Down.valid()
}

func (e Excess) valid() bool { return e.N >= 0 && e.Sum >= 0 && e.Squares >= 0 }

// ordered reports whether the values lie beyond the threshold, nearest first.
func (t Tail) ordered(sign float64) bool {
	last := sign * t.At
	for _, v := range t.Beyond {
		if math.IsNaN(v) || sign*v < last {
			return false
		}
		last = sign * v
	}
	return true
}
