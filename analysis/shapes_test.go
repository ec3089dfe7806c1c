package analysis

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"dtnotes/dtracefs"
)

// strong is the partial correlation from which on a link is strong: a medium effect as J. Cohen has
// it ("Statistical power analysis for the behavioral sciences", 1988).
const strong = 0.3

// printed is a capture in one of the shapes that administrators print.
type printed struct {
	name   string
	series *Series
	totals map[string]float64 // of each source
}

// printedWorkloads counts by process every shape that counts something for processes.
func printedWorkloads(t *testing.T) []printed {
	t.Helper()
	z, err := zip.OpenReader("../dtracefs/testdata/shapes/shapes.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	names, err := fs.Glob(z, "*.meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []printed
	for _, n := range names {
		data, err := fs.ReadFile(z, n)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Name          string
			Capture, Keys []string
			Options       []string
			ValueKind     string `json:"value_kind"`
			Refuse        bool
		}
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(n, err)
		}
		if c.Refuse || c.ValueKind != "count" {
			continue
		}
		var o SeriesOptions
		for i := 0; i+1 < len(c.Options); i += 2 {
			switch words := strings.Split(c.Options[i+1], ","); c.Options[i] {
			case "--by":
				o.By = words
			case "--value":
				o.Value = words
			}
		}
		if process := slices.IndexFunc(c.Keys, func(k string) bool { return k == "comm" || strings.HasPrefix(k, "exec") }); process >= 0 && len(c.Keys) > 1 {
			o.By = []string{c.Keys[process]}
		}
		var files []dtracefs.File
		for _, f := range c.Capture {
			files = append(files, dtracefs.File{FS: z, Name: f})
		}
		s, err := CountFiles(context.Background(), files, o)
		if err != nil && len(c.Keys) > 1 {
			o.By = []string{"execname"}
			s, err = CountFiles(context.Background(), files, o)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		p := printed{c.Name, s, map[string]float64{}}
		for j, source := range s.Names {
			for i := range s.Times {
				p.totals[source] += s.Values.At(i, j)
			}
		}
		out = append(out, p)
	}
	return out
}

// same reports whether both counted the same: the same sources, and as often, to within a percent
// and two.
func (p printed) same(q printed) bool {
	for name, v := range p.totals {
		if w, ok := q.totals[name]; !ok || math.Abs(v-w) > 0.01*max(v, w)+2 {
			return false
		}
	}
	return len(p.totals) == len(q.totals)
}

// disagreements lists how two models of one workload differ: clusters that are not in both, and
// strong links of one that the other has not, or with another sign. With coarse, few buckets cannot
// tell which of sources that run nearly alike are linked directly: the ends of a strong link need
// only be in one cluster of the other model.
func disagreements(a, b *Model, coarse bool) (out []string) {
	clusters := func(m *Model) []string {
		var all []string
		for _, c := range m.Clusters() {
			slices.Sort(c)
			all = append(all, strings.Join(c, " "))
		}
		slices.Sort(all)
		return all
	}
	if x, y := clusters(a), clusters(b); !slices.Equal(x, y) {
		out = append(out, fmt.Sprintf("clusters %q and %q", x, y))
	}
	links := func(m *Model) map[[2]string]float64 {
		all := map[[2]string]float64{}
		for _, e := range m.Edges {
			x, y := m.Names[e.From], m.Names[e.To]
			all[[2]string{min(x, y), max(x, y)}] = e.Weight
		}
		return all
	}
	x, y := links(a), links(b)
	for range 2 {
		for pair, w := range x {
			if math.Abs(w) >= strong && y[pair]*w <= 0 && !(coarse && together(b, pair)) {
				out = append(out, fmt.Sprintf("%s and %s are linked by %.2f and by %.2f", pair[0], pair[1], w, y[pair]))
			}
		}
		x, y, b = y, x, a
	}
	slices.Sort(out)
	return out
}

func together(m *Model, pair [2]string) bool {
	i, j := slices.Index(m.Names, pair[0]), slices.Index(m.Names, pair[1])
	return i >= 0 && j >= 0 && m.Labels[i] >= 0 && m.Labels[i] == m.Labels[j]
}

// TestOneWorkloadInManyShapes holds that one workload gives the same clusters and the same strong
// links in whatever shape a tracer printed it: tracers whose seconds begin at other times, that
// skip one, that print empty tables before the work or nothing. It compares every pair of shapes
// that counted the same, those of other seconds by the wider ones.
func TestOneWorkloadInManyShapes(t *testing.T) {
	all := printedWorkloads(t)
	pairs, shapes := 0, map[string]bool{}
	for i, p := range all {
		for _, q := range all[:i] {
			if !p.same(q) {
				continue
			}
			a, b := p.series, q.series
			for _, s := range []**Series{&a, &b} {
				wide := max(p.series.Every, q.series.Every)
				if (*s).Every == wide {
					continue
				}
				r, err := (*s).Resample(wide)
				if err != nil {
					t.Fatal(err)
				}
				*s = r
			}
			pairs++
			shapes[p.name], shapes[q.name] = true, true
			x, y := mustLearn(t, a, Options{}), mustLearn(t, b, Options{})
			for _, d := range disagreements(x, y, p.series.Every != q.series.Every) {
				t.Errorf("%s, %s: %s", p.name, q.name, d)
			}
			if n := slices.IndexFunc(x.Edges, func(e Edge) bool { return math.Abs(e.Weight) < strong }); n >= 0 && n < 5 || len(x.Exemplars) < 3 {
				t.Errorf("%s: %d strong links, %d clusters: nothing to compare", p.name, n, len(x.Exemplars))
			}
		}
	}
	t.Logf("%d pairs of %d shapes", pairs, len(shapes))
	if pairs < 40 || len(shapes) < 25 {
		t.Errorf("only %d pairs of %d shapes counted the same", pairs, len(shapes))
	}
}

// TestDisagreements holds that the comparison sees what differs.
func TestDisagreements(t *testing.T) {
	s := sparseSeries(300, 12, 4)
	other := s.rows(0, len(s.Times))
	j := mustLearn(t, s, Options{}).Edges[0].From
	for i := range other.Times {
		other.Values.Set(i, j, s.Values.At((7*i+3)%len(s.Times), j))
	}
	if d := disagreements(mustLearn(t, s, Options{}), mustLearn(t, other, Options{}), false); len(d) == 0 {
		t.Error("a source whose buckets are shuffled has the same links")
	}
}
