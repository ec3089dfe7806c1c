package figure

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"dtnotes/analysis/internal/canvas"
)

// TestNamesThatDifferLookDifferent covers what does not show, what is cut, and what looks like an
// escape of something else.
func TestNamesThatDifferLookDifferent(t *testing.T) {
	names := []string{"", " ", "a", "a ", " a", "a\u00a0", "a\u200b", "a\u202e", "a\x01", `a\x01`, "a\xff", `a\xff`, `a\\xff`, "a\n", `a\n`, "\ufe0fa", `""`, "sshd", "ѕshd", "12 אב", "אב 12", "سلا", "الس", "中", "丮"}
	long := strings.Repeat("org.example.service.", 3)
	for i := range 40 {
		names = append(names, fmt.Sprintf("%sworker-%03d.with.a.long.tail.of.its.own", long, i), fmt.Sprintf("%d%s", i, strings.Repeat("x", 60)))
	}
	names = append(names, long, long+"x", "twice", "twice", "ﬁle", "file")
	seen := map[string]int{}
	for i, s := range labels(allVisible(names), nameLength) {
		if s == "" || strings.TrimSpace(s) != s {
			t.Errorf("%q is drawn as %q", names[i], s)
		}
		if len([]rune(s)) > nameLength+8 {
			t.Errorf("%q is drawn as %q: too long", names[i], s)
		}
		if j, ok := seen[canvas.Looks(s)]; ok {
			t.Errorf("%q and %q are both drawn as %q", names[j], names[i], s)
		}
		seen[canvas.Looks(s)] = i
	}
	twice := labels([]string{long + "a", long + "b", long + "b", long + "a"}, nameLength)
	if !strings.HasSuffix(twice[0], "a") || !strings.HasSuffix(twice[1], "b") || twice[2] != twice[1]+" (2)" || twice[3] != twice[0]+" (2)" {
		t.Errorf("names that differ at the end, each twice, are drawn as %q", twice)
	}
	if s := labels([]string{"cron", "postgres: writer"}, 28); s[0] != "cron" || s[1] != "postgres: writer" {
		t.Errorf("%q", s)
	}
}

// TestEscapesCountAsTheyAreDrawn has characters that no font of a picture has, which take the room
// of up to ten, and letters with marks: names are cut beside these and not within.
func TestEscapesCountAsTheyAreDrawn(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, strings.Repeat("\U0001f980", i)+"\u4e2d\u6587"+strings.Repeat("\u8fdb", 20), fmt.Sprintf("%s%c\U0001f525", strings.Repeat("\U0001f469\u200d", 3), 0x1f400+i),
			strings.Repeat("\x01", i)+"\xff"+strings.Repeat("ab", 20), strings.Repeat("e\u0301", 20+i)+strings.Repeat("x", 20))
	}
	seen := map[string]int{}
	for i, s := range labels(allVisible(names), nameLength) {
		if w := fitWidth(s); w > nameLength+14 {
			t.Errorf("%q is drawn as %q, which takes %d characters", names[i], s, w)
		}
		for _, q := range strings.Split(s, "…") {
			if r := []rune(q); len(r) > 0 && unicode.Is(unicode.M, r[0]) || strings.HasPrefix(visible(names[i]), `\x01`) && strings.Contains(strings.ReplaceAll(strings.ReplaceAll(q, `\x01`, ""), `\xff`, ""), `\`) {
				t.Errorf("%q is drawn as %q", names[i], s)
			}
		}
		if j, ok := seen[canvas.Looks(s)]; ok {
			t.Errorf("%q and %q are both drawn as %q", names[j], names[i], s)
		}
		seen[canvas.Looks(s)] = i
	}
}

func fitWidth(s string) int {
	w := 0
	for _, p := range pieces(s) {
		w += p.width
	}
	return w
}

func TestUnitsOfLargeNumbers(t *testing.T) {
	for v, want := range map[float64]string{1e17: "100P", 2.5e18: "2.5E", 1e21: "1e+21", 0: "0"} {
		if got := si(v); got != want {
			t.Errorf("%g is written %q, want %q", v, got, want)
		}
	}
	for _, most := range []float64{4e17, 4e21, 1.5e300} {
		seen := map[string]bool{}
		for _, tk := range linearTicks(0, most, 5) {
			if len(tk.label) > 8 || seen[tk.label] {
				t.Errorf("%g is labeled %q", tk.at, tk.label)
			}
			seen[tk.label] = true
		}
	}
}

// TestNamesAreTheSameWhereverTheyStand has names that look the same, and one too long to be drawn.
func TestNamesAreTheSameWhereverTheyStand(t *testing.T) {
	long := strings.Repeat("worker-", 20)
	g := Graph{Nodes: []Node{{Name: "\u00e9"}, {Name: "e\u0301"}, {Name: long}}, Edges: []Edge{{From: 0, To: 1, Weight: 0.5}, {From: 1, To: 2, Weight: 0.5}}}
	svg, live := g.SVG(), string(g.Vega())
	for _, want := range []string{"<title>\u00e9: process", "<title>e\u0301 (2): process", "\u00e9 – e\u0301 (2)", `data-name="e` + "\u0301 (2)\"", "<title>" + long} {
		if !strings.Contains(svg, want) {
			t.Errorf("graph: no %q", want)
		}
	}
	if !strings.Contains(live, "e\u0301 (2)") || !strings.Contains(live, long) || !strings.Contains(g.String(), "e\u0301 (2)") {
		t.Errorf("graph in words: %s", g)
	}
	tl := Timeline{Names: []string{"e\u0301", "\u00e9", long}, Times: []float64{0, 1}, Values: [][]float64{{1, 2}, {2, 3}, {3, 4}}}
	svg, live = tl.SVG(), string(tl.Vega())
	for _, want := range []string{"<title>" + long + ": total 7", `data-name="` + long + `"`, "<title>\u00e9: total 5", "<title>e\u0301 (2): total 3"} {
		if !strings.Contains(svg, want) {
			t.Errorf("timeline: no %q", want)
		}
	}
	if !strings.Contains(live, long) || !strings.Contains(live, "whole[datum.p]") {
		t.Error("a name is not found by what was left out of it")
	}
}
