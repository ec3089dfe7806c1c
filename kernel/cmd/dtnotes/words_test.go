package main

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

// TestNamesAreForeignText holds that what a process calls itself reaches neither a terminal
// nor a spreadsheet as anything but text, whichever command prints it.
func TestNamesAreForeignText(t *testing.T) {
	for _, evil := range []string{"\x1b]0;x\x07\u202eweb", "=HYPERLINK(\"x\")", "\u009b2Jweb"} {
		t.Run(evil, func(t *testing.T) {
			renamed := func(c string) string { return strings.ReplaceAll(c, "web", evil) }
			inFolder(t, map[string]string{
				"a.txt": renamed(webCapture(1, 100, -1)), "b.txt": renamed(webCapture(2, 100, -1)), "bad.txt": renamed(webCapture(4, 60, 30)),
				"c.txt": strings.ReplaceAll(webCapture(5, 100, -1), "web", evil+"2"),
			})
			commands := [][]string{
				{"inspect", "a.txt"}, {"learn", "-o", "n.json", "a.txt", "b.txt"}, {"learn", "-o", "m.json", "c.txt"}, {"learn", "a.txt"},
				{"score", "n.json", "bad.txt", "--alerts", "alerts.csv", "--timeline", "t.svg", "--graph", "g.svg"},
				{"score", "n.json", "c.txt"}, {"compare", "n.json", "m.json"},
			}
			if cat, err := exec.LookPath("cat"); err == nil {
				commands = append(commands, []string{"watch", "n.json", "--", cat, "bad.txt"})
			}
			for _, args := range commands {
				out, errs, err := dtnotes(t, args...)
				if err != nil {
					errs += err.Error()
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
				if strings.Contains(line, ",=") || strings.Contains(line, ",\"=") {
					t.Errorf("alerts.csv has a formula: %q", line)
				}
			}
		})
	}
}

// unseen reports what no text for people may hold.
func unseen(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar)
}
