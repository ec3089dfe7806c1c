package manifold

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/neighbors"
	"dtnotes/analysis/internal/parallel"
)

// Isometric is an isometric mapping.
type Isometric struct {
	Embedding *mat.Dense    // n×dims
	Geodesics *mat.SymDense // distances along the neighbor graph
	Error     float64       // √(Σ of the squared eigenvalues left out)/n
	Parts     [][]int       // of the neighbor graph before they were joined
}

// Isomap embeds n points in dims dimensions such that distances come near to
// those along the graph of neighbors (J. Tenenbaum, V. de Silva and
// J. Langford, "A global geometric framework for nonlinear dimensionality
// reduction", 2000). Each point is linked with its nearest others, 6 for
// neighbors 0. Parts of a graph that is not connected are joined, each two by
// their nearest pair of points.
func Isomap(ctx context.Context, distances mat.Symmetric, dims, neighbors int) (*Isometric, error) {
	return parallel.Await(ctx, func() (*Isometric, error) { return isomap(ctx, distances, dims, neighbors) })
}

func isomap(ctx context.Context, distances mat.Symmetric, dims, k int) (*Isometric, error) {
	n := distances.SymmetricDim()
	if k <= 0 {
		k = 6
	}
	if n == 0 {
		return nil, errors.New("isometric mapping: no points")
	}
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("isometric mapping: %w", err)
	}
	links := neighbors.Nearest(n, k, distances.At)
	out := &Isometric{Parts: components(links), Geodesics: mat.NewSymDense(n, nil)}
	graph := make([][]int, n)
	link := func(i, j int) {
		graph[i], graph[j] = append(graph[i], j), append(graph[j], i)
	}
	for i, to := range links {
		for _, j := range to {
			link(i, j)
		}
	}
	// Between parts there would be no distance: they are joined as nearly as the points let them.
	for a, pa := range out.Parts {
		for _, pb := range out.Parts[a+1:] {
			i, j := nearestPair(pa, pb, distances)
			link(i, j)
		}
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for j, d := range shortest(graph, i, distances.At) {
			if j >= i {
				out.Geodesics.SetSym(i, j, d)
			}
		}
	}
	var values []float64
	var err error
	if out.Embedding, values, err = ClassicalMDS(out.Geodesics, dims); err != nil {
		return nil, fmt.Errorf("isometric mapping: %w", err)
	}
	rest := 0.0
	for _, v := range values[min(dims, n):] {
		rest += float64(v * v)
	}
	out.Error = math.Sqrt(rest) / float64(n)
	return out, nil
}

func nearestPair(a, b []int, distances mat.Symmetric) (int, int) {
	best, bi, bj := math.Inf(1), -1, -1
	for _, i := range a {
		for _, j := range b {
			if d := distances.At(i, j); d < best {
				best, bi, bj = d, i, j
			}
		}
	}
	return bi, bj
}

// shortest returns the lengths of the shortest paths from one point (E. Dijkstra, 1959), +Inf
// where there is none. Lengths must not be negative.
func shortest(graph [][]int, from int, length func(i, j int) float64) []float64 {
	dist := make([]float64, len(graph))
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	dist[from] = 0
	q := &queue{{from, 0}}
	for q.Len() > 0 {
		at := heap.Pop(q).(reached)
		// A shorter way was found after this one was queued.
		if at.dist > dist[at.point] {
			continue
		}
		for _, j := range graph[at.point] {
			if d := at.dist + length(at.point, j); d < dist[j] {
				dist[j] = d
				heap.Push(q, reached{j, d})
			}
		}
	}
	return dist
}

type reached struct {
	point int
	dist  float64
}

type queue []reached

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].dist < q[j].dist }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(v any)        { *q = append(*q, v.(reached)) }
func (q *queue) Pop() any {
	old := *q
	v := old[len(old)-1]
	*q = old[:len(old)-1]
	return v
}
