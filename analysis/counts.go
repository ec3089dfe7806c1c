package analysis

import (
	"fmt"
	"slices"
	"strings"

	"dtnotes/dtracefs"
)

// FromCounts makes a series of what [dtracefs.Count] counted: n buckets × p sources in the
// order of their names, the tracers' own left out with a note unless the options include the
// observer; the other options were decided when counting. A source "kind,execname" is named
// "kind execname", as [FromFrame] names it.
func FromCounts(m *dtracefs.Matrix, opts ...SeriesOptions) *Series {
	s := &Series{Width: m.Bucket, Units: "events", Counts: true, Times: make([]float64, len(m.Times))}
	for i, end := range m.Times {
		s.Times[i] = float64(end.Add(-m.Bucket).UnixNano()) / 1e9
	}
	var columns []int
	for j, source := range m.Sources {
		name, label := source, source
		if !m.ByName {
			kind, rest, _ := strings.Cut(source, ",")
			name, label = rest, kind+" "+rest
		}
		if !(len(opts) > 0 && opts[0].IncludeObserver) && slices.Contains(Observers, name) {
			s.Notes = append(s.Notes, fmt.Sprintf("left out the observer's %s", source))
			continue
		}
		s.Names = append(s.Names, label)
		columns = append(columns, j)
	}
	s.Values = newDense(len(s.Times), len(s.Names))
	for i, row := range m.Values {
		for k, j := range columns {
			s.Values.Set(i, k, row[j])
			s.Counts = s.Counts && row[j] >= 0
		}
	}
	return s
}
