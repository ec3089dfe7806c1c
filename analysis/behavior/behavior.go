package behavior

import (
	"time"

	"dtnotes/analysis"
)

// A Behavior is what normal running looks like. [Learn] makes one, [Load]
// reads one back.
type Behavior struct {
	Tags   []string      // such as the host or the day
	Width  time.Duration // of a bucket
	ByKind bool          // sources are named "kind process"
	Units  string        // of the counts

	Buckets  int                // learned from
	Sources  map[string]*Source // by name
	Kinds    map[string]float64 // smallest usual count of each kind, below which differences matter little
	Presence map[string]int     // buckets in which each process did anything
	Ignored  []string           // processes left out: the kernel's own, the observer

	IncludeKernel bool // threads of the kernel are sources like others

	Bucket []Calibration // of the scores of buckets
	Pair   []Calibration // of the scores of two buckets on end

	Model *analysis.Model // how processes depend on each other; nil if too few vary
	Notes []string

	compiled *compiled
}

// A Source is what is known of one source of counts.
type Source struct {
	Active int       `json:"active"` // buckets in which it was not zero
	Total  float64   `json:"total"`  // of all counts
	Upper  Tail      `json:"upper"`  // the largest counts of a bucket
	Lower  Tail      `json:"lower"`  // the smallest
	Blocks []float64 `json:"blocks"` // mean count per bucket in successive stretches of time
}

// Options tune [LearnContext]. The zero value is the default.
type Options struct {
	// ByKind says that sources are named "kind process", as [Sources] makes
	// them, so that scores of all kinds of a process are told together.
	ByKind bool
	// Tags to keep with the behavior.
	Tags []string
	// IncludeKernel takes in the kernel's own threads, left out by default:
	// they react to whatever processes do.
	IncludeKernel bool
	// Exclude names more processes to leave out, such as a collector that
	// watches the system.
	Exclude []string
	// Seed of all that is random.
	Seed uint64
	// Progress, when set, is called as steps start and go on.
	Progress func(step string, done int)
}
