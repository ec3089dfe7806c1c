package dtracefs

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Extents are the times that were counted: from the first to the last end of a block, or from the
// first to the last event, wherever no more than reach lies between one and the next. So they are
// the same whichever way a capture is parted, and show a part that is there twice, or that
// overlaps another, whatever the buckets are. Buckets alone could not: two parts may share the
// bucket in which one ends and the other begins.
type extents struct {
	reach int64    // ns
	runs  []extent // ascending
}

// An extent is from the first time to the last one, in ns, both included.
type extent struct{ first, last int64 }

// extentReach is how far apart, in ns, times of one extent may be: a block and a half, so that a
// tick may come late, and of events a bucket, but no more than a second. A part that is shorter
// than that finds no room between two others that were joined before it.
func extentReach(m *Measure) int64 {
	if b := steadyBlock(m.block); b > 0 {
		return b + b/2
	}
	return min(int64(m.Every), int64(time.Second))
}

// steadyBlock is about the usual length of a block, in ns, to half powers of two, so that it is
// hardly ever another for another part of a capture: the extents of all parts must have one
// reach, or they would depend on how the capture was parted.
func steadyBlock(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(math.Exp2(math.Round(2*math.Log2(float64(roundedBlock(d))))/2) + 0.5)
}

// mark adds a time. Those of a capture nearly always follow each other.
func (e *extents) mark(ns int64) {
	if n := len(e.runs); n > 0 {
		// The common case, in which the last extent grows.
		if r := &e.runs[n-1]; ns >= r.first && ns-r.last <= e.reach {
			r.last = max(r.last, ns)
			return
		}
	}
	e.add(extent{ns, ns})
}

// add adds an extent wherever it belongs. It takes time for all that are there, which mark calls
// for rarely.
func (e *extents) add(x extent) {
	// Those that x reaches become one with it.
	from, _ := slices.BinarySearchFunc(e.runs, x.first-e.reach, func(r extent, at int64) int { return cmp.Compare(r.last, at) })
	to := from
	for ; to < len(e.runs) && e.runs[to].first <= x.last+e.reach; to++ {
		x.first, x.last = min(x.first, e.runs[to].first), max(x.last, e.runs[to].last)
	}
	e.runs = slices.Replace(e.runs, from, to, x)
}

// addAll adds the times of o. Parts mostly come one after the other, and then only the new ones
// are looked at.
func (e *extents) addAll(o *extents) {
	switch {
	case len(o.runs) == 0:
		return
	case len(e.runs) == 0 && e.reach == o.reach:
		e.runs = slices.Clone(o.runs)
		return
	case len(e.runs) == 0 || e.runs[len(e.runs)-1].last < o.runs[0].first:
		for _, x := range o.runs {
			e.append(x)
		}
		return
	}
	all := slices.Concat(e.runs, o.runs)
	slices.SortFunc(all, func(a, b extent) int { return cmp.Compare(a.first, b.first) })
	e.runs = make([]extent, 0, len(all))
	for _, x := range all {
		e.append(x)
	}
}

// append adds an extent that begins after all others do.
func (e *extents) append(x extent) {
	if n := len(e.runs); n > 0 && x.first-e.runs[n-1].last <= e.reach {
		e.runs[n-1].last = max(e.runs[n-1].last, x.last)
		return
	}
	e.runs = append(e.runs, x)
}

// overlap returns an error that names the time which two parts both counted. apart is what must
// lie between the ends of their blocks: less is the same block, seen through two clocks. Where it
// is 0, those of single events, a part may start at the very instant at which another ends if the
// clock has nothing finer than microseconds, since there several have one time.
func (e *extents) overlap(o *extents, apart int64) error {
	for i, j := 0, 0; i < len(e.runs) && j < len(o.runs); {
		a, b := e.runs[i], o.runs[j]
		if from, to := max(a.first, b.first), min(a.last, b.last); from-to < apart || from <= to && !(apart == 0 && touch(a, b)) {
			from, to = min(from, to), max(from, to)
			span, why := fmt.Sprintf("from %s to %s", instant(from), instant(to)), "is a part there twice?"
			if from == to {
				span, why = "of "+instant(from), "is a part there twice, or were lines of one time parted? Then count both parts as one (see dtnotes count --help)"
			}
			return fmt.Errorf("both counted the time %s: %s", span, why)
		}
		// The one that ends first can overlap nothing further on.
		if a.last < b.last {
			i++
		} else {
			j++
		}
	}
	return nil
}

// touch reports whether one extent ends where the other begins, each has other times too, and none
// of these is finer than a microsecond. An extent of one time alone may as well be the end of the
// other once more.
func touch(a, b extent) bool {
	if a.first > b.first {
		a, b = b, a
	}
	coarse := func(ns int64) bool { return ns%int64(time.Microsecond) == 0 }
	return a.last == b.first && a.first < a.last && b.first < b.last && coarse(a.first) && coarse(a.last) && coarse(b.last)
}

// instant is a time for a message.
func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
