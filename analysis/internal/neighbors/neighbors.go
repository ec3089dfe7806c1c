// Package neighbors finds the points nearest to each other.
package neighbors

import "slices"

// Nearest lists for each of n points its k nearest others, closest first and
// by index among equals.
func Nearest(n, k int, distance func(i, j int) float64) [][]int {
	out := make([][]int, n)
	d := make([]float64, n)
	for i := range n {
		order := make([]int, 0, n-1)
		for j := range n {
			if j != i {
				d[j] = distance(i, j)
				order = append(order, j)
			}
		}
		slices.SortFunc(order, func(a, b int) int {
			switch {
			case d[a] < d[b]:
				return -1
			case d[a] > d[b]:
				return 1
			}
			return a - b
		})
		out[i] = order[:min(k, len(order)):min(k, len(order))]
	}
	return out
}
