package manifold

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/neighbors"
	"dtnotes/analysis/internal/parallel"
)

// LLEOptions tune locally linear embedding. The zero value is the default.
type LLEOptions struct {
	// Neighbors that reconstruct each point; 0 means 6. Never more than the
	// other points there are.
	Neighbors int
	// Regularization of the local Gram matrices as a part of their trace; 0
	// means 1e-3.
	Regularization float64
}

// LocallyLinear is a locally linear embedding.
type LocallyLinear struct {
	Embedding *mat.Dense // n×dims
	// Error is the sum of squared distances between each embedded point and
	// its reconstruction from its neighbors, each part of the neighbor graph
	// scaled to unit length per axis. Only embeddings with the same neighbors
	// and weights compare by it: not those of tools that let a point be its own
	// neighbor where another one equals it, that break ties of distances another
	// way, or that leave a part falling apart as it is, see Mutual.
	Error float64
	// Parts are the groups of points whose neighbors lie all among them. Each
	// was embedded alone; they stand side by side along the first axis.
	Parts [][]int
	// Mutual says for each part whether neighbors were counted in both directions, because in one
	// direction it falls apart: some points are nobody's neighbor, so that moving them costs
	// nothing, and the error of the one-way solution would be near zero with most points on one
	// spot.
	Mutual []bool
}

// LLE embeds the rows of the n×m matrix x in dims dimensions such that each is
// the same weighted mean of its neighbors as in m dimensions (S. Roweis and
// L. Saul, "Nonlinear dimensionality reduction by locally linear embedding",
// 2000). Where the neighbor graph is not connected the method has no answer,
// since the parts can slide over each other at no cost: each part is embedded
// alone. A part that falls apart only because some points are nobody's neighbor
// counts neighbors in both directions. A part of k ≤ dims points spans k-1
// axes only; the others are zero.
func LLE(ctx context.Context, x mat.Matrix, dims int, o LLEOptions) (*LocallyLinear, error) {
	return parallel.Await(ctx, func() (*LocallyLinear, error) { return lle(ctx, x, dims, o) })
}

func lle(ctx context.Context, x mat.Matrix, dims int, o LLEOptions) (*LocallyLinear, error) {
	if dims < 1 {
		return nil, fmt.Errorf("locally linear embedding: %d dimensions: want 1 or more", dims)
	}
	if err := checkPoints(x); err != nil {
		return nil, fmt.Errorf("locally linear embedding: %w", err)
	}
	if n, _ := x.Dims(); n == 0 {
		return &LocallyLinear{Embedding: &mat.Dense{}}, nil
	}
	if o.Neighbors <= 0 {
		o.Neighbors = 6
	}
	if o.Regularization <= 0 {
		o.Regularization = 1e-3
	}
	g, n := gram(x)
	links := neighbors.Nearest(n, o.Neighbors, func(i, j int) float64 { return g[i*n+i] + g[j*n+j] - float64(2*g[i*n+j]) })
	weights := make([][]float64, n)
	for i := range n {
		weights[i] = barycenter(g, n, i, links[i], o.Regularization)
	}
	out := &LocallyLinear{Embedding: mat.NewDense(n, dims, nil), Parts: components(links)}
	both := mutual(links)
	var placed []*mat.Dense
	out.Mutual = make([]bool, len(out.Parts))
	for k, part := range out.Parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, cost, err := embedPart(part, links, weights, dims)
		if err == nil && cost.degenerate {
			for _, i := range part {
				weights[i] = barycenter(g, n, i, both[i], o.Regularization)
			}
			e, cost, err = embedPart(part, both, weights, dims)
			out.Mutual[k] = true
		}
		if err != nil {
			return nil, err
		}
		out.Error += cost.error
		placed = append(placed, e)
	}
	sideBySide(out.Embedding, out.Parts, placed)
	return out, nil
}

// barycenter returns the weights, summing to one, with which the neighbors of
// point i come closest to it.
func barycenter(g []float64, n, i int, nbr []int, reg float64) []float64 {
	k := len(nbr)
	if k == 0 {
		return nil
	}
	c := mat.NewSymDense(k, nil)
	trace := 0.0
	for a, j := range nbr {
		for b := a; b < k; b++ {
			l := nbr[b]
			// The inner product of two neighbors as seen from point i, out of those of all
			// points.
			c.SetSym(a, b, g[i*n+i]-g[i*n+j]-g[i*n+l]+g[j*n+l])
		}
		trace += c.At(a, a)
	}
	// A part of the trace, so that the unit of the points makes no difference.
	if trace > 0 {
		reg *= trace
	}
	for a := range k {
		c.SetSym(a, a, c.At(a, a)+reg)
	}
	ones := mat.NewVecDense(k, nil)
	for a := range k {
		ones.SetVec(a, 1)
	}
	var chol mat.Cholesky
	var w mat.VecDense
	// Neighbors that all lie on the point itself: any weights do, so equal ones.
	if !chol.Factorize(c) || chol.SolveVecTo(&w, ones) != nil {
		w.CloneFromVec(ones)
	}
	sum := mat.Sum(&w)
	out := make([]float64, k)
	for a := range out {
		out[a] = w.AtVec(a) / sum
	}
	return out
}

