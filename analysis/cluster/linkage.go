package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// Method says how far apart two groups are.
type Method string

// The methods of agglomerative clustering.
const (
	// Ward is the growth of the squared distances to the mean, for Euclidean distances.
	Ward     Method = "ward"
	Average  Method = "average"  // mean over all pairs
	Complete Method = "complete" // farthest pair
	Single   Method = "single"   // nearest pair
	Weighted Method = "weighted" // mean of the distances of the two groups merged last
)

// Merge joins two groups. Groups 0 … n-1 are the points; merge i makes group
// n+i.
type Merge struct {
	A, B   int // A < B
	Height float64
	Size   int
}

// Tree is a hierarchy of merges by ascending height.
type Tree struct {
	N      int // points
	Merges []Merge
}

// Agglomerate builds the hierarchy of groups of points with the given
// distances by merging the nearest two again and again, with the nearest
// neighbor chain algorithm (F. Murtagh, 1983) and the update formula of
// G. Lance and W. Williams (1967). Merges are ordered and numbered as by
// SciPy's linkage. It takes O(n²) time and memory.
func Agglomerate(ctx context.Context, distances mat.Symmetric, method Method) (*Tree, error) {
	return parallel.Await(ctx, func() (*Tree, error) { return agglomerate(ctx, distances, method) })
}

func agglomerate(ctx context.Context, distances mat.Symmetric, method Method) (*Tree, error) {
	if !slices.Contains([]Method{Ward, Average, Complete, Single, Weighted}, method) {
		return nil, fmt.Errorf("agglomerating: no method %q", method)
	}
	if err := checkDistances(distances); err != nil {
		return nil, fmt.Errorf("agglomerating: %w", err)
	}
	n := distances.SymmetricDim()
	if n == 0 {
		return nil, errors.New("agglomerating: no points")
	}
	c := &chain{n: n, method: method, d: make([]float64, n*n), size: make([]int, n)}
	for i := range n {
		c.size[i] = 1
		for j := range n {
			c.d[i*n+j] = distances.At(i, j)
		}
	}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.merges, func(a, b Merge) int {
		switch {
		case a.Height < b.Height:
			return -1
		case a.Height > b.Height:
			return 1
		}
		return 0
	})
	return &Tree{N: n, Merges: number(n, c.merges)}, nil
}

// number replaces members by the groups they are in when merged. This is needed because the chain
// merges in another order than that of the heights, and names a group by one of its points.
func number(n int, merges []Merge) []Merge {
	group := make([]int, n)
	parent := make([]int, n)
	size := make([]int, n)
	for i := range n {
		group[i], parent[i], size[i] = i, i, 1
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	out := make([]Merge, len(merges))
	for k, m := range merges {
		a, b := find(m.A), find(m.B)
		out[k] = Merge{min(group[a], group[b]), max(group[a], group[b]), m.Height, size[a] + size[b]}
		parent[a] = b
		size[b] += size[a]
		group[b] = n + k
	}
	return out
}

type chain struct {
	n      int
	method Method
	d      []float64
	size   []int // 0 once merged into another
	merges []Merge
}

func (c *chain) run(ctx context.Context) error {
	var path []int
	for len(c.merges) < c.n-1 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(path) == 0 {
			path = append(path, slices.IndexFunc(c.size, func(s int) bool { return s > 0 }))
		}
		for {
			last, before := path[len(path)-1], -1
			best := math.Inf(1)
			if len(path) > 1 {
				before = path[len(path)-2]
				// The group before in the chain counts first. It must win among groups that are
				// equally near, or else the chain would run in a circle.
				best = c.d[last*c.n+before]
			}
			next := before
			for j, d := range c.d[last*c.n : (last+1)*c.n] {
				if c.size[j] > 0 && j != last && d < best {
					best, next = d, j
				}
			}
			// Two groups that are each other's nearest can be merged right now: with methods in
			// which a merge brings no group nearer to others than its parts were, they would be
			// merged at some time in any case.
			if next == before {
				path = path[:len(path)-2]
				c.merge(min(last, before), max(last, before), best)
				break
			}
			path = append(path, next)
		}
	}
	return nil
}

// merge moves group a into b.
func (c *chain) merge(a, b int, height float64) {
	c.merges = append(c.merges, Merge{A: a, B: b, Height: height})
	na, nb := float64(c.size[a]), float64(c.size[b])
	c.size[b] += c.size[a]
	c.size[a] = 0
	for k, nk := range c.size {
		if nk == 0 || k == b {
			continue
		}
		v := c.update(c.d[a*c.n+k], c.d[b*c.n+k], height, na, nb, float64(nk))
		c.d[b*c.n+k], c.d[k*c.n+b] = v, v
	}
}

func (c *chain) update(ak, bk, ab, na, nb, nk float64) float64 {
	switch c.method {
	case Ward:
		// The distances are not kept squared between steps, so that heights are those of SciPy.
		t := 1 / (na + nb + nk)
		return math.Sqrt(max(0, float64((na+nk)*t*ak*ak)+float64((nb+nk)*t*bk*bk)-float64(nk*t*ab*ab)))
	case Average:
		return (float64(na*ak) + float64(nb*bk)) / (na + nb)
	case Complete:
		return max(ak, bk)
	case Single:
		return min(ak, bk)
	}
	return (ak + bk) / 2
}

// Cut divides the points into k groups by undoing the last k-1 merges. Labels
// are numbered by first appearance.
func (t *Tree) Cut(k int) ([]int, error) {
	if k < 1 || k > t.N {
		return nil, fmt.Errorf("cutting a tree of %d points into %d groups: want 1 to %[1]d", t.N, k)
	}
	return t.groups(len(t.Merges) - (k - 1)), nil
}

// CutAt divides the points into the groups merged at height or below.
func (t *Tree) CutAt(height float64) []int {
	count := 0
	for count < len(t.Merges) && t.Merges[count].Height <= height {
		count++
	}
	return t.groups(count)
}

func (t *Tree) groups(merges int) []int {
	top := make([]int, t.N+len(t.Merges))
	for g := range top {
		top[g] = g
	}
	for i := merges - 1; i >= 0; i-- {
		top[t.Merges[i].A], top[t.Merges[i].B] = top[t.N+i], top[t.N+i]
	}
	return renumber(top[:t.N])
}

// Leaves lists the points in the order of a drawing without crossings.
func (t *Tree) Leaves() []int {
	out := make([]int, 0, t.N)
	stack := []int{t.N + len(t.Merges) - 1}
	for len(stack) > 0 {
		g := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if g < t.N {
			out = append(out, g)
			continue
		}
		stack = append(stack, t.Merges[g-t.N].B, t.Merges[g-t.N].A)
	}
	return out
}

// Cophenetic returns for each pair the height at which they are merged.
func (t *Tree) Cophenetic() *mat.SymDense {
	out := mat.NewSymDense(t.N, nil)
	groups := make([][]int, t.N, t.N+len(t.Merges))
	for i := range groups {
		groups[i] = []int{i}
	}
	for _, m := range t.Merges {
		for _, i := range groups[m.A] {
			for _, j := range groups[m.B] {
				out.SetSym(i, j, m.Height)
			}
		}
		groups = append(groups, append(slices.Clone(groups[m.A]), groups[m.B]...))
		groups[m.A], groups[m.B] = nil, nil
	}
	return out
}
