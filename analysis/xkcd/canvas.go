package xkcd

import (
	"encoding/binary"
	"hash/fnv"
	"image/color"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
)

// Options are how the hand draws. The zero value is matplotlib's xkcd style.
type Options struct {
	Sketch
	// Seed changes every wobble; with the same seed the same picture comes out.
	Seed uint32
	// Paper is the color of the gap that a line or letter cuts into what it crosses; nil is white.
	Paper color.Color
	// Gap is how far the gap reaches to either side; 0 means 1 point, negative means no gap.
	Gap vg.Length
	// MinWidth is the width of the pen: thinner lines are drawn as wide; 0 means 1.2 points,
	// negative leaves lines as thin as they are.
	MinWidth vg.Length
	// KeepFonts leaves text in the font it asks for.
	KeepFonts bool
}

func (o Options) withDefaults() Options {
	o.Sketch = o.Sketch.withDefaults()
	if o.Paper == nil {
		o.Paper = color.White
	}
	if o.Gap == 0 {
		o.Gap = 1
	}
	if o.MinWidth == 0 {
		o.MinWidth = 1.2
	}
	return o
}

// Canvas is a vg.Canvas that draws by hand onto another one. Lines and outlines of filled shapes
// wobble by the same amount on the page whatever the canvas's transforms are; a shape that is
// both filled and stroked wobbles once. Strokes and text part what lies below them, fills do not,
// so that the cells of a heat map stay whole. Images pass through.
type Canvas struct {
	vg.Canvas
	opts  Options
	stack []state
	// filled is the last shape that was filled, and with what: if its outline is stroked next, the
	// gap goes below the fill.
	filled struct {
		seed  uint32
		color color.Color
	}
}

type state struct {
	m     canvas.Affine // from user space to the page
	color color.Color
	width vg.Length
	dash  []vg.Length
	offs  vg.Length
}

var (
	_ vg.CanvasSizer = (*Canvas)(nil)
	_ canvas.Surface = (*Canvas)(nil)
)

// Wrap returns a canvas that draws by hand onto c. It must be wrapped before c is transformed.
func Wrap(c vg.Canvas, o Options) *Canvas {
	return &Canvas{
		Canvas: c,
		opts:   o.withDefaults(),
		stack:  []state{{m: canvas.Identity, color: color.Black, width: 1}},
	}
}

func (c *Canvas) top() *state { return &c.stack[len(c.stack)-1] }

// Size returns the size of the canvas below, 0×0 if it has none.
func (c *Canvas) Size() (w, h vg.Length) {
	if s, ok := c.Canvas.(vg.CanvasSizer); ok {
		return s.Size()
	}
	return 0, 0
}

// Push saves the state, also that of the canvas below.
func (c *Canvas) Push() {
	c.stack = append(c.stack, *c.top())
	c.Canvas.Push()
}

// Pop restores what Push saved.
func (c *Canvas) Pop() {
	c.stack = c.stack[:len(c.stack)-1]
	c.Canvas.Pop()
}

// Translate moves the origin.
func (c *Canvas) Translate(pt vg.Point) {
	c.top().m = c.top().m.Translate(pt)
	c.Canvas.Translate(pt)
}

// Rotate turns the axes.
func (c *Canvas) Rotate(rad float64) {
	c.top().m = c.top().m.Rotate(rad)
	c.Canvas.Rotate(rad)
}

// Scale stretches the axes.
func (c *Canvas) Scale(x, y float64) {
	c.top().m = c.top().m.Scale(x, y)
	c.Canvas.Scale(x, y)
}

// SetColor sets the color of what follows.
func (c *Canvas) SetColor(col color.Color) {
	if col == nil {
		col = color.Black
	}
	c.top().color = col
	c.Canvas.SetColor(col)
}

// SetLineWidth sets the width of lines; those thinner than the pen are drawn as wide as the pen.
func (c *Canvas) SetLineWidth(w vg.Length) {
	if w > 0 && w < c.opts.MinWidth {
		w = c.opts.MinWidth
	}
	c.top().width = w
	c.Canvas.SetLineWidth(w)
}

