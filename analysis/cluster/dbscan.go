package cluster

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// DBSCAN groups points by density: a point with at least minPoints points, itself included, within
// eps is a core point; core points within eps of each other share a group with all that is within
// eps of them. Other points are noise, label -1 (M. Ester, H.-P. Kriegel, J. Sander and X. Xu,
// 1996). It also returns which points are core points.
func DBSCAN(distances mat.Symmetric, eps float64, minPoints int) (labels []int, core []bool, err error) {
	if err := checkDistances(distances); err != nil {
		return nil, nil, fmt.Errorf("dbscan: %w", err)
	}
	if !(eps >= 0) || minPoints < 1 {
		return nil, nil, fmt.Errorf("dbscan: eps %v, %d points: want eps ≥ 0 and 1 point or more", eps, minPoints)
	}
	n := distances.SymmetricDim()
	near := make([][]int, n)
	labels, core = make([]int, n), make([]bool, n)
	for i := range n {
		labels[i] = -1
		for j := range n {
			if i == j || distances.At(i, j) <= eps {
				near[i] = append(near[i], j)
			}
		}
		core[i] = len(near[i]) >= minPoints
	}
	next := 0
	for i := range n {
		if labels[i] >= 0 || !core[i] {
			continue
		}
		stack := []int{i}
		labels[i] = next
		for len(stack) > 0 {
			k := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !core[k] {
				continue
			}
			for _, j := range near[k] {
				if labels[j] < 0 {
					labels[j] = next
					stack = append(stack, j)
				}
			}
		}
		next++
	}
	return labels, core, nil
}
