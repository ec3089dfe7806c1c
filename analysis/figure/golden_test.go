package figure_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/plot/cmpimg"

	"dtnotes/analysis/figure"
)

func init() {
	// cmpimg names its flag -regen; -update does the same.
	flag.BoolVar(cmpimg.GenerateTestData, "update", false, "write the golden pictures anew")
}

func TestExamples(t *testing.T) {
	examples := map[string]func(){
		"graph":            ExampleGraph,
		"difference":       ExampleDifference,
		"timeline":         ExampleTimeline,
		"timeline_log":     ExampleTimeline_log,
		"timeline_stacked": ExampleTimeline_stacked,
		"heat":             ExampleHeat,
		"histogram":        ExampleHistogram,
		"offsets":          ExampleOffsetHeat,
		"flame":            ExampleFlame,
		"flame_difference": ExampleFlame_difference,
		"dendrogram":       ExampleDendrogram,
		"matrix":           ExampleMatrix,
		"process_tree":     ExampleProcessTree,
		"strips":           ExampleStrips,
		"grid":             ExampleGrid,
		"spectrum":         ExampleSpectrum,
	}
	for name := range figures() {
		if examples[name] == nil {
			t.Errorf("no example shows %s", name)
		}
	}
	for name, example := range examples {
		t.Run(name, func(t *testing.T) { cmpimg.CheckPlot(example, t, name+".png") })
	}
}

type shown interface {
	SVG() string
	PNG() []byte
	String() string
	Save(string) error
}

// figures are one of every kind.
func figures() map[string]shown {
	return map[string]shown{
		"graph": graph(), "difference": difference(), "timeline": timeline(), "heat": heat(), "histogram": histogram(), "offsets": offsets(),
		"flame": flame(), "flame_difference": flameDifference(), "dendrogram": dendrogram(), "matrix": matrix(), "process_tree": processTree(),
		"strips": strips(), "grid": grid(), "spectrum": spectrum(),
	}
}

// styled returns every figure in a style.
func styled(theme figure.Theme, xkcd bool) map[string]shown {
	out := figures()
	for name, f := range out {
		v := reflect.New(reflect.TypeOf(f)).Elem()
		v.Set(reflect.ValueOf(f))
		style := v.FieldByName("Style").Addr().Interface().(*figure.Style)
		style.Theme, style.XKCD = theme, xkcd
		out[name] = v.Interface().(shown)
	}
	return out
}

// TestEveryFigureIsHere fails where the package has a figure, which is what embeds Style, that
// figures lacks, so that the tests of all figures are tests of it too.
func TestEveryFigureIsHere(t *testing.T) {
	have := map[string]bool{}
	for _, f := range figures() {
		have[reflect.TypeOf(f).Name()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range structure.Fields.List {
					if id, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 && id.Name == "Style" && !have[spec.Name.Name] {
						t.Errorf("%s: figures has no %s", file, spec.Name.Name)
					}
				}
			}
			return false
		})
	}
}

// TestGalleryShowsEveryFigure fails where the notebook that shows all figures lacks one or a theme.
func TestGalleryShowsEveryFigure(t *testing.T) {
	notebook, err := os.ReadFile("../../notebooks/gallery.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range figures() {
		kind, _, _ := strings.Cut(f.String(), ":")
		kind, of, _ := strings.Cut(kind, " of ") // what it is of, is the notebook's own
		if !bytes.Contains(notebook, []byte(`"`+kind+": ")) && (of == "" || !bytes.Contains(notebook, []byte(`"`+kind+" of "))) {
			t.Errorf("notebooks/gallery.ipynb shows no %s (%s)", kind, name)
		}
	}
	for _, theme := range figure.Themes() {
		name := theme.String()
		if constant := "figure." + strings.ToUpper(name[:1]) + name[1:]; theme != figure.Light && !bytes.Contains(notebook, []byte(constant)) {
			t.Errorf("notebooks/gallery.ipynb draws nothing with %s", constant)
		}
	}
}

