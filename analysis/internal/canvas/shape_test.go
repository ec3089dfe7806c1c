package canvas

import (
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

func TestShape(t *testing.T) {
	for text, want := range map[string]string{
		"":                "",
		"sshd":            "sshd",
		"é – µ":           "é – µ",
		"中文":              `\u4e2d\u6587`,
		"a😀b":             `a\U0001f600b`,
		"אבג":             "גבא",
		"abc אבג 12 דה x": "abc הד 12 גבא x",
		"pid 7 אב":        "pid 7 בא",
		"אב (ג) 3.5":      "3.5 (ג) בא",
		"אב (2) x":        "(2) בא x",
		"אב [3":           "3] בא",
		"שָ":              "שָ",
		"a سلا b":         `a \u0633\u0644\u0627 b`,
		"אב 中":            `בא \u4e2d`,
	} {
		if got := string(shape(Sans(10, false), text)); got != want {
			t.Errorf("%q stands as %q, want %q", text, got, want)
		}
	}
}

// TestNoBoxIsDrawn asks each face for every character of the first planes: what shape leaves as it
// is has a glyph, so that the shape for unknown ones, which is the same for all, is never drawn.
func TestNoBoxIsDrawn(t *testing.T) {
	for _, f := range []font.Face{Sans(10, false), Sans(10, true)} {
		box := loadGlyph(f.Face, 0)
		same := func(p vg.Path) bool {
			if len(p) != len(box.path) || len(p) == 0 {
				return false
			}
			for i := range p {
				if p[i].Pos != box.path[i].Pos {
					return false
				}
			}
			return true
		}
		escaped := 0
		for r := rune(0x20); r < 0x20000; r++ {
			if r >= 0xd800 && r < 0xe000 {
				continue
			}
			shown := shape(f, string(r))
			if len(shown) > 1 {
				escaped++
			}
			for _, q := range shown {
				if _, g := lookup(f, q); same(g.path) {
					t.Fatalf("%U is drawn as a box", r)
				}
			}
		}
		if escaped < 10000 {
			t.Errorf("%d characters are escaped", escaped)
		}
	}
}

func TestTextsThatLookTheSame(t *testing.T) {
	for _, same := range [][2]string{{"a", "а"}, {"אב 12", "12 אב"}, {"x", "x"}, {"file", "ﬁle"}, {"a...", "a…"}, {"été", "e\u0301te\u0301"}} {
		if Looks(same[0]) != Looks(same[1]) {
			t.Errorf("%q and %q look different", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"l", "1"}, {"ab", "ba"}, {"אב", "בא"}, {"中", "丮"}, {"", " "}, {"é", "e"}, {"x²", "x2"}} {
		if Looks(other[0]) == Looks(other[1]) {
			t.Errorf("%q and %q look the same", other[0], other[1])
		}
	}
}
