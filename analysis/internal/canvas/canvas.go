// Package canvas holds the two surfaces that every picture is drawn on, SVG and PNG. Both take
// gonum/plot's vg calls, both draw text as outlines, so that a picture looks the same wherever it
// is opened, and both give the same bytes for the same calls.
package canvas

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// Surface is a vg.Canvas that knows a few things more: casings around lines and text, and groups
// that carry a tooltip where the medium has any.
type Surface interface {
	vg.CanvasSizer
	// StrokeCased strokes p with the current style over a solid line of the given color that is
	// width wide, so that it stays apart from what it crosses.
	StrokeCased(p vg.Path, casing color.Color, width vg.Length)
	// FillStringCased is FillString with a casing that reaches width/2 beyond each glyph; with a
	// width of 0 there is none, whatever the surface's habit.
	FillStringCased(f font.Face, pt vg.Point, text string, casing color.Color, width vg.Length)
	// Begin opens a group of marks with a tooltip and attributes, in pairs of name and value; End
	// closes it.
	Begin(tooltip string, attrs ...string)
	End()
}

// Affine maps (x, y) to (A·x + C·y + E, B·x + D·y + F).
type Affine struct{ A, B, C, D, E, F float64 }

// Identity leaves points where they are.
var Identity = Affine{A: 1, D: 1}

// Apply returns the image of p.
func (m Affine) Apply(p vg.Point) vg.Point {
	x, y := float64(p.X), float64(p.Y)
	return vg.Point{X: vg.Length(float64(m.A*x) + float64(m.C*y) + m.E), Y: vg.Length(float64(m.B*x) + float64(m.D*y) + m.F)}
}

// Mul returns the map that applies n first and then m.
func (m Affine) Mul(n Affine) Affine {
	return Affine{
		A: float64(m.A*n.A) + float64(m.C*n.B), B: float64(m.B*n.A) + float64(m.D*n.B),
		C: float64(m.A*n.C) + float64(m.C*n.D), D: float64(m.B*n.C) + float64(m.D*n.D),
		E: float64(m.A*n.E) + float64(m.C*n.F) + m.E, F: float64(m.B*n.E) + float64(m.D*n.F) + m.F,
	}
}

// Translate returns m after a shift of its argument, as vg.Canvas.Translate composes.
func (m Affine) Translate(p vg.Point) Affine {
	return m.Mul(Affine{A: 1, D: 1, E: float64(p.X), F: float64(p.Y)})
}

// Rotate returns m after a rotation of its argument by rad, counterclockwise.
func (m Affine) Rotate(rad float64) Affine {
	s, c := math.Sincos(rad)
	return m.Mul(Affine{A: c, B: s, C: -s, D: c})
}

// Scale returns m after a scaling of its argument.
func (m Affine) Scale(x, y float64) Affine { return m.Mul(Affine{A: x, D: y}) }

// Inverse returns the inverse map; false if there is none.
func (m Affine) Inverse() (Affine, bool) {
	det := float64(m.A*m.D) - float64(m.B*m.C)
	if det == 0 || math.IsNaN(det) || math.IsInf(det, 0) {
		return Affine{}, false
	}
	return Affine{
		A: m.D / det, B: -m.B / det, C: -m.C / det, D: m.A / det,
		E: (float64(m.C*m.F) - float64(m.D*m.E)) / det, F: (float64(m.B*m.E) - float64(m.A*m.F)) / det,
	}, true
}

// Magnification is the factor by which m changes lengths, averaged over directions.
func (m Affine) Magnification() float64 {
	return math.Sqrt(math.Abs(float64(m.A*m.D) - float64(m.B*m.C)))
}

// Curves returns p with every arc replaced by cubic curves, so that any affine map can be applied
// point by point.
func Curves(p vg.Path) vg.Path {
	out := make(vg.Path, 0, len(p))
	for _, c := range p {
		if c.Type != vg.ArcComp {
			out = append(out, c)
			continue
		}
		at := func(a float64) vg.Point {
			s, cs := math.Sincos(a)
			return vg.Point{X: c.Pos.X + vg.Length(c.Radius*vg.Length(cs)), Y: c.Pos.Y + vg.Length(c.Radius*vg.Length(s))}
		}
		start := at(c.Start)
		switch {
		case len(out) == 0:
			out.Move(start)
		case out[len(out)-1].Type == vg.CloseComp || distance(out[len(out)-1].Pos, start) > 1e-6:
			out.Line(start)
		}
		// More than once around draws the same circle.
		angle := math.Max(-2*math.Pi, math.Min(2*math.Pi, c.Angle))
		// A cubic curve is off a quarter of a circle by less than 0.03 % of its radius.
		n := int(math.Ceil(math.Abs(angle)/(math.Pi/2) - 1e-9))
		for i := range n {
			a0 := c.Start + angle*float64(i)/float64(n)
			a1 := c.Start + angle*float64(i+1)/float64(n)
			// The control points lie on the tangents, so far out that the middle of the curve is
			// on the circle.
			k := c.Radius * vg.Length(4.0/3*math.Tan((a1-a0)/4))
			s0, c0 := math.Sincos(a0)
			s1, c1 := math.Sincos(a1)
			p0, p1 := at(a0), at(a1)
			out.CubeTo(
				vg.Point{X: p0.X - vg.Length(k*vg.Length(s0)), Y: p0.Y + vg.Length(k*vg.Length(c0))},
				vg.Point{X: p1.X + vg.Length(k*vg.Length(s1)), Y: p1.Y - vg.Length(k*vg.Length(c1))}, p1)
		}
	}
	return out
}

// Scaled returns p times s. The method of vg.Point would leave its products to be rounded together
// with what they are added to, which some processors do.
func Scaled(p vg.Point, s vg.Length) vg.Point {
	return vg.Point{X: vg.Length(p.X * s), Y: vg.Length(p.Y * s)}
}

func distance(a, b vg.Point) float64 {
	return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y))
}
