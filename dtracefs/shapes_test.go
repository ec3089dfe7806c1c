package dtracefs

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// A shapeCase is a capture of a known workload in one of the shapes that administrators print, and
// the matrix that it holds: testdata/shapes/shapes.zip. The matrices were made by parsers of their
// own.
type shapeCase struct {
	Name      string
	Capture   []string
	Options   []string
	ValueKind string  `json:"value_kind"`
	Interval  float64 `json:"interval_s"`
	Time      string
	Refuse    bool
}

func shapeCases(t testing.TB) (fs.FS, []shapeCase) {
	t.Helper()
	z, err := zip.OpenReader("testdata/shapes/shapes.zip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	names, err := fs.Glob(z, "*.meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []shapeCase
	for _, n := range names {
		data, err := fs.ReadFile(z, n)
		if err != nil {
			t.Fatal(err)
		}
		var c shapeCase
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(n, err)
		}
		cases = append(cases, c)
	}
	return z, cases
}

// options are those of the command as options of the package.
func (c shapeCase) options() (o CountOptions) {
	for i := 0; i+1 < len(c.Options); i += 2 {
		switch words := strings.Split(c.Options[i+1], ","); c.Options[i] {
		case "--by":
			o.By = words
		case "--value":
			o.Value = words
		case "--time":
			o.Time = words[0]
		}
	}
	return o
}

func (c shapeCase) count(fsys fs.FS) (*Matrix, error) {
	var files []File
	for _, name := range c.Capture {
		files = append(files, File{fsys, name})
	}
	counts, err := CountFiles(context.Background(), files, c.options())
	if err != nil {
		return nil, err
	}
	return counts.Matrix()
}

// TestShapes counts every shape as its options say and holds the matrix against the true one: the
// same sources, their totals to 1 %, running totals at each time within a bucket, levels as they
// are.
func TestShapes(t *testing.T) {
	fsys, cases := shapeCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			m, err := c.count(fsys)
			if c.Refuse {
				if !errors.Is(err, ErrMeasure) || len(err.Error()) < 40 {
					t.Errorf("refused with %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			truth, err := readTruth(fsys, c.Name+".truth.csv")
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range truth.compare(m, c) {
				t.Error(problem)
			}
		})
	}
}

// A truth is a matrix of the zip: NaN where a level was not printed.
type truth struct {
	times   []float64
	values  map[string][]float64
	anyName bool // of the one source
}

func readTruth(fsys fs.FS, name string) (*truth, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, err
	}
	t := &truth{values: map[string][]float64{}}
	for _, row := range rows[1:] {
		for j, cell := range row {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				v = math.NaN()
			}
			if j == 0 {
				t.times = append(t.times, v)
			} else {
				t.values[wordsOfName(rows[0][j])] = append(t.values[wordsOfName(rows[0][j])], v)
			}
		}
	}
	return t, nil
}

// wordsOfName is a source's name whatever the order of its keys.
func wordsOfName(name string) string {
	w := strings.Fields(strings.ToLower(name))
	sort.Strings(w)
	return strings.Join(w, " ")
}

func (t *truth) compare(m *Matrix, c shapeCase) (problems []string) {
	gauge := c.ValueKind == "gauge"
	got := map[string]int{}
	for j, name := range m.Sources {
		some := gauge
		for _, row := range m.Rows {
			some = some || row[j] != 0
		}
		if some {
			got[wordsOfName(name)] = j
		}
	}
	for name, col := range t.values {
		if _, ok := got[name]; !ok && slices.ContainsFunc(col, func(v float64) bool { return v != 0 && !math.IsNaN(v) }) {
			problems = append(problems, "no source "+name)
		}
	}
	for name := range got {
		if _, ok := t.values[name]; !ok {
			problems = append(problems, "a source too many: "+name)
		}
	}
	if len(problems) > 0 {
		return problems
	}
	if w := m.Every.Seconds(); w < c.Interval/2 || w > c.Interval*2 {
		return []string{fmt.Sprintf("buckets of %v", m.Every)}
	}
	offset := t.offset(m, got, c)
	for name, j := range got {
		if gauge {
			problems = append(problems, t.levels(m, name, j, offset, c.Interval)...)
		} else {
			problems = append(problems, t.counts(m, name, j, offset, c.Interval)...)
		}
	}
	return problems
}

// offset is how much later the times of the matrix are for a reason: days, or a start of their own.
func (t *truth) offset(m *Matrix, got map[string]int, c shapeCase) float64 {
	if c.Time != "clock" && c.Time != "relative" {
		return 0
	}
	first := func(n int, some func(i int) bool) int {
		for i := range n {
			if some(i) {
				return i
			}
		}
		return 0
	}
	i := first(len(t.times), func(i int) bool {
		for _, col := range t.values {
			if v := col[i]; v != 0 && !math.IsNaN(v) {
				return true
			}
		}
		return false
	})
	k := first(m.Buckets, func(k int) bool {
		for _, j := range got {
			if v := m.Row(k)[j]; v != 0 && !math.IsNaN(v) {
				return true
			}
		}
		return false
	})
	d := secondsOf(m, k) - t.times[i]
	if c.Time == "clock" {
		d = math.Round(d/86400) * 86400
	}
	return d
}

func secondsOf(m *Matrix, k int) float64 { return float64(m.End(k).UnixNano()) / 1e9 }

func (t *truth) counts(m *Matrix, name string, j int, offset, interval float64) (problems []string) {
	running := make([]float64, m.Buckets)
	sum := 0.0
	for k := range running {
		sum += m.Row(k)[j]
		running[k] = sum
	}
	at := func(time float64) float64 {
		k := sort.Search(len(running), func(k int) bool { return secondsOf(m, k)-offset > time })
		if k == 0 {
			return 0
		}
		return running[k-1]
	}
	total := 0.0
	totals := make([]float64, len(t.times))
	for i, v := range t.values[name] {
		total += v
		totals[i] = total
	}
	slack := 0.01*total + 1e-6
	if math.Abs(sum-total) > slack {
		return []string{fmt.Sprintf("%s: a total of %g instead of %g", name, sum, total)}
	}
	for i, time := range t.times {
		low, high := 0.0, totals[min(i+1, len(totals)-1)]
		if k := sort.SearchFloat64s(t.times, time-1.01*interval); k > 0 {
			low = totals[k-1]
		}
		// Buckets may be named by their start, which is one earlier.
		if early, late := at(time-1.01*interval), at(time+1.01*interval); late < low-slack || early > high+slack {
			return []string{fmt.Sprintf("%s: %g to %g in all at %.1f, want %g to %g", name, early, late, time, low, high)}
		}
	}
	return nil
}

func (t *truth) levels(m *Matrix, name string, j int, offset, interval float64) (problems []string) {
	bad := 0
	for i, want := range t.values[name] {
		if math.IsNaN(want) {
			continue
		}
		found := false
		for k := range m.Buckets {
			if math.Abs(secondsOf(m, k)-offset-t.times[i]) <= 1.01*interval && math.Abs(m.Row(k)[j]-want) <= max(0.01*math.Abs(want), 0.006) {
				found = true
			}
		}
		if !found {
			bad++
		}
	}
	if bad*50 > len(t.times) {
		problems = append(problems, fmt.Sprintf("%s: %d of %d levels are not there", name, bad, len(t.times)))
	}
	return problems
}
