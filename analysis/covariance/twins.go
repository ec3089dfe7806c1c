package covariance

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// NearTwins groups the variables of the p×p covariance s that are the same up
// to scale, sign and a little noise: all correlations in a group are at least
// least in magnitude. It merges groups by complete linkage, the closest pairs
// first. Every variable is in one group; groups and their members ascend.
//
// Near twins predict each other the better the less the penalty, without end,
// so that a penalty chosen to predict well keeps nearly every pair: choose it
// for one variable of each group.
//
// A group with complete linkage has no chain in it: with single linkage a row of variables, each
// like the next, would be one group though its ends have nothing in common. Pairs of equal
// correlation are taken in the order of their variables, so that the groups are always the same.
func NearTwins(s mat.Symmetric, least float64) [][]int {
	type pair struct {
		i, j int
		r    float64
	}
	p := s.SymmetricDim()
	r := Correlation(s)
	var pairs []pair
	group := make([]int, p)
	members := make([][]int, p)
	for i := range p {
		group[i], members[i] = i, []int{i}
		for j := i + 1; j < p; j++ {
			if v := math.Abs(r.At(i, j)); v >= least {
				pairs = append(pairs, pair{i, j, v})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.r, a.r) })
	// Groups only grow, so a pair whose groups are too far apart once stays apart: one pass is
	// enough.
	for _, q := range pairs {
		// The group with the lower number takes in the other, so a group's number is its first
		// member.
		a, b := min(group[q.i], group[q.j]), max(group[q.i], group[q.j])
		if a != b && allNear(r, members[a], members[b], least) {
			for _, i := range members[b] {
				group[i] = a
			}
			members[a], members[b] = append(members[a], members[b]...), nil
		}
	}
	members = slices.DeleteFunc(members, func(g []int) bool { return g == nil })
	for _, g := range members {
		slices.Sort(g)
	}
	slices.SortFunc(members, func(a, b []int) int { return a[0] - b[0] })
	return members
}

// allNear reports whether every variable of a correlates with every one of b by least or more in
// magnitude.
func allNear(r mat.Symmetric, a, b []int, least float64) bool {
	for _, i := range a {
		for _, j := range b {
			if math.Abs(r.At(i, j)) < least {
				return false
			}
		}
	}
	return true
}

// twins are groups of variables that are the same but for rounding, such as
// the calls and the returns of one function.
type twins struct {
	group []int // of each variable
	first []int // variable of each group
	size  []int // variables in each group
}

// findTwins groups the variables of variance above least whose rows of s are
// the same.
//
// Solving the lasso needs variances above its alpha, as twins of a smaller variance would not
// even be linked: their covariance is their variance. Each variable is compared with one of each
// group, which costs little: unless the two are twins, their first numbers differ.
func findTwins(s []float64, p int, least float64) twins {
	t := twins{group: make([]int, p)}
	for i := range p {
		t.group[i] = -1
		for g, j := range t.first {
			if s[i*p+i] > least && sameRow(s, p, i, j) {
				t.group[i] = g
				t.size[g]++
				break
			}
		}
		if t.group[i] < 0 {
			t.group[i] = len(t.first)
			t.first, t.size = append(t.first, i), append(t.size, 1)
		}
	}
	return t
}

// sameRow reports whether variables i and j have the same variance, the same covariance with all
// others and, with each other, a covariance as large as that variance, all but for rounding in
// sums over many rows. Scale and sign must be the same, too: in another scale the penalty weighs
// otherwise, and a negated copy, for which the same would hold with signs turned, is left to
// Newton's steps.
func sameRow(s []float64, p, i, j int) bool {
	const rounding = 1e-12
	v, w := s[i*p+i], s[j*p+j]
	if math.Abs(v-w) > rounding*v || math.Abs(s[i*p+j]-v) > rounding*v {
		return false
	}
	for k := range p {
		if d := math.Abs(s[i*p+k] - s[j*p+k]); d > rounding*math.Sqrt(v*s[k*p+k]) {
			return false
		}
	}
	return true
}

// solveTwins solves the graphical lasso for one variable of each group and spreads the solution,
// which is exact. Twins of variance v have negative precision between them, so the condition for
// the minimum makes their covariance in the model v - alpha, while each keeps its variance v.
// Among g twins, every direction in which they differ thus has variance alpha, and their mean has
// variance v - alpha(g-1)/g. The means meet each other under the same penalty as single variables
// do: spread over g·h pairs, each of the pairs has the gh-th part of the precision of the two
// means, and all of them together are penalized as that one.
//
// The second result is false when the twins turn out not to be linked so, and the first is then
// nil: the caller solves for all variables.
func solveTwins(ctx context.Context, t twins, s []float64, p int, alpha float64, o LassoOptions) (*Lasso, bool, error) {
	q := len(t.first)
	means := t.means(s, p, alpha)
	if o.Start != nil {
		o.Start = t.sums(o.Start)
	}
	o.rest = nil
	l, err := solveDistinct(ctx, means, q, alpha, o)
	if err != nil {
		return nil, false, err
	}
	out := &Lasso{Alpha: alpha, Precision: newSym(p), Covariance: newSym(p),
		Objective: l.Objective, Gap: l.Gap, Iterations: l.Iterations, Components: l.Components}
	for a, size := range t.size {
		g := float64(size)
		// Between two twins the precision is P/g² - 1/(g·alpha), with P that of their mean. All
		// of the above rests on its being negative.
		if size > 1 && l.Precision.At(a, a)*alpha > g {
			return nil, false, nil
		}
		// Each of the g-1 directions in which twins differ adds 1 + log alpha, as its variance is
		// alpha, and going from the mean to the direction of unit length along it scales the
		// determinant by g.
		out.Objective += float64((g-1)*(1+math.Log(alpha))) + math.Log(g)
	}
	for i, a := range t.group {
		for j := i; j < p; j++ {
			b := t.group[j]
			x, w := l.Precision.At(a, b)/float64(t.size[a]*t.size[b]), l.Covariance.At(a, b)
			if a == b && t.size[a] > 1 {
				// What is left once the mean is taken out, δij - 1/g: precision 1/alpha and
				// variance alpha in each of the directions in which twins differ.
				part := -1 / float64(t.size[a])
				if i == j {
					part++
				}
				x, w = x+part/alpha, w+float64(part*alpha)
			}
			out.Precision.SetSym(i, j, x)
			out.Covariance.SetSym(i, j, w)
		}
	}
	return out, true, nil
}

// means is the covariance of the means of twins, q×q for q groups, as the lasso of the means
// needs it. Twins are the same, so the mean of a group covaries as any of them does; its own
// variance is less by what the penalty takes, alpha(g-1)/g.
func (t twins) means(s []float64, p int, alpha float64) []float64 {
	q := len(t.first)
	means := make([]float64, q*q)
	for a, i := range t.first {
		for b, j := range t.first {
			means[a*q+b] = s[i*p+j]
		}
		g := float64(t.size[a])
		means[a*q+a] -= alpha * (g - 1) / g
	}
	return means
}

// sums is the precision of the means, given the p×p precision of the variables, for a start. With
// all twins at their mean the quadratic form xᵀPx collects all entries between two groups, so
// they add up.
func (t twins) sums(x mat.Symmetric) *mat.SymDense {
	out := newSym(len(t.first))
	for i, a := range t.group {
		for j, b := range t.group {
			if a <= b {
				out.SetSym(a, b, out.At(a, b)+x.At(i, j))
			}
		}
	}
	return out
}
