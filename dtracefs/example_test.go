package dtracefs_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"dtnotes/dtracefs"
)

// printed is what a script printed: two aggregations under a clock.
var printed = fstest.MapFS{"calls.txt": {Data: []byte(`2026 Jan  5 10:00:01
  nginx                 120
  php-fpm                80
2026 Jan  5 10:00:02
  nginx                 150
  php-fpm               101
  cron                    3
`)}}

func ExampleLoad() {
	capture, err := dtracefs.Load(context.Background(), dtracefs.Samples(), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	table := capture.Activity()
	fmt.Println(table.Kind, len(capture.Unparsed), "lines not understood")
	for _, c := range table.Columns {
		fmt.Println(c.Name, c.Type())
	}
	// Output:
	// activity 0 lines not understood
	// time time
	// kind string
	// execname string
	// value int
}

func ExampleScan() {
	rows := map[string]int{}
	for batch, err := range dtracefs.Scan(context.Background(), printed, "calls.txt", dtracefs.Options{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, t := range batch.Tables {
			rows[t.Kind] += t.NumRows()
		}
	}
	fmt.Println(rows)
	// Output:
	// map[intervals:2 rows:5]
}

func ExampleCountFiles() {
	files := []dtracefs.File{{FS: printed, Name: "calls.txt"}}
	counts, err := dtracefs.CountFiles(context.Background(), files, dtracefs.CountOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	matrix, err := counts.Matrix()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(matrix.Sources, "every", matrix.Every)
	for i, row := range matrix.Rows {
		fmt.Println(matrix.End(i).UTC().Format("15:04:05"), row)
	}
	// Output:
	// [cron nginx php-fpm] every 1s
	// 10:00:01 [0 120 80]
	// 10:00:02 [3 150 101]
}
