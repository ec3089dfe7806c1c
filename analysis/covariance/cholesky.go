package covariance

import (
	"math"
	"sync"

	"dtnotes/analysis/covariance/internal/gather"
)

// triangles factors and inverts m×m matrices by panels of rows, in memory of its own whose rows are
// padded to whole tiles. Every solve does so at every step, and where models are sparse that is
// much of its time: with the LAPACK of gonum, which adds up row by row, it was an eighth of all
// that learning 200 sources takes. Also, its sums are the same on every machine.
type triangles struct {
	m, stride    int
	r, t         []float64 // the factor R, and its inverse T
	rows, across []float64 // the panel at hand, and R or T transposed
}

// newTriangles takes memory that was given back if it is for as many rows. Whatever is in it is
// written over or not looked at, as between two uses of the same triangles.
func newTriangles(m int) *triangles {
	if f, ok := spareTriangles.Get().(*triangles); ok && f.m == m {
		return f
	}
	stride := (m + gather.PanelCols - 1) / gather.PanelCols * gather.PanelCols
	size := stride * stride
	return &triangles{
		m: m, stride: stride,
		r: make([]float64, size), t: make([]float64, size),
		rows: make([]float64, gather.PanelRows*stride), across: make([]float64, size),
	}
}

// spareTriangles and spareDual hold what nobody uses any more. Cross-validation and resamples need
// the same memory hundreds of times, and getting it anew took a fifth of their time.
var spareTriangles, spareDual sync.Pool

// done gives the memory back.
func (f *triangles) done() { spareTriangles.Put(f) }

// factor sets R to the upper triangle with a = R'R and returns log det a, and false when a is not
// positive definite. What is below the diagonal of a is not read.
//
// Row i of R is (aᵢ - Σₗ Rₗᵢ Rₗ)/Rᵢᵢ over the rows l above. The sums over rows above the panel are
// products of panels; what is left are the few rows of the panel itself.
func (f *triangles) factor(a []float64) (float64, bool) {
	m, stride, sum := f.m, f.stride, 0.0
	for top := 0; top < m; top += gather.PanelRows {
		// A panel begins at a whole tile, which may be to the left of its diagonal.
		left := top / gather.PanelCols * gather.PanelCols
		gather.Panel(f.rows[left:], stride, f.across[top*stride:], stride, f.r[left:], stride, top, stride-left)
		for i := top; i < min(top+gather.PanelRows, m); i++ {
			row, above := f.r[i*stride:(i+1)*stride], f.rows[(i-top)*stride:(i-top+1)*stride]
			clear(row[:i])
			for j := i; j < m; j++ {
				row[j] = a[i*m+j] - above[j]
			}
			for l := top; l < i; l++ {
				c := f.across[i*stride+l]
				for j, v := range f.r[l*stride+i : l*stride+m] {
					row[i+j] -= float64(c * v)
				}
			}
			d := row[i]
			if !(d > 0) || math.IsInf(d, 1) {
				return 0, false
			}
			root := math.Sqrt(d)
			sum += math.Log(root)
			row[i] = root
			for j := i + 1; j < m; j++ {
				row[j] /= root
				f.across[j*stride+i] = row[j]
			}
		}
	}
	return 2 * sum, true
}

// invert sets a to the full symmetric inverse of R'R, which is T T'.
//
// Row i of T is (eᵢ - Σₗ Rᵢₗ Tₗ)/Rᵢᵢ over the rows l below, again by panels.
func (f *triangles) invert(a []float64) {
	m, stride := f.m, f.stride
	clear(f.across)
	last := (m - 1) / gather.PanelRows * gather.PanelRows
	for top := last; top >= 0; top -= gather.PanelRows {
		below := min(top+gather.PanelRows, m)
		left := top / gather.PanelCols * gather.PanelCols
		clear(f.rows)
		if below < m {
			gather.Panel(f.rows[left:], stride, f.r[top*stride+below:], stride, f.t[below*stride+left:], stride, m-below, stride-left)
		}
		for i := below - 1; i >= top; i-- {
			row, sums := f.t[i*stride:(i+1)*stride], f.rows[(i-top)*stride:(i-top+1)*stride]
			clear(row)
			for l := i + 1; l < below; l++ {
				c := f.r[i*stride+l]
				for j, v := range f.t[l*stride+l : l*stride+m] {
					sums[l+j] += float64(c * v)
				}
			}
			root := f.r[i*stride+i]
			row[i] = 1 / root
			f.across[i*stride+i] = row[i]
			for j := i + 1; j < m; j++ {
				row[j] = -sums[j] / root
				f.across[j*stride+i] = row[j]
			}
		}
	}
	// Of the products T T' only columns from the diagonal on are wanted, and only rows of T' from
	// there on are not zero.
	for top := 0; top < m; top += gather.PanelRows {
		for left := top / gather.PanelCols * gather.PanelCols; left < stride; left += gather.PanelCols {
			from := max(top, left)
			gather.Panel(f.rows[left:], stride, f.t[top*stride+from:], stride, f.across[from*stride+left:], stride, m-from, gather.PanelCols)
		}
		for i := top; i < min(top+gather.PanelRows, m); i++ {
			copy(a[i*m+i:(i+1)*m], f.rows[(i-top)*stride+i:(i-top)*stride+m])
		}
	}
	mirror(a, m)
}

// mirror copies what is above the diagonal below it, square by square: a column at a time would
// touch a cache line for every single number.
func mirror(a []float64, m int) {
	const side = 16
	for rows := 0; rows < m; rows += side {
		for cols := rows; cols < m; cols += side {
			for i := rows; i < min(rows+side, m); i++ {
				for j := max(i+1, cols); j < min(cols+side, m); j++ {
					a[j*m+i] = a[i*m+j]
				}
			}
		}
	}
}
