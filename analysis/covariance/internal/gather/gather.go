// Package gather multiplies rows of a dense matrix that are picked by their
// positions: what a sparse matrix times a dense one, and its entries at few
// places, come down to.
//
// Each product is added without being rounded before, as [math.FMA] defines it, and sums have a
// fixed order, so that the results are the same to the last bit on every machine, with vector
// instructions (AVX2 and AVX-512 on amd64) and without.
package gather

import "math"

// Combine sets dst[j] to Σ coef[k]·m[rows[k]·stride+j].
//
// Each row holds len(dst) numbers at least; coef and rows are equally long.
func Combine(dst, coef []float64, rows []int32, m []float64, stride int) {
	done := 0
	if whole := len(dst) &^ 3; vectors && whole > 0 && len(coef) > 0 {
		check(rows[:len(coef)], m, stride, len(dst))
		combine(&dst[0], whole, &coef[0], &rows[0], len(coef), &m[0], stride)
		done = whole
	}
	clear(dst[done:])
	if done == len(dst) {
		return
	}
	for k, c := range coef {
		row := m[int(rows[k])*stride:][:len(dst)]
		for j := done; j < len(dst); j++ {
			dst[j] = math.FMA(c, row[j], dst[j])
		}
	}
}

// Dots sets out[k] to Σ v[j]·m[rows[k]·stride+j].
//
// Each row holds len(v) numbers at least; out and rows are equally long.
func Dots(out, v []float64, rows []int32, m []float64, stride int) {
	whole := len(v) &^ 3
	if vectors && whole > 0 && len(out) > 0 {
		check(rows[:len(out)], m, stride, len(v))
		dots(&out[0], len(out), &v[0], whole, &rows[0], &m[0], stride)
	} else {
		for k := range out {
			out[k] = dot(v[:whole], m[int(rows[k])*stride:])
		}
	}
	if whole == len(v) {
		return
	}
	for k := range out {
		row := m[int(rows[k])*stride:][:len(v)]
		for j := whole; j < len(v); j++ {
			out[k] = math.FMA(v[j], row[j], out[k])
		}
	}
}

// check panics where a row is not in m: vector instructions would not.
func check(rows []int32, m []float64, stride, width int) {
	for _, r := range rows {
		_ = m[int(r)*stride:][:width]
	}
}

// dot adds in the order of the vector instructions: four vectors of four sums,
// of which the first takes what is left over.
func dot(v, row []float64) float64 {
	var s [16]float64
	j := 0
	for ; j+16 <= len(v); j += 16 {
		a, b := (*[16]float64)(v[j:]), (*[16]float64)(row[j:])
		for l := range s {
			s[l] = math.FMA(a[l], b[l], s[l])
		}
	}
	for ; j < len(v); j += 4 {
		for l := range 4 {
			s[l] = math.FMA(v[j+l], row[j+l], s[l])
		}
	}
	for l := range 4 {
		s[l] = (s[l] + s[4+l]) + (s[8+l] + s[12+l])
	}
	return (s[0] + s[2]) + (s[1] + s[3])
}

// Product sets the m×m matrix dst to a·b, all of them row major and full. If upper is set, only
// entries on and above the diagonal are set for sure, which takes half of the time.
//
// It adds up in the order of the rows of b, as [Combine] does, but has each number of b at hand for
// several rows at a time. The last tile of a row or column lies over the one before where the width
// is no multiple of its size: what both set is the same.
func Product(dst, a, b []float64, m int, upper bool) {
	_, _, _ = dst[:m*m], a[:m*m], b[:m*m]
	switch {
	case wide && m >= 16:
		tiles(wideTile, 8, 16, dst, a, b, m, upper)
	case vectors && m >= 8:
		tiles(tile, 4, 8, dst, a, b, m, upper)
	default:
		for i := range m {
			from := 0
			if upper {
				from = i
			}
			to := dst[i*m+from : (i+1)*m]
			clear(to)
			for k, v := range a[i*m : (i+1)*m] {
				for j, w := range b[k*m+from : (k+1)*m] {
					to[j] = math.FMA(v, w, to[j])
				}
			}
		}
	}
}

// tiles makes a product of tiles of so many rows and columns, m or less.
func tiles(tile func(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int), rows, cols int, dst, a, b []float64, m int, upper bool) {
	for j := 0; j < m; j += cols {
		j := min(j, m-cols)
		for i := 0; i < m && (!upper || i < j+cols); i += rows {
			i := min(i, m-rows)
			tile(&dst[i*m+j], m, &a[i*m], m, &b[j], m, m)
		}
	}
}

// PanelRows and PanelCols are what the sides of a [Panel] are multiples of.
const PanelRows, PanelCols = 8, 16

// Panel sets the first cols numbers of eight rows of dst to a·b, with the eight rows of n numbers
// of a and the n rows of cols numbers of b. The rows of each matrix lie a stride apart, and cols is
// a multiple of 16. It adds up in the order of the rows of b.
func Panel(dst []float64, dstStride int, a []float64, aStride int, b []float64, bStride, n, cols int) {
	if cols == 0 {
		return
	}
	_ = dst[7*dstStride : 7*dstStride+cols]
	if n == 0 || !vectors {
		for i := range PanelRows {
			to := dst[i*dstStride:][:cols]
			clear(to)
			for k := range n {
				v := a[i*aStride+k]
				for j, w := range b[k*bStride:][:cols] {
					to[j] = math.FMA(v, w, to[j])
				}
			}
		}
		return
	}
	_, _ = a[7*aStride:7*aStride+n], b[(n-1)*bStride:(n-1)*bStride+cols]
	set, rows, width := tile, 4, 8
	if wide {
		set, rows, width = wideTile, 8, 16
	}
	for j := 0; j < cols; j += width {
		for i := 0; i < PanelRows; i += rows {
			set(&dst[i*dstStride+j], dstStride, &a[i*aStride], aStride, &b[j], bStride, n)
		}
	}
}
