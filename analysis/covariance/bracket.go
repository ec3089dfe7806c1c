package covariance

import "math"

// bracket finds the top of a smooth score with one peak, to about a whole number. It is for the
// choice of a penalty, where x counts percents down from the penalty without edges and each score
// costs one or several fits, the more the larger x is. So it goes up from 0, tries few points,
// and above all few far past the top.
type bracket struct {
	score     func(float64) (float64, error)
	step, end float64 // from 0
	flat      float64 // a gain per step not worth a further step
}

// find walks in steps, then narrows the peak by parabolas through the best
// three points. All points are whole numbers, so that tiny errors of the score
// seldom change the outcome.
func (b bracket) find() (float64, error) {
	x, y, err := b.walk()
	if err != nil || x[0] == x[1] || x[1] == x[2] {
		return x[1], err
	}
	return b.narrow(x, y)
}

// walk goes up from 0 until the score has fallen clearly, or twice in a row, or hardly gains, and
// returns the best point between its neighbors. At an end, and where nothing is gained, the point
// is its own neighbor, by which find knows that there is nothing to narrow.
func (b bracket) walk() (x, y [3]float64, err error) {
	var xs, ys []float64
	best, falls := 0, 0
	for at := 0.0; at <= b.end && falls < 2; at = b.next(xs, ys) {
		v, err := b.score(at)
		if err != nil {
			return x, y, err
		}
		xs, ys = append(xs, at), append(ys, v)
		last := len(xs) - 1
		if last == 0 {
			continue
		}
		if v <= ys[best] {
			falls++
			// One fall may be noise: fits end within a tolerance, and the score of held-out rows
			// is not quite smooth. A fall by more than a five-hundredth of all that was gained is
			// taken for real.
			if ys[best]-v > 0.002*(ys[best]-ys[0]) {
				break
			}
			continue
		}
		gain := v - ys[best]
		best, falls = last, 0
		// The first steps from the penalty without edges may gain little, as there are few edges
		// yet.
		if gain < b.flat && last > 3 {
			break
		}
	}
	left, right := max(best-1, 0), min(best+1, len(xs)-1)
	return [3]float64{xs[left], xs[best], xs[right]}, [3]float64{ys[left], ys[best], ys[right]}, nil
}

// near finds the top close to a guess and returns the highest score that it saw, too. It goes up
// or down in steps, over multiples of the step, until there are lower points on both sides; the
// parabola through the three then has the top, less than a step from the middle. The guess thus
// decides how many points are tried, but hardly ever what is found: wherever the search comes from,
// it ends at the same three points. It looks first to the side of the guess: what lies behind a
// point that is passed need not be known.
func (b bracket) near(guess float64) (top, score float64, err error) {
	top = b.step * max(1, math.Round(guess/b.step))
	if score, err = b.score(top); err != nil {
		return 0, 0, err
	}
	side, behind, known := b.step, 0.0, false
	if guess < top {
		side = -side
	}
	for {
		at := top + side
		v, err := b.score(at)
		switch {
		case err != nil:
			return 0, 0, err
		case v < score || v == score && side > 0:
			// Of equal scores that at the larger penalty, with fewer edges, is preferred.
			if known {
				x, y := [3]float64{top - side, top, at}, [3]float64{behind, score, v}
				return math.Round(vertex(x, y)), score, nil
			}
			side, behind = -side, v
		case at == 0 || side > 0 && (at >= b.end || v-score < b.flat):
			return at, v, nil
		default:
			top, score, behind = at, v, score
		}
		known = true
	}
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
	// Three points, still rising: the parabola through them says how far the top is.
	top := vertex([3]float64(xs[last-2:]), [3]float64(ys[last-2:]))
	if !(top >= xs[last-1]) { // not concave
		return x + b.step
	}
	return x + min(b.step, math.Round(max(0, top-x)+b.step/3))
}

// narrow closes in on the peak between three points by scoring the top of the parabola through
// them, and stops when the next parabola has its top where the last one had, or when the points
// are only a few percent apart: the score is so flat at the top that more would not show in it.
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
		// The top is where the middle is, but one neighbor is still far: a point on the wider
		// side, near the middle, brings it in.
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
//
// At is strictly between the outer two, and not the middle.
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
//
// For points on a line it is infinite or not a number. Callers either know that the middle point
// is above one of the others, or check that the top lies where they need it, with comparisons
// that are false for NaN.
func vertex(x, y [3]float64) float64 {
	a := float64((x[1] - x[0]) * (y[1] - y[2]))
	b := float64((x[1] - x[2]) * (y[1] - y[0]))
	return x[1] - (float64((x[1]-x[0])*a)-float64((x[1]-x[2])*b))/(2*(a-b))
}
