package dtracefs

import (
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for name, want := range map[string]string{
		"nginx":                "nginx",
		"jämsä ❤ 日本":           "jämsä ❤ 日本",
		"\x1b]0;x\x07y":        `\x1b]0;x\x07y`,
		"a\nb\tc\r":            `a\nb\tc\r`,
		"\u202egnp.exe":        `\u202egnp.exe`,
		"a\u2066b\u200b\ufeff": `a\u2066b\u200b\ufeff`,
		"\u009b2J":             `\x9b2J`,
		"\xff\x80":             `\xff\x80`,
		"\U000e0001":           `\U000e0001`,
		"\u2028":               `\u2028`,
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	if got := PrintableLines("a\x1b\nb\n"); got != "a\\x1b\nb\n" {
		t.Errorf("lines are shown as %q", got)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b]0;x\x07")
	f.Add("\u202e")
	f.Fuzz(func(t *testing.T, name string) {
		got := Printable(name)
		if !utf8.ValidString(got) || Printable(got) != got {
			t.Errorf("%q is shown as %q", name, got)
		}
	})
}
