package dtracefs

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// CountOptions say what [CountFiles] counts and how. The zero value counts what is inferred, in
// buckets as long as the capture's blocks.
type CountOptions struct {
	Options        // how the capture is decoded
	MeasureOptions // what of it is counted

	// Origin is an instant at which a bucket ends. The default is the end of the first
	// block for buckets as long as the blocks, otherwise a whole multiple of Every since
	// the epoch. Buckets have the same numbers whichever it is.
	Origin time.Time

	// Aligned lets buckets end on whole multiples of Every since the epoch whatever the blocks do,
	// so that counts of different files and hosts have the same buckets.
	Aligned bool

	// Workers is how many chunks are counted side by side; 0 means one for each CPU. The
	// counts do not depend on it.
	Workers int

	// Progress, if set, is told how many bytes of text were read so far.
	Progress func(bytes int64)
}

// Counts are how much each source did in each bucket of time. Counts add up, exactly up to 2^53:
// parts of a capture, or captures of several hosts, may be counted apart and merged, in any
// order, since buckets are numbered from the epoch where the times are instants. Levels and sums
// with fractions are kept apart from the pages, where counts are exact integers in floats.
type Counts struct {
	grid    grid
	sources *sourceNames
	pages   map[int64]*page // by number of the first bucket
	at      *page           // the last one used
	Drops   []Drop          // what the tracer said that it lost
	Skipped int64           // lines that were no entries
	Bytes   int64           // of text, without the heading of CSV
	Notes   []string        // what was left out or rearranged

	measure *Measure
	seen    extents
	levels  map[int64]*levelRow // by number of the bucket
	how     []howCounted        // of sources, by their number

	stretches []stretch // all that is here, in order; nil if it is all that was counted
}

// Measure says what was counted; nil if it is not known.
func (c *Counts) Measure() *Measure { return c.measure }

// howCounted says what the values of a source are. It decides how parts merge: levels of one
// bucket are averaged, all else adds up.
type howCounted uint8

const (
	addsUp  howCounted = iota // integers that add up
	summed                    // other numbers that add up
	leveled                   // levels, which are averaged
)

// levelRow returns the levels of a bucket by its number.
func (c *Counts) levelRow(number int64) *levelRow {
	if c.levels == nil {
		c.levels = map[int64]*levelRow{}
	}
	r := c.levels[number]
	if r == nil {
		r = &levelRow{}
		c.levels[number] = r
	}
	// A bucket with a level alone is in use, too, or all would not yield it.
	c.row(number).use()
	return r
}

func (c *Counts) isLevel(source int) { c.setHow(source, leveled) }
func (c *Counts) isSum(source int)   { c.setHow(source, summed) }

// setHow notes what the values of a source are; counts, the most frequent, need no note.
func (c *Counts) setHow(source int, h howCounted) {
	for len(c.how) <= source {
		c.how = append(c.how, addsUp)
	}
	c.how[source] = h
}

func (c *Counts) howOf(source int) howCounted {
	if source < len(c.how) {
		return c.how[source]
	}
	return addsUp
}

// pageSize is how many buckets lie together in memory, as many as a word has bits: one word says
// which of them are in use.
const pageSize = 64

// A page is the buckets that follow each other from a multiple of pageSize. Counts of one second
// touch one page only, so adding is an index into a slice; a map of buckets would be looked up
// for every row of a capture.
type page struct {
	first   int64     // number of the first bucket
	used    uint64    // a bit for each bucket in which time passed or anything was counted
	covered []int64   // ns in which the counts of a bucket happened; nil where they are its width
	stride  int       // room for that many sources
	values  []float64 // stride for each bucket, by number of the source
	every   int64
}

// A countRow is a bucket.
type countRow struct {
	*page
	i int
}

func (r countRow) isUsed() bool { return r.used&(1<<r.i) != 0 }

// use marks a bucket in which something was counted. Unless time was booked, it is covered as a
// whole.
func (r countRow) use() {
	if r.isUsed() {
		return
	}
	if r.covered != nil {
		r.covered[r.i] = r.every
	}
	r.begin()
}

// begin marks a bucket as used.
func (r countRow) begin() {
	r.used |= 1 << r.i
	r.touch()
}

// touch writes to the values of a bucket, all of which are still zeros: memory that is read before
// it is written, as adding does, is mapped twice, to zeros that all share and then to its own.
func (r countRow) touch() {
	const step = 4 << 10 / 8 // values of the least unit of memory that is mapped
	row := r.counts()
	for i := 0; i < len(row); i += step {
		row[i] = 0
	}
	if n := len(row); n > 0 {
		row[n-1] = 0
	}
}

// time is the ns in which the counts of the bucket happened.
func (r countRow) time() int64 {
	switch {
	case r.covered != nil:
		return r.covered[r.i]
	case r.isUsed():
		return r.every
	}
	return 0
}

