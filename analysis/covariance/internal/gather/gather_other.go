//go:build !amd64

package gather

const vectors, wide = false, false

func combine(dst *float64, width int, coef *float64, rows *int32, n int, m *float64, stride int) {}

func dots(out *float64, n int, v *float64, width int, rows *int32, m *float64, stride int) {}

func tile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int) {}

func wideTile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int) {
}

func narrow(dst, a, b *float32, n int) {}

func wideNarrow(dst, a, b *float32, n int) {}

func narrowDot(a, b *float32, n int) float32 { return 0 }

func narrowStep(change, res, dir, out, scale *float32, n int, step float32) float32 { return 0 }

func narrowTurn(dir, res, scale *float32, n int, turn float32) {}
