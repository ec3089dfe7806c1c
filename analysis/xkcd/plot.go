package xkcd

import (
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"dtnotes/analysis/internal/canvas"
)

// A Drawing is a plot drawn by hand. It shows itself in a notebook.
type Drawing struct {
	Options
	// Width and Height are the size of the picture; 0, or what is no
	// size, means 6 by 4 inches.
	Width, Height vg.Length

	plot *plot.Plot
}

// Plot returns a hand-drawn version of p: handwritten text, axes of 1.5 points, ticks outward, 8
// points long and 3 wide. p itself stays as it is, but what it plots is shared.
func Plot(p *plot.Plot) *Drawing { return &Drawing{plot: p} }

// Draw draws the plot onto c.
func (d *Drawing) Draw(c draw.Canvas) {
	if d.plot == nil {
		return
	}
	p := *d.plot
	p.TextHandler = TextHandler()
	restyle(&p.Title.TextStyle, 1.3)
	restyle(&p.Legend.TextStyle, 1.1)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		restyle(&a.Label.TextStyle, 1.1)
		restyle(&a.Tick.Label, 1.1)
		a.LineStyle.Width = 1.5
		if a.Tick.Length > 0 {
			a.Tick.Length = 8
			a.Tick.LineStyle.Width = 2
		}
	}
	o := d.Options
	if o.Paper == nil && p.BackgroundColor != nil {
		o.Paper = p.BackgroundColor
	}
	c.Canvas = Wrap(c.Canvas, o)
	p.Draw(c)
}

func restyle(s *text.Style, grow vg.Length) {
	s.Font = font.Font{Typeface: Typeface, Weight: s.Font.Weight, Size: s.Font.Size * grow}
	s.Handler = TextHandler()
}

func (d *Drawing) size() (w, h vg.Length) {
	w, h = d.Width, d.Height
	const most = 200 * vg.Inch
	if !(w > 0 && w <= most) {
		w = 6 * vg.Inch
	}
	if !(h > 0 && h <= most) {
		h = 4 * vg.Inch
	}
	return w, h
}

// margin keeps the wobble of the axes and the ends of tick labels on the page.
const margin = 6

// paper is the color of the page.
func (d *Drawing) paper() color.Color {
	if d.plot != nil && d.plot.BackgroundColor != nil {
		return d.plot.BackgroundColor
	}
	return color.White
}

// render draws the plot onto c; if it cannot be drawn it says so there and returns why. Plotters
// panic on what they do not take, a logarithmic axis below zero for one, and what they are is the
// user's affair.
func (d *Drawing) render(c vg.CanvasSizer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the plot does not draw: %v", r)
		}
		if err != nil {
			c.SetColor(color.Black)
			c.FillString(Face(10, false), vg.Point{X: margin, Y: margin}, err.Error())
		}
	}()
	if d.plot == nil {
		return errors.New("no plot")
	}
	d.Draw(draw.Crop(draw.New(c), margin, -margin, margin, -margin))
	return nil
}

// SVG returns the drawing as an SVG document.
func (d *Drawing) SVG() string {
	svg, _ := d.svg() // the error is in the picture
	return svg
}

func (d *Drawing) svg() (string, error) {
	w, h := d.size()
	c := canvas.NewSVG(w, h, d.paper())
	text := d.String()
	err := d.render(c)
	if err != nil {
		text = err.Error()
	}
	return c.Document(d.title(), text), err
}

// PNG returns the drawing as a PNG file of 192 dots per inch.
func (d *Drawing) PNG() []byte {
	data, _ := d.png() // the error is in the picture
	return data
}

func (d *Drawing) png() ([]byte, error) {
	w, h := d.size()
	c := canvas.NewPNG(w, h, d.paper())
	err := d.render(c)
	return c.Bytes(), err
}

func (d *Drawing) title() string {
	if d.plot == nil || d.plot.Title.Text == "" {
		return "plot"
	}
	return d.plot.Title.Text
}

// String names the plot and its axes.
func (d *Drawing) String() string {
	if d.plot == nil {
		return "no plot"
	}
	p := d.plot
	s := d.title()
	for _, a := range []struct {
		name string
		axis plot.Axis
	}{{"x", p.X}, {"y", p.Y}} {
		s += fmt.Sprintf("; %s", a.name)
		if a.axis.Label.Text != "" {
			s += " " + a.axis.Label.Text
		}
		s += fmt.Sprintf(" %.4g to %.4g", a.axis.Min, a.axis.Max)
	}
	return s + " (drawn by hand)"
}

// Save writes the drawing to a file whose name ends in .svg or .png.
func (d *Drawing) Save(path string) error {
	var data []byte
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".svg":
		var svg string
		svg, err = d.svg()
		data = []byte(svg)
	case ".png":
		data, err = d.png()
	default:
		return fmt.Errorf("saving drawing to %s: extension %q is neither .svg nor .png", path, ext)
	}
	if err != nil {
		return fmt.Errorf("saving drawing to %s: %w", path, err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("saving drawing: %w", err)
	}
	return nil
}