// pass books time of a bucket: how much of its width was covered by what was counted. Most
// buckets are covered by exactly their width, and as long as that holds for a page, nothing is
// stored. From the first that is not, each has a number.
func (r countRow) pass(ns int64) {
	if ns += r.time(); ns != r.every && r.covered == nil {
		r.covered = make([]int64, pageSize)
		for i := range r.covered {
			r.covered[i] = countRow{&page{used: r.used, every: r.every}, i}.time()
		}
	}
	if r.covered != nil {
		r.covered[r.i] = ns
	}
	if !r.isUsed() {
		r.begin()
	}
}

// counts are the values of the bucket by number of the source, of those that it has room for.
func (r countRow) counts() []float64 { return r.values[r.i*r.stride : (r.i+1)*r.stride] }

// A grid numbers buckets from the epoch: number n covers every before phase + n·every, that
// instant included for the ends of blocks. The phase is less than half a width, so that buckets
// of one width that end at about the same time have the same number whatever their phase: counts
// of two hosts whose ticks come at different moments of a second merge second by second.
type grid struct {
	phase, every int64
	block        int64 // the usual length of a block; 0 for single events
}

// endAt lets a bucket end at ns.
func (g *grid) endAt(ns int64) { g.phase = ns - floorDiv(ns+g.every/2, g.every)*g.every }

// end is when a bucket ends.
func (g grid) end(number int64) int64 { return g.phase + number*g.every }

// ofBlock is the bucket of a block that ends at ns. Ends that lie half a block around their due
// time are taken for punctual: ticks come late under load.
func (g grid) ofBlock(ns int64) int64 { return ceilDiv(ns-g.phase-g.block/2, g.every) }

// buckets returns the last of the buckets that a block covers that ends at ns and is covered ns
// long, how many they are, and how many ns of these count.
func (g grid) buckets(ns, covered int64) (last, n, covers int64) {
	last, n = g.ofBlock(ns), 1
	if covered > g.every {
		n = max(1, last-g.ofBlock(ns-covered))
	}
	if n > widestSpan {
		return last, 1, g.every
	}
	return last, n, covered
}

// ofEvent is the bucket of an event at ns. The instant at which a bucket ends belongs to the next
// one, other than for a block, whose end is the time that it was counted up to.
func (g grid) ofEvent(ns int64) int64 { return floorDiv(ns-g.phase, g.every) + 1 }

// floorDiv divides and rounds down, also below zero, where Go's division rounds up: times before
// an epoch are buckets of negative numbers. b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int64) int64 { return -floorDiv(-a, b) }

func newCounts(g grid, s *sourceNames) *Counts {
	return &Counts{grid: g, sources: s, pages: map[int64]*page{}}
}

// sourceNames numbers sources in the order they appear. Counters that work side by side
// share one, so that their rows need no renumbering.
type sourceNames struct {
	mu    sync.Mutex
	names []string
	index map[string]int
}

func newSourceNames() *sourceNames { return &sourceNames{index: map[string]int{}} }

// clone returns the same names with the same numbers.
func (s *sourceNames) clone() *sourceNames {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &sourceNames{names: slices.Clone(s.names), index: maps.Clone(s.index)}
}

// number returns the number of a name, a new one if it is new. Which source gets which number
// depends on the order in which workers ask; whatever leaves the package is sorted by name.
func (s *sourceNames) number(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.index[name]; ok {
		return i
	}
	i := len(s.names)
	s.index[name] = i
	s.names = append(s.names, name)
	return i
}

// count is how many names have numbers.
func (s *sourceNames) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names)
}

// pageOf returns the number of the first bucket on the page of that one.
func pageOf(number int64) int64 { return number &^ (pageSize - 1) }

// row returns a bucket by its number.
func (c *Counts) row(number int64) countRow {
	// The page used last is nearly always the one: rows come in the order of time.
	first := pageOf(number)
	if c.at == nil || c.at.first != first {
		if c.at = c.pages[first]; c.at == nil {
			c.at = &page{first: first, every: c.grid.every}
			c.pages[first] = c.at
		}
	}
	return countRow{c.at, int(number - first)}
}

// add adds v to a source's count in a bucket.
func (c *Counts) add(r countRow, source int, v float64) {
	if source >= r.stride {
		// By a quarter at least, lest each of many new sources moves the page.
		r.grow(max(source+1, c.sources.count(), r.stride+r.stride/4))
	}
	r.use()
	r.values[r.i*r.stride+source] += v
}

// grow makes room for n sources in each bucket. All are moved, so it must happen rarely (see
// add).
func (p *page) grow(n int) {
	old := *p
	p.values, p.stride = make([]float64, n*pageSize), n
	for i := range pageSize {
		if r := (countRow{p, i}); r.isUsed() {
			r.touch()
			copy(r.counts(), countRow{&old, i}.counts())
		}
	}
}

