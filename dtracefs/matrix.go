package dtracefs

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Matrix holds how much each source did in each bucket. A matrix is dense: a source that did
// nothing in a bucket has a zero there.
type Matrix struct {
	Every   time.Duration // the width of a bucket
	First   time.Time     // the end of the first bucket; for the others see [Matrix.End]
	Buckets int
	LeftOut int      // buckets that were left out between stretches, see [CountsReader.NextThin]
	Sources []string // in alphabetical order
	// Covered are the seconds in which the counts of a bucket happened; nil where each covers its
	// width.
	Covered []float64
	// Values are bucket by bucket, in the order of the sources; NaN where a level was not printed.
	Values  []float64
	Keys    [][]string // the parts of each source's name, as Measure.Names
	Levels  []bool     // by source: its values are levels, not counts
	Measure *Measure   // what was counted
	Notes   []string   // what was guessed, left out or rearranged

	gaps []leftOut
}

// A leftOut is buckets that were left out before a row of a matrix.
type leftOut struct{ row, buckets int }

// End is when bucket i ends.
func (m *Matrix) End(i int) time.Time {
	n := i
	for _, g := range m.gaps {
		if g.row <= i {
			n += g.buckets
		}
	}
	return m.First.Add(time.Duration(n) * m.Every)
}

// Row is what the sources did in bucket i.
func (m *Matrix) Row(i int) []float64 {
	p := len(m.Sources)
	return m.Values[i*p : (i+1)*p : (i+1)*p]
}

// Rows yields what the sources did, bucket by bucket.
func (m *Matrix) Rows(yield func(i int, row []float64) bool) {
	for i := range m.Buckets {
		if !yield(i, m.Row(i)) {
			return
		}
	}
}

// covered is the time in seconds in which the counts of bucket i happened.
func (m *Matrix) covered(i int) float64 {
	if m.Covered == nil {
		return m.Every.Seconds()
	}
	return m.Covered[i]
}

// ErrTooLong is what a matrix of too many buckets reports.
var ErrTooLong = errors.New("too many buckets")

// mostBuckets bounds the buckets of a matrix.
const mostBuckets = 50_000_000

// Matrix returns the counts from the first bucket to the last. Buckets in which nothing
// was counted are zeros. It is an error that wraps [ErrTooLong] if a stray time makes the
// matrix absurdly long.
func (c *Counts) Matrix() (*Matrix, error) { return c.matrix(false) }

// IntoMatrix is [Counts.Matrix] for counts that are not needed any more: they give up their memory
// while the matrix takes it, and are empty afterwards.
func (c *Counts) IntoMatrix() (*Matrix, error) { return c.matrix(true) }

