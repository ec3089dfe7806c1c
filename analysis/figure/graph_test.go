package figure

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/analysis/source"
)

// overlaps counts what is on top of something else in a graph: labels on labels, labels on nodes,
// nodes on nodes, and what reaches out of the frame. Labels that were left out are counted apart.
func overlaps(g Graph) (count, hidden int) {
	p := pen{g.XKCD}
	_, legend := g.legend(p, g.pageWidth())
	pl := g.place(p, legend)
	if pl.noLegend {
		legend = 0
	}
	for i, l := range pl.labels {
		if l.hidden() {
			hidden++
			continue
		}
		if l.box.Min.X < 0 || l.box.Min.Y < legend || l.box.Max.X > pl.w || l.box.Max.Y > pl.h-g.heading() {
			count++
		}
		for j := range pl.labels {
			if j < i && !pl.labels[j].hidden() && boxesMeet(l.box, pl.labels[j].box) {
				count++
			}
			if circleMeets(pl.at[j], pl.reach[j], l.box) {
				count++
			}
		}
	}
	for i, a := range pl.at {
		r := pl.reach[i]
		if a.X-r < 0 || a.Y-r < legend || a.X+r > pl.w || a.Y+r > pl.h-g.heading() {
			count++
		}
		for j := range i {
			b := pl.at[j]
			if math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) < float64(r+pl.reach[j]) {
				count++
			}
		}
	}
	return count, hidden
}

// randomGraph has n nodes with names of all lengths, heavy-tailed activity, and about degree edges
// per node, most of them within groups.
func randomGraph(n int, degree float64, seed uint64) Graph {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	g := Graph{Unit: "calls/s"}
	groups := 1 + n/8
	for i := range n {
		g.Nodes = append(g.Nodes, Node{
			Name:     strings.Repeat("process-name-", 2)[:2+rng.IntN(16)] + fmt.Sprint(i),
			Cluster:  rng.IntN(groups),
			Activity: math.Exp(3 * rng.NormFloat64()),
			Origin:   source.Origin(rng.IntN(5)),
		})
	}
	seen := map[[2]int]bool{}
	for range int(degree * float64(n) / 2) {
		a, b := rng.IntN(n), rng.IntN(n)
		if a == b || seen[[2]int{min(a, b), max(a, b)}] || g.Nodes[a].Cluster != g.Nodes[b].Cluster && rng.Float64() < 0.7 {
			continue
		}
		seen[[2]int{min(a, b), max(a, b)}] = true
		g.Edges = append(g.Edges, Edge{From: a, To: b, Weight: rng.NormFloat64() / 3, Stability: rng.Float64()})
	}
	return g
}

func TestGraphHasNoOverlaps(t *testing.T) {
	for _, n := range []int{1, 2, 5, 12, 30, 60, 120, 200} {
		for _, degree := range []float64{0, 1.2, 3, 6} {
			for _, xkcd := range []bool{false, true} {
				g := randomGraph(n, degree, 1)
				g.XKCD = xkcd
				if c, hidden := overlaps(g); c != 0 || hidden != 0 {
					t.Errorf("%d nodes, degree %g, xkcd %v: %d overlaps, %d labels left out", n, degree, xkcd, c, hidden)
				}
			}
		}
	}
}

func TestGraphOnSmallPageLeavesLabelsOutRatherThanOverlap(t *testing.T) {
	for _, n := range []int{5, 60, 200} {
		g := randomGraph(n, 3, 2)
		g.Width, g.Height = 400, 300
		if c, _ := overlaps(g); c != 0 {
			t.Errorf("%d nodes: %d overlaps", n, c)
		}
	}
}

func TestGraphStartsFromGivenPositions(t *testing.T) {
	g := Graph{
		Nodes: []Node{{Name: "a", X: 1, Y: 1}, {Name: "b", X: 5, Y: 1}, {Name: "c", X: 3, Y: 4}},
		Edges: []Edge{{From: 0, To: 1, Weight: 1}, {From: 1, To: 2, Weight: 1}, {From: 2, To: 0, Weight: 1}},
	}
	pl := g.place(pen{}, 0)
	if !(pl.at[0].X < pl.at[2].X && pl.at[2].X < pl.at[1].X && pl.at[2].Y > pl.at[0].Y) {
		t.Errorf("layout %v does not keep the arrangement it was given", pl.at)
	}
}

