package xkcd_test

import (
	"log"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"dtnotes/analysis/xkcd"
)

// waves is a plot as gonum draws it.
func waves() *plot.Plot {
	p := plot.New()
	p.Title.Text = "Load while the build runs"
	p.X.Label.Text = "time (s)"
	p.Y.Label.Text = "calls per second"
	p.Legend.Top = true
	for k, name := range []string{"nginx", "postgres"} {
		var points plotter.XYs
		for x := 0.0; x <= 10; x += 0.1 {
			points = append(points, plotter.XY{X: x, Y: 3 + float64(k) + math.Sin(x+float64(k))*float64(k+1)})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			log.Fatal(err)
		}
		p.Add(line)
		p.Legend.Add(name, line)
	}
	return p
}

func ExamplePlot() {
	d := xkcd.Plot(waves())
	d.Width, d.Height = 4*vg.Inch, 2.6*vg.Inch
	if err := d.Save("testdata/plot.png"); err != nil {
		log.Fatal(err)
	}
}

func ExampleWrap() {
	img := vgimg.New(4*vg.Inch, 2.6*vg.Inch)
	waves().Draw(draw.New(xkcd.Wrap(img, xkcd.Options{})))
	_ = vgimg.PngCanvas{Canvas: img} // write it where you like
}
