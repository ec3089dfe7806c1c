package figure

import (
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/xkcd"
	"dtnotes/dtracefs"
)

// These are short names for types of the drawing code: a length and a point on the page, in points.
type (
	length = vg.Length
	point  = vg.Point
)

// These are alignments of text: the fraction of its width that lies left of its anchor.
const (
	left   = 0.0
	center = 0.5
	right  = 1.0
)

// These are the sizes of text, in points.
const (
	titleSize = 13
	labelSize = 10
	smallSize = 9
)

// A page is a surface with a style; its methods draw the few things that figures are made of.
type page struct {
	canvas.Surface
	*colors
	pen
}

// A pen measures and writes in the font of a style.
type pen struct{ xkcd bool }

func (p pen) face(size length, bold bool) font.Face {
	if p.xkcd {
		// Handwritten letters are smaller than others of their size.
		return xkcd.Face(size*1.1, bold)
	}
	return canvas.Sans(size, bold)
}

// width is the width of a line of text.
func (p pen) width(s string, size length, bold bool) length {
	return canvas.Width(p.face(size, bold), s)
}

// lineHeight is the distance between lines of text.
func (p pen) lineHeight(size length) length { return size * 1.25 }

// capHeight is how far capitals reach above the baseline: that of the sans-serif face, 0.72 of
// its size.
func (p pen) capHeight(size length) length { return size * 0.72 }

// label is a line of text and how it is set. The anchor is at the fraction align of its width, on
// the middle of its capitals.
type label struct {
	text  string
	size  length
	align float64
	bold  bool
	color color.Color
	cased bool    // with a casing of paper
	bare  bool    // without one, even by hand: on a filled shape
	turn  float64 // radians, counterclockwise, around the anchor
}

// write draws l at pt. Names come from captures, and are foreign text. What would not be seen is
// made visible here, in the one place through which all text of a figure goes.
func (p *page) write(pt point, l label) {
	l.text = dtracefs.Printable(l.text)
	if l.size == 0 {
		l.size = labelSize
	}
	if l.color == nil {
		l.color = p.ink
	}
	f := p.face(l.size, l.bold)
	at := point{
		X: -length(l.align) * canvas.Width(f, l.text),
		Y: -p.capHeight(l.size) / 2,
	}
	if l.turn != 0 {
		p.Push()
		defer p.Pop()
		p.Translate(pt)
		p.Rotate(l.turn)
	} else {
		at = at.Add(pt)
	}
	p.SetColor(l.color)
	switch {
	case l.bare:
		p.FillStringCased(f, at, l.text, p.paper, 0)
	case l.cased:
		p.FillStringCased(f, at, l.text, p.paper, 3.2)
	default:
		p.FillString(f, at, l.text)
	}
}

// stroke is how a line looks.
type stroke struct {
	color color.Color
	width length
	dash  []length
	cased bool
}

func (p *page) path(path vg.Path, s stroke) {
	p.SetColor(s.color)
	p.SetLineWidth(s.width)
	p.SetLineDash(s.dash, 0)
	if s.cased {
		p.StrokeCased(path, p.paper, s.width+2)
	} else {
		p.Stroke(path)
	}
}

// line strokes straight lines through the points.
func (p *page) line(s stroke, pts ...point) {
	if len(pts) > 1 {
		p.path(polyline(pts, false), s)
	}
}

// fill fills a path.
func (p *page) fill(path vg.Path, c color.Color) {
	p.SetColor(c)
	p.Fill(path)
}

// box fills a rectangle.
func (p *page) box(r vg.Rectangle, c color.Color) { p.fill(r.Path(), c) }

func polyline(pts []point, closed bool) vg.Path {
	path := make(vg.Path, 0, len(pts)+1)
	for i, q := range pts {
		if i == 0 {
			path.Move(q)
		} else {
			path.Line(q)
		}
	}
	if closed {
		path.Close()
	}
	return path
}

func circle(c point, r length) vg.Path {
	var path vg.Path
	path.Move(point{X: c.X + r, Y: c.Y})
	path.Arc(c, r, 0, 2*math.Pi)
	path.Close()
	return path
}

func polygon(c point, r length, corners int, start float64) vg.Path {
	pts := make([]point, corners)
	for i := range pts {
		s, cs := math.Sincos(start + 2*math.Pi*float64(i)/float64(corners))
		pts[i] = point{X: c.X + length(r*length(cs)), Y: c.Y + length(r*length(s))}
	}
	return polyline(pts, true)
}

func rect(x0, y0, x1, y1 length) vg.Rectangle {
	return vg.Rectangle{Min: point{X: x0, Y: y0}, Max: point{X: x1, Y: y1}}
}

// pageMargin is the margin around every figure.
const pageMargin = 12

// heading returns how much height the title and subtitle take.
func (s Style) heading() length {
	var h length
	if s.Title != "" {
		h += titleSize * 1.5
	}
	if s.Subtitle != "" {
		h += smallSize * 1.5
	}
	if h > 0 {
		h += 4
	}
	return h
}

// head writes the title and subtitle at the top of a page of the given size.
func (p *page) head(s Style, w, h length) {
	y := h - pageMargin
	room := w - 2*pageMargin
	if s.Title != "" {
		size := length(titleSize)
		p.write(point{X: pageMargin, Y: y - length(size*0.6)}, label{text: p.fit(line1(s.Title), size, true, room), size: size, bold: true})
		y -= length(size * 1.5)
	}
	if s.Subtitle != "" {
		p.write(point{X: pageMargin, Y: y - smallSize*0.6}, label{text: p.fit(line1(s.Subtitle), smallSize, false, room), size: smallSize, color: p.muted})
	}
}

func line1(s string) string {
	if s == "" {
		return ""
	}
	return visible(strings.ReplaceAll(s, "\n", " "))
}

// fit shortens text that is wider than room, with an ellipsis. It returns "" if not even that fits.
func (p pen) fit(s string, size length, bold bool, room length) string {
	if p.width(s, size, bold) <= room {
		return s
	}
	for ps := pieces(s); len(ps) > 0; {
		ps = ps[:len(ps)-1]
		if t := strings.TrimRight(join(ps), " ") + "…"; p.width(t, size, bold) <= room {
			return t
		}
	}
	return ""
}

// fitBetween shortens text that is wider than room in its middle, down to a few characters.
func (p pen) fitBetween(s string, size length, bold bool, room length) string {
	out, all := s, 0
	for _, q := range pieces(s) {
		all += q.width
	}
	for n := all - 1; n >= 4 && p.width(out, size, bold) > room; n-- {
		out = shorten(s, n)
	}
	return out
}

// bar fills a bar, which gets an outline if it is drawn by hand.
func (p *page) bar(r vg.Rectangle, c color.NRGBA) {
	p.box(r, c)
	if p.xkcd {
		p.path(r.Path(), stroke{color: p.ink, width: 1.4})
	}
}
