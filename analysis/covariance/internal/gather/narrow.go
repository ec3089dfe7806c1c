package gather

// Across is how many columns a panel of a narrow matrix has.
const Across = 32

// NarrowRows is how many rows a narrow matrix of m rows holds: whole tiles, the last ones zero.
func NarrowRows(m int) int { return (m + PanelRows - 1) / PanelRows * PanelRows }

// NarrowPanels is how many panels a narrow matrix of m columns holds.
func NarrowPanels(m int) int { return (m + Across - 1) / Across }

// NarrowProduct sets dst to a·b, where a is symmetric. If upper is set, only the tiles on and above
// the diagonal are set for sure.
//
// Matrices of 32-bit numbers are narrow: half as much memory is read, and twice as many numbers are
// multiplied at a time. They lie in panels of [Across] columns, one after the other, with
// [NarrowRows] rows of [Across] numbers each, so that a product reads and writes memory from front
// to end: a row of a is a column of it, which is the same. What is right of column m or below row m
// must be zero.
//
// Sums are as in [Product]: in the order of the rows of b, each product added without being rounded
// before, and so the same on every machine.
func NarrowProduct(dst, a, b []float32, m int, upper bool) {
	rows, panels := NarrowRows(m), NarrowPanels(m)
	size := rows * panels * Across
	if m == 0 {
		return
	}
	dst, a, b = dst[:size], a[:size], b[:size]
	for p := range panels {
		end := rows
		if upper {
			end = min(rows, (p+1)*Across)
		}
		from := p * rows * Across
		for i := 0; i < end; i += PanelRows {
			to := dst[from+i*Across:]
			across := a[i/Across*rows*Across+i%Across:]
			switch {
			case wide:
				wideNarrow(&to[0], &across[0], &b[from], m)
			case vectors:
				for r := 0; r < PanelRows; r += 4 {
					narrow(&to[r*Across], &across[r], &b[from], m)
					narrow(&to[r*Across+Across/2], &across[r], &b[from+Across/2], m)
				}
			default:
				clear(to[:PanelRows*Across])
				for k := range m {
					row := b[from+k*Across:][:Across]
					for r, v := range across[k*Across:][:PanelRows] {
						sums := to[r*Across:][:Across]
						for c, w := range row {
							sums[c] = fma32(v, w, sums[c])
						}
					}
				}
			}
		}
	}
}

// The functions below are for vectors of 32-bit numbers whose length is a multiple of 16. They
// round each product, and have sixteen sums that are added up in pairs.

// NarrowDot returns Σ a[k]·b[k].
func NarrowDot(a, b []float32) float32 {
	b = b[:len(a)]
	if vectors && len(a) > 0 {
		return narrowDot(&a[0], &b[0], len(a))
	}
	var s [16]float32
	for k := 0; k < len(a); k += 16 {
		for l := range s {
			s[l] += float32(a[k+l] * b[k+l])
		}
	}
	return fold(&s)
}

// NarrowStep adds step·dir to change, takes step·out off res, and returns Σ res[k]²·scale[k] of
// what is left.
func NarrowStep(change, res, dir, out, scale []float32, step float32) float32 {
	n := len(change)
	res, dir, out, scale = res[:n], dir[:n], out[:n], scale[:n]
	if vectors && n > 0 {
		return narrowStep(&change[0], &res[0], &dir[0], &out[0], &scale[0], n, step)
	}
	var s [16]float32
	for k := 0; k < n; k += 16 {
		for l := range s {
			change[k+l] += float32(step * dir[k+l])
			r := res[k+l] - float32(step*out[k+l])
			res[k+l] = r
			r = float32(r * r)
			s[l] += float32(r * scale[k+l])
		}
	}
	return fold(&s)
}

// NarrowTurn sets dir to res·scale + turn·dir.
func NarrowTurn(dir, res, scale []float32, turn float32) {
	n := len(dir)
	res, scale = res[:n], scale[:n]
	if vectors && n > 0 {
		narrowTurn(&dir[0], &res[0], &scale[0], n, turn)
		return
	}
	for k := range dir {
		dir[k] = float32(res[k]*scale[k]) + float32(turn*dir[k])
	}
}

// fold adds sixteen sums as the vector instructions do.
func fold(s *[16]float32) float32 {
	for half := 8; half > 0; half /= 2 {
		for l := range half {
			s[l] += s[l+half]
		}
	}
	return s[0]
}
