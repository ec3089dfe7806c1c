package behavior

import (
	"testing"
	"unicode/utf8"
)

// TestLegible holds that names come back from JSON as they went in, each still told from the
// others.
func TestLegible(t *testing.T) {
	for name, want := range map[string]string{"nginx": "nginx", "jämsä": "jämsä", "\xffweb": `\xffweb`, "a\xc3": `a\xc3`, "\x1b[1m": "\x1b[1m"} {
		if got := Legible(name); got != want || !utf8.ValidString(got) || Legible(got) != got {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}
