package dtracefs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// CountOptions say what [Count] counts and how. The zero value counts every kind of every
// process apart, in buckets as long as the capture's blocks.
type CountOptions struct {
	// ByName makes a process one source, whatever it did. Otherwise each kind of what it
	// did is a source of its own, named "kind,execname".
	ByName bool

	// Kinds are the kinds that count; none means all. Name those that add up when ByName.
	Kinds []string

	// Bucket is the length of a bucket; 0 means that of the capture's blocks, and a second
	// for an event log.
	Bucket time.Duration

	// Origin is an instant at which a bucket ends. The default is the end of the first
	// block for buckets as long as the blocks, otherwise a whole multiple of Bucket since
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
	sources *sourceNames
	rows    map[int64]*countRow // by number of bucket
	at      *countRow           // the last one used
	Drops   []Drop              // what the tracer said that it lost
	Skipped int64               // lines that were no entries
	Bytes   int64               // of text
}

// A countRow is a bucket. covered is the time in nanoseconds in which its counts happened.
type countRow struct {
	number  int64
	covered int64
	width   int // how many sources there were when it was made
	values  []int64
}

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
	return &Counts{grid: g, sources: s, rows: map[int64]*countRow{}}
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

// row returns a bucket by its number.
func (c *Counts) row(number int64) *countRow {
	if c.at != nil && c.at.number == number {
		return c.at
	}
	r := c.rows[number]
	if r == nil {
		r = &countRow{number: number, width: c.sources.count()}
		c.rows[number] = r
	}
	c.at = r
	return r
}

func (r *countRow) add(source int, v int64) {
	if source >= len(r.values) {
		r.grow(source)
	}
	r.values[source] += v
}

func (r *countRow) grow(source int) {
	values := make([]int64, max(source+1, r.width, len(r.values)*5/4))
	copy(values, r.values)
	r.values = values
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
		c.row(s.last-i).add(source, part)
	}
}

// absorb takes over what o counted on the same grid with the same numbers of sources.
func (c *Counts) absorb(o *Counts) {
	for number, from := range o.rows {
		to := c.rows[number]
		if to == nil {
			c.rows[number] = from
			continue
		}
		to.covered += from.covered
		for i, v := range from.values {
			if v != 0 {
				to.add(i, v)
			}
		}
	}
	c.Drops = append(c.Drops, o.Drops...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
}

// Merge adds what o counted. Both must have buckets of one width that end at the same
// instants.
func (c *Counts) Merge(o *Counts) error {
	if c.grid.width != o.grid.width || (c.grid.origin-o.grid.origin)%c.grid.width != 0 {
		return fmt.Errorf("merging counts: buckets of %v that end at %v do not match buckets of %v that end at %v",
			time.Duration(c.grid.width), time.Unix(0, c.grid.origin).UTC(), time.Duration(o.grid.width), time.Unix(0, o.grid.origin).UTC())
	}
	shift := (o.grid.origin - c.grid.origin) / c.grid.width
	var ids []int
	if o.sources != c.sources {
		for _, n := range o.sources.names {
			ids = append(ids, c.sources.number(n))
		}
	}
	for number, from := range o.rows {
		number += shift
		if ids == nil && c.rows[number] == nil {
			copied := *from
			copied.number, copied.values = number, slices.Clone(from.values)
			c.rows[number] = &copied
			continue
		}
		to := c.row(number)
		to.covered += from.covered
		for i, v := range from.values {
			if v != 0 && ids != nil {
				to.add(ids[i], v)
			} else if v != 0 {
				to.add(i, v)
			}
		}
	}
	c.Drops = append(c.Drops, o.Drops...)
	c.Skipped += o.Skipped
	c.Bytes += o.Bytes
	return nil
}

// A Matrix holds how much each source did in each bucket.
type Matrix struct {
	Bucket  time.Duration
	Times   []time.Time // the ends of the buckets, without gaps
	Sources []string    // in alphabetical order
	Covered []float64   // seconds in which the counts of a bucket happened
	Values  [][]float64 // [bucket][source] counts
}

// ErrTooLong is what a matrix of too many buckets reports.
var ErrTooLong = errors.New("too many buckets")

// mostBuckets bounds the buckets of a matrix.
const mostBuckets = 50_000_000

// Matrix returns the counts from the first bucket to the last. Buckets in which nothing
// was counted are zeros. It is an error that wraps [ErrTooLong] if a stray time makes the
// matrix absurdly long.
func (c *Counts) Matrix() (*Matrix, error) {
	m := &Matrix{Bucket: time.Duration(c.grid.width)}
	if len(c.rows) == 0 {
		return m, nil
	}
	var numbers []int64
	for n := range c.rows {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	first, last := numbers[0], numbers[len(numbers)-1]
	names := c.sources.names
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(names[a], names[b]) })
	for _, i := range order {
		m.Sources = append(m.Sources, names[i])
	}
	if n := last - first + 1; n > mostBuckets || n*int64(max(len(order), 1)) > 20*mostBuckets {
		return nil, fmt.Errorf("making a matrix of %d buckets of %v: %w", n, m.Bucket, ErrTooLong)
	}
	for n := first; n <= last; n++ {
		row := make([]float64, len(order))
		covered := 0.0
		if r := c.rows[n]; r != nil {
			if covered = float64(r.covered) / 1e9; c.grid.block == 0 {
				covered = float64(c.grid.width) / 1e9
			}
			for j, i := range order {
				if i < len(r.values) {
					row[j] = float64(r.values[i])
				}
			}
		}
		m.Times = append(m.Times, time.Unix(0, c.grid.origin+n*c.grid.width).UTC())
		m.Covered = append(m.Covered, covered)
		m.Values = append(m.Values, row)
	}
	return m, nil
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