// all yields the buckets in which something was counted, in no order. Whoever writes or adds
// floats must sort them.
func (c *Counts) all(yield func(number int64, r countRow) bool) {
	for _, p := range c.pages {
		for i := range pageSize {
			if r := (countRow{p, i}); r.isUsed() && !yield(p.first+int64(i), r) {
				return
			}
		}
	}
}

// same reports whether two counts of one grid, whose sources have the same numbers, hold the same.
func (c *Counts) same(o *Counts) bool {
	used := func(c *Counts) (n int) {
		for _, p := range c.pages {
			n += bits.OnesCount64(p.used)
		}
		return n
	}
	if c.sources.count() != o.sources.count() || used(c) != used(o) {
		return false
	}
	for number, r := range c.all {
		p := o.pages[pageOf(number)]
		if p == nil || p.used&(1<<r.i) == 0 || r.time() != (countRow{p, r.i}).time() || !sameCounts(r.counts(), countRow{p, r.i}.counts()) {
			return false
		}
	}
	return true
}

// sameCounts reports whether two buckets hold the same, where one may have room for more sources.
func sameCounts(a, b []float64) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return slices.Equal(a, b[:len(a)]) && !slices.ContainsFunc(b[len(a):], func(v float64) bool { return v != 0 })
}

// A span is the buckets that a block of counts covers.
type span struct {
	last int64 // the number of the last bucket
	n    int64 // how many buckets
	row  countRow
}

// longestBlock bounds, in usual blocks, what is taken for ticks missed. A longer gap
// parts two runs.
const longestBlock = 10

// widestSpan bounds the buckets that a block covers: a block longer than that is made up of stray
// times, and counts where it ends.
const widestSpan = 1 << 20

// spanOf returns what a block covers that ends at ns, after one that ended at before (0 if there
// was none), and books the time. A block after missed ticks covers several buckets; one after a
// long gap, or after a step back, starts another run and covers a usual block.
func (c *Counts) spanOf(before, ns int64) span {
	covered := ns - before
	if before == 0 || covered <= 0 || covered > longestBlock*max(c.grid.block, 1) {
		covered = c.grid.block
	}
	var s span
	s.last, s.n, covered = c.grid.buckets(ns, covered)
	if s.row = c.row(s.last); s.n == 1 {
		s.row.pass(covered)
		return s
	}
	for i := range s.n {
		c.row(s.last - i).pass(covered / s.n)
	}
	s.row = c.row(s.last)
	return s
}

// spread adds v to the buckets of a span in equal parts, in whole numbers: what does not divide
// goes to the last buckets by one each, so that the sum is exactly v and each count stays an
// integer.
func (c *Counts) spread(s span, source int, v int64) {
	for i := range s.n {
		part := v / s.n
		switch rest := v % s.n; {
		case i < rest:
			part++
		case i < -rest:
			part--
		}
		c.add(c.row(s.last-i), source, float64(part))
	}
}

// addAll adds what o counted; ids are the numbers here of its sources.
func (c *Counts) addAll(o *Counts, ids []int) {
	for number, from := range o.all {
		to := c.row(number)
		// Parts of one bucket cover it together, hosts each cover it as a whole.
		a, b := to.time(), from.time()
		to.pass(min(b, max(c.grid.every, a, b)-a))
		for i, v := range from.counts() {
			if v != 0 {
				c.add(to, ids[i], v)
			}
		}
	}
	c.addLevels(o, ids)
	c.seen.addAll(&o.seen)
	c.Drops = append(c.Drops, o.Drops...)
	c.Notes = append(c.Notes, o.Notes...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
}

// addLevels adds the levels and sums of o.
func (c *Counts) addLevels(o *Counts, ids []int) {
	for number, from := range o.levels {
		to := c.levelRow(number)
		for i := range from.n {
			to.take(ids[i], from, i)
		}
	}
	for i, h := range o.how {
		c.setHow(ids[i], h)
	}
}

// Merge adds what o counted. Both must be counted by the same measure, in buckets of one width.
// Buckets that end at other instants within the width, since the blocks of two tracers do, are
// those that end nearest to the same multiple of it: what is merged ends there, and the order of
// merging is all the same.
func (c *Counts) Merge(o *Counts) error {
	if c.stretches != nil || o.stretches != nil {
		return fmt.Errorf("merging counts: %w", errThin)
	}
	if c.grid.every != o.grid.every {
		return fmt.Errorf("merging counts: buckets of %v do not match buckets of %v", time.Duration(c.grid.every), time.Duration(o.grid.every))
	}
	if c.measure != nil && o.measure != nil {
		if err := c.measure.Match(o.measure); err != nil {
			return fmt.Errorf("merging counts: %w", err)
		}
	}
	if c.grid.phase != o.grid.phase {
		c.grid.phase = 0
	}
	ids := make([]int, 0, len(o.sources.names))
	for _, n := range o.sources.names {
		ids = append(ids, c.sources.number(n))
	}
	c.addAll(o, ids)
	return nil
}
