//go:build !amd64

package gather

const vectors, wide = false, false

func combine(dst *float64, width int, coef *float64, rows *int32, n int, m *float64, stride int) {}

func dots(out *float64, n int, v *float64, width int, rows *int32, m *float64, stride int) {}

func tile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int) {}

func wideTile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int) {
}
