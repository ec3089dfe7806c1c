package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// FromCapture counts a loaded capture into a series, whatever was printed: which table, time,
// sources and value are meant is inferred (see [dtracefs.Infer]), and the options override every
// word of it. What was guessed and left out is in the notes. The error of a capture in which
// nothing can be counted lists what is missing in each of its tables.
func FromCapture(c *dtracefs.Capture, o SeriesOptions) (*Series, error) {
	counts, err := dtracefs.CountCapture(c, dtracefs.CountOptions{MeasureOptions: o.measure()})
	if err != nil {
		return nil, fmt.Errorf("series from capture: %w", err)
	}
	return fromCounts(counts, o)
}

// CountFiles is [FromCapture] for a capture in files, older first, that need not fit into memory.
func CountFiles(ctx context.Context, files []dtracefs.File, o SeriesOptions) (*Series, error) {
	counts, err := dtracefs.CountFiles(ctx, files, dtracefs.CountOptions{MeasureOptions: o.measure()})
	if err != nil {
		return nil, fmt.Errorf("series from capture: %w", err)
	}
	return fromCounts(counts, o)
}

func fromCounts(counts *dtracefs.Counts, o SeriesOptions) (*Series, error) {
	m, err := counts.IntoMatrix()
	if err != nil {
		return nil, fmt.Errorf("series from capture: %w", err)
	}
	return FromCounts(m, o), nil
}

func (o SeriesOptions) measure() dtracefs.MeasureOptions {
	return dtracefs.MeasureOptions{Table: o.Table, Time: o.Time, By: o.By, Value: o.Value, As: o.As, Every: o.Every, Kinds: o.Kinds}
}

// FromCounts makes a series of what [dtracefs.CountFiles] counted: n buckets × p sources, the
// source with the largest total first. The series takes over the values of the matrix, which must
// not be used any more. The tracers' own sources are left out with a note, unless the options
// include the observer. The other options were already used when counting. A level that was not
// printed in a bucket counts as 0, with a note.
func FromCounts(m *dtracefs.Matrix, o SeriesOptions) *Series {
	s := &Series{Every: m.Every, Counts: true, Notes: slices.Clone(m.Notes), Measure: m.Measure}
	columns, kinds := nameSources(s, m, o.IncludeObserver)
	first, last := wholeBuckets(s, m)
	s.Times = make([]float64, last-first)
	for i := range s.Times {
		s.Times[i] = float64(m.End(first+i).Add(-m.Every).UnixNano()) / 1e9
	}
	totals, silent := make([]float64, len(columns)), 0
	for i := first; i < last; i++ {
		row := m.Row(i)
		for k, j := range columns {
			if math.IsNaN(row[j]) {
				row[j] = 0
				silent++
			}
			totals[k] += row[j]
			s.Counts = s.Counts && row[j] >= 0
		}
	}
	if silent > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d levels were not printed in a bucket and count as 0", silent))
	}
	s.Units = unitsOf(m, kinds)
	s.Counts = s.Counts && !slices.Contains(m.Levels, true)
	order(s, columns, totals)
	takeValues(s, m, first, last, columns)
	return s
}

// nameSources names the sources of a matrix and notes where they come from. It returns their
// columns in the matrix, and what kinds there are.
func nameSources(s *Series, m *dtracefs.Matrix, observer bool) (columns []int, kinds map[string]bool) {
	parts := partsOf(m)
	calls := parts.callers(m)
	seen, observed := map[string]bool{}, map[string]bool{}
	kinds = map[string]bool{}
	for j, name := range m.Sources {
		process, kind := parts.process(m, j), parts.kindOf(m, j)
		if !observer && slices.Contains(Observers, process) {
			observed[process] = true
			continue
		}
		for seen[name] {
			name += " " // two sources whose keys join to the same words stay apart
		}
		seen[name] = true
		kinds[kind] = true
		if j < len(m.Levels) && m.Levels[j] {
			if s.Levels == nil {
				s.Levels = map[string]bool{}
			}
			s.Levels[name] = true
		}
		s.Names = append(s.Names, name)
		s.Origins = append(s.Origins, parts.origin(kind, process, calls))
		if parts.apart >= 0 {
			z, o := zoneAndOrigin(parts.apartDim, parts.part(m, j, parts.apart), s.Origins[len(s.Origins)-1])
			s.Origins[len(s.Origins)-1], s.Zones = o, append(s.Zones, z)
		}
		columns = append(columns, j)
	}
	for _, name := range Observers {
		if observed[name] {
			s.Notes = append(s.Notes, fmt.Sprintf("left out the observer %s", name))
		}
	}
	return columns, kinds
}

// order sorts the sources, and with them their columns, by their totals.
func order(s *Series, columns []int, totals []float64) {
	by := make([]int, len(columns))
	for k := range by {
		by[k] = k
	}
	slices.SortStableFunc(by, func(a, b int) int {
		return cmp.Or(cmp.Compare(totals[b], totals[a]), strings.Compare(s.Names[a], s.Names[b]))
	})
	s.Names, s.Origins, s.Zones = permuted(s.Names, by), permuted(s.Origins, by), permuted(s.Zones, by)
	copy(columns, permuted(columns, by))
}

