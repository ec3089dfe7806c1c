//go:build !arm64

package gather

import "math"

// fma32 is x·y + z, rounded once. The product is exact in 64 bits. The sum may not be, and rounding
// it there to even would round twice; rounded to an odd last bit, it still shows on which side of
// the middle between two numbers of 32 bits it is (S. Boldo and G. Melquiond, "Emulation of a FMA
// and correctly rounded sums", 2008).
func fma32(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	sum := p + c
	t := sum - p
	lost := (p - (sum - t)) + (c - t)
	if bits := math.Float64bits(sum); bits&1 == 0 && (lost > 0 || lost < 0) {
		if (lost > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}
