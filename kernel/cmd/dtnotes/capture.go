package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// measureFlags adds the words that say how a capture is counted. Every command that counts one has
// the same.
func measureFlags(cmd *cobra.Command, o *dtracefs.MeasureOptions) {
	f := cmd.Flags()
	f.StringSliceVar(&o.Table, "table", nil, "`TABLE`s of the capture to count (see dtnotes inspect)")
	f.StringVar(&o.Time, "time", "", "`COLUMN` that holds the time of a row, by name or position; none where only blocks tell it")
	f.StringSliceVar(&o.By, "by", nil, "`COLUMN`s that make a source, by name or position, such as zonename,execname")
	f.StringSliceVar(&o.Value, "value", nil, "`COLUMN`s that hold what is counted, by name or position")
	f.StringVar((*string)(&o.As), "as", "", "what the value is: count, sum, total (running), gauge, events or distribution")
	f.DurationVar(&o.Every, "every", 0, "width of a bucket, and the time between blocks where none was printed")
	f.StringSliceVar(&o.Kinds, "kinds", nil, "values of a column `KIND` to take in; * takes all")
	// For count, --host says instead whose the captures are.
	if cmd.Name() != "count" {
		f.String("host", "", "`NAME` of the host to take of counts of several, or a pattern such as 'web-*'")
	}
}

// countPaths counts the capture that lies at the paths, all parts together, or reads what was
// counted of it, and says on standard error what was counted. Sources of several hosts stand beside
// each other, with the host in their names.
func countPaths(cmd *cobra.Command, paths []string, opt dtracefs.CountOptions) (*dtracefs.Matrix, error) {
	counted, err := countsFiles(paths)
	if err != nil {
		return nil, err
	}
	if counted {
		hosts := map[string]*dtracefs.Counts{}
		err := eachHost(cmd, paths, nil, func(host string, c *dtracefs.Counts, _ int) error {
			hosts[host] = c
			return nil
		})
		if err != nil {
			return nil, err
		}
		counts, err := dtracefs.AcrossHosts(hosts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
		}
		return matrixOf(cmd, paths, counts)
	}
	var files []dtracefs.File
	for _, path := range paths {
		fsys, names, err := openCaptures(cmd.Context(), path)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			files = append(files, dtracefs.File{FS: fsys, Name: name})
		}
	}
	counts, err := dtracefs.CountFiles(cmd.Context(), files, opt)
	if err != nil {
		return nil, err
	}
	return matrixOf(cmd, paths, counts)
}

// matrixOf makes a matrix of counts, which it takes over, and says what was counted.
func matrixOf(cmd *cobra.Command, paths []string, counts *dtracefs.Counts) (*dtracefs.Matrix, error) {
	m, err := counts.IntoMatrix()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
	}
	// Without this limit, the garbage that is made from here on may grow as large as the matrix
	// before it is collected.
	const room = 180 << 20
	debug.SetMemoryLimit(int64(8*len(m.Values)) + room)
	sayMatrix(cmd, m, counts)
	if m.Buckets == 0 {
		return nil, errors.New("nothing was counted")
	}
	return m, nil
}

// sayMatrix prints what a matrix counts, and what was lost of it.
func sayMatrix(cmd *cobra.Command, m *dtracefs.Matrix, counts *dtracefs.Counts) {
	stderr := cmd.ErrOrStderr()
	if m.Measure != nil {
		sayf(stderr, "%v", m.Measure)
	}
	for _, n := range m.Notes {
		say(stderr, "note:", n)
	}
	sayLosses(stderr, counts)
}

// readSeries reads a matrix, or counts a capture in one file or in the parts of a rotated one,
// older first. What a reader of the numbers should know of the capture goes to standard error.
func readSeries(cmd *cobra.Command, paths []string, opt dtracefs.CountOptions, observer bool, missing behavior.Missing) (*analysis.Series, error) {
	if len(paths) == 1 && isMatrix(paths[0]) {
		return analysis.ReadCSVFile(paths[0], analysis.CSVOptions{Missing: missing != behavior.Refuse})
	}
	m, err := countPaths(cmd, paths, opt)
	if err != nil {
		return nil, err
	}
	m.Notes = nil // told already
	return analysis.FromCounts(m, analysis.SeriesOptions{IncludeObserver: observer}), nil
}

// readHosts is [readSeries], of counts of several hosts one after another, in the order of their
// names. It passes on how many hosts there are; the host of a capture has no name. most is as for
// [eachHost].
func readHosts(cmd *cobra.Command, path string, opt dtracefs.CountOptions, observer bool, missing behavior.Missing, most func(hosts int) int, take func(host string, s *analysis.Series, hosts int) error) error {
	if !isCountsFile(path) {
		s, err := readSeries(cmd, []string{path}, opt, observer, missing)
		if err != nil {
			return err
		}
		return take("", s, 1)
	}
	return eachHost(cmd, []string{path}, most, func(host string, c *dtracefs.Counts, hosts int) error {
		if hosts > 1 {
			say(cmd.ErrOrStderr(), "host", host+":")
		}
		m, err := matrixOf(cmd, []string{path}, c)
		if err != nil {
			return fmt.Errorf("host %q: %w", host, err)
		}
		m.Notes = nil // told already
		s := analysis.FromCounts(m, analysis.SeriesOptions{IncludeObserver: observer})
		if m.LeftOut > 0 {
			n, _ := s.Dims()
			if err := sayThinned(cmd, n, n+m.LeftOut); err != nil {
				return err
			}
			s.Notes = append(s.Notes, fmt.Sprintf("took %d of %d buckets, in stretches spread evenly", n, n+m.LeftOut))
		}
		return take(host, s, hosts)
	})
}

// isMatrix reports whether a file is CSV whose first row holds numbers and times alone: a matrix of
// time × source, and not what a script printed as CSV.
func isMatrix(path string) bool {
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return true // whoever reads it says why not
	}
	defer f.Close()
	// Three rows are enough to decide, and no three rows are longer than this. The file itself may
	// be of any size.
	r := csv.NewReader(io.LimitReader(f, 16<<20))
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return true
	}
	row, err := r.Read()
	if errors.Is(err, io.EOF) {
		return true
	}
	for i, cell := range row {
		isTime := i < len(head) && strings.EqualFold(strings.TrimSpace(head[i]), "time")
		if _, err := strconv.ParseFloat(strings.TrimSpace(cell), 64); err != nil && !isTime {
			_, number := strconv.ParseFloat(strings.TrimSpace(head[min(i, len(head)-1)]), 64)
			// One cell among numbers is a cell that is wrong in a matrix, unless there is a word
			// under it as well: then it is a column of names.
			next, err := r.Read()
			named := err == nil && i < len(next) && isWord(cell) && isWord(next[i])
			return i > 0 && number != nil && numbers(row[:i]) && numbers(row[i+1:]) && !named
		}
	}
	return true
}

// isWord reports whether a cell is neither a number nor one of the spellings of a missing value.
func isWord(cell string) bool {
	cell = strings.TrimSpace(cell)
	_, err := strconv.ParseFloat(cell, 64)
	return err != nil && cell != "" && cell != "-" && !strings.EqualFold(cell, "NA") && !strings.EqualFold(cell, "null")
}

// numbers reports whether most cells are numbers.
func numbers(cells []string) bool {
	n := 0
	for _, c := range cells {
		if _, err := strconv.ParseFloat(strings.TrimSpace(c), 64); err == nil {
			n++
		}
	}
	return 2*n > len(cells)
}
