// Command capture writes a capture of any size to standard output, the same for the same seed, to
// measure what reads it:
//
//	go run ./dtracefs/internal/generate/capture -form printa -size 1GB -matrix true.csv > big.txt
//
// What the capture holds is said on standard error, and second by second in the file of -matrix.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/generate"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "capture:", err)
		}
		os.Exit(2)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var names []string
	for _, k := range generate.Kinds() {
		names = append(names, k.String())
	}
	f := flag.NewFlagSet("capture", flag.ContinueOnError)
	f.SetOutput(stderr)
	form := f.String("form", "house", "what is printed: "+strings.Join(names, ", "))
	size := f.String("size", "1GB", "about how much: a number of bytes, or one of KB, MB or GB")
	seed := f.Uint64("seed", 1, "another seed gives another capture")
	matrix := f.String("matrix", "", "write what each source did in each second to `FILE`, as CSV")
	if err := f.Parse(args); err != nil {
		return err
	}
	kind := slices.Index(names, *form)
	if kind < 0 {
		return fmt.Errorf("-form %s: the forms are %s", *form, strings.Join(names, ", "))
	}
	bytes, err := parseSize(*size)
	if err != nil {
		return err
	}
	r := generate.NewReader(generate.Kind(kind), bytes, *seed)
	var m *generate.Matrix
	if *matrix != "" {
		m = &generate.Matrix{}
		r.Cell = m.Add
	}
	if _, err := io.Copy(stdout, r); err != nil {
		return err
	}
	c := r.Counts()
	fmt.Fprintf(stderr, "%d bytes, %d blocks, %d values\n", c.Bytes, c.Blocks, c.Values)
	for _, source := range slices.Sorted(maps.Keys(c.Totals)) {
		fmt.Fprintf(stderr, "%s: %d\n", source, c.Totals[source])
	}
	if m == nil {
		return nil
	}
	file, err := os.Create(*matrix)
	if err != nil {
		return err
	}
	return errors.Join(m.WriteCSV(file), file.Close())
}

// parseSize reads a number of bytes.
func parseSize(s string) (int64, error) {
	unit, digits := int64(1), strings.ToUpper(s)
	for i, suffix := range []string{"KB", "MB", "GB"} {
		if rest, ok := strings.CutSuffix(digits, suffix); ok {
			digits = rest
			for range i + 1 {
				unit *= 1000
			}
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > 1<<62/unit {
		return 0, fmt.Errorf("-size %s: want a number of bytes such as 500MB or 10GB", s)
	}
	return n * unit, nil
}
