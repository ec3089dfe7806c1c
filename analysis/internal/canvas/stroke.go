package canvas

import (
	"image"
	"image/color"
	"math"
	"math/bits"

	"github.com/golang/freetype/raster"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/vg"
)

// strokeParts strokes straight lines in parts of few steps that overlap by one, if that shows the
// same: the rasterizer's time grows with the square of how often a line comes back to a row of
// pixels. It reports whether it did.
func (c *PNG) strokeParts(p vg.Path, col color.Color, width vg.Length, dash []vg.Length, offset vg.Length) bool {
	// Where parts overlap, what is not opaque would be drawn twice.
	if !opaque(col) || width <= 0 || len(p) < 2 {
		return false
	}
	for i, comp := range p {
		if i == 0 && comp.Type != vg.MoveComp || i > 0 && comp.Type != vg.LineComp {
			return false
		}
	}
	s := stroker{c: c, width: toFixed(width.Dots(DPI)), painter: newPainter(c.Image().(*image.RGBA), col)}
	pts := make([]fixed.Point26_6, len(p))
	for i, comp := range p {
		x, y := c.ctx.TransformPoint(comp.Pos.X.Dots(DPI), comp.Pos.Y.Dots(DPI))
		pts[i] = fixed.Point26_6{X: toFixed(x), Y: toFixed(y)}
	}
	if len(dash) == 0 {
		s.solid(pts)
	} else {
		s.dashed(pts, dash, offset)
	}
	return true
}

func toFixed(v float64) fixed.Int26_6 { return fixed.Int26_6(math.Round(v * 64)) }

// A stroker strokes lines in the picture's pixels.
type stroker struct {
	c       *PNG
	width   fixed.Int26_6
	painter *painter
}

// part is how many steps of a line are drawn at a time.
const part = 40

func (s *stroker) solid(pts []fixed.Point26_6) {
	if len(pts) < 2*part {
		s.stroke(pts)
		return
	}
	for i := 0; i < len(pts)-1; i += part {
		s.stroke(pts[max(0, i-1):min(len(pts), i+part+1)])
	}
}

// dashed strokes each dash by itself.
func (s *stroker) dashed(pts []fixed.Point26_6, dash []vg.Length, offset vg.Length) {
	lengths, total := make([]float64, 0, 2*len(dash)), 0.0
	for range 1 + len(dash)%2 { // an odd pattern goes on with its inverse
		for _, d := range dash {
			lengths = append(lengths, d.Dots(DPI))
			total += d.Dots(DPI)
		}
	}
	if !(total > 0) {
		s.solid(pts)
		return
	}
	at := math.Mod(offset.Dots(DPI), total)
	if at < 0 {
		at += total
	}
	k := 0
	for ; at >= lengths[k]; k = (k + 1) % len(lengths) {
		at -= lengths[k]
	}
	left := lengths[k] - at
	run := []fixed.Point26_6{pts[0]}
	x, y := float64(pts[0].X)/64, float64(pts[0].Y)/64
	for _, q := range pts[1:] {
		qx, qy := float64(q.X)/64, float64(q.Y)/64
		for {
			d := math.Hypot(qx-x, qy-y)
			if d <= left {
				run, left = append(run, q), left-d
				x, y = qx, qy
				break
			}
			t := left / d
			x, y = x+float64((qx-x)*t), y+float64((qy-y)*t)
			end := fixed.Point26_6{X: toFixed(x), Y: toFixed(y)}
			if k%2 == 0 {
				s.solid(append(run, end))
			}
			run = append(run[:0], end)
			for k, left = (k+1)%len(lengths), 0; left <= 0; {
				if left = lengths[k]; left <= 0 {
					k = (k + 1) % len(lengths)
				}
			}
		}
	}
	if k%2 == 0 {
		s.solid(run)
	}
}

// stroke draws a few steps, in a rasterizer no higher than they are: those rows cost time, too.
func (s *stroker) stroke(pts []fixed.Point26_6) {
	lo, hi := pts[0].Y, pts[0].Y
	for _, q := range pts {
		lo, hi = min(lo, q.Y), max(hi, q.Y)
	}
	size := s.c.Image().Bounds().Size()
	top := max(0, int(lo-s.width)/64-2)
	bottom := min(size.Y, int(hi+s.width)/64+3)
	if bottom <= top {
		return
	}
	var path raster.Path
	up := fixed.I(top)
	var last fixed.Point26_6
	for i, q := range pts {
		q.Y -= up
		switch d := q.Sub(last); {
		case i == 0:
			path.Start(q)
			last = q
		case max(d.X, -d.X)+max(d.Y, -d.Y) > 4: // shorter steps would have joints of any direction
			path.Add1(q)
			last = q
		}
	}
	r := s.c.rasterizer(size.X, bottom-top)
	r.Dy = top
	r.AddStroke(path, s.width, raster.ButtCapper, raster.RoundJoiner)
	r.Rasterize(s.painter)
}

// rasterizer returns a cleared rasterizer of at least so many rows. To clear one takes time for
// each row, and to make one, for each row and cell.
func (c *PNG) rasterizer(width, rows int) *raster.Rasterizer {
	k := bits.Len(uint(rows))
	if c.rasterizers[k] == nil {
		c.rasterizers[k] = raster.NewRasterizer(width, 1<<k)
		c.rasterizers[k].UseNonZeroWinding = true
	}
	c.rasterizers[k].Clear()
	return c.rasterizers[k]
}

// A painter covers pixels with an opaque color.
type painter struct {
	img *image.RGBA
	// rgb are the channels of the color, of 16 bits.
	rgb [3]uint32
	row []byte // of pixels of the color
}

func newPainter(img *image.RGBA, col color.Color) *painter {
	r, g, b, _ := col.RGBA()
	p := &painter{img: img, rgb: [3]uint32{r, g, b}, row: make([]byte, 0, 4*64)}
	for range cap(p.row) / 4 {
		p.row = append(p.row, uint8(r>>8), uint8(g>>8), uint8(b>>8), 255)
	}
	return p
}

// Paint is raster.Painter's. It rounds as raster.RGBAPainter does, which has no short way for
// pixels that are covered in full, most of a line's.
func (p *painter) Paint(spans []raster.Span, _ bool) {
	for _, s := range spans {
		if s.Y < 0 || s.Y >= p.img.Rect.Dy() {
			continue
		}
		x0, x1 := max(0, s.X0), min(p.img.Rect.Dx(), s.X1)
		if x0 >= x1 {
			continue
		}
		pix := p.img.Pix[s.Y*p.img.Stride+4*x0 : s.Y*p.img.Stride+4*x1]
		const m = 1<<16 - 1
		if s.Alpha == m {
			for len(pix) > 0 {
				pix = pix[copy(pix, p.row):]
			}
			continue
		}
		a := (m - s.Alpha) * 0x101
		for ; len(pix) > 0; pix = pix[4:] {
			for k, v := range p.rgb {
				pix[k] = uint8((uint32(pix[k])*a + v*s.Alpha) / m >> 8)
			}
			pix[3] = uint8((uint32(pix[3])*a + m*s.Alpha) / m >> 8)
		}
	}
}
