package covariance

import "math"

// bracket finds the top of a smooth score with one peak, to about a whole
// number.
type bracket struct {
	score     func(float64) (float64, error)
	step, end float64 // from 0
	flat      float64 // a gain per step not worth a further step
}

// find walks in steps until the score has fallen clearly, or twice in a row,
// or hardly gains, then narrows the peak by parabolas through the best three
// points. All points are whole numbers, so that tiny errors of the score
// seldom change the outcome.
func (b bracket) find() (float64, error) {
	var xs, ys []float64
	best, falls := 0, 0
	for x := 0.0; x <= b.end && falls < 2; x = b.next(xs, ys) {
		y, err := b.score(x)
		if err != nil {
			return 0, err
		}
		xs, ys = append(xs, x), append(ys, y)
		last := len(xs) - 1
		if last == 0 {
			continue
		}
		if y <= ys[best] {
			falls++
			if ys[best]-y > 0.002*(ys[best]-ys[0]) {
				break
			}
			continue
		}
		gain := y - ys[best]
		best, falls = last, 0
		if gain < b.flat && last > 3 {
			return x, nil
		}
	}
	if best == 0 || best == len(xs)-1 {
		return xs[best], nil
	}
	return b.narrow([3]float64{xs[best-1], xs[best], xs[best+1]}, [3]float64{ys[best-1], ys[best], ys[best+1]})
}

// next returns the point a step after the last, or a third of a step past
// where a parabola through the last three has its top: what lies far past the
// top costs the most.
func (b bracket) next(xs, ys []float64) float64 {
	last := len(xs) - 1
	x := xs[last]
	switch {
	case last < 2:
		return x + b.step
	case ys[last] <= ys[last-1]:
		return x + math.Round(b.step/3)
	}
	top := vertex([3]float64(xs[last-2:]), [3]float64(ys[last-2:]))
	if !(top >= xs[last-1]) { // not concave
		return x + b.step
	}
	return x + min(b.step, math.Round(max(0, top-x)+b.step/3))
}

// narrow stops when the next parabola has its top where the last one had.
func (b bracket) narrow(x, y [3]float64) (float64, error) {
	const near = 3
	for first := true; ; first = false {
		at := math.Round(vertex(x, y))
		if !(at > x[0] && at < x[2]) { // flat, or rounding
			at = x[1]
		}
		left, right := x[1]-x[0], x[2]-x[1]
		if max(left, right) <= near || !first && at == x[1] && min(left, right) <= 2*near {
			return x[1], nil
		}
		if at == x[1] {
			at = x[1] - math.Ceil(max(2, left/8))
			if right > left {
				at = x[1] + math.Ceil(max(2, right/8))
			}
		}
		v, err := b.score(at)
		if err != nil {
			return 0, err
		}
		x, y = insert(x, y, at, v)
	}
}

// insert keeps the three points around the best of four.
func insert(x, y [3]float64, at, v float64) ([3]float64, [3]float64) {
	inLeft := at < x[1]
	switch {
	case inLeft && v > y[1]:
		return [3]float64{x[0], at, x[1]}, [3]float64{y[0], v, y[1]}
	case inLeft:
		return [3]float64{at, x[1], x[2]}, [3]float64{v, y[1], y[2]}
	case v > y[1]:
		return [3]float64{x[1], at, x[2]}, [3]float64{y[1], v, y[2]}
	}
	return [3]float64{x[0], x[1], at}, [3]float64{y[0], y[1], v}
}

// vertex returns the top of the parabola through three points.
func vertex(x, y [3]float64) float64 {
	a := (x[1] - x[0]) * (y[1] - y[2])
	b := (x[1] - x[2]) * (y[1] - y[0])
	return x[1] - ((x[1]-x[0])*a-(x[1]-x[2])*b)/(2*(a-b))
}
