package xkcd_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/cmpimg"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"dtnotes/analysis/xkcd"
)

func init() {
	flag.BoolVar(cmpimg.GenerateTestData, "update", false, "write the golden pictures anew")
}

func TestExamplePlot(t *testing.T) {
	cmpimg.CheckPlot(ExamplePlot, t, "plot.png")
}

// strokes returns the points of all paths that draw strokes onto a canvas wrapped by hand.
func strokes(o xkcd.Options, draw func(vg.Canvas)) [][]vg.Point {
	var rec recorder.Canvas
	o.Gap = -1
	draw(xkcd.Wrap(&rec, o))
	var out [][]vg.Point
	for _, a := range rec.Actions {
		if s, ok := a.(*recorder.Stroke); ok {
			var pts []vg.Point
			for _, c := range s.Path {
				if c.Type != vg.CloseComp {
					pts = append(pts, c.Pos)
				}
			}
			out = append(out, pts)
		}
	}
	return out
}

func line(x0, y0, x1, y1 vg.Length) vg.Path {
	var p vg.Path
	p.Move(vg.Point{X: x0, Y: y0})
	p.Line(vg.Point{X: x1, Y: y1})
	return p
}

// off returns how far the points stray from the line y.
func off(pts []vg.Point, y float64) float64 {
	far := 0.0
	for _, p := range pts {
		far = math.Max(far, math.Abs(float64(p.Y)-y))
	}
	return far
}

func TestWobbleIsInPageUnits(t *testing.T) {
	plain := strokes(xkcd.Options{}, func(c vg.Canvas) { c.Stroke(line(0, 50, 400, 50)) })[0]
	if d := off(plain, 50); d < 0.5 || d > 1.01 {
		t.Errorf("a line strays by %.3f points, want about 1", d)
	}
	// The same line through a canvas scaled by 10 strays by as much on the page: a tenth in its
	// units.
	scaled := strokes(xkcd.Options{}, func(c vg.Canvas) {
		c.Push()
		c.Scale(10, 10)
		c.Stroke(line(0, 5, 40, 5))
		c.Pop()
	})[0]
	if d := off(scaled, 5); d < 0.05 || d > 0.101 {
		t.Errorf("a line on a canvas scaled by 10 strays by %.3f, want about 0.1", d)
	}
	if len(scaled) != len(plain) {
		t.Errorf("%d points scaled, %d plain: the line differs on the page", len(scaled), len(plain))
	}
	turned := strokes(xkcd.Options{}, func(c vg.Canvas) {
		c.Translate(vg.Point{X: 400, Y: 50})
		c.Rotate(math.Pi)
		c.Stroke(line(0, 0, 400, 0))
	})[0]
	if d := off(turned, 0); d < 0.5 || d > 1.01 {
		t.Errorf("a line on a turned canvas strays by %.3f, want about 1", d)
	}
}

func TestParallelLinesDoNotWobbleInStep(t *testing.T) {
	lines := strokes(xkcd.Options{}, func(c vg.Canvas) {
		for y := range 20 {
			c.Stroke(line(0, vg.Length(10*y), 300, vg.Length(10*y)))
		}
	})
	at := func(pts []vg.Point, x float64) float64 { // of the wobble, by interpolation
		for i := 1; i < len(pts); i++ {
			if a, b := pts[i-1], pts[i]; float64(b.X) >= x {
				f := (x - float64(a.X)) / float64(b.X-a.X)
				return float64(a.Y) + f*float64(b.Y-a.Y)
			}
		}
		return float64(pts[len(pts)-1].Y)
	}
	together := 0.0
	for y := 1; y < len(lines); y++ {
		var dot, aa, bb float64
		for x := 5.0; x < 295; x += 5 {
			a, b := at(lines[y-1], x)-float64(10*(y-1)), at(lines[y], x)-float64(10*y)
			dot, aa, bb = dot+a*b, aa+a*a, bb+b*b
		}
		together += dot / math.Sqrt(aa*bb) / float64(len(lines)-1)
	}
	if math.Abs(together) > 0.4 {
		t.Errorf("neighbors wobble with a correlation of %.2f", together)
	}
}

