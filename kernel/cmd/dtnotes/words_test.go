package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestNamesAreForeignText holds that what a process calls itself reaches neither a terminal
// nor a spreadsheet as anything but text, whichever command prints it.
func TestNamesAreForeignText(t *testing.T) {
	for _, evil := range []string{"\x1b]0;x\x07\u202eweb", "=HYPERLINK(\"x\")", "\u009b2Jweb", "@SUM(1)", "+web", "-web", "\xffweb\xfe"} {
		t.Run(evil, func(t *testing.T) {
			renamed := func(c string) string { return strings.ReplaceAll(c, "web", evil) }
			inFolder(t, map[string]string{
				"a.txt": renamed(webCapture(1, 100, -1)), "b.txt": renamed(webCapture(2, 100, -1)), "bad.txt": renamed(webCapture(4, 60, 30)),
				"prose.txt": strings.Repeat(evil+" and so on it goes, as words do\nand the next line is another one\n", 6),
				"c.txt":     strings.ReplaceAll(webCapture(5, 100, -1), "web", evil+"2"),
			})
			commands := [][]string{
				{"inspect", "a.txt"}, {"learn", "-o", "n.json", "a.txt", "b.txt"}, {"learn", "-o", "m.json", "c.txt"}, {"learn", "a.txt"},
				{"score", "n.json", "bad.txt", "--alerts", "alerts.csv", "--timeline", "t.svg", "--graph", "g.svg"},
				{"score", "n.json", "c.txt"}, {"compare", "n.json", "m.json"},
				{"inspect", "prose.txt"}, {"learn", "prose.txt"}, {"learn", "--by", evil, "a.txt"}, {"series", "a.txt", "--table", evil, "-o", "s.csv"},
				{"series", "a.txt", "-o", "s.csv"}, {"export", "a.txt", "-o", "tables/"}, {"export", "a.txt", "--table", evil, "-o", "x.csv"},
				{"merge", "n.json", "m.json", "-o", "both.json"}, {"suppress", "n.json", evil, evil + "3", "--for", "1h"}, {"suppress", "n.json"},
				{"accept", "n.json"}, {"accept", "n.json", "1"}, {"accept", "n.json", evil}, {"score", evil, "c.txt"}, {"inspect", evil},
			}
			if cat, err := exec.LookPath("cat"); err == nil {
				commands = append(commands, []string{"watch", "n.json", "--", cat, "bad.txt"})
			}
			for _, args := range commands {
				out, errs, err := dtnotes(t, args...)
				if err != nil {
					var told strings.Builder
					say(&told, "dtnotes:", err) // as main does
					errs += told.String()
				}
				for _, text := range []string{out, errs} {
					if at := strings.IndexFunc(text, unseen); at >= 0 {
						t.Errorf("%s prints %q", strings.Join(args, " "), text[max(0, at-20):min(len(text), at+20)])
					}
				}
			}
			for _, file := range []string{"alerts.csv", "t.svg", "g.svg"} {
				text := mustRead(t, file)
				if at := strings.IndexFunc(text, unseen); at >= 0 {
					t.Errorf("%s holds %q", file, text[max(0, at-20):min(len(text), at+20)])
				}
			}
			for _, line := range strings.Split(mustRead(t, "alerts.csv"), "\n") {
				for _, sign := range []string{"=", "+", "-", "@"} {
					if strings.HasPrefix(line, sign) || strings.Contains(line, ","+sign) || strings.Contains(line, ",\""+sign) {
						t.Errorf("alerts.csv has a formula: %q", line)
					}
				}
			}
		})
	}
}

// unseen reports what no text for people may hold.
func unseen(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar)
}

// TestWordsGoOneWay holds that nothing is printed but by say and sayf, which let no name steer a terminal:
// fmt's own functions fill texts in memory only.
func TestWordsGoOneWay(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file == "words.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := f.X.(*ast.Ident); ok && pkg.Name == "fmt" && (strings.HasPrefix(f.Sel.Name, "Fprint") || strings.HasPrefix(f.Sel.Name, "Print")) {
				if len(call.Args) > 0 {
					if a, ok := call.Args[0].(*ast.UnaryExpr); ok && a.Op == token.AND {
						return true
					}
				}
				t.Errorf("%s calls fmt.%s", file, f.Sel.Name)
			}
			return true
		})
	}
}
