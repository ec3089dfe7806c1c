package canvas

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"

	"dtnotes/dtracefs"
)

// prefix stands for the prefix of identifiers until the content, and so its hash, is known.
const prefix = "\x00"

// SVG draws to an SVG document. Identifiers in it derive from its content, so that several
// documents can stand in one page.
type SVG struct {
	w, h  vg.Length
	body  bytes.Buffer
	defs  bytes.Buffer
	used  map[glyphKey]string
	ids   int
	stack []svgState
	// Script runs after the marks where the document is opened on its own.
	Script string
}

type svgState struct {
	m     Affine
	color color.Color
	width vg.Length
	dash  []vg.Length
	offs  vg.Length
}

var _ Surface = (*SVG)(nil)

// NewSVG returns a surface of the given size and background.
func NewSVG(w, h vg.Length, background color.Color) *SVG {
	c := &SVG{w: w, h: h, used: map[glyphKey]string{}}
	fmt.Fprintf(&c.body, `<path d="M0 0h%sv%sh-%sz"%s/>`+"\n",
		short(float64(w), 2), short(float64(h), 2), short(float64(w), 2), paint("fill", background))
	// vg's y grows upwards from the foot of the page, SVG's downwards from its top.
	c.stack = []svgState{{m: Affine{A: 1, D: -1, F: float64(h)}, color: color.Black, width: 1}}
	return c
}

func (c *SVG) top() *svgState { return &c.stack[len(c.stack)-1] }

// Size returns the size of the picture.
func (c *SVG) Size() (w, h vg.Length) { return c.w, c.h }

// SetLineWidth is vg.Canvas's.
func (c *SVG) SetLineWidth(w vg.Length) { c.top().width = w }

// SetLineDash is vg.Canvas's.
func (c *SVG) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.top().dash, c.top().offs = pattern, offset
}

// SetColor is vg.Canvas's.
func (c *SVG) SetColor(col color.Color) {
	if col == nil {
		col = color.Black
	}
	c.top().color = col
}

// Rotate is vg.Canvas's.
func (c *SVG) Rotate(rad float64) { c.top().m = c.top().m.Rotate(rad) }

// Translate is vg.Canvas's.
func (c *SVG) Translate(pt vg.Point) { c.top().m = c.top().m.Translate(pt) }

// Scale is vg.Canvas's.
func (c *SVG) Scale(x, y float64) { c.top().m = c.top().m.Scale(x, y) }

// Push is vg.Canvas's.
func (c *SVG) Push() { c.stack = append(c.stack, *c.top()) }

// Pop is vg.Canvas's.
func (c *SVG) Pop() { c.stack = c.stack[:len(c.stack)-1] }

// Begin opens a group with a tooltip and attributes.
func (c *SVG) Begin(tooltip string, attrs ...string) {
	c.body.WriteString("<g")
	for i := 0; i+1 < len(attrs); i += 2 {
		fmt.Fprintf(&c.body, ` %s="%s"`, attrs[i], escape(attrs[i+1]))
	}
	c.body.WriteString(">")
	if tooltip != "" {
		fmt.Fprintf(&c.body, "<title>%s</title>", escape(tooltip))
	}
	c.body.WriteByte('\n')
}

// End closes the group.
func (c *SVG) End() { c.body.WriteString("</g>\n") }

// Glyphs defines the glyphs of text and returns them for a script, as JSON: from character to
// identifier and advance, in units per em of f. Identifiers are final once the document is.
func (c *SVG) Glyphs(f font.Face, text string) string {
	// Defines the glyphs that are not defined yet; what it returns is not drawn.
	c.text(f, vg.Point{}, text)
	units := float64(f.Face.UnitsPerEm())
	table := map[string][2]any{}
	for _, r := range shape(f, text) {
		key, g := lookup(f, r)
		table[string(r)] = [2]any{c.used[key], math.Round(float64(g.advance) * units / float64(g.units))}
	}
	out, _ := json.Marshal(table) // strings and numbers always marshal
	return strings.ReplaceAll(string(out), `\u0000`, prefix)
}

// Fill is vg.Canvas's.
func (c *SVG) Fill(p vg.Path) {
	if len(p) == 0 || transparent(c.top().color) {
		return
	}
	fmt.Fprintf(&c.body, `<path d="%s"%s/>`+"\n", c.data(p), paint("fill", c.top().color))
}

// Stroke is vg.Canvas's.
func (c *SVG) Stroke(p vg.Path) {
	if len(p) == 0 || c.top().width <= 0 || transparent(c.top().color) {
		return
	}
	fmt.Fprintf(&c.body, `<path d="%s"%s/>`+"\n", c.data(p), c.line())
}

