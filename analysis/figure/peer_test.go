package figure

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBesideMatplotlib reports the median time of a drawing and its ratio to matplotlib's for
// the same figure in the same run:
//
//	DTNOTES_PEER=python3 go test -run NONE -bench BesideMatplotlib -benchtime 1x ./analysis/figure
//
// Positions are given to matplotlib; ours lays the graph out too.
func BenchmarkBesideMatplotlib(b *testing.B) {
	peer := os.Getenv("DTNOTES_PEER")
	if peer == "" {
		b.Skip("DTNOTES_PEER names no Python with matplotlib")
	}
	g := randomGraph(60, 3, 1)
	placed := g.Placed()
	lines := wander(8, 300)
	for _, c := range []struct {
		what, kind string
		figure     any
		draw       func()
	}{
		{"graph", "svg", placed, func() { g.SVG() }},
		{"graph", "png", placed, func() { g.PNG() }},
		{"xkcd", "svg", lines, func() { lines.SVG() }},
		{"xkcd", "png", lines, func() { lines.PNG() }},
	} {
		b.Run(c.what+"/"+c.kind, func(b *testing.B) {
			in, err := json.Marshal(c.figure)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				ours := medianTime(9, c.draw)
				cmd := exec.Command(peer, "testdata/peer.py", c.what, c.kind)
				cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
				cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				theirs, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(1e3*ours, "ms")
				b.ReportMetric(1e3*theirs, "peer-ms")
				b.ReportMetric(ours/theirs, "ratio")
			}
		})
	}
}

// medianTime returns the median seconds of n drawings, after one that warms up.
func medianTime(n int, draw func()) float64 {
	draw()
	var times []float64
	for range n {
		begin := time.Now()
		draw()
		times = append(times, time.Since(begin).Seconds())
	}
	slices.Sort(times)
	return times[n/2]
}
