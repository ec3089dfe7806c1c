package syntax

import "testing"

func TestParseRecord(t *testing.T) {
	for text, want := range map[string]string{
		"{ .m = 2, .n = 3 }":                                  "m=2 n=3",
		"  { .name = a, b, .n = -1 }":                         "name=a, b n=-1",
		"{ .a = { .x = 1, .y = { .z = (1, 2) } }, .b =  }":    "a={x=1 y={z=(1, 2)}} b=",
		"{ .f = [1,2], .u = 18446744073709551615, .h = 0x1 }": "f=[1,2] u=18446744073709551615 h=0x1",
	} {
		if v, ok := ParseRecord([]byte(text)); !ok || members(v) != want {
			t.Errorf("%q is read as %q (%v), want %q", text, members(v), ok, want)
		}
	}
	for _, text := range []string{"", "{}", "{ }", "{ .m }", "{ .m = 2", "{ .m = 2 } x", "{ m = 2 }", "{ .1 = 2 }", "{.m = 2}"} {
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
		if m.Kind == '{' {
			text += v.Names[i] + "={" + members(m) + "}"
		} else {
			text += v.Names[i] + "=" + m.Text
		}
	}
	return text
}
