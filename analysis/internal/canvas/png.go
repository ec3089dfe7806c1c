package canvas

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// DPI of the PNG pictures: twice that of a screen, so that they are sharp on a dense one.
const DPI = 192

// PNG draws to an image of two pixels per CSS pixel.
type PNG struct{ *vgimg.Canvas }

var _ Surface = PNG{}

// NewPNG returns a surface of the given size and background.
func NewPNG(w, h vg.Length, background color.Color) PNG {
	return PNG{vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(DPI), vgimg.UseBackgroundColor(background))}
}

// FillString is vg.Canvas's.
func (c PNG) FillString(f font.Face, pt vg.Point, text string) {
	if f.Font.Size != 0 {
		c.Fill(Outline(f, pt, text))
	}
}

// StrokeCased is Surface's.
func (c PNG) StrokeCased(p vg.Path, casing color.Color, width vg.Length) {
	c.Push()
	c.SetColor(casing)
	c.SetLineWidth(width)
	c.SetLineDash(nil, 0)
	c.Stroke(p)
	c.Pop()
	c.Stroke(p)
}

// FillStringCased is Surface's.
func (c PNG) FillStringCased(f font.Face, pt vg.Point, text string, casing color.Color, width vg.Length) {
	if f.Font.Size == 0 {
		return
	}
	p := Outline(f, pt, text)
	c.Push()
	c.SetColor(casing)
	c.SetLineWidth(width)
	c.SetLineDash(nil, 0)
	c.Stroke(p)
	c.Pop()
	c.Fill(p)
}

// DrawImage is vg.Canvas's, every pixel of img as a sharp rectangle.
func (c PNG) DrawImage(rect vg.Rectangle, img image.Image) {
	w := int(math.Ceil(rect.Size().X.Dots(DPI)))
	h := int(math.Ceil(rect.Size().Y.Dots(DPI)))
	b := img.Bounds()
	if w <= 0 || h <= 0 || b.Empty() {
		return
	}
	big := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			big.Set(x, y, img.At(b.Min.X+x*b.Dx()/w, b.Min.Y+y*b.Dy()/h))
		}
	}
	c.Canvas.DrawImage(rect, big)
}

// Begin does nothing: an image has no tooltips.
func (c PNG) Begin(string) {}

// End does nothing.
func (c PNG) End() {}

// Bytes returns the picture as a PNG file.
func (c PNG) Bytes() []byte {
	var buf bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&buf, c.Image()); err != nil {
		return nil // cannot be: the image has a size and the buffer takes everything
	}
	return buf.Bytes()
}