func TestSeedChangesTheWobbleAndNothingElseDoes(t *testing.T) {
	draw := func(c vg.Canvas) { c.Stroke(line(0, 0, 200, 0)) }
	a, b, c := strokes(xkcd.Options{}, draw), strokes(xkcd.Options{}, draw), strokes(xkcd.Options{Seed: 1}, draw)
	if len(a[0]) != len(b[0]) || a[0][len(a[0])/2] != b[0][len(b[0])/2] {
		t.Error("the same line was drawn differently")
	}
	if len(a[0]) == len(c[0]) && a[0][len(a[0])/2] == c[0][len(c[0])/2] {
		t.Error("the seed changes nothing")
	}
}

func TestShapesCloseAndOddPathsPass(t *testing.T) {
	var arc, open, empty, dot, curve vg.Path
	arc.Move(vg.Point{X: 60, Y: 50})
	arc.Arc(vg.Point{X: 50, Y: 50}, 10, 0, 2*math.Pi)
	arc.Close()
	open.Line(vg.Point{X: 3, Y: 4})
	dot.Move(vg.Point{X: 1, Y: 1})
	dot.Line(vg.Point{X: 1, Y: 1})
	curve.Move(vg.Point{})
	curve.QuadTo(vg.Point{X: 10}, vg.Point{X: 10, Y: 10})
	curve.CubeTo(vg.Point{X: 20}, vg.Point{X: 20, Y: 10}, vg.Point{X: 30})
	got := strokes(xkcd.Options{}, func(c vg.Canvas) {
		for _, p := range []vg.Path{arc, open, empty, dot, curve} {
			c.Stroke(p)
			c.Fill(p)
		}
		c.Scale(0, 0) // nothing comes back from there
		c.Stroke(arc)
	})
	circle := got[0]
	first, last := circle[0], circle[len(circle)-1]
	if d := math.Hypot(float64(first.X-last.X), float64(first.Y-last.Y)); d > 0.2 {
		t.Errorf("a circle ends %.3f points from where it began", d)
	}
}

func TestThePaperDoesNotWobble(t *testing.T) {
	var rec recorder.Canvas
	c := xkcd.Wrap(sized{&rec}, xkcd.Options{})
	c.Fill(vg.Rectangle{Max: vg.Point{X: 300, Y: 200}}.Path())
	for _, a := range rec.Actions {
		if f, ok := a.(*recorder.Fill); ok && len(f.Path) != 5 {
			t.Errorf("the whole canvas is filled with %d points", len(f.Path))
		}
	}
}

type sized struct{ *recorder.Canvas }

func (sized) Size() (w, h vg.Length) { return 300, 200 }

type grid struct{}

func (grid) Dims() (c, r int)   { return 4, 3 }
func (grid) Z(c, r int) float64 { return float64(c * r) }
func (grid) X(c int) float64    { return float64(c) }
func (grid) Y(r int) float64    { return float64(r) }

