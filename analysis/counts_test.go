package analysis

import (
	"context"
	"math"
	"slices"
	"testing"

	"dtnotes/dtracefs"
)

// TestFromCounts holds that counting in one pass and counting the rows of a frame give the
// same sources and totals.
func TestFromCounts(t *testing.T) {
	const name = "vm-start.dtrace.txt"
	for _, byName := range []bool{false, true} {
		o := SeriesOptions{By: []string{"execname"}, Kinds: []string{"*"}}
		if !byName {
			o.By = []string{"kind", "execname"}
		}
		counts, err := dtracefs.CountFiles(context.Background(), []dtracefs.File{{FS: dtracefs.Samples(), Name: name}}, dtracefs.CountOptions{MeasureOptions: o.measure()})
		if err != nil {
			t.Fatal(err)
		}
		m, err := counts.Matrix()
		if err != nil {
			t.Fatal(err)
		}
		got := FromCounts(m, SeriesOptions{})
		c, err := dtracefs.Load(t.Context(), dtracefs.Samples(), name, dtracefs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if byName {
			o.By = nil
		}
		want, err := FromFrame(c.Activity().DataFrame(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Names) != len(want.Names) || !got.Counts || math.Abs(got.Times[0]-want.Times[0]) > 0.01 {
			t.Errorf("%d sources from %.3f, want %d from %.3f", len(got.Names), got.Times[0], len(want.Names), want.Times[0])
		}
		for j, total := range want.Totals() {
			i := slices.Index(got.Names, want.Names[j])
			if i < 0 || math.Abs(got.Totals()[i]-total) > 0.001*total {
				t.Errorf("%s: want a total of %g", want.Names[j], total)
			}
		}
	}
}
