package analysis_test

import (
	"context"
	"fmt"
	"strings"

	"dtnotes/analysis"
)

func ExampleLearn() {
	var csv strings.Builder
	csv.WriteString("nginx,php-fpm,cron\n")
	state := uint32(1)
	next := func(top uint32) uint32 {
		state = state*214013 + 2531011
		return state >> 16 % top
	}
	for range 120 {
		requests := next(500)
		fmt.Fprintf(&csv, "%d,%d,%d\n", requests, 3*requests+next(100), next(40))
	}
	series, err := analysis.ReadCSV(strings.NewReader(csv.String()), "web.csv", analysis.CSVOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := analysis.Learn(context.Background(), series, analysis.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range model.Edges {
		fmt.Println(model.Names[e.From], "with", model.Names[e.To])
	}
	fmt.Println(model.Clusters(), model.Labels)
	// Output:
	// nginx with php-fpm
	// [[nginx php-fpm]] [0 0 -1]
}