// matrix makes the matrix, of the stretches that are here or of all buckets.
func (c *Counts) matrix(take bool) (*Matrix, error) {
	m := &Matrix{Every: time.Duration(c.grid.every)}
	stretches := c.stretches
	if stretches == nil {
		all := stretch{math.MaxInt64, math.MinInt64}
		for n := range c.all {
			all.first, all.last = min(all.first, n), max(all.last, n)
		}
		if all.first > all.last {
			return m, nil
		}
		stretches = []stretch{all}
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
	n, p, covered := int64(0), int64(len(order)), true
	for k, x := range stretches {
		if k > 0 {
			left := int(x.first - stretches[k-1].last - 1)
			m.gaps, m.LeftOut = append(m.gaps, leftOut{int(n), left}), m.LeftOut+left
		}
		n += x.last - x.first + 1
		// Asked before anything is allocated.
		if n > mostBuckets || n*max(p, 1) > 20*mostBuckets {
			return nil, fmt.Errorf("making a matrix of %d buckets of %v: %w", n, m.Every, ErrTooLong)
		}
		covered = covered && c.covered(x.first, x.last)
	}
	m.Buckets, m.First = int(n), time.Unix(0, c.grid.end(stretches[0].first)).UTC()
	m.Values = make([]float64, n*p)
	if !covered {
		m.Covered = make([]float64, n)
	}
	row := 0
	for _, x := range stretches {
		of := &Matrix{Sources: m.Sources, Buckets: int(x.last - x.first + 1)}
		of.Values = m.Values[row*len(order) : (row+of.Buckets)*len(order)]
		if m.Covered != nil {
			of.Covered = m.Covered[row : row+of.Buckets]
		}
		// Stretches may share a page.
		c.fillAll(of, x.first, x.last, order, take && c.stretches == nil)
		row += of.Buckets
	}
	if take {
		c.pages, c.at, c.levels = map[int64]*page{}, nil, nil
	}
	return m, nil
}

// covered reports whether each bucket from first to last is covered by its whole width. Most are,
// and then the matrix needs no times.
func (c *Counts) covered(first, last int64) bool {
	for from := pageOf(first); from <= last; from += pageSize {
		p := c.pages[from]
		if p == nil {
			return false
		}
		for n := max(first, from); n < from+pageSize && n <= last; n++ {
			if (countRow{p, int(n - from)}).time() != p.every {
				return false
			}
		}
	}
	return true
}

// releaseEach is how much of counts, in bytes, is given back at a time where a matrix takes them
// over.
const releaseEach = 64 << 20

// fillAll fills a matrix of the buckets from first to last. Large counts that the matrix takes
// over go back to the system step by step, so that both are never in memory as a whole. Pages are
// filled side by side: each writes rows of its own.
func (c *Counts) fillAll(m *Matrix, first, last int64, order []int, take bool) {
	pages := max(1, int64(releaseEach)/(8*pageSize*int64(max(1, len(order)))))
	parts := int64(runtime.GOMAXPROCS(0))
	for from := pageOf(first); from <= last; {
		step := (last-from)/pageSize + 1
		if take {
			step = min(step, pages)
		}
		var filling sync.WaitGroup
		for part := range parts {
			// Each part ends by the formula by which the next one starts, so none of the pages is
			// left out or filled twice, however many there are.
			start, end := from+step*part/parts*pageSize, from+step*(part+1)/parts*pageSize
			filling.Go(func() {
				for ; start < end; start += pageSize {
					c.fill(m, start, first, order)
				}
			})
		}
		filling.Wait()
		next := from + step*pageSize
		if take {
			for ; from < next; from += pageSize {
				delete(c.pages, from)
			}
			// Freed memory goes back only now and then; asking for it at each step is what keeps
			// the peak low.
			if c.at = nil; step == pages {
				debug.FreeOSMemory()
			}
		}
		from = next
	}
	if take {
		c.levels = nil
	}
}

// fill fills the rows of a matrix that starts at bucket first from the page at from.
func (c *Counts) fill(m *Matrix, from, first int64, order []int) {
	start, end := max(from, first)-first, min(from+pageSize-first, int64(m.Buckets))
	counted := c.pages[from]
	for i := start; i < end; i++ {
		row := m.Row(int(i))
		c.fillLevels(row, first+i, order)
		if counted == nil {
			continue
		}
		r := countRow{counted, int(first + i - from)}
		if m.Covered != nil {
			m.Covered[i] = float64(r.time()) / 1e9
		}
		values := r.counts()
		if len(c.how) == 0 && len(values) >= len(order) {
			// The usual case: all are counts, and each has its place in the page.
			for j, source := range order {
				row[j] = values[source]
			}
			continue
		}
		for j, source := range order {
			// A page may have no room for sources that did nothing in it.
			if source < len(values) && c.howOf(source) == addsUp {
				row[j] = values[source]
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
			row[j] = l.value(source)
			if h == leveled {
				row[j] /= float64(l.n[source])
			}
		case h == leveled:
			row[j] = math.NaN()
		}
	}
}

// Rates returns the values as counts per second: each divided by the time that its bucket really
// covers. Buckets that cover no time are zeros. Levels are divided too: for those use Values.
func (m *Matrix) Rates() []float64 {
	rates := make([]float64, len(m.Values))
	for i, row := range m.Rows {
		covered := m.covered(i)
		for j, v := range row {
			if covered > 0 {
				rates[i*len(m.Sources)+j] = v / covered
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
	for i := range m.Buckets {
		at.appendFloat(float64(m.End(i).UnixNano()) / 1e9)
	}
	for j, name := range m.Sources {
		c := s.open(name, Float)
		for i := range m.Buckets {
			if v := m.Row(i)[j]; math.IsNaN(v) {
				c.appendNull()
			} else {
				c.appendFloat(v)
			}
		}
	}
	return s.Table
}
