package display

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

type everything struct{}

func (everything) HTML() string                 { return "<b>h</b>" }
func (everything) JavaScript() string           { return "js" }
func (everything) JPEG() []byte                 { return []byte{1} }
func (everything) PNG() []byte                  { return []byte{2} }
func (everything) PDF() []byte                  { return []byte{3} }
func (everything) SVG() string                  { return "<svg/>" }
func (everything) Latex() string                { return "$x$" }
func (everything) Markdown() string             { return "*m*" }
func (everything) JSON() map[string]any         { return map[string]any{"a": 1} }
func (everything) SimpleRender() map[string]any { return map[string]any{"application/x-own": "own"} }
func (everything) String() string               { return "everything" }

type rendersData struct{}

func (rendersData) Render() Data { return Data{Data: MIMEMap{MIMETypeLatex: "$y$"}} }

type rendersBundle struct{}

func (rendersBundle) Render() Bundle { return HTML("<i>b</i>") }

type panics struct{ N int }

func (panics) HTML() string { panic("no html today") }
func (panics) SVG() string  { return "<svg/>" }

type mapError map[string]int

func (mapError) Error() string { return "a map that is an error" }

func TestRenderForms(t *testing.T) {
	p := plot.New()
	p.Title.Text = "Load"
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 3}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(line)
	g := simple.NewWeightedDirectedGraph(0, 0)
	g.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(1), T: simple.Node(2), W: 0.5})
	df := dataframe.New(series.New([]int{1, 2}, series.Int, "n"))
	tests := []struct {
		name  string
		v     any
		types string // sorted MIME types
		text  string // what text/plain begins with
	}{
		{"nil", nil, "text/plain", "<nil>"},
		{"nil pointer with methods", (*everything)(nil), "text/plain", "<nil>"},
		{"int", 42, "text/plain", "42"},
		{"every method", everything{}, "application/javascript application/json application/pdf application/x-own image/jpeg image/png image/svg+xml text/html text/latex text/markdown text/plain", "everything"},
		{"Render() Data", rendersData{}, "text/latex text/plain", "{}"},
		{"Render() Bundle", rendersBundle{}, "text/html text/plain", "<i>b</i>"},
		{"a method that panics", panics{7}, "image/svg+xml text/plain", "method HTML of display.panics panicked: no html today"},
		{"bundle", Math("x^2"), "text/latex text/plain", "x^2"},
		{"bundle without text", Bundle{Data: MIMEMap{MIMETypePNG: []byte("xx")}}, "image/png text/plain", "image/png, 2 bytes"},
		{"image", image.NewGray(image.Rect(0, 0, 3, 2)), "image/png text/plain", "*image.Gray 3×2"},
		{"frame", df, "text/html text/plain", "     n\n   int\n"},
		{"frame by pointer", &df, "text/html text/plain", "     n\n"},
		{"frame with an error", dataframe.New(), "text/html text/plain", "data frame: empty DataFrame"},
		{"series", series.New([]float64{1.5, math.NaN()}, series.Float, "x"), "text/html text/plain", "       x\n   float\n0    1.5\n1    NaN\n2 elements"},
		{"small matrix", mat.NewDense(2, 2, []float64{1, 2, 3, 4.5}), "text/latex text/plain", "⎡1.0  2.0⎤\n⎣3.0  4.5⎦"},
		{"large matrix", mat.NewDense(100, 3, nil), "text/html text/plain", "    0  1  2\n 0  0  0  0"},
		{"empty matrix", &mat.Dense{}, "text/plain", "0×0 matrix"},
		{"vector", mat.NewVecDense(1, []float64{math.Inf(1)}), "text/latex text/plain", "[+Inf]"},
		{"complex matrix", mat.NewCDense(1, 2, []complex128{1, 2i}), "text/latex text/plain", "[1+0i  0+2i]"},
		{"plot", p, "image/png image/svg+xml text/plain", `plot "Load"`},
		{"graph", g, "image/png image/svg+xml text/plain", "directed graph, 2 nodes, 1 edge\n1 → 2  0.5"},
		{"empty graph", simple.NewUndirectedGraph(), "text/plain", "undirected graph, 0 nodes, 0 edges"},
		{"error", fmt.Errorf("opening: %w", fs.ErrNotExist), "text/html text/plain", "opening: file does not exist"},
		{"error on a map", mapError{"a": 1}, "text/html text/plain", "a map that is an error"},
	}
	for _, tt := range tests {
		b := Render(tt.v)
		if got := strings.Join(slices.Sorted(maps.Keys(b.Data)), " "); got != tt.types {
			t.Errorf("%s: MIME types %s, want %s", tt.name, got, tt.types)
		}
		if !strings.HasPrefix(b.Text(), tt.text) {
			t.Errorf("%s: text %q, want it to begin with %q", tt.name, b.Text(), tt.text)
		}
		if markup, _ := b.Data[MIMETypeHTML].(string); strings.Contains(markup, "<script") || strings.Contains(markup, "<svg") {
			t.Errorf("%s: HTML has what sanitizers remove: %s", tt.name, markup)
		}
		data, metadata := b.Encode()
		if _, err := json.Marshal([]any{data, metadata}); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestRenderIsTheSameTwice(t *testing.T) {
	g := simple.NewUndirectedGraph()
	for i := range 29 {
		g.SetEdge(simple.Edge{F: simple.Node(i / 3), T: simple.Node(i + 10)})
	}
	if a, b := Render(g), Render(g); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("the same graph shows differently the second time")
	}
}

