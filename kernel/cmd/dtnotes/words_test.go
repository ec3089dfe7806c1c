package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// nameless are the commands that print no names of captures, or only what cells print.
var nameless = map[string]bool{"run": true, "eval": true, "session": true, "kernel": true, "install": true, "uninstall": true, "convert": true, "version": true,
	"record": true} // the tracer's own words, by say

// TestNamesAreForeignText holds that what a process calls itself reaches neither a terminal
// nor a spreadsheet as anything but text, whichever command prints it.
func TestNamesAreForeignText(t *testing.T) {
	for _, evil := range []string{"\x1b]0;x\x07\u202eweb", "=HYPERLINK(\"x\")", "\u009b2Jweb", "@SUM(1)", "+web", "-web", "\xffweb\xfe", "we\rb", "we\nFORGED"} {
		t.Run(evil, func(t *testing.T) {
			defer func(f func(io.Writer) bool) { onTerminal = f }(onTerminal)
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
				{"explore", "windows", "a.txt", "--window", "30s", "-o", "w.svg"}, {"explore", "factors", "a.txt", "-o", "f.svg"}, {"explore", "spectrum", "a.txt", evil, evil + "3", "-o", "p.svg"}, {"explore", "spectrum", "a.txt", evil, "db", "-o", "p.svg"},
				{"inspect", "prose.txt"}, {"learn", "prose.txt"}, {"score", "n.json", "prose.txt"}, {"series", "prose.txt"}, {"count", "-o", "p.counts", "prose.txt"}, {"learn", "--by", evil, "a.txt"}, {"series", "a.txt", "--table", evil, "-o", "s.csv"},
				{"series", "a.txt", "-o", "s.csv"}, {"export", "a.txt", "-o", "tables/"}, {"export", "a.txt", "--table", evil, "-o", "x.csv"},
				{"merge", "n.json", "m.json", "-o", "both.json"}, {"suppress", "n.json", evil, evil + "3", "--for", "1h"}, {"suppress", "n.json"},
				{"accept", "n.json"}, {"accept", "n.json", "1"}, {"accept", "n.json", evil}, {"score", evil, "c.txt"}, {"inspect", evil},
			}
			if cat, err := exec.LookPath("cat"); err == nil {
				commands = append(commands, []string{"watch", "n.json", "--", cat, "bad.txt"})
			}
			forPeople := len(commands)
			commands = append(commands, [][]string{
				{"series", "a.txt"}, {"export", "a.txt", "--table", "rows", "-o", "-"}, {"export", "a.txt", "--table", "activity", "-o", "-"}, {"export", "a.txt", "-o", "-"},
				{"count", "a.txt", "-o", "-"}, {"count", "a.txt", "-o", "a.counts"}, {"merge", "a.counts", "-o", "-"}, {"inspect", "--json", "a.txt"}, {"learn", "--json", "-", "a.txt"},
				{"score", "n.json", "c.txt", "--json"}, {"compare", "n.json", "m.json", "--json"}, {"compare", "a.txt", "c.txt", "--json"},
			}...)
			seen := map[string]bool{}
			for i, args := range commands {
				// Data are for people there only.
				onTerminal = func(io.Writer) bool { return i >= forPeople }
				seen[args[0]] = true
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
					if strings.Contains(text, "\nFORGED") && !slices.Contains(args, evil) {
						t.Errorf("%s lets a name begin a line:\n%s", strings.Join(args, " "), text)
					}
				}
				if len(args) > 1 && args[len(args)-1] == "prose.txt" && args[0] != "inspect" && (err == nil || !strings.Contains(err.Error(), "unknown")) {
					t.Errorf("%s does not say that the dialect is unknown: %v", strings.Join(args, " "), err)
				}
			}
			for _, c := range command().Commands() {
				if !seen[c.Name()] && !nameless[c.Name()] {
					t.Errorf("%s is not tried", c.Name())
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

// TestDataOnTerminals holds that a terminal gets values escaped, wherever a write ends, and a
// program as they are.
func TestDataOnTerminals(t *testing.T) {
	defer func(f func(io.Writer) bool) { onTerminal = f }(onTerminal)
	const text = "time,\"web\x1b[2J\nnginx, \"\"a\"\"\",né\u202e\xff\n1,2,3\n"
	for _, people := range []bool{false, true} {
		onTerminal = func(io.Writer) bool { return people }
		for size := 1; size < len(text); size++ {
			var out strings.Builder
			w := data(&out, true)
			for rest := text; len(rest) > 0; {
				n := min(size, len(rest))
				if m, err := io.WriteString(w, rest[:n]); m != n || err != nil {
					t.Fatal(m, err)
				}
				rest = rest[n:]
			}
			want := text
			if people {
				want = "time,\"web\\x1b[2J\\nnginx, \"\"a\"\"\",né\\u202e\\xff\n1,2,3\n"
			}
			if out.String() != want {
				t.Errorf("written %d bytes each: %q, want %q", size, out.String(), want)
			}
		}
	}
}

// TestWordsGoOneWay holds that nothing is printed but by say and sayf, which let no name steer a
// terminal: fmt's own functions fill texts in memory only.
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
