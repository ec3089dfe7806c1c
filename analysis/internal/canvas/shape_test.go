package canvas

import "testing"

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
		"שָ":              "שָ",
	} {
		if got := string(shape(Sans(10, false), text)); got != want {
			t.Errorf("%q stands as %q, want %q", text, got, want)
		}
	}
}
