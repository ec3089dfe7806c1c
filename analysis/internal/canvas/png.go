package canvas

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"

	"git.sr.ht/~sbinet/gg"
	"github.com/golang/freetype/raster"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"

	"dtnotes/dtracefs"
)

// DPI of the PNG pictures: twice that of a screen, so that they are sharp on a dense one.
const DPI = 192

// PNG draws to an image of two pixels per CSS pixel.
type PNG struct {
	*vgimg.Canvas
	ctx         *gg.Context
	rasterizers [64]*raster.Rasterizer // by the logarithm of their rows
	stack       []pngState
}

// pngState is what the raster canvas below does not tell: where it draws, and with which pen.
type pngState struct {
	m      Affine
	color  color.Color
	width  vg.Length
	dash   []vg.Length
	offset vg.Length
}

var _ Surface = (*PNG)(nil)

// NewPNG returns a surface of the given size and opaque background.
func NewPNG(w, h vg.Length, background color.Color) *PNG {
	size := image.Rect(0, 0, int(float64(w.Dots(DPI))+0.5), int(float64(h.Dots(DPI))+0.5))
	img, _ := images.Get().(*image.RGBA)
	if img == nil || img.Rect != size {
		img = image.NewRGBA(size)
	}
	// With an image and context of its own, vgimg neither copies the image nor sets the context up.
	ctx := gg.NewContextForRGBA(img)
	ctx.SetLineCapButt()
	ctx.InvertY()
	c := vgimg.NewWith(vgimg.UseDPI(DPI), vgimg.UseImageWithContext(img, ctx))
	// This covers the white of vgimg.
	draw.Draw(img, size, image.NewUniform(background), image.Point{}, draw.Src)
	return &PNG{Canvas: c, ctx: ctx, stack: []pngState{{m: Identity, color: color.Black, width: 1}}}
}

// images keeps the memory of pictures that are done: a notebook draws the same size again and
// again.
var images sync.Pool

func (c *PNG) top() *pngState { return &c.stack[len(c.stack)-1] }

// SetColor is vg.Canvas's.
func (c *PNG) SetColor(col color.Color) {
	if col == nil {
		col = color.Black
	}
	c.top().color = col
	c.Canvas.SetColor(col)
}

// Rotate is vg.Canvas's.
func (c *PNG) Rotate(rad float64) {
	c.top().m = c.top().m.Rotate(rad)
	c.Canvas.Rotate(rad)
}

// Translate is vg.Canvas's.
func (c *PNG) Translate(pt vg.Point) {
	c.top().m = c.top().m.Translate(pt)
	c.Canvas.Translate(pt)
}

// Scale is vg.Canvas's.
func (c *PNG) Scale(x, y float64) {
	c.top().m = c.top().m.Scale(x, y)
	c.Canvas.Scale(x, y)
}

// SetLineWidth is vg.Canvas's.
func (c *PNG) SetLineWidth(w vg.Length) {
	c.top().width = w
	c.Canvas.SetLineWidth(w)
}

// SetLineDash is vg.Canvas's.
func (c *PNG) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.top().dash, c.top().offset = pattern, offset
	c.Canvas.SetLineDash(pattern, offset)
}

// Push is vg.Canvas's.
func (c *PNG) Push() {
	c.stack = append(c.stack, *c.top())
	c.Canvas.Push()
}

// Pop is vg.Canvas's.
func (c *PNG) Pop() {
	c.stack = c.stack[:len(c.stack)-1]
	c.Canvas.Pop()
}

// FillString is vg.Canvas's.
func (c *PNG) FillString(f font.Face, pt vg.Point, text string) {
	text = dtracefs.Printable(text)
	c.text(f, pt, text, c.top().color, 0)
}

// FillStringCased is Surface's.
func (c *PNG) FillStringCased(f font.Face, pt vg.Point, text string, casing color.Color, width vg.Length) {
	text = dtracefs.Printable(text)
	if width > 0 {
		c.text(f, pt, text, casing, width)
	}
	c.text(f, pt, text, c.top().color, 0)
}

// text fills glyphs or, with a width, strokes their outlines.
func (c *PNG) text(f font.Face, pt vg.Point, text string, col color.Color, width vg.Length) {
	if f.Font.Size == 0 {
		return
	}
	m := c.top().m
	if m.A != 1 || m.B != 0 || m.C != 0 || m.D != 1 {
		c.outlines(f, pt, text, col, width)
		return
	}
	// Upright text is stamped from masks, on whole pixels up and quarters across.
	at := m.Apply(pt)
	_, h := c.Size()
	x := float64(at.X.Dots(DPI))
	y := int(math.Round((h - at.Y).Dots(DPI)))
	src := image.NewUniform(col)
	for _, r := range shape(f, text) {
		_, g := lookup(f, r)
		// Letters spaced to whole pixels would look uneven; quarters of one keep the number of
		// stamps small.
		left := math.Floor(x*4) / 4
		if s := stampOf(f, r, left-math.Floor(left), width); s != nil {
			to := s.mask.Rect.Add(image.Pt(int(math.Floor(left)), y))
			draw.DrawMask(c.Image(), to, src, image.Point{}, s.mask, s.mask.Rect.Min, draw.Over)
		}
		x += float64((vg.Length(g.advance) / vg.Length(g.units) * f.Font.Size).Dots(DPI))
	}
}

// outlines draws text glyph by glyph as paths.
func (c *PNG) outlines(f font.Face, pt vg.Point, text string, col color.Color, width vg.Length) {
	c.Push()
	defer c.Pop()
	c.Canvas.SetColor(col)
	c.Canvas.SetLineWidth(width)
	c.Canvas.SetLineDash(nil, 0)
	for _, r := range shape(f, text) {
		p := Outline(f, pt, string(r))
		if width > 0 {
			c.Canvas.Stroke(p)
		} else {
			c.Canvas.Fill(p)
		}
		pt.X += Width(f, string(r))
	}
}

