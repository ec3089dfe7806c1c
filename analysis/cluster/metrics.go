package cluster

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Modularity returns how much more of the links' weight lies within the groups than if links were
// drawn at random between points of the same degrees. It is at most 1 (M. Newman and M. Girvan,
// "Finding and evaluating community structure in networks", 2004). Links is symmetric with weights
// ≥ 0; its diagonal is ignored. Without links it is 0.
func Modularity(links mat.Symmetric, labels []int) float64 {
	n := links.SymmetricDim()
	within, degree := map[int]float64{}, map[int]float64{}
	total := 0.0
	for i := range n {
		for j := range n {
			if i == j {
				continue
			}
			w := links.At(i, j)
			total += w
			degree[labels[i]] += w
			if labels[i] == labels[j] {
				within[labels[i]] += w
			}
		}
	}
	if total == 0 {
		return 0
	}
	q := 0.0
	for _, l := range distinct(labels) {
		q += within[l]/total - degree[l]/total*degree[l]/total
	}
	return q
}

// distinct lists the labels in order of first appearance.
func distinct(labels []int) []int {
	seen := map[int]bool{}
	var out []int
	for _, l := range labels {
		if !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

// contingency counts how often the labels of two groupings meet.
type contingency struct {
	n     int
	cells [][]float64
	a, b  []float64 // sizes of the groups
}

func contingencyTable(x, y []int) (*contingency, error) {
	if len(x) != len(y) {
		return nil, fmt.Errorf("comparing groupings of %d and %d points", len(x), len(y))
	}
	if len(x) == 0 {
		return nil, fmt.Errorf("comparing groupings of no points")
	}
	index := func(labels []int) map[int]int {
		at := map[int]int{}
		for i, l := range distinct(labels) {
			at[l] = i
		}
		return at
	}
	ix, iy := index(x), index(y)
	c := &contingency{n: len(x), cells: make([][]float64, len(ix)), a: make([]float64, len(ix)), b: make([]float64, len(iy))}
	for i := range c.cells {
		c.cells[i] = make([]float64, len(iy))
	}
	for k := range x {
		i, j := ix[x[k]], iy[y[k]]
		c.cells[i][j]++
		c.a[i]++
		c.b[j]++
	}
	return c, nil
}

// AdjustedRand returns how far two groupings of the same points agree about pairs, 1 for the same
// grouping, 0 on average for unrelated ones (L. Hubert and P. Arabie, "Comparing partitions",
// 1985). Labels are compared only for equality; -1 is a label like any other.
func AdjustedRand(x, y []int) (float64, error) {
	c, err := contingencyTable(x, y)
	if err != nil {
		return 0, err
	}
	pairs := func(v float64) float64 { return v * (v - 1) / 2 }
	var both, inA, inB float64
	for i, row := range c.cells {
		inA += pairs(c.a[i])
		for _, v := range row {
			both += pairs(v)
		}
	}
	for _, v := range c.b {
		inB += pairs(v)
	}
	all := pairs(float64(c.n))
	// Both groupings leave all points alone, or both put all of them together: nothing is then
	// expected by chance, and the two are the same.
	if inA == inB && (inA == 0 || inA == all) {
		return 1, nil
	}
	expected := float64(inA*inB) / all
	return (both - expected) / ((inA+inB)/2 - expected), nil
}

// AdjustedMutualInformation returns how much two groupings of the same points say about each other
// beyond chance, 1 for the same grouping, with the arithmetic mean of the entropies as scale (N.
// Vinh, J. Epps and J. Bailey, "Information theoretic measures for clusterings comparison", 2010).
func AdjustedMutualInformation(x, y []int) (float64, error) {
	c, err := contingencyTable(x, y)
	if err != nil {
		return 0, err
	}
	if len(c.a) == len(c.b) && (len(c.a) == 1 || len(c.a) == c.n) {
		return 1, nil
	}
	expected := c.expectedInformation()
	mean := (entropy(c.a, c.n) + entropy(c.b, c.n)) / 2
	den := mean - expected
	// This is as near to 0 as rounding allows: both groupings then say everything or nothing.
	if math.Abs(den) < 1e-15 {
		den = math.Copysign(1e-15, den)
	}
	return (c.information() - expected) / den, nil
}

// NormalizedMutualInformation returns how much two groupings of the same points say about each
// other, from 0 to 1 for the same grouping, with the arithmetic mean of the entropies as scale.
// What chance alone gives is not taken off. It equals the V-measure (A. Rosenberg and J.
// Hirschberg, 2007).
func NormalizedMutualInformation(x, y []int) (float64, error) {
	c, err := contingencyTable(x, y)
	if err != nil {
		return 0, err
	}
	mean := (entropy(c.a, c.n) + entropy(c.b, c.n)) / 2
	if mean == 0 {
		return 1, nil
	}
	return max(0, c.information()/mean), nil
}

func entropy(sizes []float64, n int) float64 {
	h := 0.0
	for _, v := range sizes {
		h -= float64(v / float64(n) * math.Log(v/float64(n)))
	}
	return h
}

func (c *contingency) information() float64 {
	n, sum := float64(c.n), 0.0
	for i, row := range c.cells {
		for j, v := range row {
			if v > 0 {
				sum += float64(v / n * math.Log(n*v/(c.a[i]*c.b[j])))
			}
		}
	}
	return sum
}

// expectedInformation is the mean over all groupings with these sizes: each cell has a
// hypergeometric distribution. Factorials are kept as logarithms, as they are beyond a float64 from
// 171 on.
func (c *contingency) expectedInformation() float64 {
	n := float64(c.n)
	sum := 0.0
	for _, a := range c.a {
		for _, b := range c.b {
			base := logFactorial(a) + logFactorial(b) + logFactorial(n-a) + logFactorial(n-b) - logFactorial(n)
			for v := max(1, a+b-n); v <= min(a, b); v++ {
				p := math.Exp(base - logFactorial(v) - logFactorial(a-v) - logFactorial(b-v) - logFactorial(n-a-b+v))
				sum += float64(v / n * math.Log(n*v/(a*b)) * p)
			}
		}
	}
	return sum
}

func logFactorial(v float64) float64 {
	l, _ := math.Lgamma(v + 1)
	return l
}

// Silhouette returns for each point, given symmetric distances, how much
// closer it lies to its own group than to the nearest other, from -1 to 1; 0
// for a group of one (P. Rousseeuw, "Silhouettes", 1987). It needs at least
// two groups and less than there are points.
func Silhouette(distances mat.Symmetric, labels []int) ([]float64, error) {
	n := distances.SymmetricDim()
	if len(labels) != n {
		return nil, fmt.Errorf("silhouette: %d labels for %d points", len(labels), n)
	}
	groups := distinct(labels)
	if len(groups) < 2 || len(groups) >= n {
		return nil, fmt.Errorf("silhouette: %d groups of %d points: want at least 2 groups and less than points", len(groups), n)
	}
	at := map[int]int{}
	size := make([]float64, len(groups))
	for k, l := range groups {
		at[l] = k
	}
	for _, l := range labels {
		size[at[l]]++
	}
	out := make([]float64, n)
	sums := make([]float64, len(groups))
	for i := range n {
		clear(sums)
		for j := range n {
			sums[at[labels[j]]] += distances.At(i, j)
		}
		own := at[labels[i]]
		if size[own] == 1 {
			continue
		}
		inside, outside := sums[own]/(size[own]-1), math.Inf(1)
		for k, s := range sums {
			if k != own {
				outside = min(outside, s/size[k])
			}
		}
		if top := max(inside, outside); top > 0 {
			out[i] = (outside - inside) / top
		}
	}
	return out, nil
}

// CalinskiHarabasz returns the ratio of the variance between groups of the n
// points in the rows of the n×d matrix x to that within, larger for groups
// further apart, +Inf for groups of equal points (T. Caliński and J. Harabasz,
// "A dendrite method for cluster analysis", 1974). It needs at least two groups
// and less than there are points.
func CalinskiHarabasz(x mat.Matrix, labels []int) (float64, error) {
	m, err := groupMeans(x, labels)
	if err != nil {
		return 0, fmt.Errorf("calinski-harabasz: %w", err)
	}
	n, k := len(labels), len(m.size)
	mean := make([]float64, len(m.center[0]))
	for g, c := range m.center {
		floats.AddScaled(mean, m.size[g]/float64(n), c)
	}
	between, within := 0.0, 0.0
	for g, c := range m.center {
		between += float64(m.size[g] * squared(c, mean))
		within += m.squares[g]
	}
	if within == 0 && between == 0 {
		return 0, nil
	}
	return between / within * float64(n-k) / float64(k-1), nil
}

// DaviesBouldin returns the mean over groups of the n points in the rows of
// the n×d matrix x of how much each overlaps the one it overlaps most: the sum
// of both mean distances to their means over the distance of these, 0 at best
// (D. Davies and D. Bouldin, "A cluster separation measure", 1979). It needs at
// least two groups and less than there are points.
func DaviesBouldin(x mat.Matrix, labels []int) (float64, error) {
	m, err := groupMeans(x, labels)
	if err != nil {
		return 0, fmt.Errorf("davies-bouldin: %w", err)
	}
	sum := 0.0
	for a, ca := range m.center {
		worst := 0.0
		for b, cb := range m.center {
			if spread := m.spread[a] + m.spread[b]; a != b && spread > 0 {
				worst = max(worst, spread/floats.Distance(ca, cb, 2))
			}
		}
		sum += worst / float64(len(m.center))
	}
	return sum, nil
}

type means struct {
	center  [][]float64
	size    []float64
	squares []float64 // Σ of squared distances to the center
	spread  []float64 // mean distance to the center
}

func groupMeans(x mat.Matrix, labels []int) (*means, error) {
	n, d := x.Dims()
	if len(labels) != n {
		return nil, fmt.Errorf("%d labels for %d points", len(labels), n)
	}
	rows, err := dense(x)
	if err != nil {
		return nil, err
	}
	groups := distinct(labels)
	k := len(groups)
	if k < 2 || k >= n {
		return nil, fmt.Errorf("%d groups of %d points: want at least 2 groups and less than points", k, n)
	}
	m := &means{make([][]float64, k), make([]float64, k), make([]float64, k), make([]float64, k)}
	at := map[int]int{}
	for g, l := range groups {
		at[l], m.center[g] = g, make([]float64, d)
	}
	for i, l := range labels {
		m.size[at[l]]++
		floats.Add(m.center[at[l]], rows[i*d:(i+1)*d])
	}
	for g, c := range m.center {
		floats.Scale(1/m.size[g], c)
	}
	for i, l := range labels {
		r := floats.Distance(rows[i*d:(i+1)*d], m.center[at[l]], 2)
		m.squares[at[l]] += float64(r * r)
		m.spread[at[l]] += r / m.size[at[l]]
	}
	return m, nil
}
