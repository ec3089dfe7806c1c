package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// Series is a matrix of n time buckets × p sources.
type Series struct {
	Names  []string      // of the p sources, all different
	Times  []float64     // start of each bucket, seconds since the epoch
	Every  time.Duration // of a bucket
	Units  string        // of a value, such as "system calls"
	Counts bool          // values are counts of events, never negative
	Values *mat.Dense    // n×p; empty when n or p is 0
	Notes  []string      // what was left out or rearranged to make it

	Origins []source.Origin   // where each source comes from; nil if not known
	Zones   []string          // zone or container, [source.Global] for the platform; nil if unknown
	Measure *dtracefs.Measure // how a capture was counted; nil if it was not made of one
	Levels  map[string]bool   // sources that are levels, such as memory in use, and no counts
}

// NewSeries returns a series of the n×p values, a column per name, whose
// buckets follow each other from time start (seconds since the epoch).
func NewSeries(names []string, start float64, every time.Duration, values mat.Matrix) (*Series, error) {
	n, p := values.Dims()
	if len(names) != p {
		return nil, fmt.Errorf("series of %d columns with %d names", p, len(names))
	}
	if err := checkNames(names); err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	if every <= 0 {
		return nil, fmt.Errorf("series with buckets of %v: want a positive width", every)
	}
	s := &Series{Names: slices.Clone(names), Times: make([]float64, n), Every: every, Values: &mat.Dense{}}
	for i := range s.Times {
		s.Times[i] = start + float64(float64(i)*every.Seconds())
	}
	if n > 0 && p > 0 {
		s.Values = mat.DenseCopyOf(values)
	}
	s.Counts = onlyCounts(s.Values)
	return s, nil
}

func checkNames(names []string) error {
	seen := make(map[string]int, len(names))
	for i, name := range names {
		if j, ok := seen[name]; ok {
			return fmt.Errorf("columns %d and %d are both named %q", j+1, i+1, name)
		}
		seen[name] = i
	}
	return nil
}

// onlyCounts reports whether all values are non-negative whole numbers.
func onlyCounts(x *mat.Dense) bool {
	n, _ := x.Dims()
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if !(v >= 0) || v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

// Dims returns the number of buckets and of sources.
func (s *Series) Dims() (buckets, sources int) { return len(s.Times), len(s.Names) }

// Column returns a copy of the values of one source over time.
func (s *Series) Column(name string) ([]float64, error) {
	j := slices.Index(s.Names, name)
	if j < 0 {
		return nil, fmt.Errorf("no source named %q", name)
	}
	return s.column(j), nil
}

func (s *Series) column(j int) []float64 {
	if len(s.Times) == 0 {
		return []float64{}
	}
	return mat.Col(nil, j, s.Values)
}

// Totals returns the sum of each source over all buckets.
func (s *Series) Totals() []float64 {
	t := make([]float64, len(s.Names))
	for i := range s.Times {
		for j := range t {
			t[j] += s.Values.At(i, j)
		}
	}
	return t
}

// Select returns the series of the named sources, in that order.
func (s *Series) Select(names ...string) (*Series, error) {
	cols := make([]int, len(names))
	for i, name := range names {
		if cols[i] = slices.Index(s.Names, name); cols[i] < 0 {
			return nil, fmt.Errorf("selecting sources: no source named %q among the %d", name, len(s.Names))
		}
	}
	if err := checkNames(names); err != nil {
		return nil, fmt.Errorf("selecting sources: %w", err)
	}
	return s.pick(cols), nil
}

// Top returns the series of the k sources with the largest totals, largest
// first.
func (s *Series) Top(k int) *Series {
	totals := s.Totals()
	cols := make([]int, len(totals))
	for j := range cols {
		cols[j] = j
	}
	slices.SortStableFunc(cols, func(a, b int) int {
		switch {
		case totals[a] > totals[b]:
			return -1
		case totals[a] < totals[b]:
			return 1
		}
		return strings.Compare(s.Names[a], s.Names[b])
	})
	return s.pick(cols[:max(0, min(k, len(cols)))])
}

func (s *Series) pick(cols []int) *Series {
	out := *s
	out.Names = make([]string, len(cols))
	out.Times = slices.Clone(s.Times)
	out.Notes = slices.Clone(s.Notes)
	out.Values = newDense(len(s.Times), len(cols))
	out.Origins = make([]source.Origin, len(cols))
	if s.Zones != nil {
		out.Zones = make([]string, len(cols))
	}
	for k, j := range cols {
		out.Names[k] = s.Names[j]
		out.Origins[k] = s.origins()[j]
		if s.Zones != nil {
			out.Zones[k] = s.Zones[j]
		}
		for i := range s.Times {
			out.Values.Set(i, k, s.Values.At(i, j))
		}
	}
	return &out
}

// Window returns the buckets that start at or after from and before to, in
// seconds since the epoch.
func (s *Series) Window(from, to float64) *Series {
	lo, hi := 0, 0
	for lo < len(s.Times) && s.Times[lo] < from {
		lo++
	}
	for hi = lo; hi < len(s.Times) && s.Times[hi] < to; {
		hi++
	}
	return s.rows(lo, hi)
}

func (s *Series) rows(lo, hi int) *Series {
	out := *s
	out.Names = slices.Clone(s.Names)
	out.Origins, out.Zones = slices.Clone(s.Origins), slices.Clone(s.Zones)
	out.Times = slices.Clone(s.Times[lo:hi])
	out.Notes = slices.Clone(s.Notes)
	out.Values = newDense(hi-lo, len(s.Names))
	for i := lo; i < hi; i++ {
		for j := range s.Names {
			out.Values.Set(i-lo, j, s.Values.At(i, j))
		}
	}
	return &out
}

func newDense(n, p int) *mat.Dense {
	if n == 0 || p == 0 {
		return &mat.Dense{}
	}
	return mat.NewDense(n, p, nil)
}

// checkFinite names the first value that is NaN or infinite.
func (s *Series) checkFinite() error {
	n, p := s.Values.Dims()
	if n*p > 0 && (n != len(s.Times) || p != len(s.Names)) {
		return fmt.Errorf("values are %d×%d for %d times and %d names", n, p, len(s.Times), len(s.Names))
	}
	for i := range n {
		for j, v := range s.Values.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("source %q, bucket %d is %v: fill or drop missing values first", s.Names[j], i, v)
			}
		}
	}
	return nil
}
