package cluster

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Two pairs on a line: centers 0.5 and 10.5, spread 0.5 each.
func TestGroupIndexes(t *testing.T) {
	x := mat.NewDense(4, 1, []float64{0, 10, 1, 11})
	labels := []int{7, -1, 7, -1}
	if ch, err := CalinskiHarabasz(x, labels); err != nil || !near(ch, 200) {
		t.Errorf("Caliński-Harabasz %v, want 200 (%v)", ch, err)
	}
	if db, err := DaviesBouldin(x, labels); err != nil || !near(db, 0.1) {
		t.Errorf("Davies-Bouldin %v, want 0.1 (%v)", db, err)
	}
	for _, bad := range [][]int{{0, 0, 0, 0}, {0, 1, 2, 3}, {0, 1}} {
		if _, err := CalinskiHarabasz(x, bad); err == nil {
			t.Errorf("Caliński-Harabasz of %v: no error", bad)
		}
		if _, err := DaviesBouldin(x, bad); err == nil {
			t.Errorf("Davies-Bouldin of %v: no error", bad)
		}
	}
	x.Set(2, 0, math.NaN())
	if _, err := DaviesBouldin(x, labels); err == nil {
		t.Error("NaN: no error")
	}
	if v, err := NormalizedMutualInformation(labels, []int{1, 2, 1, 2}); err != nil || !near(v, 1) {
		t.Errorf("the same grouping: %v (%v)", v, err)
	}
	if v, err := NormalizedMutualInformation(labels, []int{1, 1, 2, 2}); err != nil || math.Abs(v) > 1e-12 {
		t.Errorf("independent groupings: %v (%v)", v, err)
	}
}
