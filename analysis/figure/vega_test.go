package figure_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"dtnotes/analysis/figure"
)

// hostile are names that an expression, a table or a tooltip could trip over.
var hostile = []string{"constructor", "__proto__", `a"b'c\d,e`, "<b>bold</b>", "", "two\nlines", "\xff\xfe", "${x}", "datum.x", "qemu-kvm", "qemu-kvm"}

func lively() map[string]interface{ Vega() []byte } {
	var g figure.Graph
	t := figure.Timeline{Every: time.Second, Unit: "calls"}
	var f figure.Flame
	for k, n := range hostile {
		g.Nodes = append(g.Nodes, figure.Node{Name: n, Cluster: k / 3, Activity: float64(k)})
		if k > 0 {
			g.Edges = append(g.Edges, figure.Edge{From: k, To: k / 2, Weight: 0.5, Stability: 0.9})
		}
		t.Names = append(t.Names, n)
		row := make([]float64, 1200)
		for j := range row {
			row[j] = float64(j % (k + 2))
		}
		row[7] = math.NaN()
		t.Values = append(t.Values, row)
		f.Stacks = append(f.Stacks, figure.Stack{Frames: []string{"main", n}, Count: float64(1 + k)})
	}
	for j := range 1200 {
		t.Times = append(t.Times, 1.7e9+float64(j))
	}
	t.Marks, t.Intervals = []figure.Mark{{Time: 1.7e9 + 4, Name: hostile[2]}}, []figure.Interval{{Start: 1.7e9, End: 1.7e9 + 9, Name: hostile[3]}}
	sp := figure.Spectrum{Names: [2]string{hostile[0], hostile[1]}, Unit: hostile[2], Rule: hostile[3], Chance: 0.2, Peaks: []float64{0.1, 0.25}}
	for k := range 129 {
		sp.Frequencies = append(sp.Frequencies, float64(k)/256)
		sp.Density[0], sp.Density[1] = append(sp.Density[0], float64(k%7)), append(sp.Density[1], 1e9)
		sp.Coherence = append(sp.Coherence, float64(k%11)/10)
	}
	return map[string]interface{ Vega() []byte }{"graph": g, "timeline": t, "flame graph": f, "spectrum": sp}
}

// TestVegaHoldsNamesAsData looks for names within expressions, where they would be code, and for
// specifications too long for what they show.
func TestVegaHoldsNamesAsData(t *testing.T) {
	for what, f := range lively() {
		spec := f.Vega()
		var doc map[string]any
		if err := json.Unmarshal(spec, &doc); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if !bytes.Equal(spec, f.Vega()) {
			t.Errorf("%s: the same figure gave different bytes", what)
		}
		if len(spec) > 40_000 {
			t.Errorf("%s: %d bytes", what, len(spec))
		}
		expressions(doc, func(e string) {
			for _, n := range []string{"constructor", "__proto__", "bold"} {
				for rest := e; ; {
					i := strings.Index(rest, n)
					if i < 0 {
						break
					}
					// A key of a tooltip ends in a blank, which makes it no word of the language.
					if !strings.HasPrefix(rest[i+len(n):], ` "`) && !strings.HasPrefix(rest[i+len(n):], `\u003c/b\u003e "`) {
						t.Errorf("%s: %q in expression %q", what, n, e)
					}
					rest = rest[i+len(n):]
				}
			}
		})
	}
}

// expressions calls f with all that Vega evaluates.
func expressions(v any, f func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && (k == "signal" || k == "update" || k == "expr") {
				f(s)
			} else if k != "value" && k != "values" {
				expressions(x, f)
			}
		}
	case []any:
		for _, x := range v {
			expressions(x, f)
		}
	}
}

func TestVegaOfStills(t *testing.T) {
	g := figure.Graph{Nodes: []figure.Node{{Name: "a"}}}
	by := g
	by.XKCD = true
	for name, f := range map[string]interface{ Vega() []byte }{"by hand": by, "nothing": figure.Graph{}, "stacked": figure.Timeline{Stacked: true}} {
		if spec := f.Vega(); spec != nil {
			t.Errorf("%s: %s", name, spec)
		}
	}
	if !strings.Contains(string(g.Vega()), "vega/v5") {
		t.Error("no specification of a graph")
	}
}
