package covariance_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/covariance"
)

// A chain of causes: the first and the last correlate, but only by way of the one between them,
// and nothing is left of it where that one is held fixed.
func ExamplePartialCorrelations() {
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(20000, 3, nil)
	for i := range 20000 {
		a := rng.NormFloat64()
		b := a + rng.NormFloat64()
		x.SetRow(i, []float64{a, b, b + rng.NormFloat64()})
	}
	s, err := covariance.Empirical(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	precision, err := covariance.Precision(s)
	if err != nil {
		fmt.Println(err)
		return
	}
	partial := covariance.PartialCorrelations(precision)
	fmt.Printf("%.1f of which %.1f is direct\n", covariance.Correlation(s).At(0, 2), math.Abs(partial.At(0, 2)))
	// Output: 0.6 of which 0.0 is direct
}

// Parts of a sample are added up apart and merged.
func ExampleAccumulator_Merge() {
	first, second := covariance.NewAccumulator(2), covariance.NewAccumulator(2)
	first.Add([]float64{1, 2})
	first.Add([]float64{2, 3})
	second.Add([]float64{6, 4})
	if err := first.Merge(second); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(first.Mean())
	// Output: [3 3]
}