// SetLineDash sets the dashes of lines.
func (c *Canvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.top().dash, c.top().offs = pattern, offset
	c.Canvas.SetLineDash(pattern, offset)
}

// Stroke draws the path by hand.
func (c *Canvas) Stroke(p vg.Path) {
	s := c.top()
	if s.width <= 0 || len(p) == 0 {
		return
	}
	p, seed := c.sketch(p, false)
	if filled := c.filled.color; filled != nil && c.filled.seed == seed && c.opts.Gap > 0 {
		c.onPaper(s.width+vg.Length(2*c.opts.Gap), func() { c.Canvas.Stroke(p) })
		c.Canvas.SetColor(filled)
		c.Canvas.Fill(p)
		c.Canvas.SetColor(s.color)
		c.Canvas.Stroke(p)
		return
	}
	if c.opts.Gap <= 0 {
		c.Canvas.Stroke(p)
		return
	}
	gap := s.width + vg.Length(2*c.opts.Gap)
	if below, ok := c.Canvas.(canvas.Surface); ok {
		below.StrokeCased(p, c.opts.Paper, gap)
		return
	}
	c.onPaper(gap, func() { c.Canvas.Stroke(p) })
	c.Canvas.Stroke(p)
}

// StrokeCased draws the path by hand; the gap that every line gets is its casing.
func (c *Canvas) StrokeCased(p vg.Path, _ color.Color, _ vg.Length) { c.Stroke(p) }

// onPaper draws in the paper's color with solid lines of the given width.
func (c *Canvas) onPaper(width vg.Length, draw func()) {
	s := c.top()
	c.Canvas.SetColor(c.opts.Paper)
	c.Canvas.SetLineWidth(width)
	c.Canvas.SetLineDash(nil, 0)
	draw()
	c.Canvas.SetColor(s.color)
	c.Canvas.SetLineWidth(s.width)
	c.Canvas.SetLineDash(s.dash, s.offs)
}

// Fill fills the path with a hand-drawn outline. What covers the whole canvas stays as it is: it is
// the paper.
func (c *Canvas) Fill(p vg.Path) {
	if len(p) == 0 {
		return
	}
	c.filled.color = nil
	if !c.coversAll(p) {
		var seed uint32
		p, seed = c.sketch(p, true)
		if col := c.top().color; opaque(col) {
			c.filled.seed, c.filled.color = seed, col
		}
	}
	c.Canvas.Fill(p)
}

func opaque(col color.Color) bool {
	_, _, _, a := col.RGBA()
	return a == 0xffff
}

func (c *Canvas) coversAll(p vg.Path) bool {
	w, h := c.Size()
	if w == 0 || h == 0 || len(p) > 6 {
		return false
	}
	lo, hi := vg.Point{X: w, Y: h}, vg.Point{}
	for _, comp := range p {
		if comp.Type == vg.CloseComp {
			continue
		}
		q := c.top().m.Apply(comp.Pos)
		lo.X, lo.Y = min(lo.X, q.X), min(lo.Y, q.Y)
		hi.X, hi.Y = max(hi.X, q.X), max(hi.Y, q.Y)
	}
	const slack = 0.5
	return lo.X < slack && lo.Y < slack && hi.X > w-slack && hi.Y > h-slack
}

// sketch returns p as the hand draws it. The way there and back goes through the page's
// coordinates, where the size of the wobble is defined.
func (c *Canvas) sketch(p vg.Path, fill bool) (vg.Path, uint32) {
	m := c.top().m
	back, ok := m.Inverse()
	if !ok {
		return p, 0
	}
	subs := flatten(canvas.Curves(p), m)
	if fill {
		for i := range subs {
			subs[i].closed = true
		}
	}
	seed := c.seed(subs)
	var out vg.Path
	for _, s := range c.opts.Sketch.vary(seed).pen(seed).draw(subs) {
		if s.closed {
			meet(s.points)
		}
		for i, q := range simplify(s.points) {
			q = back.Apply(q)
			if i == 0 {
				out.Move(q)
			} else {
				out.Line(q)
			}
		}
		if s.closed {
			out.Close()
		}
	}
	return out, seed
}

