package analysis_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// office is an hour of seconds in which cron wakes sh every minute, and nginx and php work together
// in the first half only.
func office() *analysis.Series {
	x := mat.NewDense(3600, 4, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	noise := rng.Float64
	for i := range 3600 {
		beat, work := 0.0, math.Floor(20*noise())
		if i%60 < 2 {
			beat = 30
		}
		php := work
		if i >= 1800 {
			php = math.Floor(20 * noise())
		}
		x.SetRow(i, []float64{beat + math.Floor(3*noise()), beat + math.Floor(5*noise()), work + math.Floor(4*noise()), php + math.Floor(4*noise())})
	}
	s, err := analysis.NewSeries([]string{"cron", "sh", "nginx", "php"}, 0, time.Second, x)
	if err != nil {
		panic(err)
	}
	return s
}

func ExampleSeries_Spectrum() {
	sp, err := office().Spectrum("cron", "sh", analysis.SpectrumOptions{Segment: 600})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.0f s\n", sp.Peaks(1)[0]*math.Round(60/sp.Peaks(1)[0]))
	// Output: 60 s
}

func ExampleModel_Matrix() {
	ctx := context.Background()
	model, err := analysis.Learn(ctx, office(), analysis.Options{})
	if err != nil {
		panic(err)
	}
	matrix, err := model.Matrix(ctx)
	if err != nil {
		panic(err)
	}
	// The sources that are joined first stand next to each other, beside the dendrogram.
	for _, m := range matrix.Merges[:2] {
		fmt.Println(matrix.Names[m.A], "and", matrix.Names[m.B])
	}
	// Output:
	// cron and sh
	// nginx and php
}

func ExampleSeries_Slide() {
	w, err := office().Slide(context.Background(), 600, 600, analysis.Options{})
	if err != nil {
		panic(err)
	}
	for _, l := range w.Links {
		if l.Changes == 1 && slices.Max(l.Weights) > 0.5 {
			gone := slices.IndexFunc(l.Weights, func(v float64) bool { return v == 0 })
			fmt.Printf("%s and %s until %.0f s\n", l.A, l.B, w.Starts[gone])
		}
	}
	// w.Figure() draws when each link is there, a row per link.

	// Output: nginx and php until 1800 s
}

func ExampleSeries_Factors() {
	f, err := office().Factors(context.Background(), 2, analysis.FactorOptions{})
	if err != nil {
		panic(err)
	}
	for k := range 2 {
		for j, name := range f.Names {
			if f.Shares.At(k, j) > 0.3 {
				fmt.Println(k, name)
			}
		}
	}
	// The figure draws when each factor is active, a line per factor.
	for _, line := range f.Figure().Names {
		fmt.Println(line)
	}
	// Output:
	// 0 nginx
	// 0 php
	// 1 cron
	// 1 sh
	// 0: nginx, php
	// 1: sh, cron
}
