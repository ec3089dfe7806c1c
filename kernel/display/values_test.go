package display

import (
	"embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

//go:embed values.go
var folder embed.FS

type point struct {
	Name   string
	X, Y   float64
	hidden int
}

func TestReadableValues(t *testing.T) {
	var nilFunc func()
	for _, tt := range []struct {
		value any
		want  string
	}{
		{"a b", "a b"},
		{[]string{"a b", "c"}, `["a b" "c"]`},
		{point{"p", 1, 2.5, 3}, `display.point{Name: "p", X: 1, Y: 2.5, hidden: 3}`},
		{&point{Name: "p"}, `&display.point{Name: "p", X: 0, Y: 0, hidden: 0}`},
		{[]any{point{}, 1, "x"}, `[display.point{Name: "", X: 0, Y: 0, hidden: 0} 1 "x"]`},
		{struct{ P *point }{&point{}}, "struct{P: &display.point{…}}"},
		{strings.ToUpper, "func(string) string"},
		{func(...any) error { return nil }, "func(...any) error"},
		{nilFunc, "<nil>"},
		{make(chan int, 3), "chan int (0 of 3)"},
		{[]time.Duration{time.Second}, "[1s]"},
		{map[string]string{"a": "x", "b": "y"}, `map["a":"x" "b":"y"]`},
		{[]point{}, "[]"},
	} {
		if got := Render(tt.value).Text(); got != tt.want {
			t.Errorf("%T shows %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestTablesOfValues(t *testing.T) {
	for name, value := range map[string]any{
		"structs":  []point{{"p", 1, 2.25, 0}, {"q <", 10, 3, 0}},
		"pointers": []*point{{"p", 1, 2.25, 0}, nil, {"q <", 10, 3, 0}},
		"map":      map[string]point{"one": {"p", 1, 2.25, 0}, "two": {"q <", 10, 3, 0}},
		"maps":     []map[string]any{{"Name": "p", "X": 1}, {"Name": "q <", "Y": 2.25}},
	} {
		b := Render(value)
		html, _ := b.Data[MIMETypeHTML].(string)
		for _, want := range []string{"<table>", ">Name", "q &lt;", "2.25"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: no %q in %s", name, want, html)
			}
		}
		if strings.Contains(html, "hidden") || !strings.Contains(b.Text(), "Name") || !strings.Contains(b.Text(), "\n") {
			t.Errorf("%s: %s\n%s", name, html, b.Text())
		}
	}
	long := make([]point, 1000)
	if text := Render(long).Text(); !strings.Contains(text, "1,000 elements") || !strings.Contains(text, "980 elements hidden") {
		t.Errorf("a long slice: %s", text)
	}
	counts := Render(map[string]int{"read": 12, "write": 3})
	if html, _ := counts.Data[MIMETypeHTML].(string); !strings.Contains(html, "<th>read</th>") || counts.Text() != `map["read":12 "write":3]` {
		t.Errorf("a map: %s\n%s", html, counts.Text())
	}
}

func TestListing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), make([]byte, 1234), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := Render(os.DirFS(dir)).Text(); !strings.Contains(text, "a.txt") || !strings.Contains(text, "1,234") || !strings.Contains(text, "1 file") {
		t.Errorf("a folder: %s", text)
	}
	if text := Render(fstest.MapFS{"sub/x": {}}).Text(); !strings.Contains(text, "sub/") {
		t.Errorf("a map of files: %s", text)
	}
	if text := Render(folder).Text(); !strings.Contains(text, "values.go") {
		t.Errorf("embedded files: %s", text)
	}
	if text := Render(os.DirFS(filepath.Join(dir, "none"))).Text(); !strings.Contains(text, "no such file") {
		t.Errorf("no folder: %s", text)
	}
}

func TestLatexKeepsText(t *testing.T) {
	for in, want := range map[string]string{
		"x^2": "$x^2$", "$x^2$": "$x^2$", "the $x$ of $y$": "the $x$ of $y$", "costs $x$": "costs $x$", `\$5`: `$\$5$`, "$a$ and $b$": "$a$ and $b$",
	} {
		if got := Latex(in).Data[MIMETypeLatex]; got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