// A stamp is a glyph as an alpha mask around its origin, y downwards.
type stamp struct{ mask *image.Alpha }

type stampKey struct {
	font  *opentype.Font
	r     rune
	size  vg.Length
	part  float64 // of a pixel, to the right
	width vg.Length
}

// stamps are kept from picture to picture: their number is that of the characters in a few sizes.
var stamps = struct {
	sync.Mutex
	m map[stampKey]*stamp
}{m: map[stampKey]*stamp{}}

// mostStamps bounds the memory of a kernel that runs for days; beyond it all are made anew.
const mostStamps = 5000

// stampOf returns the mask of a glyph, nil for one without ink.
func stampOf(f font.Face, r rune, part float64, width vg.Length) *stamp {
	key := stampKey{f.Face, r, f.Font.Size, part, width}
	stamps.Lock()
	defer stamps.Unlock()
	if s, ok := stamps.m[key]; ok {
		return s
	}
	if len(stamps.m) >= mostStamps {
		clear(stamps.m)
	}
	s := newStamp(f, r, part, width)
	stamps.m[key] = s
	return s
}

func newStamp(f font.Face, r rune, part float64, width vg.Length) *stamp {
	p := Outline(f, vg.Point{}, string(r))
	if len(p) == 0 {
		return nil
	}
	const px = vg.Inch / DPI
	lo, hi := vg.Point{X: 1e9, Y: 1e9}, vg.Point{X: -1e9, Y: -1e9}
	for _, c := range p {
		for _, q := range append(c.Control[:len(c.Control):len(c.Control)], c.Pos) {
			lo.X, lo.Y = min(lo.X, q.X), min(lo.Y, q.Y)
			hi.X, hi.Y = max(hi.X, q.X), max(hi.Y, q.Y)
		}
	}
	// Whole pixels around the ink and the line around it.
	dots := func(v vg.Length) float64 { return v.Dots(DPI) }
	x0, x1 := int(math.Floor(dots(lo.X-width)))-1, int(math.Ceil(dots(hi.X+width)))+2
	y0, y1 := int(math.Floor(dots(lo.Y-width)))-1, int(math.Ceil(dots(hi.Y+width)))+2
	c := vgimg.NewWith(vgimg.UseWH(vg.Length(x1-x0)*px, vg.Length(y1-y0)*px), vgimg.UseDPI(DPI), vgimg.UseBackgroundColor(color.Transparent))
	c.Translate(vg.Point{X: vg.Length(float64(-x0)+part) * px, Y: vg.Length(-y0) * px})
	if width > 0 {
		c.SetLineWidth(width)
		c.Stroke(p)
	} else {
		c.Fill(p)
	}
	ink := c.Image().(*image.RGBA)
	mask := image.NewAlpha(image.Rect(x0, -y1, x0+ink.Rect.Dx(), -y1+ink.Rect.Dy()))
	for i := range mask.Pix {
		mask.Pix[i] = ink.Pix[4*i+3]
	}
	return &stamp{mask}
}

// Stroke is vg.Canvas's.
func (c *PNG) Stroke(p vg.Path) {
	if s := c.top(); !c.strokeParts(p, s.color, s.width, s.dash, s.offset) {
		c.Canvas.Stroke(p)
	}
}

func opaque(col color.Color) bool {
	_, _, _, a := col.RGBA()
	return a == 0xffff
}

// StrokeCased is Surface's.
func (c *PNG) StrokeCased(p vg.Path, casing color.Color, width vg.Length) {
	if !c.strokeParts(p, casing, width, nil, 0) {
		c.Canvas.Push()
		c.Canvas.SetColor(casing)
		c.Canvas.SetLineWidth(width)
		c.Canvas.SetLineDash(nil, 0)
		c.Canvas.Stroke(p)
		c.Canvas.Pop()
	}
	c.Stroke(p)
}

// DrawImage is vg.Canvas's, every pixel of img as a sharp rectangle.
func (c *PNG) DrawImage(rect vg.Rectangle, img image.Image) {
	b, m := img.Bounds(), c.top().m
	if b.Empty() {
		return
	}
	if m.A != 1 || m.B != 0 || m.C != 0 || m.D != 1 {
		c.Canvas.DrawImage(rect, img)
		return
	}
	_, h := c.Size()
	lo, hi := m.Apply(rect.Min), m.Apply(rect.Max)
	dots := func(v vg.Length) int { return int(math.Round(v.Dots(DPI))) }
	to := image.Rect(dots(lo.X), dots(h-hi.Y), dots(hi.X), dots(h-lo.Y))
	dst := c.Image()
	for y := range b.Dy() {
		for x := range b.Dx() {
			cell := image.Rect(
				to.Min.X+x*to.Dx()/b.Dx(), to.Min.Y+y*to.Dy()/b.Dy(),
				to.Min.X+(x+1)*to.Dx()/b.Dx(), to.Min.Y+(y+1)*to.Dy()/b.Dy())
			if col := img.At(b.Min.X+x, b.Min.Y+y); !transparent(col) {
				draw.Draw(dst, cell, image.NewUniform(col), image.Point{}, draw.Over)
			}
		}
	}
}

// Begin does nothing: an image has no tooltips.
func (c *PNG) Begin(string, ...string) {}

// End does nothing.
func (c *PNG) End() {}

// Bytes returns the picture as a PNG file; the surface must not be used any more.
func (c *PNG) Bytes() []byte {
	img := c.Image().(*image.RGBA)
	data := encodePNG(img)
	images.Put(img)
	return data
}