// mutual adds to each point's neighbors the points whose neighbor it is.
func mutual(links [][]int) [][]int {
	out := make([][]int, len(links))
	for i, to := range links {
		for _, j := range to {
			out[i], out[j] = append(out[i], j), append(out[j], i)
		}
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out
}

type partCost struct {
	error      float64
	degenerate bool // more than one axis costs nothing, so that none is unique
}

// embedPart solves one connected part: the eigenvectors of (I-W)ᵀ(I-W) with
// the smallest eigenvalues, after the constant one.
func embedPart(part []int, links [][]int, weights [][]float64, dims int) (*mat.Dense, partCost, error) {
	m := len(part)
	e := mat.NewDense(m, dims, nil)
	if m == 1 {
		return e, partCost{}, nil
	}
	residual := mat.NewDense(m, m, nil)
	for a, i := range part {
		residual.Set(a, a, 1)
		for k, j := range links[i] {
			b, _ := slices.BinarySearch(part, j)
			residual.Set(a, b, residual.At(a, b)-weights[i][k])
		}
	}
	cost := mat.NewSymDense(m, nil)
	cost.SymOuterK(1, residual.T())
	values, vectors, err := eigen(cost)
	if err != nil {
		return nil, partCost{}, fmt.Errorf("locally linear embedding of %d points: %w", m, err)
	}
	total := 0.0
	for d := range min(dims, m-1) {
		total += values[d+1]
		setAxis(e, d, mat.Col(nil, d+1, vectors), 1)
	}
	// The smallest eigenvalue is 0, of the constant vector. A second one that is as good as 0 has
	// no axis of its own: any rotation of the two solves the part as well.
	return e, partCost{max(0, total), m > 2 && values[1] < 1e-12*values[m-1]}, nil
}

// eigen returns ascending eigenvalues and the vectors as columns.
func eigen(s mat.Symmetric) ([]float64, *mat.Dense, error) {
	var es mat.EigenSym
	if !es.Factorize(s, true) {
		return nil, nil, fmt.Errorf("eigenvalues of a %d×%[1]d matrix: no convergence", s.SymmetricDim())
	}
	var v mat.Dense
	es.VectorsTo(&v)
	return es.Values(nil), &v, nil
}

// setAxis sets column d to v scaled, its largest entry positive.
func setAxis(e *mat.Dense, d int, v []float64, scale float64) {
	scale *= sign(v)
	for i, x := range v {
		e.Set(i, d, scale*x)
	}
}

// sign is that of the entry of largest magnitude, the first of equals.
func sign(v []float64) float64 {
	top := 0.0
	for _, x := range v {
		if math.Abs(x) > math.Abs(top)*(1+1e-9) {
			top = x
		}
	}
	if top < 0 {
		return -1
	}
	return 1
}

// sideBySide copies the parts into out, the largest first, along the first
// axis, with a gap of a fifth of the widest part between them.
func sideBySide(out *mat.Dense, parts [][]int, placed []*mat.Dense) {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(parts[b]) - len(parts[a]) })
	widest := 0.0
	for _, e := range placed {
		lo, hi := extent(e)
		widest = max(widest, hi-lo)
	}
	if widest == 0 {
		widest = 1
	}
	at := 0.0
	for n, k := range order {
		lo, hi := extent(placed[k])
		shift := 0.0
		if len(parts) > 1 {
			if n == 0 {
				at = lo
			}
			shift = at - lo
			at += hi - lo + widest/5
		}
		_, dims := placed[k].Dims()
		for a, i := range parts[k] {
			for d := range dims {
				v := placed[k].At(a, d)
				if d == 0 {
					v += shift
				}
				out.Set(i, d, v)
			}
		}
	}
}

func extent(e *mat.Dense) (lo, hi float64) {
	c := mat.Col(nil, 0, e)
	return slices.Min(c), slices.Max(c)
}