// TestAnyPlot draws plots of all kinds onto canvases of all kinds.
func TestAnyPlot(t *testing.T) {
	must := func(p plot.Plotter, err error) plot.Plotter {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	values := plotter.Values{1, 2, 2, 3, 8, 3, 2, 1}
	points := plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 3}, {X: 2, Y: 2}}
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	bars, err := plotter.NewBarChart(values, 10)
	box, err2 := plotter.NewBoxPlot(10, 1, values)
	hist, err3 := plotter.NewHist(values, 4)
	labels, err4 := plotter.NewLabels(plotter.XYLabels{XYs: points, Labels: []string{"a", "é µ", "→"}})
	scatter, err5 := plotter.NewScatter(points)
	polygon, err6 := plotter.NewPolygon(points)
	for name, p := range map[string]plot.Plotter{
		"bars": must(bars, err), "box": must(box, err2), "histogram": must(hist, err3),
		"labels": must(labels, err4), "scatter": must(scatter, err5), "polygon": must(polygon, err6),
		"heat map": plotter.NewHeatMap(grid{}, palette.Heat(8, 1)),
		"contour":  plotter.NewContour(grid{}, []float64{1, 2}, palette.Heat(8, 1)),
		"function": plotter.NewFunction(math.Sin), "grid": plotter.NewGrid(),
		"image": plotter.NewImage(img, 0, 0, 2, 2),
	} {
		t.Run(name, func(t *testing.T) {
			q := plot.New()
			q.Title.Text, q.X.Max, q.Y.Max, q.X.Min, q.Y.Min = "title", 5, 5, 0, 0
			q.Add(p)
			d := xkcd.Plot(q)
			if svg := d.SVG(); !strings.Contains(svg, "<title") || strings.Contains(svg, "NaN") {
				t.Error("the SVG has no title or holds a NaN")
			}
			if !bytes.Equal(d.PNG(), d.PNG()) {
				t.Error("the same plot gave different bytes")
			}
			for _, c := range []vg.CanvasWriterTo{vgsvg.New(200, 150), vgpdf.New(200, 150), vgimg.PngCanvas{Canvas: vgimg.New(200, 150)}} {
				q.Draw(draw.New(xkcd.Wrap(c, xkcd.Options{})))
				if _, err := c.WriteTo(new(bytes.Buffer)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestDrawingWithoutAPlot(t *testing.T) {
	d := xkcd.Plot(nil)
	if d.String() != "no plot" {
		t.Errorf("text %q", d.String())
	}
	if svg := d.SVG(); !strings.Contains(svg, "<use") {
		t.Error("no plot shows nothing")
	}
	if err := d.Save(filepath.Join(t.TempDir(), "a.svg")); err == nil {
		t.Error("no plot was saved")
	}
}

func TestPlotThatPanicsSaysSo(t *testing.T) {
	p := plot.New()
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{}
	p.Y.Min, p.Y.Max = -1, 1 // which gonum does not take
	d := xkcd.Plot(p)
	if err := d.Save(filepath.Join(t.TempDir(), "a.png")); err == nil || !strings.Contains(err.Error(), "greater than 0") {
		t.Errorf("error %v", err)
	}
	if svg := d.SVG(); !strings.Contains(svg, "greater than 0") {
		t.Error("the SVG does not say why it is empty")
	}
}

func TestSave(t *testing.T) {
	d := xkcd.Plot(waves())
	if err := d.Save(filepath.Join(t.TempDir(), "a.bmp")); err == nil || !strings.Contains(err.Error(), ".bmp") {
		t.Errorf("error %v", err)
	}
	if err := d.Save(filepath.Join(t.TempDir(), "a.svg")); err != nil {
		t.Error(err)
	}
}

func TestPlotStaysAsItIs(t *testing.T) {
	p := waves()
	before := p.X.Tick.Length
	xkcd.Plot(p).SVG()
	if p.X.Tick.Length != before || p.Title.TextStyle.Font.Typeface == xkcd.Typeface {
		t.Error("drawing by hand changed the plot")
	}
}

func TestFontLicenseIsThere(t *testing.T) {
	text, err := os.ReadFile("OFL.txt")
	if err != nil || !strings.Contains(string(text), "SIL OPEN FONT LICENSE Version 1.1") || !strings.Contains(string(text), "Copyright") {
		t.Errorf("the font's license is not beside it: %v", err)
	}
}

func BenchmarkWrap(b *testing.B) {
	p := line(0, 0, 10000, 0)
	for b.Loop() {
		var rec recorder.Canvas
		c := xkcd.Wrap(&rec, xkcd.Options{})
		c.SetColor(color.Black)
		c.Stroke(p)
	}
}