func permuted[T any](s []T, by []int) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(by))
	for k, j := range by {
		out[k] = s[j]
	}
	return out
}

// takeValues moves the columns of the buckets from first to last, within the memory that they are
// in, to where a dense matrix of these columns and buckets alone has them.
func takeValues(s *Series, m *dtracefs.Matrix, first, last int, columns []int) {
	n, p := last-first, len(columns)
	if n == 0 || p == 0 {
		s.Values = &mat.Dense{}
		return
	}
	row := make([]float64, len(m.Sources))
	for i := range n {
		copy(row, m.Row(first+i))
		to := m.Values[i*p : (i+1)*p]
		for k, j := range columns {
			to[k] = row[j]
		}
	}
	s.Values = mat.NewDense(n, p, m.Values[:n*p:n*p])
	m.Values, m.Buckets = nil, 0
}

// wholeBuckets leaves out buckets at both ends that the blocks cover only in part.
func wholeBuckets(s *Series, m *dtracefs.Matrix) (first, last int) {
	last = m.Buckets
	every := m.Every.Seconds()
	if m.Covered == nil || m.Measure == nil || !m.Measure.Blocks() || m.Measure.BlockWidth() >= m.Every {
		return 0, last
	}
	if c := m.Covered[first]; last-first > 1 && c < (1-slack)*every {
		s.Notes = append(s.Notes, fmt.Sprintf("left out the first %.3g s, less than a bucket", c))
		first++
	}
	if c := m.Covered[last-1]; last-first > 1 && c < (1-slack)*every {
		s.Notes = append(s.Notes, fmt.Sprintf("left out the last %.3g s, less than a bucket", c))
		last--
	}
	return first, last
}

// A sourceParts says what each part of a source's key is.
type sourceParts struct {
	kind, exec int
	apart      int // the zone, control group or container
	apartDim   dtracefs.Dimension
}

func partsOf(m *dtracefs.Matrix) sourceParts {
	p := sourceParts{kind: -1, exec: -1, apart: -1}
	if m.Measure == nil {
		p.exec = 0
		return p
	}
	for i, d := range m.Measure.Dims {
		switch d {
		case dtracefs.Kind:
			if p.kind < 0 {
				p.kind = i
			}
		case dtracefs.ExecName:
			if p.exec < 0 {
				p.exec = i
			}
		case dtracefs.ZoneName, dtracefs.Cgroup, dtracefs.Container:
			if p.apart < 0 {
				p.apart, p.apartDim = i, d
			}
		}
	}
	return p
}

func (p sourceParts) part(m *dtracefs.Matrix, j, i int) string {
	if i < 0 {
		return ""
	}
	if keys := m.Keys[j]; i < len(keys) {
		return keys[i]
	}
	return ""
}

func (p sourceParts) process(m *dtracefs.Matrix, j int) string { return p.part(m, j, p.exec) }
func (p sourceParts) kindOf(m *dtracefs.Matrix, j int) string  { return p.part(m, j, p.kind) }

// callers are the processes that make system calls, or nil if these were not counted by kind.
func (p sourceParts) callers(m *dtracefs.Matrix) map[string]bool {
	calls := map[string]bool{}
	for j := range m.Sources {
		if p.kindOf(m, j) == "syscall" {
			calls[p.process(m, j)] = true
		}
	}
	return calls
}

// origin returns where a source comes from, apart from zones. Block I/O and connections are sources
// beside processes. A thread of the kernel is recognized because it makes no system calls in a
// capture that counts them.
func (p sourceParts) origin(kind, process string, calls map[string]bool) source.Origin {
	switch {
	case isStorage(kind):
		return source.Storage
	case kind == "accept" || kind == "connect" || strings.HasPrefix(kind, "tcp_"):
		return source.Network
	case len(calls) > 0 && !calls[process]:
		return source.Platform
	}
	return source.Process
}

// isStorage reports whether a kind is one of block I/O, by the name that dtnotes' own scripts give
// it, or by the names of DTrace's io provider and most scripts.
func isStorage(kind string) bool {
	return strings.HasPrefix(kind, "bio_") || kind == "io" || kind == "bio" || kind == "disk"
}

// zoneAndOrigin returns the zone, control group or container of a source, and where the source
// comes from. If the source is no process, its own origin o says more about that.
func zoneAndOrigin(d dtracefs.Dimension, name string, o source.Origin) (string, source.Origin) {
	platform := dtracefs.OfPlatform(d, name)
	if o == source.Process || o == source.Platform {
		if o = source.Zone; platform {
			o = source.Platform
		}
	}
	if platform {
		name = source.Global
	}
	return name, o
}

// unitsOf names what the values count.
func unitsOf(m *dtracefs.Matrix, kinds map[string]bool) string {
	if m.Measure == nil {
		return "events"
	}
	if m.Measure.Kinded() {
		return units(kinds)
	}
	var value string
	if t := m.Measure.Tables; len(t) == 1 {
		value = t[0].Value
	}
	switch value {
	case "", "value", "count", "n":
		if m.Measure.SystemCalls() {
			return "system calls"
		}
		return "events"
	}
	return value
}
