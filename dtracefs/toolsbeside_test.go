package dtracefs

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestToolsBeside holds that a tool's table is found among what a tracer prints, and that one which
// the script prints under a heading like a tool's stays the script's.
func TestToolsBeside(t *testing.T) {
	const table = "device r/s w/s kr/s kw/s\nsda 1 2 3 4\nsdb 2 3 4 5\n"
	text := "dtrace: script 'x.d' matched 3 probes\n" + strings.Replace(table, "kw/s", "kw/s %b", 1)
	text = strings.ReplaceAll(strings.ReplaceAll(text, " 4\n", " 4 0\n"), " 5\n", " 5 1\n")
	for src, want := range map[string]string{
		"": "summary",
		`BEGIN { printf("device r/s w/s kr/s kw/s %%b\n"); } tick-1s { printf("%s %d %d %d %d %d\n", args[0]->name, 1, 2, 3, 4, 5); }`: "printf",
	} {
		fsys := fstest.MapFS{"x.txt": {Data: []byte(text)}}
		c, err := Load(t.Context(), fsys, "x.txt", Options{Script: src})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Tables) != 1 || c.Tables[0].Kind != want || c.Tables[0].NumRows() != 2 {
			t.Errorf("beside %q it decodes to\n%s", src, describe(c))
		}
	}
}