func TestPlotThatCannotBeDrawn(t *testing.T) {
	p := plot.New()
	p.Y.Scale = plot.LogScale{}
	line, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: -3}})
	p.Add(line)
	if text := Render(p).Text(); !strings.HasPrefix(text, "cannot show *plot.Plot: panic:") {
		t.Errorf("got %q", text)
	}
}

func TestRenderResult(t *testing.T) {
	err := errors.New("too late")
	tests := []struct {
		values []any
		want   string
	}{
		{nil, ""},
		{[]any{nil, nil}, ""},
		{[]any{&Handle{}}, ""},
		{[]any{42}, "42"},
		{[]any{42, nil}, "42"},
		{[]any{nil, err}, "too late"},
		{[]any{42, err}, "42 too late"},
		{[]any{1, "two", 3.5}, "1 two 3.5"},
		{[]any{1, "a\nb"}, "1\na\nb"},
	}
	for _, tt := range tests {
		if got := RenderResult(tt.values...).Text(); got != tt.want {
			t.Errorf("RenderResult(%v) = %q, want %q", tt.values, got, tt.want)
		}
	}
}

// An error may name a process or a file.
func TestErrorOfForeignName(t *testing.T) {
	b := Render(errors.New("no \x1b[2J\u202e\nhere"))
	for _, mime := range []string{MIMETypeText, MIMETypeHTML} {
		if got := b.Data[mime].(string); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "no \\x1b[2J\\u202e\nhere") {
			t.Errorf("%s: %q", mime, got)
		}
	}
}

func TestLongFrame(t *testing.T) {
	n := make([]float64, 1234)
	names := make([]string, len(n))
	for i := range n {
		n[i], names[i] = float64(i)/8, fmt.Sprintf("<p%d>", i)
	}
	b := Render(dataframe.New(series.New(n, series.Float, "load"), series.New(names, series.String, "name")))
	text, markup := b.Text(), b.Data[MIMETypeHTML].(string)
	for _, want := range []string{"1,214 rows hidden", "1,234 rows × 2 columns", "154.1250"} {
		if !strings.Contains(text, want) && !strings.Contains(text, strings.TrimSuffix(want, "0")) {
			t.Errorf("text lacks %q:\n%s", want, text)
		}
	}
	for _, want := range []string{"1,214 rows hidden", "1,234 rows × 2 columns", "&lt;p1233&gt;", `<td align="right" style="text-align:right">0.000</td>`} {
		if !strings.Contains(markup, want) {
			t.Errorf("HTML lacks %q:\n%s", want, markup)
		}
	}
	if strings.Contains(text, "<p10>") || strings.Contains(markup, "p10&") {
		t.Error("hidden rows show")
	}
}

func TestEncode(t *testing.T) {
	loop := map[string]any{}
	loop["self"] = loop
	b := Bundle{Data: MIMEMap{
		MIMETypeText:       "a\xffb",
		MIMETypePNG:        []byte("png"),
		MIMETypeSVG:        []byte("<svg/>"),
		"application/json": loop,
		"x/func":           func() {},
		"x/raw+json":       []byte(`{"a":1}`),
	}}
	data, metadata := b.Encode()
	if metadata == nil {
		t.Error("metadata is nil")
	}
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	text := got[MIMETypeText].(string)
	for _, want := range []string{"a\uFFFDb\ncannot show application/json: ", "x/func: "} {
		if !strings.Contains(text, want) {
			t.Errorf("text %q lacks %q", text, want)
		}
	}
	if got[MIMETypePNG] != "cG5n" || got[MIMETypeSVG] != "<svg/>" || fmt.Sprint(got["x/raw+json"]) != "map[a:1]" {
		t.Errorf("got %v", got)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.svg")
	if err := os.WriteFile(path, []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := File("", path).Data[MIMETypeSVG].(string); !ok {
		t.Errorf("an SVG file shows as %v", File("", path).Data)
	}
	defer func() {
		err, _ := recover().(error)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file panics with %v", err)
		}
	}()
	File("", filepath.Join(dir, "none"))
}

func TestAny(t *testing.T) {
	if b := Auto(strings.NewReader("\x89PNG\r\n\x1a\n")); b.Data[MIMETypePNG] == nil {
		t.Errorf("a PNG reader shows as %v", b.Data)
	}
	if b := Any("text/html", "<b>x</b>"); b.Data[MIMETypeHTML] != "<b>x</b>" {
		t.Errorf("HTML shows as %v", b.Data)
	}
	if b := Auto(everything{}); b.Data[MIMETypeLatex] == nil {
		t.Errorf("a value with methods shows as %v", b.Data)
	}
	if b := Auto(5); b.Text() != "5" {
		t.Errorf("a number shows as %v", b.Data)
	}
}
