package analysis

import (
	"bufio"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/go-gota/gota/dataframe"
	gota "github.com/go-gota/gota/series"
	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis/cluster"
	"dtnotes/analysis/internal/golden"
	"dtnotes/dtracefs"
)

func goldenSeries(t testing.TB, set string) *Series {
	t.Helper()
	s, err := ReadCSV(strings.NewReader(golden.Text(t, set+".csv")), set, CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// captureFrame reads a per-second capture of ours: blocks of a clock line and
// "kind execname value" lines.
func captureFrame(t testing.TB, name string) dataframe.DataFrame {
	t.Helper()
	recorded, err := dtracefs.Open("../dtracefs/testdata/recorded/captures.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	f, err := recorded.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var times, values []float64
	var kinds, execs []string
	now := 0.0
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if ns, err := strconv.ParseInt(line, 10, 64); err == nil {
			now = float64(ns) / 1e9
			continue
		}
		kind, rest, ok := strings.Cut(line, " ")
		cut := strings.LastIndexByte(rest, ' ')
		if !ok || cut < 0 {
			continue
		}
		v, err := strconv.ParseFloat(rest[cut+1:], 64)
		if err != nil {
			t.Fatal(err)
		}
		times, values = append(times, now), append(values, v)
		kinds, execs = append(kinds, kind), append(execs, rest[:cut])
	}
	return dataframe.New(
		gota.New(times, gota.Float, "time"), gota.New(kinds, gota.String, "kind"),
		gota.New(execs, gota.String, "execname"), gota.New(values, gota.Float, "value"))
}

func maxDiff(a mat.Matrix, b [][]float64) float64 {
	top := 0.0
	for i := range b {
		for j := range b[i] {
			top = max(top, math.Abs(a.At(i, j)-b[i][j]))
		}
	}
	return top
}

func TestGoldenPipeline(t *testing.T) {
	for _, set := range []string{"syn12", "counts24", "counts24_log1p", "syn60"} {
		var want struct {
			Tight struct {
				Alpha     float64
				Precision [][]float64
			}
			Labels  []int       `json:"ap_labels"`
			Partial [][]float64 `json:"partial_correlations"`
		}
		golden.Read(t, set+".pipeline_default.json", &want)
		csv, transform := set, TransformNone
		if name, ok := strings.CutSuffix(set, "_log1p"); ok {
			csv, transform = name, TransformLog1p
		}
		m, err := Learn(t.Context(), goldenSeries(t, csv), Options{Alpha: want.Tight.Alpha, Transform: transform})
		if err != nil {
			t.Fatal(err)
		}
		if d := maxDiff(m.Precision, want.Tight.Precision); d > 1e-5 {
			t.Errorf("%s: precision off by %g", set, d)
		}
		for i := range want.Partial {
			want.Partial[i][i] = 1
		}
		if d := maxDiff(m.PartialCorrelations, want.Partial); d > 1e-3 {
			t.Errorf("%s: partial correlations off by %g", set, d)
		}
		t.Log(set, m.Labels, want.Labels)
	}
}

// TestTruth compares the default model with the structure the sets were made
// from; the reference's defaults reach the numbers to beat.
func TestTruth(t *testing.T) {
	var truth map[string]struct {
		Labels    []int
		Precision [][]float64
	}
	golden.Read(t, "truth.json", &truth)
	for _, c := range []struct {
		set     string
		f1, ari float64
	}{{"syn12", 0.871, 1}, {"syn60", 0.885, 0.568}, {"counts24", 0, 0.88}} {
		m, err := Learn(t.Context(), goldenSeries(t, c.set), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if ari, err := cluster.AdjustedRand(m.Labels, truth[c.set].Labels); err != nil || ari < c.ari {
			t.Errorf("%s: adjusted Rand index %.3f, want ≥ %.3f (%v)", c.set, ari, c.ari, err)
		}
		want, found := 0, 0
		for i, row := range truth[c.set].Precision {
			for j := range i {
				if row[j] != 0 {
					want++
				}
			}
		}
		if want == 0 {
			continue
		}
		for _, e := range m.Edges {
			if truth[c.set].Precision[e.From][e.To] != 0 {
				found++
			}
		}
		if f1 := 2 * float64(found) / float64(want+len(m.Edges)); f1 <= c.f1 {
			t.Errorf("%s: F1 of edges %.3f, want more than %.3f", c.set, f1, c.f1)
		}
	}
}

func TestCaptures(t *testing.T) {
	for _, run := range []string{"vm-start/run1", "vm-start/run2", "web/run1", "web-faulty/run1", "batch/run1"} {
		frame := captureFrame(t, run+"/persec.dtrace.txt")
		for _, by := range [][]string{nil, {"kind", "execname"}} {
			s, err := FromFrame(frame, SeriesOptions{By: by})
			if err != nil {
				t.Fatal(err)
			}
			m, err := Learn(t.Context(), s, Options{})
			if err != nil {
				t.Fatal(run, err)
			}
			if len(m.Edges) == 0 && run != "vm-start/run2" || len(m.Names)+len(m.Dropped) != len(s.Names) {
				t.Errorf("%s by %v: %d links among %d sources, %d dropped of %d", run, by, len(m.Edges), len(m.Names), len(m.Dropped), len(s.Names))
			}
			t.Logf("%s by %v\n%s", run, by, m)
		}
	}
}
