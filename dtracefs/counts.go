package dtracefs

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// CountOptions say what [Count] counts and how. The zero value counts every kind of every
// process apart, in buckets as long as the capture's blocks.
type CountOptions struct {
	Options        // how the capture is decoded
	MeasureOptions // what of it is counted

	// ByName makes a process one source, whatever it did. Otherwise each kind of what it
	// did is a source of its own, named "kind,execname".
	ByName bool

	// Origin is an instant at which a bucket ends. The default is the end of the first
	// block for buckets as long as the blocks, otherwise a whole multiple of Every since
	// the epoch.
	Origin time.Time

	// Workers is how many chunks are counted side by side; 0 means one for each CPU. The
	// counts do not depend on it.
	Workers int

	// Progress, if set, is told how many bytes of text were read so far.
	Progress func(bytes int64)
}

// Counts are how much each source did in each bucket of time. They add up: parts of a
// capture may be counted apart and merged, in any order.
type Counts struct {
	grid    grid
	byName  bool
	sources *sourceNames
	pages   map[int64]*page // by number of the first bucket
	at      *page           // the last one used
	free    []int64         // room for the values of more buckets
	Drops   []Drop          // what the tracer said that it lost
	Skipped int64           // lines that were no entries
	Bytes   int64           // of text
	Notes   []string        // what was left out or rearranged

	measure *Measure
	levels  map[int64]*levelRow // by number of the bucket
	how     []howCounted        // of sources, by their number
}

// howCounted says what the values of a source are.
type howCounted uint8

const (
	addsUp  howCounted = iota // integers that add up
	summed                    // other numbers that add up
	leveled                   // levels, which are averaged
)

// A levelRow is what is known of levels and of sums that are no integers in a bucket.
type levelRow struct {
	sum []float64 // by number of the source
	n   []int32   // of values in sum
}

func (r *levelRow) add(source int, v float64) {
	for len(r.sum) <= source {
		r.sum, r.n = append(r.sum, 0), append(r.n, 0)
	}
	r.sum[source] += v
	r.n[source]++
}

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
	if row := c.row(number); !row.used() {
		row.covered = c.grid.width
	}
	return r
}

func (c *Counts) isLevel(source int) { c.setHow(source, leveled) }
func (c *Counts) isSum(source int)   { c.setHow(source, summed) }

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

// blocksSeen is the number of buckets in which anything was counted, up to two.
func (c *Counts) blocksSeen() (n int) {
	for _, r := range c.all {
		if r.values != nil {
			n++
		}
		if n == 2 {
			break
		}
	}
	return n
}

// pageSize is how many buckets lie together in memory. It is a power of two.
const pageSize = 16

// A page is the buckets that follow each other from a multiple of pageSize.
type page struct {
	first int64 // number of the first bucket
	rows  [pageSize]countRow
}

// A countRow is a bucket. covered is the time in nanoseconds in which its counts happened.
type countRow struct {
	covered int64
	values  []int64 // by number of the source; may be shorter than there are sources
}

func (r *countRow) used() bool { return r.covered != 0 || r.values != nil }

// A grid numbers buckets: number n covers the width before origin + n·width, that instant
// included for the ends of blocks.
type grid struct {
	origin, width int64
	block         int64 // the usual length of a block; 0 for single events
}

// ofBlock is the bucket of a block that ends at ns. Ends that lie half a block around
// their due time are taken for punctual.
func (g grid) ofBlock(ns int64) int64 { return ceilDiv(ns-g.origin-g.block/2, g.width) }

// ofEvent is the bucket of an event at ns.
func (g grid) ofEvent(ns int64) int64 { return floorDiv(ns-g.origin, g.width) + 1 }

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

func (s *sourceNames) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.names)
}

// pageOf returns the number of the first bucket on the page of that one.
func pageOf(number int64) int64 { return number &^ (pageSize - 1) }

// row returns a bucket by its number.
func (c *Counts) row(number int64) *countRow {
	first := pageOf(number)
	if c.at == nil || c.at.first != first {
		if c.at = c.pages[first]; c.at == nil {
			c.at = &page{first: first}
			c.pages[first] = c.at
		}
	}
	return &c.at.rows[number-first]
}

// add adds v to a source's count in a bucket.
func (c *Counts) add(r *countRow, source int, v int64) {
	if source >= len(r.values) {
		c.grow(r, source)
	}
	r.values[source] += v
}

// grow makes room for the sources that are known so far, cut from a larger piece of memory.
func (c *Counts) grow(r *countRow, source int) {
	const piece = 32 << 10
	n := max(source+1, c.sources.count())
	if n > len(c.free) {
		c.free = make([]int64, max(n, piece))
	}
	values := c.free[:n:n]
	c.free = c.free[n:]
	copy(values, r.values)
	r.values = values
}

