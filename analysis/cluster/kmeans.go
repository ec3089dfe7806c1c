package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/internal/parallel"
)

// KMeansOptions tune k-means. The zero value is the default.
type KMeansOptions struct {
	Starts  int    // random starts, of which the best is kept; 0 means 20
	MaxIter int    // per start; 0 means 300
	Seed    uint64 // of the starts
}

// Centers is a clustering around means.
type Centers struct {
	Labels  []int
	Centers *mat.Dense // k×d
	Inertia float64    // Σ of squared distances to the own center
}

// KMeans divides the n points in the rows of the n×d matrix x into k groups
// around their means (S. Lloyd, 1982), from k-means++ starts (D. Arthur and
// S. Vassilvitskii, 2007); each result is improved by moving single points
// while that lowers the inertia (J. Hartigan and M. Wong, 1979).
func KMeans(ctx context.Context, x mat.Matrix, k int, o KMeansOptions) (*Centers, error) {
	return parallel.Await(ctx, func() (*Centers, error) { return kMeans(ctx, x, k, o) })
}

func kMeans(ctx context.Context, x mat.Matrix, k int, o KMeansOptions) (*Centers, error) {
	n, d := x.Dims()
	if k < 1 || k > n {
		return nil, fmt.Errorf("k-means: %d groups of %d points: want 1 to %[2]d", k, n)
	}
	if _, err := dense(x); err != nil {
		return nil, fmt.Errorf("k-means: %w", err)
	}
	if o.Starts <= 0 {
		o.Starts = 20
	}
	if o.MaxIter <= 0 {
		o.MaxIter = 300
	}
	points := mat.DenseCopyOf(x)
	runs := make([]*lloyd, o.Starts)
	errs := make([]error, o.Starts)
	parallel.For(o.Starts, func(s int) {
		runs[s] = newLloyd(points, k, rand.New(rand.NewPCG(o.Seed, uint64(s))))
		errs[s] = runs[s].run(ctx, o.MaxIter)
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	best := runs[0]
	for _, r := range runs[1:] {
		// If starts are equal except for rounding, the first one counts, so that labels do not
		// depend on the processor.
		if r.inertia < best.inertia*(1-1e-12) {
			best = r
		}
	}
	out := &Centers{Labels: renumber(best.labels), Inertia: best.inertia, Centers: mat.NewDense(k, d, nil)}
	for i, l := range best.labels {
		out.Centers.SetRow(out.Labels[i], best.centers[l])
	}
	return out, nil
}

// renumber gives labels ≥ 0 the numbers 0, 1, … by first appearance.
func renumber(labels []int) []int {
	at := map[int]int{}
	out := make([]int, len(labels))
	for i, l := range labels {
		if l < 0 {
			out[i] = l
			continue
		}
		if _, ok := at[l]; !ok {
			at[l] = len(at)
		}
		out[i] = at[l]
	}
	return out
}

type lloyd struct {
	x       *mat.Dense
	centers [][]float64
	sizes   []int
	labels  []int
	inertia float64
}

func newLloyd(x *mat.Dense, k int, rng *rand.Rand) *lloyd {
	n, _ := x.Dims()
	l := &lloyd{x: x, sizes: make([]int, k), labels: make([]int, n)}
	nearest := make([]float64, n)
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	// The first center may be any point. Each further center is a point that is drawn with a
	// probability in proportion to its squared distance to the nearest center so far.
	pick := rng.IntN(n)
	for range k {
		c := append([]float64(nil), x.RawRowView(pick)...)
		l.centers = append(l.centers, c)
		total := 0.0
		for i := range n {
			nearest[i] = min(nearest[i], squared(x.RawRowView(i), c))
			total += nearest[i]
		}
		pick = draw(nearest, total*rng.Float64())
	}
	return l
}

// draw returns the first index at which the running sum exceeds at.
func draw(weights []float64, at float64) int {
	last := 0
	for i, w := range weights {
		if w > 0 {
			last = i
			if at -= w; at < 0 {
				return i
			}
		}
	}
	return last
}

func squared(a, b []float64) float64 {
	d := floats.Distance(a, b, 2)
	return float64(d * d)
}

func (l *lloyd) run(ctx context.Context, maxIter int) error {
	for it := range maxIter {
		if err := ctx.Err(); err != nil {
			return err
		}
		// In the first round, the labels from before are all zero, and say nothing.
		if moved := l.assign(); !moved && it > 0 {
			break
		}
		l.recenter()
	}
	for l.exchange() {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	l.recenter()
	l.inertia = 0
	for i, c := range l.labels {
		l.inertia += squared(l.x.RawRowView(i), l.centers[c])
	}
	return nil
}

func (l *lloyd) assign() bool {
	moved := false
	clear(l.sizes)
	for i, old := range l.labels {
		best, at := math.Inf(1), 0
		for c, center := range l.centers {
			if d := squared(l.x.RawRowView(i), center); d < best {
				best, at = d, c
			}
		}
		moved = moved || at != old
		l.labels[i] = at
		l.sizes[at]++
	}
	for c, size := range l.sizes {
		if size == 0 {
			l.fill(c)
			moved = true
		}
	}
	return moved
}

// fill gives an empty group the point that lies farthest from its center, among those whose group
// does not become empty by that. This is done because k groups were asked for.
func (l *lloyd) fill(c int) {
	far, at := -1.0, 0
	for i, own := range l.labels {
		if d := squared(l.x.RawRowView(i), l.centers[own]); l.sizes[own] > 1 && d > far {
			far, at = d, i
		}
	}
	l.sizes[l.labels[at]]--
	l.labels[at] = c
	l.sizes[c]++
	copy(l.centers[c], l.x.RawRowView(at))
}

func (l *lloyd) recenter() {
	for _, c := range l.centers {
		clear(c)
	}
	clear(l.sizes)
	for i, c := range l.labels {
		floats.Add(l.centers[c], l.x.RawRowView(i))
		l.sizes[c]++
	}
	for c, size := range l.sizes {
		if size > 0 {
			floats.Scale(1/float64(size), l.centers[c])
		}
	}
}

// exchange moves each point to the group where it costs least, with the
// change it makes to both means counted in.
func (l *lloyd) exchange() bool {
	moved := false
	for i, own := range l.labels {
		if l.sizes[own] == 1 {
			continue
		}
		row := l.x.RawRowView(i)
		size := float64(l.sizes[own])
		// This is by how much the inertia falls when the point leaves: the mean of its group then
		// moves away from it, by the factor size/(size-1).
		gain := squared(row, l.centers[own]) * size / (size - 1)
		to := own
		for c, center := range l.centers {
			if c == own {
				continue
			}
			s := float64(l.sizes[c])
			// This is by how much the inertia grows when the point joins another group, whose mean
			// then moves toward it.
			if cost := squared(row, center) * s / (s + 1); cost < gain*(1-1e-12) {
				gain, to = cost, c
			}
		}
		if to == own {
			continue
		}
		floats.AddScaled(l.centers[own], -1/size, row)
		floats.Scale(size/(size-1), l.centers[own])
		s := float64(l.sizes[to])
		floats.Scale(s/(s+1), l.centers[to])
		floats.AddScaled(l.centers[to], 1/(s+1), row)
		l.sizes[own]--
		l.sizes[to]++
		l.labels[i] = to
		moved = true
	}
	return moved
}