// meet lets a closed line end where it began: over its last stretch the hand corrects itself. On
// large shapes the ends may cross, as they do on paper.
func meet(pts []vg.Point) {
	const stretch, large = 30, 200
	if len(pts) < 4 || len(pts) > large {
		return
	}
	n := min(stretch, len(pts)/2)
	miss := pts[0].Sub(pts[len(pts)-1])
	for i := 1; i <= n; i++ {
		t := vg.Length(i) / vg.Length(n)
		k := len(pts) - 1 - n + i
		pts[k] = pts[k].Add(canvas.Scaled(miss, t*t))
	}
}

// seed derives from what is drawn and where, so that parallel lines do not wobble in step while a
// shape that is first filled and then stroked keeps its outline.
func (c *Canvas) seed(subs []subpath) uint32 {
	h := fnv.New32a()
	b := binary.LittleEndian.AppendUint32(nil, c.opts.Seed)
	for _, s := range subs {
		for _, p := range s.points {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(math.Round(100*float64(p.X)))))
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(math.Round(100*float64(p.Y)))))
		}
		h.Write(b)
		b = b[:0]
	}
	return h.Sum32()
}

// flatten maps p, which must be free of arcs, to the page and its curves to straight lines.
func flatten(p vg.Path, m canvas.Affine) []subpath {
	var out []subpath
	var start, at vg.Point
	to := func(q vg.Point) {
		if len(out) == 0 || out[len(out)-1].closed {
			out = append(out, subpath{points: []vg.Point{start}})
		}
		last := &out[len(out)-1]
		last.points = append(last.points, q)
		at = q
	}
	for _, c := range p {
		switch c.Type {
		case vg.MoveComp:
			start = m.Apply(c.Pos)
			at = start
			out = append(out, subpath{points: []vg.Point{start}})
		case vg.LineComp:
			to(m.Apply(c.Pos))
		case vg.CurveComp:
			ctl := []vg.Point{at}
			for _, q := range c.Control {
				ctl = append(ctl, m.Apply(q))
			}
			ctl = append(ctl, m.Apply(c.Pos))
			length := 0.0
			for i := 1; i < len(ctl); i++ {
				length += math.Hypot(float64(ctl[i].X-ctl[i-1].X), float64(ctl[i].Y-ctl[i-1].Y))
			}
			n := int(math.Max(2, math.Min(100, math.Ceil(length/1.5))))
			for i := 1; i <= n; i++ {
				to(bezier(ctl, float64(i)/float64(n)))
			}
		case vg.CloseComp:
			if len(out) > 0 {
				last := &out[len(out)-1]
				last.closed = true
				// A curve that ends where it began but for rounding leaves no line to draw.
				if n := len(last.points); n > 1 && near(last.points[n-1], start) {
					last.points = last.points[:n-1]
				}
				at = start
			}
		}
	}
	return out
}

func near(a, b vg.Point) bool {
	return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) < 1e-6
}

// bezier returns the point at t of the curve with the given control points (de Casteljau).
func bezier(ctl []vg.Point, t float64) vg.Point {
	var q [4]vg.Point
	n := copy(q[:], ctl)
	for ; n > 1; n-- {
		for i := range n - 1 {
			q[i] = canvas.Scaled(q[i], vg.Length(1-t)).Add(canvas.Scaled(q[i+1], vg.Length(t)))
		}
	}
	return q[0]
}

// tolerance is how far, in points, a simplified line may be from the wobble.
const tolerance = 0.07

// MostOff is how far, in points, the hand strays from a line in matplotlib's xkcd style.
const MostOff = 1 + tolerance

