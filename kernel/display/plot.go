package display

import (
	"bytes"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// These are the size of a plot that is the result of a cell, and the resolution of its PNG form.
// The resolution is twice that of a screen, so that the plot is sharp where pixels are small.
const (
	plotWidth  = 6.5 * vg.Inch
	plotHeight = 4 * vg.Inch
	plotMargin = 4 * vg.Length(1)
	plotDPI    = 192
	screenDPI  = 96
)

// drawPlot renders a gonum plot as SVG, PNG and text.
func drawPlot(p *plot.Plot) Bundle {
	text := "plot"
	if p.Title.Text != "" {
		text = fmt.Sprintf("plot %q", p.Title.Text)
	}
	if p.X.Label.Text != "" || p.Y.Label.Text != "" {
		text += fmt.Sprintf(" of %q over %q", p.Y.Label.Text, p.X.Label.Text)
	}
	if axes := unusable(p); axes != "" {
		return textOnly("cannot show " + text + ": " + axes)
	}
	return picture(plotWidth, plotHeight, text, func(c draw.Canvas) {
		if p.BackgroundColor != nil {
			c.SetColor(p.BackgroundColor)
			c.Fill(c.Rectangle.Path())
		}
		p.Draw(draw.Crop(c, plotMargin, -plotMargin, plotMargin, -plotMargin))
	})
}

// unusable says why axes that the plot has set cannot be drawn. It is "" if they can.
func unusable(p *plot.Plot) string {
	for _, a := range []struct {
		name string
		axis plot.Axis
	}{{"X", p.X}, {"Y", p.Y}} {
		if math.IsNaN(a.axis.Min) || math.IsNaN(a.axis.Max) {
			return fmt.Sprintf("axis %s runs from %v to %v", a.name, a.axis.Min, a.axis.Max)
		}
	}
	return ""
}

// picture draws once as SVG and once as PNG.
func picture(w, h vg.Length, text string, paint func(draw.Canvas)) Bundle {
	svg := vgsvg.New(w, h)
	paint(draw.New(svg))
	var svgOut, pngOut bytes.Buffer
	if _, err := svg.WriteTo(&svgOut); err != nil {
		return renderError(fmt.Errorf("drawing %s: %w", text, err))
	}
	img := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(plotDPI))
	paint(draw.New(img))
	if _, err := (vgimg.PngCanvas{Canvas: img}).WriteTo(&pngOut); err != nil {
		return renderError(fmt.Errorf("drawing %s: %w", text, err))
	}
	size := MIMEMap{
		"width":  int(w.Dots(screenDPI)),
		"height": int(h.Dots(screenDPI)),
	}
	return Bundle{
		Data:     MIMEMap{MIMETypeSVG: svgOut.String(), MIMETypePNG: pngOut.Bytes(), MIMETypeText: text},
		Metadata: MIMEMap{MIMETypePNG: size},
	}
}
