package manifold

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Layout places the nodes of a graph in the plane for drawing, n×2, links
// about a unit long. Links is n×n with a positive weight for each link, its
// diagonal ignored. Within a connected part, distances in the plane follow
// those along the graph, near ones more strictly (T. Kamada and S. Kawai,
// 1989, by stress majorization: E. Gansner, Y. Koren and S. North, 2005). A
// stronger link is shorter, by up to a third. Parts stand in rows, the
// largest first; nodes without a link fill rows below, and no two nodes come
// closer than half a unit.
func Layout(ctx context.Context, links mat.Symmetric) (*mat.Dense, error) {
	if err := checkDistances(links); err != nil {
		return nil, fmt.Errorf("layout: weights: %w", err)
	}
	n := links.SymmetricDim()
	if n == 0 {
		return &mat.Dense{}, nil
	}
	graph := make([][]int, n)
	strongest := 0.0
	for i := range n {
		for j := range n {
			if i != j && links.At(i, j) > 0 {
				graph[i] = append(graph[i], j)
				strongest = max(strongest, links.At(i, j))
			}
		}
	}
	length := func(i, j int) float64 { return 1.2 - 0.4*links.At(i, j)/strongest }
	var boxes []box
	var alone []int
	for _, part := range components(graph) {
		if len(part) == 1 {
			alone = append(alone, part[0])
			continue
		}
		e, err := layoutPart(ctx, part, graph, length)
		if err != nil {
			return nil, err
		}
		boxes = append(boxes, newBox(part, e))
	}
	slices.SortStableFunc(boxes, func(a, b box) int { return len(b.members) - len(a.members) })
	out := mat.NewDense(n, 2, nil)
	pack(out, boxes, alone)
	return out, nil
}

// layoutPart solves one connected part.
func layoutPart(ctx context.Context, part []int, graph [][]int, length func(i, j int) float64) (*mat.Dense, error) {
	m := len(part)
	want, weight := mat.NewSymDense(m, nil), mat.NewSymDense(m, nil)
	for a, i := range part {
		dist := shortest(graph, i, length)
		for b := a + 1; b < m; b++ {
			d := dist[part[b]]
			want.SetSym(a, b, d)
			weight.SetSym(a, b, 1/(d*d))
		}
	}
	start, _, err := ClassicalMDS(want, 2)
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	// Points that coincide would never part: place each a little aside, by a
	// spiral that has no symmetry.
	for a := range m {
		sin, cos := math.Sincos(2.399963 * float64(a))
		start.Set(a, 0, start.At(a, 0)+0.01*cos)
		start.Set(a, 1, start.At(a, 1)+0.01*sin)
	}
	s, err := SMACOF(ctx, want, 2, SMACOFOptions{Start: start, Weights: weight, MaxIter: 300, Tol: 1e-5})
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	spread(s.Embedding, 0.5)
	return s.Embedding, nil
}

// spread pushes points apart until none are closer than least.
func spread(x *mat.Dense, least float64) {
	n, _ := x.Dims()
	for range 200 {
		moved := false
		for i := range n {
			for j := i + 1; j < n; j++ {
				d := apart(x, i, j)
				if d >= least*(1-1e-6) {
					continue
				}
				moved = true
				dx, dy := 1.0, 0.0
				if d > 0 {
					dx, dy = (x.At(j, 0)-x.At(i, 0))/d, (x.At(j, 1)-x.At(i, 1))/d
				}
				push := (least - d) / 2
				x.Set(i, 0, x.At(i, 0)-push*dx)
				x.Set(i, 1, x.At(i, 1)-push*dy)
				x.Set(j, 0, x.At(j, 0)+push*dx)
				x.Set(j, 1, x.At(j, 1)+push*dy)
			}
		}
		if !moved {
			return
		}
	}
}

// box is a placed part and how much room it takes.
type box struct {
	members       []int
	points        *mat.Dense
	left, bottom  float64
	width, height float64
}

func newBox(members []int, points *mat.Dense) box {
	xs, ys := mat.Col(nil, 0, points), mat.Col(nil, 1, points)
	left, bottom := slices.Min(xs), slices.Min(ys)
	return box{members, points, left, bottom, slices.Max(xs) - left, slices.Max(ys) - bottom}
}

// pack sets the boxes in rows from the top, about as wide together as high,
// and the nodes that stand alone in rows below.
func pack(out *mat.Dense, boxes []box, alone []int) {
	const gap = 1.0
	area, widest := float64(len(alone)), 0.0
	for _, b := range boxes {
		area += (b.width + gap) * (b.height + gap)
		widest = max(widest, b.width)
	}
	limit := max(widest, 1.3*math.Sqrt(area))
	x, top, row := 0.0, 0.0, 0.0
	for _, b := range boxes {
		if x > 0 && x+b.width > limit {
			x, top, row = 0, top-row-gap, 0
		}
		for a, i := range b.members {
			out.Set(i, 0, x+b.points.At(a, 0)-b.left)
			out.Set(i, 1, top-b.height+b.points.At(a, 1)-b.bottom)
		}
		x += b.width + gap
		row = max(row, b.height)
	}
	if len(boxes) > 0 {
		x, top = 0, top-row-gap
	}
	for _, i := range alone {
		if x > limit {
			x, top = 0, top-gap
		}
		out.Set(i, 0, x)
		out.Set(i, 1, top)
		x += gap
	}
}