// simplify leaves out points that a straight line nearly goes through (Ramer, Douglas and Peucker).
func simplify(pts []vg.Point) []vg.Point {
	if len(pts) < 3 {
		return pts
	}
	keep := make([]bool, len(pts))
	keep[0], keep[len(pts)-1] = true, true
	type span struct{ a, b int }
	todo := []span{{0, len(pts) - 1}}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at, far := farthest(pts, s.a, s.b); far > tolerance*tolerance {
			keep[at] = true
			todo = append(todo, span{s.a, at}, span{at, s.b})
		}
	}
	var out []vg.Point
	for i, k := range keep {
		if k {
			out = append(out, pts[i])
		}
	}
	return out
}

// farthest returns which of the points between a and b is farthest from the segment between these
// two, and the square of how far: roots would take half of all time.
func farthest(pts []vg.Point, a, b int) (at int, far float64) {
	ax, ay := float64(pts[a].X), float64(pts[a].Y)
	dx, dy := float64(pts[b].X)-ax, float64(pts[b].Y)-ay
	n := float64(dx*dx) + float64(dy*dy)
	for i, p := range pts[a+1 : b] {
		x, y := float64(p.X)-ax, float64(p.Y)-ay
		if n > 0 {
			switch t := (float64(x*dx) + float64(y*dy)) / n; {
			case t >= 1:
				x, y = x-dx, y-dy
			case t > 0:
				x, y = x-float64(dx*t), y-float64(dy*t)
			}
		}
		if d := float64(x*x) + float64(y*y); d > far {
			at, far = a+1+i, d
		}
	}
	return at, far
}

// FillString writes text by hand, as wide as it would be in the font it asks for, so that it stays
// aligned with what it belongs to.
func (c *Canvas) FillString(f font.Face, pt vg.Point, text string) {
	// Agg strokes text 4 points wide in matplotlib's style, which leaves 2 to either side.
	c.fillString(f, pt, text, 4*c.opts.Gap)
}

func (c *Canvas) fillString(f font.Face, pt vg.Point, text string, gap vg.Length) {
	if f.Font.Size == 0 || text == "" {
		return
	}
	face, stretch := f, 1.0
	if !c.opts.KeepFonts && f.Font.Typeface != Typeface {
		face = Face(f.Font.Size, f.Font.Weight > 0)
		if w := canvas.Width(face, text); w > 0 {
			stretch = float64(canvas.Width(f, text) / w)
		}
	}
	if stretch == 1 {
		c.write(face, pt, text, gap)
		return
	}
	c.Push()
	c.Translate(pt)
	c.Scale(stretch, 1)
	c.write(face, vg.Point{}, text, gap)
	c.Pop()
}

// FillStringCased writes text by hand; the gap that all text gets is its casing. With a width of 0
// there is no gap.
func (c *Canvas) FillStringCased(f font.Face, pt vg.Point, text string, _ color.Color, width vg.Length) {
	if width > 0 {
		c.FillString(f, pt, text)
	} else {
		c.fillString(f, pt, text, 0)
	}
}

func (c *Canvas) write(f font.Face, pt vg.Point, text string, gap vg.Length) {
	if below, ok := c.Canvas.(canvas.Surface); ok && gap > 0 {
		below.FillStringCased(f, pt, text, c.opts.Paper, gap)
		return
	}
	p := canvas.Outline(f, pt, text)
	if gap > 0 {
		c.onPaper(gap, func() { c.Canvas.Stroke(p) })
	}
	c.Canvas.Fill(p)
}

// Begin opens a group with a tooltip if the canvas below knows groups.
func (c *Canvas) Begin(tooltip string, attrs ...string) {
	if below, ok := c.Canvas.(canvas.Surface); ok {
		below.Begin(tooltip, attrs...)
	}
}

// End closes the group.
func (c *Canvas) End() {
	if below, ok := c.Canvas.(canvas.Surface); ok {
		below.End()
	}
}