// all yields the buckets in which something was counted, in no order.
func (c *Counts) all(yield func(number int64, r *countRow) bool) {
	for _, p := range c.pages {
		for i := range p.rows {
			if r := &p.rows[i]; r.used() && !yield(p.first+int64(i), r) {
				return
			}
		}
	}
}

// A span is the buckets that a block of counts covers.
type span struct {
	last int64 // the number of the last bucket
	n    int64 // how many buckets
	row  *countRow
}

// longestBlock bounds, in usual blocks, what is taken for ticks missed. A longer gap
// parts two runs.
const longestBlock = 10

// spanOf tells what a block ending at ns covers, after one that ended at before (0 if there
// was none), and books the time. A block after missed ticks covers several buckets.
func (c *Counts) spanOf(before, ns int64) span {
	s := span{last: c.grid.ofBlock(ns), n: 1}
	covered := ns - before
	if before == 0 || covered <= 0 || covered > longestBlock*max(c.grid.block, 1) {
		covered = c.grid.block
	}
	if n := s.last - c.grid.ofBlock(ns-covered); n > 1 {
		s.n = n
	}
	for i := range s.n {
		c.row(s.last - i).covered += covered / s.n
	}
	s.row = c.row(s.last)
	return s
}

// spread adds v to the buckets of a span in equal parts, in whole numbers.
func (c *Counts) spread(s span, source int, v int64) {
	for i := range s.n {
		part := v / s.n
		switch rest := v % s.n; {
		case i < rest:
			part++
		case i < -rest:
			part--
		}
		c.add(c.row(s.last-i), source, part)
	}
}

// absorb takes over what o counted on the same grid with the same numbers of sources.
func (c *Counts) absorb(o *Counts) {
	for first, from := range o.pages {
		if c.pages[first] == nil {
			c.pages[first] = from
			delete(o.pages, first)
		}
	}
	c.addAll(o, 0, nil)
}

