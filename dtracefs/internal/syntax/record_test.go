package syntax

import (
	"strings"
	"testing"
)

func TestParseRecord(t *testing.T) {
	for text, want := range map[string]string{
		"{ .m = 2, .n = 3 }":                                  "m=2 n=3",
		"  { .name = a, b, .n = -1 }":                         "name=a, b n=-1",
		"{ .a = { .x = 1, .y = { .z = (1, 2) } }, .b =  }":    "a={x=1 y={z={1 2}}} b=",
		"(1, (2, abc), { .m = a, b }, x (y, z), [1,2])":       "1 {2 abc} {m=a, b} x (y z) [1,2]",
		"{ .a = (x) }":                                        "a=(x)",
		"{ .a = (x, y) z }":                                   "a=(x, y) z",
		"{ .f = [1,2], .u = 18446744073709551615, .h = 0x1 }": "f=[1,2] u=18446744073709551615 h=0x1",
	} {
		if v, ok := ParseRecord([]byte(text)); !ok || members(v) != want {
			t.Errorf("%q is read as %q (%v), want %q", text, members(v), ok, want)
		}
	}
	for _, text := range []string{"", "{}", "{ }", "{ .m }", "{ .m = 2", "{ .m = 2 } x", "{ m = 2 }", "{ .1 = 2 }", "{.m = 2}", "(1)", "()", "(1, 2", "(1, 2) x"} {
		if v, ok := ParseRecord([]byte(text)); ok {
			t.Errorf("%q is read as %q", text, members(v))
		}
	}
}

// members writes a record down in a short form.
func members(v JSON) (text string) {
	for i, m := range v.Members {
		if i > 0 {
			text += " "
		}
		if v.Kind == '{' {
			text += v.Names[i] + "="
		}
		if m.Kind == '{' || m.Kind == '[' {
			text += "{" + members(m) + "}"
		} else {
			text += m.Text
		}
	}
	return text
}

func TestSplitKeys(t *testing.T) {
	for text, want := range map[string]int{
		"": 1, "a": 1, "a, b": 2, "(1, 2)": 1, "(1, 2), 3": 2, "{ .a = 1, .b = (x, y) }, [1, 2]": 2, "f(1, 2)": 2, "(1, 2": 2, "(1, 2) x": 2,
	} {
		if got := SplitKeys(text, ", "); len(got) != want || strings.Join(got, ", ") != text {
			t.Errorf("%q is split into %q, want %d keys", text, got, want)
		}
	}
}
