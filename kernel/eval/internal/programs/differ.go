package programs

import (
	"strings"
	"testing"
)

// Differ fails a test for each line in which two outputs differ, or for the first one if one has
// more lines: behind that all would.
func Differ(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("%s, line %d:\n\tgot  %s\n\twant %s", what, i+1, a, b)
			if len(g) != len(w) {
				return
			}
		}
	}
}
