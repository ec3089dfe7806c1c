package covariance

import "math"

// components splits the variables into groups between which the graphical
// lasso at alpha has no edge: the connected components of |S_ij| > alpha.
// Solving each alone is exact (R. Mazumder and T. Hastie, "Exact covariance
// thresholding into connected components for large-scale graphical lasso",
// 2012). Groups and their members ascend.
func components(s []float64, p int, alpha float64) [][]int {
	group := make([]int, p)
	for i := range group {
		group[i] = -1
	}
	var out [][]int
	// Depth first with a stack of our own, as a chain of thousands of variables would go as deep
	// in calls. Every variable is pushed once, so the whole costs one pass over s.
	var stack []int
	for i := range p {
		if group[i] >= 0 {
			continue
		}
		id := len(out)
		out = append(out, nil)
		group[i] = id
		stack = append(stack[:0], i)
		for len(stack) > 0 {
			k := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for j, v := range s[k*p : (k+1)*p] {
				if group[j] < 0 && math.Abs(v) > alpha {
					group[j] = id
					stack = append(stack, j)
				}
			}
		}
	}
	// Collected in this order, and not in that of the walk, members ascend.
	for i, id := range group {
		out[id] = append(out[id], i)
	}
	return out
}