// TestEveryOptionIsDrawn sets each field that is true or false of every figure and demands another
// picture, and another one of Vega where the figure has one: notebooks show that.
func TestEveryOptionIsDrawn(t *testing.T) {
	for name, f := range figures() {
		for i := range reflect.TypeOf(f).NumField() {
			field := reflect.TypeOf(f).Field(i)
			if field.Type.Kind() != reflect.Bool || name == "graph" && field.Name == "Fixed" {
				continue // Fixed keeps positions, of which the graph here has none
			}
			v := reflect.New(reflect.TypeOf(f)).Elem()
			v.Set(reflect.ValueOf(f))
			v.Field(i).SetBool(!v.Field(i).Bool())
			other := v.Interface().(shown)
			if f.SVG() == other.SVG() {
				t.Errorf("%s: %s changes nothing", name, field.Name)
			}
			before, ok := f.(interface{ Vega() []byte })
			if after := v.Interface(); ok && bytes.Equal(before.Vega(), after.(interface{ Vega() []byte }).Vega()) {
				t.Errorf("%s: %s changes nothing that notebooks show", name, field.Name)
			}
		}
	}
}

// TestStyles compares every figure by hand and in every theme but the one that TestExamples has.
func TestStyles(t *testing.T) {
	check := func(style string, figures map[string]shown) {
		for name, f := range figures {
			file := fmt.Sprintf("%s_%s.png", name, style)
			t.Run(file, func(t *testing.T) {
				cmpimg.CheckPlot(func() { save(f, file) }, t, file)
			})
		}
	}
	check("xkcd", styled(figure.Light, true))
	for _, theme := range figure.Themes() {
		if theme != figure.Light {
			check(theme.String(), styled(theme, false))
		}
	}
}

// The SVG is what browsers show; its text is compared to the byte for the two main figures.
func TestSVGs(t *testing.T) {
	cmpimg.CheckPlot(func() { save(graph(), "graph.svg") }, t, "graph.svg")
	x := timeline()
	x.XKCD = true
	cmpimg.CheckPlot(func() { save(x, "timeline_xkcd.svg") }, t, "timeline_xkcd.svg")
}

func TestPaperIsTheThemes(t *testing.T) {
	papers := map[figure.Theme]color.Color{figure.Light: color.White, figure.Dark: color.NRGBA{0x14, 0x17, 0x1c, 255}, figure.Gray: color.White}
	for _, theme := range figure.Themes() {
		paper := papers[theme]
		if paper == nil {
			t.Fatalf("what is the paper of %s?", theme)
		}
		for name, f := range styled(theme, theme == figure.Dark) {
			img, err := png.Decode(bytes.NewReader(f.PNG()))
			if err != nil {
				t.Fatal(err)
			}
			r, g, b, _ := img.At(1, 1).RGBA()
			if x, y, z, _ := paper.RGBA(); r != x || g != y || b != z {
				t.Errorf("%s %s: the corner is %v, not %v", theme, name, img.At(1, 1), paper)
			}
		}
	}
}

func TestGrayHasNoColor(t *testing.T) {
	for name, f := range styled(figure.Gray, false) {
		svg := f.SVG()
		for i := strings.IndexByte(svg, '#'); i >= 0; {
			if c := svg[i+1:]; len(c) > 7 && c[6] == '"' && strings.Trim(c[:6], "0123456789abcdef") == "" {
				if c[:2] != c[2:4] || c[2:4] != c[4:6] {
					t.Errorf("%s in gray has the color #%s", name, c[:6])
					break
				}
			}
			next := strings.IndexByte(svg[i+1:], '#')
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
}

func TestFiguresDescribeThemselves(t *testing.T) {
	for name, f := range styled(figure.Light, true) {
		svg := f.SVG()
		for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "aria-labelledby="} {
			if !strings.Contains(svg, want) {
				t.Errorf("%s: the SVG has no %s", name, want)
			}
		}
		if strings.Contains(svg, "<text") || strings.Contains(svg, "NaN") || strings.ContainsRune(svg, 0) {
			t.Errorf("%s: the SVG holds text in a font of the viewer's, a NaN or a NUL", name)
		}
		if first, again := f.PNG(), f.PNG(); svg != f.SVG() || !bytes.Equal(first, again) {
			t.Errorf("%s: the same figure gave different bytes", name)
		}
		if f.String() == "" {
			t.Errorf("%s has no text", name)
		}
	}
}
