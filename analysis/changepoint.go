package analysis

import (
	"fmt"
	"math"
	"slices"
)

// ChangePoint is a bucket from which on the rate is different.
type ChangePoint struct {
	At            int     // first bucket of the new rate
	Before, After float64 // mean rates of the stretches that meet there
}

// ChangePoints divides values into stretches of constant rate, at least
// minLength buckets long (0 means 3), and returns where they meet: the exact
// minimum of the squared deviations from each stretch's mean plus a penalty
// per change point (R. Killick, P. Fearnhead and I. Eckley, "Optimal detection
// of changepoints with a linear computational cost", 2012). Counts should be
// transformed first, so that noise is alike at low and at high rates. Penalty
// is in units of the noise variance, estimated robustly from the differences
// of neighbors; 0 means 3 log n (N. Zhang and D. Siegmund, 2007).
func ChangePoints(values []float64, penalty float64, minLength int) ([]ChangePoint, error) {
	n := len(values)
	if minLength <= 0 {
		minLength = 3
	}
	if penalty <= 0 {
		penalty = 3 * math.Log(float64(max(2, n)))
	}
	sum, square := make([]float64, n+1), make([]float64, n+1)
	offset, _ := moments(values)
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("finding change points: bucket %d is %v", i, v)
		}
		sum[i+1] = sum[i] + v - offset
		square[i+1] = square[i] + float64((v-offset)*(v-offset))
	}
	noise := neighborNoise(values)
	if n < 2*minLength || noise == 0 {
		return nil, nil
	}
	cost := func(a, b int) float64 {
		s := sum[b] - sum[a]
		return (square[b] - square[a] - s*s/float64(b-a)) / noise
	}
	best, from := make([]float64, n+1), make([]int, n+1)
	best[0] = -penalty
	starts := []int{0}
	for end := minLength; end <= n; end++ {
		if start := end - minLength; start >= minLength {
			starts = append(starts, start)
		}
		best[end] = math.Inf(1)
		for _, start := range starts {
			if v := best[start] + cost(start, end) + penalty; v < best[end] {
				best[end], from[end] = v, start
			}
		}
		starts = slices.DeleteFunc(starts, func(start int) bool {
			return best[start]+cost(start, end) > best[end]
		})
	}
	var cuts []int
	for end := n; end > 0; end = from[end] {
		cuts = append(cuts, end)
	}
	slices.Reverse(cuts)
	mean := func(a, b int) float64 { return offset + (sum[b]-sum[a])/float64(b-a) }
	var out []ChangePoint
	last := 0
	for i, cut := range cuts[:len(cuts)-1] {
		out = append(out, ChangePoint{At: cut, Before: mean(last, cut), After: mean(cut, cuts[i+1])})
		last = cut
	}
	return out, nil
}

// neighborNoise is the variance of the noise around a rate that seldom changes: it is half the
// variance of the differences of neighbors, estimated from their median magnitude, or from their
// mean square if most neighbors do not differ.
func neighborNoise(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	d := make([]float64, len(values)-1)
	square := 0.0
	for i := range d {
		d[i] = math.Abs(values[i+1] - values[i])
		square += d[i] * d[i] / float64(len(d))
	}
	slices.Sort(d)
	if m := d[len(d)/2] / 0.6745; m > 0 {
		return m * m / 2
	}
	return square / 2
}