// addAll adds what o counted, whose buckets have numbers less by shift. ids, if not nil,
// tells its sources' numbers here.
func (c *Counts) addAll(o *Counts, shift int64, ids []int) {
	for number, from := range o.all {
		to := c.row(number + shift)
		to.covered += from.covered
		for i, v := range from.values {
			if ids != nil {
				i = ids[i]
			}
			if v != 0 {
				c.add(to, i, v)
			}
		}
	}
	for number, from := range o.levels {
		to := c.levelRow(number + shift)
		for i, n := range from.n {
			id := i
			if ids != nil {
				id = ids[i]
			}
			for len(to.sum) <= id {
				to.sum, to.n = append(to.sum, 0), append(to.n, 0)
			}
			to.sum[id] += from.sum[i]
			to.n[id] += n
		}
	}
	for i, h := range o.how {
		if ids != nil {
			i = ids[i]
		}
		c.setHow(i, h)
	}
	c.Drops = append(c.Drops, o.Drops...)
	c.Notes = append(c.Notes, o.Notes...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
}

// Merge adds what o counted. Both must be counted by the same measure, in buckets of one width that
// end at the same instants.
func (c *Counts) Merge(o *Counts) error {
	if c.grid.width != o.grid.width || (c.grid.origin-o.grid.origin)%c.grid.width != 0 {
		return fmt.Errorf("merging counts: buckets of %v that end at %v do not match buckets of %v that end at %v",
			time.Duration(c.grid.width), time.Unix(0, c.grid.origin).UTC(), time.Duration(o.grid.width), time.Unix(0, o.grid.origin).UTC())
	}
	if c.measure != nil && o.measure != nil {
		if err := c.measure.Match(o.measure); err != nil {
			return fmt.Errorf("merging counts: %w", err)
		}
	}
	shift := (o.grid.origin - c.grid.origin) / c.grid.width
	var ids []int
	if o.sources != c.sources {
		for _, n := range o.sources.names {
			ids = append(ids, c.sources.number(n))
		}
	}
	c.addAll(o, shift, ids)
	return nil
}

// A Matrix holds how much each source did in each bucket.
type Matrix struct {
	Bucket  time.Duration
	Times   []time.Time // the ends of the buckets, without gaps
	Sources []string    // in alphabetical order
	ByName  bool        // sources are processes; otherwise "kind,execname"
	Covered []float64   // seconds in which the counts of a bucket happened
	Values  [][]float64 // [bucket][source] counts; NaN where a level was not printed
	Keys    [][]string  // the parts of each source's name, as Measure.Names
	Levels  []bool      // by source: its values are levels, not counts
	Measure *Measure    // what was counted
	Notes   []string    // what was guessed, left out or rearranged
}

// ErrTooLong is what a matrix of too many buckets reports.
var ErrTooLong = errors.New("too many buckets")

// mostBuckets bounds the buckets of a matrix.
const mostBuckets = 50_000_000

// Matrix returns the counts from the first bucket to the last. Buckets in which nothing
// was counted are zeros. It is an error that wraps [ErrTooLong] if a stray time makes the
// matrix absurdly long.
func (c *Counts) Matrix() (*Matrix, error) {
	m := &Matrix{Bucket: time.Duration(c.grid.width), ByName: c.byName}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, p := range c.pages {
		for i := range p.rows {
			if n := p.first + int64(i); (n < first || n > last) && p.rows[i].used() {
				first, last = min(first, n), max(last, n)
			}
		}
	}
	if first > last {
		return m, nil
	}
	names := c.sources.names
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
	for _, i := range order {
		parts := strings.Split(names[i], sourceSep)
		m.Keys = append(m.Keys, parts)
		m.Sources = append(m.Sources, strings.Join(parts, " "))
		m.Levels = append(m.Levels, c.howOf(i) == leveled)
	}
	if m.Measure = c.measure; m.Measure != nil {
		m.Notes = append(m.Notes, m.Measure.Notes...)
	}
	m.Notes = append(m.Notes, c.Notes...)
	n, p := last-first+1, int64(len(order))
	if n > mostBuckets || n*max(p, 1) > 20*mostBuckets {
		return nil, fmt.Errorf("making a matrix of %d buckets of %v: %w", n, m.Bucket, ErrTooLong)
	}
	m.Times, m.Covered, m.Values = make([]time.Time, n), make([]float64, n), make([][]float64, n)
	parts := int64(runtime.GOMAXPROCS(0))
	var filling sync.WaitGroup
	for part := range parts {
		from, to := pageOf(first+n*part/parts), pageOf(first+n*(part+1)/parts)
		if part == parts-1 {
			to = last + 1
		}
		filling.Go(func() {
			for ; from < to; from += pageSize {
				c.fill(m, from, first, order)
			}
		})
	}
	filling.Wait()
	return m, nil
}

// fill fills the rows of a matrix that starts at bucket first from the page at from.
func (c *Counts) fill(m *Matrix, from, first int64, order []int) {
	start, end := max(from, first)-first, min(from+pageSize-first, int64(len(m.Values)))
	p := len(order)
	values := make([]float64, int(end-start)*p)
	counted := c.pages[from]
	for i := start; i < end; i++ {
		row := values[:p:p]
		m.Values[i], values = row, values[p:]
		c.fillLevels(row, first+i, order)
		m.Times[i] = time.Unix(0, c.grid.origin+(first+i)*c.grid.width).UTC()
		if counted == nil {
			continue
		}
		r := &counted.rows[first+i-from]
		if m.Covered[i] = float64(r.covered) / 1e9; c.grid.block == 0 && r.used() {
			m.Covered[i] = float64(c.grid.width) / 1e9
		}
		for j, source := range order {
			if source < len(r.values) && c.howOf(source) == addsUp {
				row[j] = float64(r.values[source])
			}
		}
	}
}

// fillLevels fills what are no integers in the row of a bucket. A level that was not printed in
// it is not known.
func (c *Counts) fillLevels(row []float64, number int64, order []int) {
	if len(c.how) == 0 {
		return
	}
	l := c.levels[number]
	for j, source := range order {
		h := c.howOf(source)
		switch {
		case h == addsUp:
		case l != nil && source < len(l.sum) && l.n[source] > 0:
			row[j] = l.sum[source]
			if h == leveled {
				row[j] /= float64(l.n[source])
			}
		case h == leveled:
			row[j] = math.NaN()
		}
	}
}

// Rates returns the values as counts per second: each divided by the time that its bucket
// really covers. Buckets that cover no time are zeros.
func (m *Matrix) Rates() [][]float64 {
	rates := make([][]float64, len(m.Values))
	for i, row := range m.Values {
		rates[i] = make([]float64, len(row))
		for j, v := range row {
			if m.Covered[i] > 0 {
				rates[i][j] = v / m.Covered[i]
			}
		}
	}
	return rates
}

// Table returns the matrix as a table: a column "time", the end of each bucket in seconds since the
// epoch, and one for each source. A level that was not printed is null.
func (m *Matrix) Table() *Table {
	s := newSheet("series", "series")
	at := s.open("time", Float)
	for _, t := range m.Times {
		at.appendFloat(float64(t.UnixNano()) / 1e9)
	}
	for j, name := range m.Sources {
		c := s.open(name, Float)
		for i := range m.Times {
			if v := m.Values[i][j]; math.IsNaN(v) {
				c.appendNull()
			} else {
				c.appendFloat(v)
			}
		}
	}
	return s.Table
}
