package covariance

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// chain draws n rows of p variables, each linked to the one before.
func chain(n, p int) *mat.Dense {
	rng := rand.New(rand.NewPCG(5, 6))
	x := mat.NewDense(n, p, nil)
	for i := range n {
		row := x.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64()
			if j > 0 {
				row[j] += 0.5 * row[j-1]
			}
		}
	}
	return x
}

// TestStepToHalf holds the edges of Newton steps from the fit to all rows against those of the
// converged fit to the half: where few pairs are linked, twins among them, and where most are.
func TestStepToHalf(t *testing.T) {
	few := chain(400, 30)
	few.SetCol(7, mat.Col(nil, 3, few)) // twins
	many := drivenRows(2000, 60, 4, 1)
	for _, c := range []struct {
		x     *mat.Dense
		alpha float64
		part  float64 // of the edges that may differ
	}{{few, 0.1, 0.1}, {many, 0.01, 0.08}} {
		differ, edges := halves(t, c.x, c.alpha)
		t.Log(differ, edges)
		if float64(differ) > c.part*float64(edges) {
			t.Errorf("alpha %v: %d pairs differ from %d edges of the converged fits", c.alpha, differ, edges)
		}
	}
}

// halves fits both halves of x and returns how many pairs differ from the converged fits, and the
// edges of these.
func halves(t *testing.T, x *mat.Dense, alpha float64) (differ, edges int) {
	t.Helper()
	ctx := context.Background()
	all, err := Empirical(x)
	if err != nil {
		t.Fatal(err)
	}
	from, err := newStart(ctx, all, alpha, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, p := x.Dims()
	for half := range 2 {
		block := accumulateRows(x.Slice(half*n/2, (half+1)*n/2, 0, p).(*mat.Dense))
		signs, err := from.fitHalf(ctx, []*Accumulator{block}, []int{0})
		if err != nil {
			t.Fatal(err)
		}
		l, err := GraphicalLasso(ctx, block.Covariance(), alpha, LassoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p {
			for j := i + 1; j < p; j++ {
				want := int8(0)
				if v := l.Precision.At(i, j); v < 0 {
					want = 1
				} else if v > 0 {
					want = -1
				}
				if want != 0 {
					edges++
				}
				if signs[i*p+j] != want {
					differ++
				}
			}
		}
	}
	return differ, edges
}

func TestStabilityOfChain(t *testing.T) {
	ctx := context.Background()
	const p = 12
	x := chain(600, p)
	freq, err := Stability(ctx, x, 0.1, StabilityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for j := 1; j < p; j++ {
		if f := freq.At(j-1, j); f != 1 {
			t.Errorf("link of %d and %d holds in %v of the halves", j-1, j, f)
		}
	}
	notDefinite := mat.NewSymDense(p, nil)
	again, err := Stability(ctx, x, 0.1, StabilityOptions{Start: notDefinite})
	if err != nil || !mat.Equal(freq, again) {
		t.Errorf("from a start that is not positive definite: other frequencies (%v)", err)
	}
	if _, err := Stability(ctx, x, 0.1, StabilityOptions{Start: mat.NewSymDense(3, nil)}); err == nil || !strings.Contains(err.Error(), "want 12×12") {
		t.Errorf("start of another size: %v", err)
	}
}

// TestFewRowsAreNotStable: a link that rests on two rows is none in the halves
// without them.
func TestFewRowsAreNotStable(t *testing.T) {
	x := chain(200, 8)
	for _, row := range []int{40, 150} {
		x.Set(row, 1, 40)
		x.Set(row, 6, 40)
	}
	scaled := mat.DenseCopyOf(x)
	all, err := Empirical(x)
	if err != nil {
		t.Fatal(err)
	}
	for j := range 8 {
		for i := range 200 {
			scaled.Set(i, j, x.At(i, j)/math.Sqrt(all.At(j, j)))
		}
	}
	freq, err := Stability(context.Background(), scaled, 0.1, StabilityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f := freq.At(1, 6); f > 0.9 {
		t.Errorf("a link of two rows holds in %v of the halves", f)
	}
}

// TestStabilityInSmallUnits: the frequencies do not depend on the unit of the variables, if alpha
// is in its square.
func TestStabilityInSmallUnits(t *testing.T) {
	ctx := context.Background()
	const p, unit = 12, 1.0 / (1 << 24)
	x := chain(600, p)
	want, err := Stability(ctx, x, 0.1, StabilityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x.Scale(unit, x)
	got, err := Stability(ctx, x, 0.1*unit*unit, StabilityOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(got, want) {
		t.Errorf("frequencies\n%v\nwant\n%v", mat.Formatted(got), mat.Formatted(want))
	}
}
