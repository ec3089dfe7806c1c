package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
)

// seriesCommand prints the matrix that learn would count, for programs that do the rest
// themselves.
func seriesCommand() *cobra.Command {
	var opt dtracefs.CountOptions
	var out string
	cmd := &cobra.Command{
		Use:   "series CAPTURE ... -o OUT.csv|OUT.parquet",
		Short: "Print the matrix of time × source that a capture holds",
		Long: `Series counts what each source does in each bucket of time and writes the matrix: a column "time"
(the end of the bucket in seconds since the epoch), then a column for each source, its keys joined
by a blank. How the capture is counted is inferred and told on standard error; the options override
every word of it.

Several files are the parts of one capture, older first, as a rotated log is.`,
		Example: `  dtnotes series capture.txt -o series.csv
  dtnotes series calls.txt.1 calls.txt --by zonename,execname --every 5s -o -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := countPaths(cmd, args, opt)
			if err != nil {
				return err
			}
			return writeSeries(cmd.OutOrStdout(), out, m)
		},
	}
	measureFlags(cmd, &opt.MeasureOptions)
	cmd.Flags().StringVarP(&out, "output", "o", "-", "write to `FILE`.csv or .parquet; - is standard output")
	return cmd
}

// writeSeries writes a matrix as a table.
func writeSeries(stdout io.Writer, path string, m *dtracefs.Matrix) (err error) {
	if path == "-" {
		return matrixCSV(data(stdout, true), m)
	}
	write := matrixCSV
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv":
	case ".parquet":
		write = func(out io.Writer, m *dtracefs.Matrix) error { return export.Parquet(out, m.Table()) }
	default:
		return fmt.Errorf("%s: a series is written as .csv or .parquet", path)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f, m)
}

// matrixCSV writes a row for each bucket. A value that is missing is an empty cell, as programs
// read it.
func matrixCSV(out io.Writer, m *dtracefs.Matrix) error {
	b := bufio.NewWriter(out)
	w := csv.NewWriter(b)
	record := append([]string{"time"}, m.Sources...)
	if err := w.Write(record); err != nil {
		return err
	}
	for i := range m.Buckets {
		record[0] = seconds(m.End(i).UnixNano())
		for j, v := range m.Row(i) {
			if record[j+1] = ""; !math.IsNaN(v) {
				record[j+1] = strconv.FormatFloat(v, 'f', -1, 64)
			}
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return errors.Join(w.Error(), b.Flush())
}

// seconds writes nanoseconds as seconds without rounding: a float64 is not precise enough to hold
// nanoseconds beside the seconds since the epoch.
func seconds(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	s := fmt.Sprintf("%s%d.%09d", sign, ns/1e9, ns%1e9)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
