package xkcd

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// Sketch says how much lines wobble. The zero value wobbles as matplotlib's xkcd style does:
// 1 point to either side, over lengths of 100 points, stretched and shrunk by up to 2.
type Sketch struct {
	Scale      float64 // amplitude in points; 0 means 1
	Length     float64 // length of a wiggle in points; 0 means 100
	Randomness float64 // factor by which the length varies; 0 means 2
}

func (s Sketch) withDefaults() Sketch {
	if s.Scale == 0 {
		s.Scale = 1
	}
	if s.Length == 0 {
		s.Length = 100
	}
	if s.Randomness == 0 {
		s.Randomness = 2
	}
	return s
}

// vary returns s with another side to start to and up to a third more or less length. Every line
// starts at phase zero, and random growth takes long to part two phases: without this, parallel
// lines would wobble in step.
func (s Sketch) vary(seed uint32) Sketch {
	s = s.withDefaults()
	if seed&0x10000 != 0 {
		s.Scale = -s.Scale
	}
	s.Length *= 0.7 + 0.6*float64(seed>>17)/(1<<15)
	return s
}

// A pen moves over the paper: it cuts lines into steps of one unit and pushes each step's end
// sideways along a sine of randomly growing phase (Agg's segmentator and matplotlib's sketch
// filter).
type pen struct {
	amplitude, phaseScale, logRandomness float64

	random uint32
	phase  float64
	last   [2]float64 // where the steady hand would be
	down   bool
}

func (s Sketch) pen(seed uint32) *pen {
	s = s.withDefaults()
	return &pen{
		amplitude:     s.Scale,
		phaseScale:    2 * math.Pi / (s.Length * s.Randomness),
		logRandomness: 2 * math.Log(s.Randomness),
		random:        seed,
	}
}

// uniform returns the next random number in [0, 1).
func (p *pen) uniform() float64 {
	p.random = 214013*p.random + 2531011
	return float64(p.random) / (1 << 32)
}

// move lifts the pen and puts it down at (x, y).
func (p *pen) move(x, y float64) {
	p.phase = 0
	p.last = [2]float64{x, y}
	p.down = true
}

// step moves the pen to (x, y) and returns where the line gets there.
func (p *pen) step(x, y float64) (float64, float64) {
	if !p.down {
		p.move(x, y)
		return x, y
	}
	p.phase += math.Exp(p.uniform() * p.logRandomness)
	dx, dy := x-p.last[0], y-p.last[1]
	p.last = [2]float64{x, y}
	if n := math.Hypot(dx, dy); n != 0 {
		r := math.Sin(p.phase*p.phaseScale) * p.amplitude / n
		x, y = x-float64(r*dy), y+float64(r*dx)
	}
	return x, y
}

// line cuts the way from a to b into steps of one unit and appends where the line gets to. As in
// Agg, a last step of less than a unit merges with the one before it.
func (p *pen) line(out []vg.Point, a, b vg.Point) []vg.Point {
	ax, ay := float64(a.X), float64(a.Y)
	dx, dy := float64(b.X)-ax, float64(b.Y)-ay
	delta := 1 / math.Max(math.Hypot(dx, dy), 1e-30)
	for t := delta; t < 1-delta; t += delta {
		x, y := p.step(ax+float64(dx*t), ay+float64(dy*t))
		out = append(out, vg.Point{X: vg.Length(x), Y: vg.Length(y)})
	}
	x, y := p.step(ax+dx, ay+dy)
	return append(out, vg.Point{X: vg.Length(x), Y: vg.Length(y)})
}

// A subpath is a run of straight lines.
type subpath struct {
	points []vg.Point
	closed bool
}

// draw returns the subpaths as the hand draws them, one after another with one run of random
// numbers. A closed one comes back to its first point.
func (p *pen) draw(paths []subpath) []subpath {
	out := make([]subpath, len(paths))
	for i, s := range paths {
		if len(s.points) == 0 {
			continue
		}
		first := s.points[0]
		p.move(float64(first.X), float64(first.Y))
		drawn := []vg.Point{first}
		for j := 1; j < len(s.points); j++ {
			drawn = p.line(drawn, s.points[j-1], s.points[j])
		}
		if s.closed {
			drawn = p.line(drawn, s.points[len(s.points)-1], first)
		}
		out[i] = subpath{drawn, s.closed}
	}
	return out
}
