package canvas

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/plot/vg"
)

// strokes returns what a line looks like as it is drawn here, and as the library below draws it.
func strokes(p vg.Path, width vg.Length, dash []vg.Length, offset vg.Length) (ours, theirs *image.RGBA) {
	draw := func(stroke func(*PNG)) *image.RGBA {
		c := NewPNG(100, 100, color.White)
		c.Translate(vg.Point{X: 50, Y: 50})
		c.Rotate(0.3)
		c.SetColor(color.NRGBA{R: 0xd0, G: 0x40, B: 0x20, A: 0xff})
		c.SetLineWidth(width)
		c.SetLineDash(dash, offset)
		stroke(c)
		return c.Image().(*image.RGBA)
	}
	return draw(func(c *PNG) { c.Stroke(p) }), draw(func(c *PNG) { c.Canvas.Stroke(p) })
}

func TestStrokesAreTheLibrarys(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	line := func(n int, size float64) vg.Path {
		var p vg.Path
		for i := range n {
			// A third of all points lies off the page.
			q := vg.Point{X: vg.Length(size * (random.Float64() - 0.5)), Y: vg.Length(size * (random.Float64() - 0.5))}
			if i == 0 {
				p.Move(q)
			} else {
				p.Line(q)
			}
		}
		return p
	}
	for i := range 200 {
		p, width := line(2+random.IntN(30), 150), vg.Length(0.3+4*random.Float64())
		if ours, theirs := strokes(p, width, nil, 0); !bytes.Equal(ours.Pix, theirs.Pix) {
			t.Errorf("line %d of %d points, %g wide, differs", i, len(p), width)
		}
		dash := [][]vg.Length{{6, 2}, {3}, {8, 2, 1, 2}, {4, 1}}[i%4]
		offset := vg.Length(20 * random.Float64())
		ours, theirs := strokes(p, width, dash, offset)
		// Where dashes of one line cross, pixels that each covers in part are blended.
		differ := 0
		for k := range ours.Pix {
			if ours.Pix[k] != theirs.Pix[k] {
				differ++
			}
		}
		if differ > 50*len(p)*len(p) {
			t.Errorf("line %d of %d points with dashes %v from %g, %g wide: %d bytes differ", i, len(p), dash, offset, width, differ)
		}
	}
}