// StrokeCased is Surface's.
func (c *SVG) StrokeCased(p vg.Path, casing color.Color, width vg.Length) {
	if len(p) == 0 || c.top().width <= 0 || transparent(c.top().color) {
		return
	}
	// The line is written once and drawn twice, as its casing and as itself.
	id := c.id()
	fmt.Fprintf(&c.body, `<g%s stroke-width="%s"><path id="%s" d="%s"/></g><use xlink:href="#%s"%s/>`+"\n",
		paint("stroke", casing), c.number(float64(width)*c.top().m.Magnification()), id, c.data(p), id, c.line())
}

func (c *SVG) id() string {
	c.ids++
	return prefix + strconv.FormatInt(int64(c.ids), 36)
}

// line returns the attributes of the current stroke.
func (c *SVG) line() string {
	s := c.top()
	k := s.m.Magnification()
	out := paint("stroke", s.color)
	if w := float64(s.width) * k; w != 1 {
		out += ` stroke-width="` + c.number(w) + `"`
	}
	if len(s.dash) == 0 {
		return out
	}
	dash := make([]string, len(s.dash))
	for i, d := range s.dash {
		dash[i] = c.number(float64(d) * k)
	}
	out += ` stroke-dasharray="` + strings.Join(dash, " ") + `"`
	if s.offs != 0 {
		out += ` stroke-dashoffset="` + c.number(float64(s.offs)*k) + `"`
	}
	return out
}

// FillString is vg.Canvas's.
func (c *SVG) FillString(f font.Face, pt vg.Point, text string) {
	if f.Font.Size == 0 || transparent(c.top().color) || strings.TrimSpace(text) == "" {
		return
	}
	open, uses := c.text(f, pt, text)
	fmt.Fprintf(&c.body, "<g%s%s>%s</g>\n", open, paint("fill", c.top().color), uses)
}

// FillStringCased is Surface's.
func (c *SVG) FillStringCased(f font.Face, pt vg.Point, text string, casing color.Color, width vg.Length) {
	if width <= 0 {
		c.FillString(f, pt, text)
		return
	}
	if f.Font.Size == 0 || strings.TrimSpace(text) == "" {
		return
	}
	open, uses := c.text(f, pt, text)
	id := c.id()
	em := float64(f.Face.UnitsPerEm()) / float64(f.Font.Size)
	fmt.Fprintf(&c.body, `<g%s><g%s stroke-width="%.0f"><g id="%s">%s</g></g><use xlink:href="#%s"%s/></g>`+"\n",
		open, paint("stroke", casing), float64(width)*em, id, uses, id, paint("fill", c.top().color))
}

// text returns the transform of a string in font units and the uses of its glyphs. Glyphs of a
// font with another number of units per em are defined at the scale of f's.
func (c *SVG) text(f font.Face, pt vg.Point, text string) (attr, uses string) {
	units := int(f.Face.UnitsPerEm())
	s := float64(f.Font.Size) / float64(units)
	m := c.top().m.Translate(pt).Scale(s, s)
	attr = fmt.Sprintf(` transform="matrix(%s %s %s %s %s %s)"`,
		short(m.A, 5), short(m.B, 5), short(m.C, 5), short(m.D, 5), short(m.E, 2), short(m.F, 2))
	var b strings.Builder
	x := 0.0
	for _, r := range shape(f, text) {
		key, g := lookup(f, r)
		k := float64(units) / float64(g.units)
		if len(g.path) > 0 {
			id, ok := c.used[key]
			if !ok {
				id = prefix + "g" + strconv.FormatInt(int64(len(c.used)), 36)
				c.used[key] = id
				fmt.Fprintf(&c.defs, `<path id="%s" d="%s"/>`, id, pathData(g.path, Affine{A: k, D: k}, 0))
			}
			fmt.Fprintf(&b, `<use xlink:href="#%s"`, id)
			if x != 0 {
				fmt.Fprintf(&b, ` x="%.0f"`, x)
			}
			b.WriteString("/>")
		}
		x += float64(float64(g.advance) * k)
	}
	return attr, b.String()
}

// DrawImage is vg.Canvas's.
func (c *SVG) DrawImage(rect vg.Rectangle, img image.Image) {
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return // only an image of no or of impossible size: there is nothing to see
	}
	size := rect.Size()
	m := c.top().m.Translate(vg.Point{X: rect.Min.X, Y: rect.Max.Y}).Scale(1, -1)
	fmt.Fprintf(&c.body, `<image width="%s" height="%s" preserveAspectRatio="none" image-rendering="pixelated" transform="matrix(%s %s %s %s %s %s)" xlink:href="data:image/png;base64,%s"/>`+"\n",
		short(float64(size.X), 3), short(float64(size.Y), 3),
		short(m.A, 5), short(m.B, 5), short(m.C, 5), short(m.D, 5), short(m.E, 3), short(m.F, 3),
		base64.StdEncoding.EncodeToString(buf.Bytes()))
}

func (c *SVG) number(v float64) string { return short(v, 2) }

func (c *SVG) data(p vg.Path) string { return pathData(Curves(p), c.top().m, 2) }