func TestPlacedGraphStaysInPlace(t *testing.T) {
	before := randomGraph(20, 3, 3).Placed()
	after := before
	after.Edges = after.Edges[:len(after.Edges)/2]
	a, b := before.place(pen{}, 40), after.place(pen{}, 40)
	for i := range a.at {
		if a.at[i] != b.at[i] {
			t.Fatalf("node %d moved from %v to %v", i, a.at[i], b.at[i])
		}
	}
	if c, _ := overlaps(after); c != 0 {
		t.Errorf("%d overlaps", c)
	}
}

func TestGraphIsDeterministic(t *testing.T) {
	g := randomGraph(40, 3, 4)
	first, again := g.SVG(), g.SVG()
	if first != again || !bytes.Equal(g.PNG(), g.PNG()) {
		t.Error("the same graph gave different bytes")
	}
	h := g
	h.Seed = 7
	if h.SVG() == g.SVG() {
		t.Error("the seed changes nothing")
	}
}

func TestBadGraphsSaySo(t *testing.T) {
	two := []Node{{Name: "a"}, {Name: "b"}}
	for _, c := range []struct {
		g    Graph
		want string
	}{
		{Graph{}, "no nodes"},
		{Graph{Nodes: two, Edges: []Edge{{From: 0, To: 1, Weight: math.NaN()}}}, "weight is NaN"},
		{Graph{Nodes: two, Edges: []Edge{{From: 0, To: 1, Weight: math.Inf(1)}}}, "weight is +Inf"},
		{Graph{Nodes: two, Edges: []Edge{{From: 0, To: 2, Weight: 1}}}, "links nodes 0 and 2 of 2"},
		{Graph{Nodes: two, Edges: []Edge{{From: 1, To: 1, Weight: 1}}}, "to itself"},
		{Graph{Nodes: two, Edges: []Edge{{From: 0, To: 1, Weight: 1, Stability: 2}}}, "stability is 2"},
		{Graph{Nodes: []Node{{Activity: math.NaN()}}}, "activity is NaN"},
		{Graph{Nodes: []Node{{X: math.NaN()}}}, "position is NaN"},
	} {
		checkProblem(t, c.g, c.want)
	}
}

// shown is what every figure does.
type shown interface {
	SVG() string
	PNG() []byte
	String() string
	Save(string) error
}

func checkProblem(t *testing.T, f shown, want string) {
	t.Helper()
	if got := f.String(); !strings.Contains(got, want) {
		t.Errorf("text %q does not say %q", got, want)
	}
	path := filepath.Join(t.TempDir(), "figure.svg")
	if err := f.Save(path); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("saving gives error %v, want %q", err, want)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was written")
	}
	if svg := checkXML(t, f.SVG()); !strings.Contains(svg, want) {
		t.Errorf("the SVG's description does not say %q", want)
	}
	checkPNG(t, f.PNG())
}

func checkXML(t *testing.T, svg string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return svg
		} else if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
	}
}

func checkPNG(t *testing.T, data []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("the PNG does not decode: %v", err)
	}
	first := img.At(0, 0)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, y) != first {
				return
			}
		}
	}
	t.Error("the PNG is empty")
}

