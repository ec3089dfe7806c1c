package analysis

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"
)

// CSVOptions say how [ReadCSV] reads. The zero value is the default.
type CSVOptions struct {
	// Missing takes empty cells, NaN, NA, null and - for missing values (NaN in
	// the series); by default they are errors.
	Missing bool
}

// ReadCSVFile reads a series from a file as [ReadCSV] does.
func ReadCSVFile(path string, o CSVOptions) (*Series, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading series: %w", err)
	}
	defer f.Close()
	return ReadCSV(f, path, o)
}

// ReadCSV reads a series: a header, then a row per bucket with a column per
// source. A column named time, anywhere, holds the start of each bucket in
// seconds since the epoch or as RFC 3339; without it buckets are a second
// wide, from 0. Times must ascend. Every cell is a finite number: anything
// else is an error that starts with name, line and column, unless the options
// allow missing values.
func ReadCSV(r io.Reader, name string, o CSVOptions) (*Series, error) {
	c := &csvReader{name: name, csv: csv.NewReader(skipMark(r)), missing: o.Missing}
	c.csv.ReuseRecord = true
	if err := c.header(); err != nil {
		return nil, err
	}
	for {
		record, err := c.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = c.row(record)
		}
		if err != nil {
			return nil, c.locate(err)
		}
	}
	return c.series()
}

// skipMark skips the byte order mark that spreadsheets write.
func skipMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		b.Discard(3)
	}
	return b
}

type csvReader struct {
	name    string
	csv     *csv.Reader
	names   []string
	timeAt  int // column, -1 without
	missing bool
	times   []float64
	values  []float64
}

// locate puts the file's name before a position inside it.
func (c *csvReader) locate(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("%s:%d:%d: reading series: %w", c.name, parse.Line, parse.Column, parse.Err)
	}
	return err
}

func (c *csvReader) errorf(field int, format string, args ...any) error {
	line, column := c.csv.FieldPos(field)
	return fmt.Errorf("%s:%d:%d: reading series: %w", c.name, line, column, fmt.Errorf(format, args...))
}

// returns are line ends, which do not come back from CSV as they are written.
var returns = regexp.MustCompile(`\r+\n`)

func (c *csvReader) header() error {
	record, err := c.csv.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:1:1: reading series: no header: the file is empty", c.name)
	}
	if err != nil {
		return c.locate(err)
	}
	c.timeAt = -1
	for i, field := range record {
		field = returns.ReplaceAllString(strings.TrimSpace(field), "\n")
		switch {
		case strings.EqualFold(field, "time") && c.timeAt < 0:
			c.timeAt = i
			continue
		case field == "":
			return c.errorf(i, "column %d has no name", i+1)
		case strings.ContainsRune(field, 0):
			return c.errorf(i, "column %d has a zero byte in its name: not a text file", i+1)
		case slices.Contains(c.names, field):
			return c.errorf(i, "two columns are named %q", field)
		}
		c.names = append(c.names, field)
	}
	if len(c.names) == 0 {
		return fmt.Errorf("%s:1:1: reading series: the header names no source", c.name)
	}
	return nil
}

func (c *csvReader) row(record []string) error {
	k := 0
	for i, field := range record {
		field = strings.TrimSpace(field)
		if i == c.timeAt {
			t, err := parseTime(field)
			if err != nil {
				return c.errorf(i, "time: %w", err)
			}
			if n := len(c.times); n > 0 && t <= c.times[n-1] {
				return c.errorf(i, "time %s does not come after the row before", field)
			}
			c.times = append(c.times, t)
			continue
		}
		v, err := parseNumber(field)
		if err != nil && c.missing && isMissing(field) {
			v, err = math.NaN(), nil
		}
		if err != nil {
			return c.errorf(i, "source %q: %w", c.names[k], err)
		}
		c.values = append(c.values, v)
		k++
	}
	return nil
}

func parseNumber(field string) (float64, error) {
	if field == "" {
		return 0, errors.New("empty cell: want a number")
	}
	v, err := strconv.ParseFloat(field, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%.40q: want a finite number", field)
	}
	return v, nil
}

func isMissing(field string) bool {
	return slices.Contains([]string{"", "-", "na", "n/a", "nan", "null", "none"}, strings.ToLower(field))
}

func parseTime(field string) (float64, error) {
	if t, err := time.Parse(time.RFC3339Nano, field); err == nil {
		return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
	}
	return parseNumber(field)
}

func (c *csvReader) series() (*Series, error) {
	n := len(c.values) / len(c.names)
	if n == 0 {
		return nil, fmt.Errorf("%s:2:1: reading series: no row after the header", c.name)
	}
	s := &Series{Names: c.names, Times: c.times, Every: time.Second, Values: mat.NewDense(n, len(c.names), c.values)}
	s.Counts = onlyCounts(s.Values)
	if c.timeAt < 0 {
		s.Times = make([]float64, n)
		for i := range s.Times {
			s.Times[i] = float64(i)
		}
	} else if n > 1 {
		gaps := make([]float64, n-1)
		for i := range gaps {
			gaps[i] = s.Times[i+1] - s.Times[i]
		}
		sort.Float64s(gaps)
		s.Every = time.Duration(math.Round(gaps[len(gaps)/2] * 1e9))
	}
	return s, nil
}
