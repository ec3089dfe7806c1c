package behavior_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// serve are the calls of a web server for ten minutes, with an intruder in the seconds given.
func serve(seed uint64, intruder map[int]float64) (*analysis.Series, error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	calls := mat.NewDense(600, 3, nil)
	for i := range 600 {
		requests := 200 + 40*rng.NormFloat64()
		calls.SetRow(i, []float64{requests, 3*requests + 30*rng.NormFloat64(), intruder[i]})
	}
	return analysis.NewSeries([]string{"nginx", "php-fpm", "miner"}, 0, time.Second, calls)
}

func ExampleScore() {
	monday, err := serve(1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	normal, err := behavior.Learn(context.Background(), []*analysis.Series{monday}, behavior.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	intruder := map[int]float64{}
	for s := 300; s < 330; s++ {
		intruder[s] = 5000
	}
	tuesday, err := serve(2, intruder)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := behavior.Score(context.Background(), normal, tuesday, behavior.ScoreOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, alert := range report.Alerts {
		fmt.Println(alert.Start, "to", alert.End, alert.Sources[0].Name)
	}
	// Output:
	// 300 to 330 miner
}
