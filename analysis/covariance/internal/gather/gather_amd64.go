package gather

import "golang.org/x/sys/cpu"

// vectors says whether the machine has the instructions, and wide whether it has those of 512 bits,
// too; a test clears them.
var (
	vectors = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	wide    = vectors && cpu.X86.HasAVX512F
)

// combine is [Combine] for a width that is a multiple of four, and a row or more.
//
//go:noescape
func combine(dst *float64, width int, coef *float64, rows *int32, n int, m *float64, stride int)

// dots is [Dots] for a width that is a multiple of four, and a row or more.
//
//go:noescape
func dots(out *float64, n int, v *float64, width int, rows *int32, m *float64, stride int)

// tile sets four rows of eight numbers of [Product], over n > 0 rows of b.
//
//go:noescape
func tile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int)

// wideTile sets eight rows of sixteen numbers.
//
//go:noescape
func wideTile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int)

// narrow sets four rows of sixteen numbers of [NarrowProduct], over n > 0 rows of b.
//
//go:noescape
func narrow(dst, a, b *float32, n int)

// wideNarrow sets eight rows of 32 numbers.
//
//go:noescape
func wideNarrow(dst, a, b *float32, n int)

// narrowDot is [NarrowDot] for a vector that is not empty.
//
//go:noescape
func narrowDot(a, b *float32, n int) float32

// narrowStep is [NarrowStep] for vectors that are not empty.
//
//go:noescape
func narrowStep(change, res, dir, out, scale *float32, n int, step float32) float32

// narrowTurn is [NarrowTurn] for vectors that are not empty.
//
//go:noescape
func narrowTurn(dir, res, scale *float32, n int, turn float32)
