package dtracefs

import "fmt"

// A growth is how the values of the keys of a table change from block to block. From it running
// totals are told from counts: DTrace's aggregations and bpftrace's maps go on growing unless the
// script clears them, and nothing in the text says which of the two happened.
type growth struct {
	last         map[string]*lastValue
	keys         int // of the block at hand
	before       int // how many the block before had
	blocks       int
	up, down     int // values that rose and fell in the block at hand
	rises, falls int // in blocks that were no reset
	gaps, resets int // blocks with fewer keys than before, and those in which nearly all fell
	sum          float64
	first, most  float64 // what the first block has, and the most by which a later one grew
}

// A lastValue is the last value of a key, and in which block it was printed.
type lastValue struct {
	x     float64
	block int
}

// of returns the last value of a key, in no block if there is none yet.
func (g *growth) of(key []byte) *lastValue {
	v := g.last[string(key)]
	if v == nil {
		v = &lastValue{block: -1}
		g.last[string(key)] = v
	}
	return v
}

// add takes a value of a key in the block at hand.
func (g *growth) add(v *lastValue, x float64) {
	switch {
	case v.block < 0:
	case x > v.x:
		g.up++
	case x < v.x:
		g.down++
	}
	if v.block != g.blocks {
		g.keys++
	}
	// For a new key that is the whole value.
	g.sum += x - v.x
	v.x, v.block = x, g.blocks
}

// endBlock ends a block. Where nearly everything falls at once, running totals were reset. A
// reset is no proof against totals, so what fell in it does not count as falls.
func (g *growth) endBlock() {
	// One key that fell alone may be a process that was started again.
	reset := g.down > 2*g.up && g.down > 1
	if reset {
		g.resets++
	} else {
		g.rises, g.falls = g.rises+g.up, g.falls+g.down
		if g.blocks > 0 && g.keys < g.before {
			g.gaps++
		}
	}
	if g.blocks == 0 {
		g.first = g.sum
	} else {
		g.most = max(g.most, g.sum)
	}
	g.blocks++
	g.before = g.keys
	g.up, g.down, g.sum, g.keys = 0, 0, 0, 0
}

// onlyGrows reports whether the values of a key hardly ever fall, and keys that were printed once
// are printed in nearly every block after. Both are needed: counts of steady work may rise for a
// while, but an idle process is missing from the counts of its second, and never from totals. One
// fall in fifty rises is allowed for.
func (g *growth) onlyGrows() bool {
	return g.blocks >= 3 && g.rises >= 4 && g.falls*50 <= g.rises && g.gaps*20 <= g.blocks && g.resets*10 <= g.blocks
}

// growthOf follows the values of a table from block to block. Events have no keys, so their value
// is followed as one; a distribution is followed bar by bar.
func (c *candidate) growthOf(t *TableMeasure) *growth {
	v := c.table.Column(t.Value)
	keys := make([]*Column, 0, len(t.keys))
	for _, k := range t.keys {
		if !c.events {
			keys = append(keys, c.table.Column(k))
		}
	}
	if c.table.Kind == "hist" {
		keys = append(keys, c.table.Column("bucket"))
	}
	g := &growth{last: map[string]*lastValue{}}
	var key []byte
	// The key of a row is made once for all rows that have its words.
	numberOf, n := wordNumbers(keys, c.table.NumRows())
	known := make([]*lastValue, n)
	block, current := c.blockOf(), int64(-1)
	for i := range c.table.NumRows() {
		if b := block(i); i == 0 {
			current = b
		} else if b != current {
			g.endBlock()
			current = b
		}
		var last *lastValue
		if n > 0 {
			last = known[numberOf(i)]
		}
		if last == nil {
			key = appendRowKey(key[:0], keys, i)
			last = g.of(key)
			if n > 0 {
				known[numberOf(i)] = last
			}
		}
		g.add(last, v.Float(i))
	}
	g.endBlock()
	return g
}

// clearBlocks are so many that what they show outweighs what a value was before: fewer may all grow
// by chance.
const clearBlocks = 10

// grows reports whether values are running totals, by what they were before and by what they do.
// What they were when the behavior was learned came from many blocks; a watch has seen only three
// when it must decide, and three seconds in which all counts rise are common.
func (o MeasureOptions) grows(c *candidate, t *TableMeasure, g *growth) bool {
	switch before := o.likeAs(c.table, t.Value); {
	case before == "":
	case g.blocks < clearBlocks:
		return before == AsTotal
	case before == AsTotal:
		// Keys that go away or come anew are no proof against it.
		return g.falls*4 <= g.rises && g.resets*10 <= g.blocks
	}
	return g.onlyGrows()
}

// totals finds out whether values are running totals: then those of a source never fall, and a
// source that was printed once is printed in every block after. Such a table counts by its
// increase from now on, and a note says so, as this is a guess.
func (m *Measure) totals(t *TableMeasure, group []*candidate, o MeasureOptions) {
	var c *candidate
	for _, g := range group {
		if idOf(g.table) == t.id {
			c = g
		}
	}
	// Single events do not go on from each other, and rows out of the order of time show no growth.
	if t.As != AsCount && t.As != AsTotal && t.As != AsDistribution || c.timing == byRow && (c.single() || !c.inOrder()) {
		return
	}
	g := c.growthOf(t)
	// Totals that start within the capture count from 0 in their first block; those since boot,
	// as a tool's, are far larger there than they grow later, and their first values only start
	// the differences.
	t.fresh = g.first <= 10*g.most || g.blocks <= 1
	if t.As == AsTotal || o.As != "" || !o.grows(c, t, g) {
		return
	}
	if t.As == AsDistribution {
		m.Notes = append(m.Notes, fmt.Sprintf("the distributions of %s only grow: their increase counts", quoteName(t.Table)))
		t.keys = append(t.keys, "bucket")
	} else {
		m.Notes = append(m.Notes, fmt.Sprintf("the values of %s only grow: their increase counts; say --as count if that is wrong", quoteName(t.Table)))
	}
	t.As = AsTotal
}
