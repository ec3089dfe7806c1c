package behavior

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dtnotes/analysis"
	"dtnotes/analysis/figure"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// A Behavior is what normal running looks like. [Learn] makes one, [Load]
// reads one back. Several goroutines may use one as long as none changes it.
//
// Scores need nothing else: a behavior is a summary whose size depends on how many sources there
// are and not on how long was learned, since tails, block means and calibrations are bounded.
// That is also why two of them can be merged without the captures.
type Behavior struct {
	Tags   []string      `json:"tags"`    // such as the host or the day
	Every  time.Duration `json:"every"`   // of a bucket, in nanoseconds
	ByKind bool          `json:"by_kind"` // sources are named "kind process"
	Units  string        `json:"units"`   // of the counts

	// Measure says how the captures were counted. It is nil for matrices.
	Measure *dtracefs.Measure `json:"measure,omitempty"`

	// Until is the end of what was learned from, in seconds since the epoch.
	Until   float64            `json:"until"`
	Buckets int                `json:"buckets"` // learned from
	Sources map[string]*Source `json:"sources"` // by name
	// Kinds is the smallest usual count of each kind, below which differences matter little.
	Kinds    map[string]float64 `json:"kinds"`
	Presence map[string]int     `json:"presence"` // buckets in which each process did anything

	// Ignored are the processes that are left out: the kernel's own, and the observer.
	Ignored  []string `json:"ignored"`
	Excluded []string `json:"excluded,omitempty"` // those of them that were named
	// Observers are those of them that have the name of an observer. Each is judged by itself.
	Observers []string `json:"observers,omitempty"`

	IncludeKernel   bool `json:"include_kernel"`   // threads of the kernel are sources like others
	IncludeObserver bool `json:"include_observer"` // tracers are sources like others

	Missing Missing `json:"missing,omitempty"` // what becomes of missing values

	// Held says how new sources and processes stood out in buckets that were held out.
	Held   map[string]*Held `json:"held"`
	Levels Levels           `json:"levels"` // what buckets held out showed

	Accepted []Acceptance `json:"accepted,omitempty"` // alerts that are taken for normal

	Links *Links   `json:"links"` // how processes depend on each other; nil if less than two vary
	Notes []string `json:"notes"`

	// compiled is made when the first bucket is judged. Whoever changes the behavior must forget
	// it.
	compiled *compiled
}

// An Acceptance names an alert of a watch that was taken for normal. It is saved with what was
// learned of the alert, so that nothing can be written of which the other is missing, and an alert
// is learned only once.
type Acceptance struct {
	Number int     `json:"number"` // that the watch gave it
	Start  float64 `json:"start"`  // seconds since the epoch: numbers begin anew with a new state
}

// A Source is what is known of one source of values.
//
// What share of the buckets shows something is taken of those that are not missing, Buckets-Missing
// of the behavior: a source does not count as rare because of buckets in which nobody looked.
// Silence of a count is a value; silence of a level is missing.
type Source struct {
	Value   Value     `json:"value"`
	Scaling           // on which it is judged
	Season  *Season   `json:"season,omitempty"` // what was taken off before all that follows
	Missing int       `json:"missing,omitempty"`
	Active  int       `json:"active"` // buckets in which it was not zero, or there if it is a gauge
	Total   float64   `json:"total"`  // of all values
	Upper   Tail      `json:"upper"`  // the largest values of a bucket
	Lower   Tail      `json:"lower"`  // the smallest
	Blocks  []float64 `json:"blocks"` // mean value per bucket in successive stretches of time
	Held    Held      `json:"held"`   // how it stood out in buckets held out

	// Sum and the sum of squares are taken over all buckets, of the values on their scale. They
	// serve max-|z|.
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
}

// Options tune [Learn]. The zero value is the default.
type Options struct {
	// ByKind says that sources are named "kind process", as [Sources] makes them, so that the
	// scores of all kinds of events of a process are reported together.
	ByKind bool
	// Tags are words to keep with the behavior.
	Tags []string
	// IncludeKernel takes in the kernel's own threads, left out by default:
	// they react to whatever processes do.
	IncludeKernel bool
	// IncludeObserver takes the processes of [analysis.Observers] for sources
	// like others. By default they have no part in links, since they react to
	// whatever they watch. The series must hold them (see
	// [analysis.SeriesOptions]).
	IncludeObserver bool
	// Exclude names more processes to leave out, such as a collector that watches the system: only
	// tracers are known by name, and what is counted of a collector does not distinguish it from
	// any other process that works at a steady beat.
	Exclude []string
	// Values say what the values of sources are, by name; "*" stands for all not named. Where
	// nothing is said, evidence decides: counts of a tracer are counts, and other values are judged
	// by what they look like.
	Values map[string]Value
	// Missing says what becomes of missing values (NaN), an error by default.
	Missing Missing
	// Seed starts all that is random.
	Seed uint64
	// Progress, when set, is called as steps start and go on.
	Progress func(step string, done int)

	known    *Behavior // that is learned on from, nil for a new one
	halfLife time.Duration
}

