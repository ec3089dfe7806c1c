package dtracefs

import (
	"cmp"
	"slices"
)

// A totalValue is a number that counts since a start: an integer, or one with a fraction, such as
// seconds. The other of the two is 0.
type totalValue struct {
	whole int64
	part  float64
}

// less and minus need no case for either kind: the other number is 0 in both values. Only where a
// column got its first fraction in between is one of them whole and the other not.
func (v totalValue) less(o totalValue) bool {
	if v.mixes(o) {
		return v.float() < o.float()
	}
	return v.whole < o.whole || v.part < o.part
}

func (v totalValue) minus(o totalValue) totalValue {
	if v.mixes(o) {
		return totalValue{part: v.float() - o.float()}
	}
	return totalValue{v.whole - o.whole, v.part - o.part}
}

func (v totalValue) mixes(o totalValue) bool {
	return v.whole != 0 && o.part != 0 || v.part != 0 && o.whole != 0
}

func (v totalValue) float() float64 { return float64(v.whole) + v.part }

// A runningTotal is what is known of a value that counts since a start.
type runningTotal struct {
	value totalValue
	block int64 // the time of the last block in which it was printed
	run   int32 // number of the run that it is of; a reset starts another
	known bool
}

// A totalRow is a running total as it was printed in the block at hand.
type totalRow struct {
	total  *runningTotal
	source int
	value  totalValue
	print  int64 // number of the print that it is of
}

// totals are the running totals of a table. They wait for the end of their block, since only all
// of them together tell that the tracer cleared them. A single one that fell may be a process
// that was started again under its name.
type totals struct {
	byKey  map[string]*runningTotal
	rows   []totalRow // of the block at hand
	at     int64      // its time
	before int64      // the time of the block before
	n      int        // how many totals that one has
	run    int32
	many   int // keys are so many that it looks which of them are still printed
}

// manyTotals are more keys than most tables have.
const manyTotals = 1 << 14

// forget drops the keys that were not printed for longest, once there are many, down to half of
// that: names that never end would fill the memory. Those of the block before stay, however many
// they are. One that comes back counts from 0, as a new one does.
func (t *totals) forget() {
	if len(t.byKey) <= max(manyTotals, t.many) {
		return
	}
	var gone []string
	for key, r := range t.byKey {
		if r.known && r.block < t.before {
			gone = append(gone, key)
		}
	}
	slices.SortFunc(gone, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.byKey[a].block, t.byKey[b].block), cmp.Compare(a, b))
	})
	for _, key := range gone[:min(len(gone), len(t.byKey)-manyTotals/2)] {
		delete(t.byKey, key)
	}
	t.many = 2 * len(t.byKey)
}

// of returns the running total of a key.
func (t *totals) of(key []byte) *runningTotal {
	r := t.byKey[string(key)]
	if r == nil {
		if t.byKey == nil {
			t.byKey = map[string]*runningTotal{}
		}
		r = &runningTotal{}
		t.byKey[string(key)] = r
	}
	return r
}

// cleared reports whether the totals were set back as a whole before the block at hand: some
// fell, and hardly any that were there before went on. After a clear most values are small again;
// a few may be greater all the same than they were long before.
func (t *totals) cleared() bool {
	down, on := 0, 0
	for _, r := range t.rows {
		switch {
		case !r.total.known || r.total.block != t.before:
		case r.value.less(r.total.value):
			down++
		default:
			on++
		}
	}
	// A cleared map lacks whatever has done nothing since, so keys that are gone show it as those
	// that fell do.
	gone := max(0, t.n-down-on)
	return down > 0 && down+gone > 2*on
}

// total takes a running total that was printed at ns. The first one of another time ends the
// block before.
func (t *tally) total(tm *tableTally, r *runningTotal, print, ns int64, source int, v totalValue) {
	if ns != tm.totals.at {
		t.endTotals(tm)
		tm.totals.at = ns
	}
	tm.totals.rows = append(tm.totals.rows, totalRow{r, source, v, print})
}

// endTotals counts by how much the running totals of a block grew. One that fell was reset and
// starts from 0, as do all that the tracer cleared, whether or not they are greater now.
func (t *tally) endTotals(tm *tableTally) {
	s := &tm.totals
	if len(s.rows) == 0 {
		return
	}
	// Rows of a log end no block, so nothing has set it for them.
	if t.begin == 0 {
		t.begin = s.at
	}
	if s.cleared() {
		s.run++
		t.resets += len(s.rows)
	}
	s.n = 0
	for _, r := range s.rows {
		grown := r.value
		switch old := r.total; {
		case !old.known && !tm.fresh && s.at == t.begin:
			// The capture starts in the middle of a run: what was before is not known.
			grown = totalValue{}
		// New within the capture, or cleared since it was printed last: all of it came after that.
		case !old.known || old.run != s.run:
		case r.value.less(old.value):
			t.resets++
		default:
			grown = r.value.minus(old.value)
		}
		// A key may come twice in a block, but the next block can miss it only once.
		if !r.total.known || r.total.block != s.at {
			s.n++
		}
		*r.total = runningTotal{value: r.value, block: s.at, run: s.run, known: true}
		if grown.whole != 0 {
			t.count(tm, r.print, s.at, r.source, grown.whole)
		}
		if grown.part != 0 {
			t.sum(s.at, tm, r.source, grown.part)
		}
	}
	s.rows, s.before = s.rows[:0], s.at
}