func TestSaveChoosesFormatByExtension(t *testing.T) {
	g := randomGraph(3, 2, 5)
	dir := t.TempDir()
	for _, name := range []string{"a.svg", "a.png", "a.PNG"} {
		if err := g.Save(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := g.Save(filepath.Join(dir, "a.gif")); err == nil || !strings.Contains(err.Error(), `extension ".gif"`) {
		t.Errorf("error %v", err)
	}
	if err := g.Save(filepath.Join(dir, "none", "a.png")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

func TestOddNamesAreVisible(t *testing.T) {
	g := Graph{Nodes: []Node{{Name: "a\tb\n\xff<&>\""}, {Name: ""}, {Name: strings.Repeat("long ", 50)}, {Name: "進程 é µ − →"}}}
	svg := checkXML(t, g.SVG())
	if !strings.Contains(svg, `a\tb\n\xff&lt;&amp;&gt;`) {
		t.Error("odd bytes are not escaped")
	}
	checkPNG(t, g.PNG())
}

func BenchmarkGraph(b *testing.B) {
	for _, n := range []int{20, 60, 200} {
		g := randomGraph(n, 3, 1)
		b.Run(fmt.Sprintf("layout/%d", n), func(b *testing.B) {
			for b.Loop() {
				g.place(pen{}, 40)
			}
		})
		b.Run(fmt.Sprintf("svg/%d", n), func(b *testing.B) {
			b.ReportMetric(float64(len(g.SVG())), "bytes")
			for b.Loop() {
				g.SVG()
			}
		})
		b.Run(fmt.Sprintf("png/%d", n), func(b *testing.B) {
			for b.Loop() {
				g.PNG()
			}
		})
	}
}

func TestDifferenceTellsWhatChanged(t *testing.T) {
	before := Graph{
		Nodes: []Node{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}},
		Edges: []Edge{{From: 0, To: 1, Weight: 0.5}, {From: 1, To: 2, Weight: 0.5}, {From: 0, To: 2, Weight: 0.3}, {From: 2, To: 3, Weight: 0.2}},
	}.Placed()
	after := Graph{
		Nodes: []Node{{Name: "e"}, {Name: "c"}, {Name: "b"}, {Name: "a"}},
		Edges: []Edge{{From: 3, To: 2, Weight: 0.52}, {From: 2, To: 1, Weight: -0.4}, {From: 1, To: 3, Weight: 0.6}, {From: 0, To: 1, Weight: 0.1}},
	}
	d := Difference{Before: before, After: after}
	want := map[string]change{"a–b": same, "b–c": reversed, "a–c": stronger, "c–d": lost, "c–e": gained}
	all := d.alterations()
	if len(all) != len(want) {
		t.Errorf("%d alterations, want %d", len(all), len(want))
	}
	for _, a := range all {
		if a.what != want[a.from+"–"+a.to] {
			t.Errorf("%s–%s is %s, want %s", a.from, a.to, a.what, want[a.from+"–"+a.to])
		}
	}
	if s := d.String(); !strings.Contains(s, "1 gained, 1 lost, 1 stronger, 0 weaker, 1 reversed, 1 unchanged") {
		t.Errorf("text %q", s)
	}
	if n, _ := overlaps(d.graph()); n != 0 {
		t.Errorf("%d overlaps", n)
	}
	checkXML(t, d.SVG())
	checkPNG(t, d.PNG())
	// Either may be empty.
	for _, half := range []Difference{{Before: before}, {After: after}} {
		checkXML(t, half.SVG())
	}
	checkProblem(t, Difference{}, "no nodes")
	checkProblem(t, Difference{Before: before, After: Graph{Nodes: []Node{{Name: "a"}, {Name: "a"}}}}, "two nodes are named a")
}

func TestGraphWritesData(t *testing.T) {
	g := Graph{
		Style: Style{Title: `a "title" with \`},
		Nodes: []Node{{Name: "a\"b\\", Activity: 3}, {Name: "<c>&\xff", Origin: source.Storage, Cluster: -1}},
		Edges: []Edge{{From: 0, To: 1, Weight: -0.25, Stability: 0.5, Leads: true}, {From: 1, To: 0, Weight: 0}},
	}
	var dot, ml, js bytes.Buffer
	for _, err := range []error{g.WriteDOT(&dot), g.WriteGraphML(&ml), g.WriteJSON(&js)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{`graph "a \"title\" with \\" {`, `label="a\"b\\"`, `n0 -- n1 [weight=-0.25, stability=0.5`, "style=dashed, dir=forward"} {
		if !strings.Contains(dot.String(), want) {
			t.Errorf("DOT lacks %s:\n%s", want, dot.String())
		}
	}
	checkXML(t, ml.String())
	for _, want := range []string{`<data key="name">&lt;c&gt;&amp;\xff</data>`, `<data key="weight">-0.25</data>`} {
		if !strings.Contains(ml.String(), want) {
			t.Errorf("GraphML lacks %s:\n%s", want, ml.String())
		}
	}
	var read struct {
		Nodes []struct{ Name string }
		Edges []struct {
			Source, Target int
			Weight         float64
			Leads          bool
		}
	}
	if err := json.Unmarshal(js.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Nodes) != 2 || read.Nodes[0].Name != `a"b\` || len(read.Edges) != 1 || read.Edges[0].Weight != -0.25 || !read.Edges[0].Leads {
		t.Errorf("JSON reads back as %+v", read)
	}
	dir := t.TempDir()
	for _, name := range []string{"g.dot", "g.graphml", "g.json"} {
		if err := g.Save(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		if err := (Graph{}).Save(filepath.Join(dir, "empty"+name)); err == nil {
			t.Errorf("an empty graph was saved as %s", name)
		}
	}
}
