package gather

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkProduct multiplies matrices of 199 rows, which are no whole number of tiles.
func BenchmarkProduct(b *testing.B) {
	const m = 199
	rng := rand.New(rand.NewPCG(5, 6))
	x, y, dst := make([]float64, m*m), make([]float64, m*m), make([]float64, m*m)
	for k := range x {
		x[k], y[k] = rng.NormFloat64(), rng.NormFloat64()
	}
	for b.Loop() {
		Product(dst, x, y, m, false)
	}
}

// BenchmarkNarrowProduct multiplies narrow matrices of as many rows.
func BenchmarkNarrowProduct(b *testing.B) {
	const m = 199
	rng := rand.New(rand.NewPCG(5, 6))
	size := NarrowRows(m) * NarrowPanels(m) * Across
	x, y, dst := make([]float32, size), make([]float32, size), make([]float32, size)
	for k := range x {
		x[k], y[k] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for b.Loop() {
		NarrowProduct(dst, x, y, m, false)
	}
}
