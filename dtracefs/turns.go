package dtracefs

import (
	"slices"
	"strconv"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// turns tell apart aggregations that are printed one after the other, with a printa each, time
// and again. Nothing names them, but for a script. What one clock or one firing of a probe stands
// over was printed at once: blocks of as many keys in it are of different aggregations. Each
// printa prints a blank line first, also where its aggregation is empty; so how many blank lines
// stand before a block says whose it is, as long as the groups have the same number of them, and
// otherwise the blocks' order does, as long as the groups have the same number of those. An
// example, with two aggregations of one key each:
//
//	2024 Jan  5 10:00:01
//
//	  nginx  12
//
//	  nginx  4096
type turns struct {
	marks  int  // groups so far
	fired  bool // it was a probe's row that started the group
	blanks int  // in the group
	group  turnGroup
	before []turnGroup       // the last groups that had blocks
	plans  map[int]*turnPlan // by number of keys
	cycles map[[2]int]turnOf // where nothing tells but that a script prints so many in their order
	alone  map[int]int       // by number of keys, the block that came so; 0 once that is said
}

// A turnPlan tells the blocks of as many keys in a group apart.
type turnPlan struct {
	spaces []int // how many blank lines stand before each, if that tells
	count  int   // how many there are in each group, otherwise; 1 if there is nothing to tell apart
	known  int   // number of the last group of which it is known that it has as many
}

type turnOf struct{ block, number int }

// A turnGroup is what was printed at once.
type turnGroup struct {
	blanks int
	blocks map[int][]int // by number of keys: how many blank lines stand before each block
}

const (
	// groupsKept bounds the groups that are remembered, mostTurns the aggregations told apart.
	groupsKept = 8
	mostTurns  = 16
)

// mark starts a group.
func (t *turns) mark(fired bool) {
	t.close()
	t.marks++
	t.fired, t.blanks = fired, 0
}

// close remembers the group that ends, if it has blocks. Those without say nothing about how many
// there are.
func (t *turns) close() {
	t.group.blanks = t.blanks
	if len(t.group.blocks) > 0 {
		t.before = append(t.before, t.group)
		t.before = t.before[max(0, len(t.before)-groupsKept):]
	}
	t.group = turnGroup{}
}

// number returns which of the aggregations with so many keys the block is of that starts at the
// cursor, from 0; -1 where nothing tells.
func (t *turns) number(st *station, width int) int {
	if t.group.blocks == nil {
		t.group.blocks = map[int][]int{}
	}
	at := t.blanks
	// A block that another part has begun is in the list already.
	if n := len(t.group.blocks[width]); n == 0 || t.group.blocks[width][n-1] != at {
		t.group.blocks[width] = append(t.group.blocks[width], at)
	}
	if t.marks == 0 {
		// No clock and no probe's row came yet: there are no groups to compare.
		t.tellUntold(st, width)
		return -1
	}
	nth := len(t.group.blocks[width])
	p := t.plans[width]
	// A plan that found nothing to tell apart is made again when a group has a second block after
	// all, as one of an aggregation that is empty at first.
	if p == nil || p.count == 1 && nth > 1 {
		if p = t.plan(st, width); p == nil {
			return -1
		}
		if t.plans == nil {
			t.plans = map[int]*turnPlan{}
		}
		t.plans[width] = p
		if p.count != 1 {
			st.notice(st.cur.Number(), "told-apart", []byte("aggregations printed one after the other have no names: each is told by its place under a clock or a probe"), 0)
		}
	}
	if p.count == 1 {
		return -1
	}
	if p.spaces != nil {
		n, ok := slices.BinarySearch(p.spaces, at)
		// A place further down than all that were seen is an aggregation that was empty until
		// now; its number comes after theirs, so that none of theirs changes. One in between
		// would shift them: it stays untold.
		if !ok && len(p.spaces) < mostTurns && at > p.spaces[len(p.spaces)-1] {
			p.spaces = append(p.spaces, at)
		} else if !ok {
			return -1
		}
		return n
	}
	if p.known != t.marks {
		// The order tells only where the group is complete: with one block missing, it is not
		// known which.
		if groups := t.ahead(st, true); len(groups[0].blocks[width]) != p.count {
			return -1
		}
		p.known = t.marks
	}
	return nth - 1
}

// tellUntold says once that nothing tells whose the blocks are that follow each other: no clock, no
// probe's row and no script. They may be those of one aggregation, printed again and again, or of
// several.
func (t *turns) tellUntold(st *station, width int) {
	// A script names them (see name); under a clock the groups tell.
	if st.script != nil || st.stamped {
		return
	}
	if t.alone == nil {
		t.alone = map[int]int{}
	}
	before, some := t.alone[width]
	switch {
	case !some:
		t.alone[width] = st.block
	case before > 0 && before != st.block:
		t.alone[width] = 0
		st.notice(st.cur.Number(), "not-told-apart", []byte("aggregations with as many keys follow each other, and nothing tells whether they are one or several: "+
			"they share a table; with the script beside, or a time printed before each round, they would not"), 0)
	}
}

// plan finds how blocks of as many keys can be told apart; nil if that is not known yet. With one
// group it is not: a single firing of a probe is enough all the same, since what it prints is
// printed at once.
func (t *turns) plan(st *station, width int) *turnPlan {
	groups := append(slices.Clone(t.before), t.ahead(st, false)...)
	if len(groups) < 2 && (!t.fired || width == 0) {
		return nil // values alone may be those of empty stacks
	}
	var spaces []int
	most, least, even := 1, mostTurns+1, true
	for i, g := range groups {
		k := len(g.blocks[width])
		most = max(most, k)
		spaces = append(spaces, g.blocks[width]...)
		if i == len(groups)-1 && i > 0 {
			break // it may be cut
		}
		even = even && g.blanks == groups[0].blanks
		if k > 0 {
			least = min(least, k)
		}
	}
	switch {
	case most == 1 || most > mostTurns:
		return &turnPlan{count: 1}
	// Every group has the same number of blank lines, so each printa printed its own, whether it
	// had rows or not: the place is the aggregation.
	case even:
		slices.Sort(spaces)
		return &turnPlan{spaces: slices.Compact(spaces)}
	// Blank lines vary, as where a name holds one; but each group has as many blocks.
	case most == least:
		return &turnPlan{count: most}
	}
	return &turnPlan{count: 1}
}

// ahead returns the group at hand and those that follow, as far as sampleLines go; or that one
// only. It looks only: the cursor is a copy, so the lines are read once more when their turn comes.
func (t *turns) ahead(st *station, one bool) []turnGroup {
	g := turnGroup{blanks: t.blanks, blocks: map[int][]int{}}
	for width, list := range t.group.blocks {
		g.blocks[width] = slices.Clone(list)
	}
	var groups []turnGroup
	cur := *st.cur
	// The block that starts at the cursor is counted already; another starts after a blank line.
	for n, inBlock := 0, true; n < sampleLines && !cur.Done() && !(one && len(groups) > 0); n++ {
		line, _ := cur.Next()
		line = plain(line)
		if syntax.Blank(line) {
			g.blanks++
			inBlock = false
			continue
		}
		if startsTurns(st, line) {
			groups = append(groups, g)
			g = turnGroup{blocks: map[int][]int{}}
			inBlock = false
			continue
		}
		if inBlock {
			continue
		}
		// A block under a title or keys of a histogram is told by those.
		if keys, _, _, ok := syntax.AggRow(line); ok {
			g.blocks[len(keys)] = append(g.blocks[len(keys)], g.blanks)
		}
		inBlock = true
	}
	if len(g.blocks) > 0 {
		groups = append(groups, g)
	}
	return groups
}

// startsTurns reports whether a line tells the time or of a probe that fired. A number since the
// epoch alone on a line counts as a clock only if nothing stands behind it and it is one that
// EpochStamp takes: others may be values.
func startsTurns(st *station, line []byte) bool {
	if _, ok := syntax.EpochStamp(line); ok {
		return true
	}
	if c, text, ok := clockLine(line); ok {
		return c.Form != syntax.Epoch && (len(text) == 0 || text[0] == ',')
	}
	if st.mode == syntax.EventHeader || st.mode == syntax.ProbeHeader {
		_, ok := parseEvent(st, line)
		return ok
	}
	return false
}

// name names keys by the script's aggregation that prints tuples of so many keys: the only such
// one, that of the number, or the one whose turn it is when all are printed in their order. It
// renames the keys as well. Two keys that the script writes in the same way keep the name that
// they have, as columns of one name would not do.
func (t *turns) name(st *station, keys []named, histogram bool, number int) (name string) {
	if st.script == nil {
		return ""
	}
	fitting := st.script.Printed(len(keys), histogram)
	if len(fitting) == 0 || number >= len(fitting) {
		return ""
	}
	// Words that a script writes as keys tell more than the place.
	if only := holding(fitting, keys); only >= 0 {
		number = only
	}
	if number < 0 {
		// Nothing in the text tells, but the script prints so many, one after the other, over and
		// over.
		number = t.cycle(st, len(keys), len(fitting), histogram)
	}
	a := fitting[number]
	seen := map[string]bool{}
	for i := range keys {
		n := script.KeyName(a.Keys[i], i)
		if seen[n] {
			n = keys[i].name
		}
		seen[n] = true
		keys[i].name = n
	}
	return a.Name
}

// holding returns which of several aggregations is the only one that may hold a value under the
// keys, or -1.
func holding(list []script.Aggregation, keys []named) int {
	if len(list) < 2 || !slices.ContainsFunc(list, script.Aggregation.ByWords) {
		return -1
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = string(k.Text)
	}
	only := -1
	for i, a := range list {
		switch holds := a.Holds(texts); {
		case holds && only >= 0:
			return -1
		case holds:
			only = i
		}
	}
	return only
}

// cycle goes on to the next of n aggregations with each block, and returns its number from 0.
// Histograms go round by themselves: a script prints them in an order of their own.
func (t *turns) cycle(st *station, width, n int, histogram bool) int {
	key := [2]int{width, 0}
	if histogram {
		key[1] = 1
	}
	if t.cycles == nil {
		t.cycles = map[[2]int]turnOf{}
	}
	at, ok := t.cycles[key]
	if !ok {
		at = turnOf{block: st.block}
	} else if at.block != st.block {
		at = turnOf{block: st.block, number: (at.number + 1) % n}
	}
	t.cycles[key] = at
	return at.number
}

// turnName is what an aggregation without a name is called. The first has no number, so that its
// table keeps its name when a second is seen only later.
func turnName(number int) string {
	if number <= 0 {
		return "agg"
	}
	return "agg " + strconv.Itoa(number+1)
}