// Document returns the document with a title and a description for those who do not see it. One
// point of the picture is 4/3 CSS pixels.
func (c *SVG) Document(title, desc string) string {
	// Identifiers are global to the page that a document stands in: two pictures of a notebook
	// must not share one.
	h := fnv.New32a()
	h.Write(c.body.Bytes())
	h.Write(c.defs.Bytes())
	h.Write([]byte(title + "\x00" + desc))
	id := "f" + strconv.FormatUint(uint64(h.Sum32()), 36)

	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%.0f" height="%.0f" viewBox="0 0 %s %s" role="img" aria-labelledby="%st %sd" style="max-width:100%%;height:auto">`+"\n",
		float64(c.w)*4/3, float64(c.h)*4/3, short(float64(c.w), 2), short(float64(c.h), 2), id, id)
	fmt.Fprintf(&b, "<title id=\"%st\">%s</title>\n<desc id=\"%sd\">%s</desc>\n", id, escape(title), id, escape(desc))
	sep := id + "-"
	if c.defs.Len() > 0 {
		b.WriteString("<defs>" + strings.ReplaceAll(c.defs.String(), prefix, sep) + "</defs>\n")
	}
	b.WriteString(`<g fill="none" stroke-linejoin="round">` + "\n")
	b.WriteString(strings.ReplaceAll(c.body.String(), prefix, sep))
	b.WriteString("</g>\n")
	if c.Script != "" {
		script := strings.ReplaceAll(c.Script, prefix, sep)
		b.WriteString("<script><![CDATA[\n" + strings.ReplaceAll(script, "]]>", "]] >") + "\n]]></script>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// pathData writes an arc-free path mapped by m with the given number of decimals, in relative
// coordinates where that is shorter to write. Rounding errors do not add up: each step starts at
// the rounded end of the one before.
func pathData(p vg.Path, m Affine, decimals int) string {
	unit := math.Pow10(decimals)
	round := func(q vg.Point) (x, y int64) {
		q = m.Apply(q)
		return int64(math.Round(float64(q.X) * unit)), int64(math.Round(float64(q.Y) * unit))
	}
	b := make([]byte, 0, 12*len(p))
	var last byte
	var x, y, x0, y0 int64
	command := func(op byte) {
		if op != last || op == 'M' {
			b = append(b, op)
			last = op
		}
	}
	coord := func(v int64) {
		if n := len(b); v >= 0 && n > 0 && (b[n-1] >= '0' && b[n-1] <= '9' || b[n-1] == '.') {
			b = append(b, ' ')
		}
		b = appendFixed(b, v, decimals)
	}
	for _, c := range p {
		switch c.Type {
		case vg.MoveComp:
			x, y = round(c.Pos)
			x0, y0 = x, y
			command('M')
			coord(x)
			coord(y)
		case vg.LineComp:
			nx, ny := round(c.Pos)
			switch {
			case nx == x && ny == y:
				continue
			case ny == y:
				command('h')
				coord(nx - x)
			case nx == x:
				command('v')
				coord(ny - y)
			default:
				command('l')
				coord(nx - x)
				coord(ny - y)
			}
			x, y = nx, ny
		case vg.CurveComp:
			command("qc"[len(c.Control)-1])
			for _, q := range append(c.Control[:len(c.Control):len(c.Control)], c.Pos) {
				qx, qy := round(q)
				coord(qx - x)
				coord(qy - y)
			}
			x, y = round(c.Pos)
		case vg.CloseComp:
			command('z')
			x, y = x0, y0
		}
	}
	return string(b)
}

// appendFixed appends v·10^-decimals without needless zeros.
func appendFixed(b []byte, v int64, decimals int) []byte {
	if v < 0 {
		b = append(b, '-')
		v = -v
	}
	unit := int64(math.Pow10(decimals))
	whole, frac := v/unit, v%unit
	if whole != 0 || frac == 0 {
		b = strconv.AppendInt(b, whole, 10)
	}
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for unit /= 10; frac > 0; unit /= 10 {
		b = append(b, byte('0'+frac/unit))
		frac %= unit
	}
	return b
}

// short writes v with at most that many decimals.
func short(v float64, decimals int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "0"
	}
	return string(appendFixed(nil, int64(math.Round(v*math.Pow10(decimals))), decimals))
}

// paint returns the attributes of a fill or stroke color.
func paint(what string, col color.Color) string {
	n := color.NRGBAModel.Convert(col).(color.NRGBA)
	out := fmt.Sprintf(` %s="#%02x%02x%02x"`, what, n.R, n.G, n.B)
	if n.A < 255 {
		out += fmt.Sprintf(` %s-opacity="%s"`, what, short(float64(n.A)/255, 3))
	}
	return out
}

func transparent(col color.Color) bool {
	_, _, _, a := col.RGBA()
	return a == 0
}

// escape makes text fit for XML: what is not meant to be seen becomes visible.
func escape(s string) string { return html.EscapeString(dtracefs.PrintableLines(s)) }
