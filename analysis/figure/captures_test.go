package figure

import (
	"bufio"
	"encoding/csv"
	"io/fs"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// counts are a small capture's counts by source and second.
type counts struct {
	names  []string
	times  []float64
	values [][]float64
}

func (c *counts) set(name string, at int, v float64) {
	k := sort.SearchStrings(c.names, name)
	if k == len(c.names) || c.names[k] != name {
		c.names = append(c.names[:k:k], append([]string{name}, c.names[k:]...)...)
		c.values = append(c.values[:k:k], append([][]float64{nil}, c.values[k:]...)...)
	}
	for len(c.values[k]) <= at {
		c.values[k] = append(c.values[k], 0)
	}
	c.values[k][at] += v
}

// finish gives every source a value for every time.
func (c *counts) finish() counts {
	for k := range c.values {
		for len(c.values[k]) < len(c.times) {
			c.values[k] = append(c.values[k], 0)
		}
	}
	return *c
}

// readCSV reads a header with the time and the sources, and a row per second.
func readCSV(t testing.TB, path string) counts {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var c counts
	for j, row := range rows[1:] {
		for i, s := range row {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				c.times = append(c.times, v)
			} else {
				c.set(rows[0][i], j, v)
			}
		}
	}
	return c.finish()
}

// readSeconds reads blocks of a line with the clock and lines "kind execname value".
func readSeconds(t testing.TB, fsys fs.FS, name string) counts {
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var c counts
	in := bufio.NewScanner(f)
	for in.Scan() {
		line := in.Text()
		if ns, err := strconv.ParseInt(line, 10, 64); err == nil {
			c.times = append(c.times, float64(ns)/1e9)
			continue
		}
		kind, rest, ok := strings.Cut(line, " ")
		i := strings.LastIndexByte(rest, ' ')
		if !ok || i < 0 || len(c.times) == 0 {
			continue
		}
		if v, err := strconv.ParseFloat(rest[i+1:], 64); err == nil {
			c.set(kind+" "+rest[:i], len(c.times)-1, v)
		}
	}
	return c.finish()
}

// related links sources whose logarithms correlate.
func related(c counts, least float64) Graph {
	var g Graph
	logs := make([][]float64, len(c.names))
	for i, n := range c.names {
		mean, sum := 0.0, 0.0
		for _, v := range c.values[i] {
			mean += math.Log1p(v) / float64(len(c.times))
			sum += v
		}
		norm := 0.0
		for _, v := range c.values[i] {
			d := math.Log1p(v) - mean
			logs[i] = append(logs[i], d)
			norm += d * d
		}
		for j := range logs[i] {
			logs[i][j] /= math.Sqrt(norm) + 1e-12
		}
		g.Nodes = append(g.Nodes, Node{Name: n, Activity: sum, Cluster: i % 7, Origin: source.Origin(i % 5)})
	}
	for i := range logs {
		for j := range i {
			r := 0.0
			for k := range logs[i] {
				r += logs[i][k] * logs[j][k]
			}
			if math.Abs(r) > least {
				g.Edges = append(g.Edges, Edge{From: j, To: i, Weight: r})
			}
		}
	}
	return g
}

// captureCounts are those of the captures here.
func captureCounts(t *testing.T) map[string]counts {
	all := map[string]counts{"vm-start.csv": readCSV(t, "testdata/vm-start.csv")}
	recorded, err := dtracefs.Open("../../dtracefs/testdata/recorded/captures.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(recorded, "*/run*/persec.dtrace.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recorded captures: %v", len(files), err)
	}
	for _, f := range files {
		all[f] = readSeconds(t, recorded, f)
	}
	return all
}

func TestCapturesHaveNoOverlaps(t *testing.T) {
	for name, c := range captureCounts(t) {
		for _, least := range []float64{0.3, 0.8} {
			g := related(c, least)
			if len(g.Edges) > 8000 {
				continue // slow, and nothing to see
			}
			if n, hidden := overlaps(g); n != 0 || hidden != 0 {
				t.Errorf("%s: %d sources, %d links: %d overlaps, %d labels left out", name, len(g.Nodes), len(g.Edges), n, hidden)
			}
			fixed := g.Placed()
			fixed.Edges = fixed.Edges[:len(fixed.Edges)/2]
			if n, _ := overlaps(fixed); n != 0 {
				t.Errorf("%s at fixed positions: %d overlaps", name, n)
			}
		}
	}
}

// wander is a made-up timeline of n sources that wander, drawn by hand.
func wander(n, length int) Timeline {
	t := Timeline{Style: Style{XKCD: true}}
	state := uint32(1)
	for k := range n {
		row, x := make([]float64, length), 0.0
		for i := range row {
			state = state*1664525 + 1013904223
			x += float64(state)/(1<<32) - 0.5
			row[i] = x
		}
		t.Names = append(t.Names, "series "+strconv.Itoa(k))
		t.Values = append(t.Values, row)
	}
	for i := range length {
		t.Times = append(t.Times, float64(i))
	}
	return t
}

func TestHandDrawnSVGIsSmall(t *testing.T) {
	const most = 250 << 10
	if n := len(wander(8, 300).SVG()); n > most {
		t.Errorf("8 series of 300 points take %d bytes, more than %d", n, most)
	} else {
		t.Logf("8 series of 300 points take %d bytes", n)
	}
}

func BenchmarkHandDrawn(b *testing.B) {
	t := wander(8, 300)
	b.Run("svg", func(b *testing.B) {
		b.ReportMetric(float64(len(t.SVG())), "B/svg")
		for b.Loop() {
			t.SVG()
		}
	})
	b.Run("png", func(b *testing.B) {
		for b.Loop() {
			t.PNG()
		}
	})
}
