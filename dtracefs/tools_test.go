package dtracefs

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestToolUnderDate holds that the time that a loop in a shell prints above a tool is that of the
// tool's block, and that a time does not stay for the blocks after it.
func TestToolUnderDate(t *testing.T) {
	const block = "Mem: 1234K used, 5678K free, 90K shrd, 12K buff, 345K cached\nCPU:   1% usr   2% sys\n" +
		"  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n    1     0 root     S     1234   1%   0   0% init\n"
	load := func(text string) string {
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: []byte(text)}}, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Table("top").Columns[0].Text(c.Table("top").NumRows() - 1)
	}
	dates := []string{"Sat Nov 28 20:16:47 UTC 2026\n", "Sat Nov 28 20:16:48 UTC 2026\n"}
	if at := load(dates[0] + block + dates[1] + block); !strings.HasPrefix(at, "2026-11-28T20:16:48") {
		t.Errorf("the last row is of %q, want the date above it", at)
	}
	if at := load(dates[0] + block + block); at != "" {
		t.Errorf("the last row is of %q, and no time was printed above it", at)
	}
}
