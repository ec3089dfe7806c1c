package covariance

import "math"

// bracket finds the top of a smooth score with one peak.
type bracket struct {
	score func(float64) (float64, error)
	at    float64 // where to start
	step  float64 // signed
	end   float64 // never to pass
	flat  float64 // a gain per step not worth a further step
}

// find walks in steps until the score has fallen twice in a row or hardly
// gains, then narrows the peak to tol by parabolas through the best three
// points, or by halving the wider side where a parabola would not help.
func (b bracket) find(tol float64) (float64, error) {
	var xs, ys []float64
	best, falls := 0, 0
	for x := b.at; (x-b.end)*b.step <= 0; x += b.step {
		y, err := b.score(x)
		if err != nil {
			return 0, err
		}
		xs, ys = append(xs, x), append(ys, y)
		last := len(xs) - 1
		switch {
		case last == 0:
			continue
		case y > ys[best]:
			gain := y - ys[best]
			best, falls = last, 0
			if gain < b.flat && last > 3 {
				return x, nil
			}
		default:
			falls++
		}
		if falls == 2 || falls == 1 && ys[best]-y > 0.005*(ys[best]-ys[0]) {
			break
		}
	}
	if best == 0 || best == len(xs)-1 {
		return xs[best], nil
	}
	return b.narrow([3]float64{xs[best-1], xs[best], xs[best+1]}, [3]float64{ys[best-1], ys[best], ys[best+1]}, tol)
}

func (b bracket) narrow(x, y [3]float64, tol float64) (float64, error) {
	for range 20 {
		left, right := math.Abs(x[1]-x[0]), math.Abs(x[2]-x[1])
		if left+right <= 2*tol {
			break
		}
		at := vertex(x, y)
		if math.Abs(at-x[1]) < tol/2 || !between(at, x[0], x[2]) {
			if max(left, right) <= 4*tol {
				break
			}
			wide := x[0]
			if right > left {
				wide = x[2]
			}
			at = x[1] + math.Copysign(max(tol, max(left, right)/8), wide-x[1])
		}
		v, err := b.score(at)
		if err != nil {
			return 0, err
		}
		x, y = insert(x, y, at, v)
	}
	return x[1], nil
}

// insert keeps the three points around the best of four.
func insert(x, y [3]float64, at, v float64) ([3]float64, [3]float64) {
	inLeft := between(at, x[0], x[1])
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

func between(v, a, b float64) bool { return (v-a)*(v-b) < 0 }

// vertex returns the top of the parabola through three points.
func vertex(x, y [3]float64) float64 {
	a := (x[1] - x[0]) * (y[1] - y[2])
	b := (x[1] - x[2]) * (y[1] - y[0])
	return x[1] - ((x[1]-x[0])*a-(x[1]-x[2])*b)/(2*(a-b))
}