// String says what the behavior was learned from and what it holds.
func (b *Behavior) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "behavior of %d processes, %d sources, learned from %d buckets of %v", len(b.Presence), len(b.Sources), b.Buckets, b.Every)
	if len(b.Tags) > 0 {
		fmt.Fprintf(&s, " (%s)", strings.Join(b.Tags, ", "))
	}
	s.WriteByte('\n')
	names := b.processes()
	brief := figure.Shorten(names)
	slices.SortStableFunc(names, func(x, y string) int { return b.Presence[y] - b.Presence[x] })
	fmt.Fprintf(&s, "  active most: %s\n", dtracefs.Printable(brief(listing(names, 8))))
	if b.Links != nil {
		fmt.Fprintf(&s, "  %d links between %d processes\n", len(b.Links.Edges), len(b.Links.Names))
	}
	if r, err := b.Reach(ScoreOptions{}); err == nil {
		fmt.Fprintf(&s, "  alerts by default: %s\n", r.budget())
		if text := r.String(); text != "" {
			fmt.Fprintf(&s, "  note: %s\n", text)
		}
	}
	for _, n := range b.Notes {
		fmt.Fprintf(&s, "  note: %s\n", dtracefs.Printable(brief(n)))
	}
	return s.String()
}

// Fits reports whether a series was counted as those that the behavior was learned from: an error
// names the first thing in which the two differ.
func (b *Behavior) Fits(s *analysis.Series) error {
	switch {
	case b.Measure == nil && s.Measure == nil:
		return nil
	case b.Measure == nil && b.ByKind == s.Measure.Kinded():
		return nil // saved before behaviors remembered their measure
	case b.Measure == nil:
		return errors.New("it was learned from matrices")
	case s.Measure == nil:
		return errors.New("it was learned from captures")
	}
	return b.Measure.Match(s.Measure)
}

// blocks is the number of stretches that the sources keep means of.
func (b *Behavior) blocks() int {
	for _, s := range b.Sources {
		return len(s.Blocks)
	}
	return 0
}

// means returns the block means of a source. A source that is not known was silent in all n of
// them.
func (b *Behavior) means(name string, n int) []float64 {
	if s := b.Sources[name]; s != nil {
		return s.Blocks
	}
	return make([]float64, n)
}

// callsOnly reports whether links are about system calls alone. Where system calls are counted,
// they are what a process does by itself, while other kinds of event may just happen to it.
func (b *Behavior) callsOnly() bool { return b.ByKind && b.Kinds["syscall"] > 0 }

// processes lists the processes of the behavior by name.
func (b *Behavior) processes() []string { return slices.Sorted(maps.Keys(b.Presence)) }

// unit is the count of a kind of event below which the scale is linear, so that a difference
// between one and three events of a kind that usually comes by hundreds weighs next to nothing. For
// an unknown kind it is 1.
func (b *Behavior) unit(kind string) float64 {
	if u := b.Kinds[kind]; u > 0 {
		return u
	}
	return 1
}

// row gives the values of a bucket. Counts of zero are left out, as a live stream leaves them out.
// A level of 0 is a value, and a level that is not there is missing.
func (b *Behavior) row(s *analysis.Series, i int) map[string]float64 {
	out := make(map[string]float64, len(s.Names))
	for j, name := range s.Names {
		src := b.Sources[name]
		if v := s.Values.At(i, j); v != 0 || src != nil && src.Value != Count {
			out[name] = v
		}
	}
	return out
}

// leftOutByName lists the processes that are left out whatever they do: those that were named.
// Where system calls are counted, a thread of the kernel is recognized because it makes none: a
// process of its name that makes some is something else.
func (b *Behavior) leftOutByName() []string {
	if _, counted := b.Kinds["syscall"]; counted && b.ByKind {
		return b.Excluded
	}
	return slices.DeleteFunc(slices.Clone(b.Ignored), func(p string) bool { return slices.Contains(b.Observers, p) })
}

// Graph draws the links of the behavior.
func (b *Behavior) Graph() figure.Graph {
	g := figure.Graph{Unit: "events/s"}
	if b.callsOnly() {
		g.Unit = "system calls/s"
	}
	if b.Links == nil {
		return g
	}
	l := b.Links
	for i, name := range l.Names {
		n := figure.Node{Name: name, Cluster: l.Labels[i], Activity: l.Activity[i], X: l.Positions[i][0], Y: l.Positions[i][1]}
		if l.Zones != nil {
			n.Zone = l.Zones[i]
			switch n.Zone {
			case "":
			case source.Global:
				n.Origin = source.Platform
			default:
				n.Origin = source.Zone
			}
		}
		g.Nodes = append(g.Nodes, n)
	}
	for _, e := range l.Edges {
		g.Edges = append(g.Edges, figure.Edge{From: e.From, To: e.To, Weight: e.Weight, Leads: e.Leads})
	}
	return g
}
