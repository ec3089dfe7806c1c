package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// FactorOptions tune [Series.Factors]. The zero value is the default.
type FactorOptions struct {
	Iterations int    // at most; 0 means 500
	Starts     int    // random starts, the best of which is kept; 0 means 4
	Seed       uint64 // of the starts
}

// Factors are kinds of work: each bucket is nearly the sum of what the factors' sources do, with
// each factor weighted by how active it is in that bucket.
type Factors struct {
	Names    []string
	Activity *mat.Dense // n×k: how active each factor is in each bucket
	Shares   *mat.Dense // k×p: what a factor's activity is made of; every row sums to 1
	// Error is the Frobenius norm of what is left over, as a part of the norm of the values.
	Error      float64
	Iterations int

	series *Series // that was split
}

func factorize(ctx context.Context, x mat.Matrix, k, iterations int, rng *rand.Rand) (*Factors, error) {
	n, p := x.Dims()
	v := mat.DenseCopyOf(x)
	norm := mat.Norm(v, 2)
	w, h := mat.NewDense(n, k, nil), mat.NewDense(p, k, nil)
	scale := math.Sqrt(mat.Sum(v) / float64(n*p*k))
	for _, m := range []*mat.Dense{w, h} {
		m.Apply(func(int, int, float64) float64 { return scale * (0.1 + rng.Float64()) }, m)
	}
	out := &Factors{}
	last := math.Inf(1)
	for ; out.Iterations < iterations; out.Iterations++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		halfStep(v, w, h)
		halfStep(v.T(), h, w)
		if out.Error = leftOver(v, w, h); norm > 0 {
			out.Error /= norm
		}
		if last-out.Error < 1e-7*out.Error {
			break
		}
		last = out.Error
	}
	out.Activity, out.Shares = ordered(w, h)
	return out, nil
}

// halfStep minimizes over each column of w in turn, given h.
func halfStep(v mat.Matrix, w, h *mat.Dense) {
	var vh, hh mat.Dense
	vh.Mul(v, h)
	hh.Mul(h.T(), h)
	n, k := w.Dims()
	for c := range k {
		d := hh.At(c, c)
		if d <= 0 {
			continue
		}
		for i := range n {
			row := w.RawRowView(i)
			g := vh.At(i, c)
			for q, u := range row {
				g -= float64(u * hh.At(q, c))
			}
			row[c] = max(0, row[c]+g/d)
		}
	}
}

func leftOver(v mat.Matrix, w, h *mat.Dense) float64 {
	var rest mat.Dense
	rest.Mul(w, h.T())
	rest.Sub(v, &rest)
	return mat.Norm(&rest, 2)
}

// ordered scales the shares to sums of one and puts the most active factor first.
func ordered(w, h *mat.Dense) (activity, shares *mat.Dense) {
	n, k := w.Dims()
	p, _ := h.Dims()
	total := make([]float64, k)
	order := make([]int, k)
	for c := range k {
		order[c] = c
		sum := mat.Sum(h.ColView(c))
		total[c] = sum * mat.Sum(w.ColView(c))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(total[b], total[a]) })
	activity, shares = mat.NewDense(n, k, nil), mat.NewDense(k, p, nil)
	for to, c := range order {
		sum := mat.Sum(h.ColView(c))
		if sum == 0 {
			continue
		}
		for i := range n {
			activity.Set(i, to, w.At(i, c)*sum)
		}
		for j := range p {
			shares.Set(to, j, h.At(j, c)/sum)
		}
	}
	return activity, shares
}

// Figure draws when each factor is active, and thereby who works together when. There is a line for
// each factor, which is named by the sources that make up most of it.
func (f *Factors) Figure() figure.Timeline {
	n, k := f.Activity.Dims()
	out := figure.Timeline{Times: f.series.Times, Unit: f.series.Units, Every: f.series.Every, Top: -1}
	out.Subtitle = fmt.Sprintf("%d factors of %d sources, %.1f%% left over", k, len(f.Names), 100*f.Error)
	brief := called(f.Names)
	for c := range k {
		var parts []string
		for _, j := range f.order(c)[:min(3, len(f.Names))] {
			if f.Shares.At(c, j) >= 0.1 || len(parts) == 0 {
				parts = append(parts, brief(f.Names[j]))
			}
		}
		out.Names = append(out.Names, fmt.Sprintf("%d: %s", c, strings.Join(parts, ", ")))
		row := make([]float64, n)
		mat.Col(row, c, f.Activity)
		out.Values = append(out.Values, row)
	}
	return out
}

// order lists the sources by their share of factor c, the largest first.
func (f *Factors) order(c int) []int {
	order := make([]int, len(f.Names))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(f.Shares.At(c, y), f.Shares.At(c, x)) })
	return order
}

// String lists the sources of each factor.
func (f *Factors) String() string {
	n, k := f.Activity.Dims()
	var b strings.Builder
	fmt.Fprintf(&b, "%d factors of %d sources in %d buckets, %.1f%% left over\n", k, len(f.Names), n, 100*f.Error)
	brief := called(f.Names)
	for c := range k {
		order := f.order(c)
		var parts []string
		for _, j := range order[:min(6, len(order))] {
			if s := f.Shares.At(c, j); s >= 0.02 {
				parts = append(parts, fmt.Sprintf("%s %.0f%%", brief(f.Names[j]), 100*s))
			}
		}
		fmt.Fprintf(&b, "  %d: %s\n", c, dtracefs.Printable(strings.Join(parts, ", ")))
	}
	return b.String()
}
