package manifold_test

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/manifold"
)

// Distances between the corners of a rectangle give the rectangle back, but for where it lies and
// how it is turned.
func ExampleClassicalMDS() {
	distances := mat.NewSymDense(4, []float64{
		0, 4, 5, 3,
		4, 0, 3, 5,
		5, 3, 0, 4,
		3, 5, 4, 0,
	})
	places, _, err := manifold.ClassicalMDS(distances, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	apart := func(i, j int) float64 {
		return math.Hypot(places.At(i, 0)-places.At(j, 0), places.At(i, 1)-places.At(j, 1))
	}
	fmt.Printf("%.3f %.3f %.3f\n", apart(0, 1), apart(1, 2), apart(0, 2))
	// Output: 4.000 3.000 5.000
}
