package covariance

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestOffsetsCostNoDigits holds accumulated variances of values with an offset
// far above their spread against exact arithmetic.
func TestOffsetsCostNoDigits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, offset := range []float64{0, 1e3, 1e6, 1e9, -1e12} {
		const n, parts = 400, 7
		x := mat.NewDense(n, 2, nil)
		x.Apply(func(_, j int, _ float64) float64 { return offset*float64(1+j) + rng.NormFloat64() }, x)
		rows, blocks := NewAccumulator(2), NewAccumulator(2)
		for i := range n {
			if err := rows.Add(x.RawRowView(i)); err != nil {
				t.Fatal(err)
			}
		}
		for k := range parts {
			lo, hi := foldBounds(n, parts, k)
			if err := blocks.AddMatrix(x.Slice(lo, hi, 0, 2)); err != nil {
				t.Fatal(err)
			}
		}
		for j := range 2 {
			want := exactVariance(mat.Col(nil, j, x))
			for name, a := range map[string]*Accumulator{"row by row": rows, "merged": blocks} {
				if got := a.Covariance().At(j, j); math.Abs(got-want) > 1e-12*want {
					t.Errorf("offset %g, %s: variance %v, want %v (off by %.1e)", offset, name, got, want, math.Abs(got/want-1))
				}
			}
		}
	}
}

func exactVariance(x []float64) float64 {
	n := new(big.Rat).SetInt64(int64(len(x)))
	sum, squares := new(big.Rat), new(big.Rat)
	for _, v := range x {
		r := new(big.Rat).SetFloat64(v)
		sum.Add(sum, r)
		squares.Add(squares, new(big.Rat).Mul(r, r))
	}
	mean := sum.Quo(sum, n)
	v, _ := squares.Quo(squares, n).Sub(squares, mean.Mul(mean, mean)).Float64()
	return v
}
