package dtracefs

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestRefusals counts captures with options that cannot be meant, and captures in which nothing can
// be counted: what the error says.
func TestRefusals(t *testing.T) {
	w := newWorld(3, 30, time.Second, prefixed(plainNames, "global", "web"))
	rows := w.each(inLayout(formY, "\n"), printa, "\n")
	table := w.each(func(_ int, at time.Time) string { return at.Format(formY) + "\nZONE       EXEC                CALLS\n" },
		wordsAs("%-10s %-16s %8d\n"), "\n")
	var both strings.Builder // two logs that have nothing in common
	for i := range 40 {
		at := w.end(i).Unix()
		fmt.Fprintf(&both, "time=%d exec=nginx calls=5\ntime=%d exec=api calls=6\nwhen=%d disk=sda reads=7\nwhen=%d disk=sdb reads=%d\n", at, at, at, at, i)
	}
	for _, c := range []struct {
		name, text string
		o          MeasureOptions
		says       []string
	}{
		{"a wrong --by", table, MeasureOptions{By: []string{"container"}}, []string{"--by container: no table has such a column", "ZONE, EXEC, CALLS"}},
		{"a wrong position", table, MeasureOptions{By: []string{"9"}}, []string{"--by 9: no table has such a column", "ZONE, EXEC, CALLS"}},
		{"a wrong --value", rows, MeasureOptions{Value: []string{"bytes"}}, []string{"--value bytes: no table has such a column", "key1, key2, value"}},
		{"a value of words", table, MeasureOptions{Value: []string{"EXEC"}}, []string{"column EXEC holds no numbers, but such as", "say --value with one of CALLS"}},
		{"a wrong --time", table, MeasureOptions{Time: "when"}, []string{"--time when: no table has such a column", "ZONE, EXEC, CALLS"}},
		{"a time of words", table, MeasureOptions{Time: "EXEC"}, []string{"--time EXEC: column EXEC of table table holds no times"}},
		{"a wrong --as", rows, MeasureOptions{As: "bananas"}, []string{"--as bananas: want one of count, sum, total, gauge, events, distribution"}},
		{"a negative --every", rows, MeasureOptions{Every: -time.Second}, []string{"--every -1s: want a positive time"}},
		{"a wrong --table", rows, MeasureOptions{Table: []string{"maps"}}, []string{"--table maps: there is no such table among", "agg"}},
		{"text alone", "hello\nthere is nothing\nin this file at all\n", MeasureOptions{}, []string{"nothing in it can be counted over time", "lines of text"}},
		{"unknown text", strings.Repeat("Dear all,\nplease find attached the minutes of the board\nthey were written by hand\nand the cake was good\n", 3), MeasureOptions{},
			[]string{"dialect unknown", unknownSays, "nothing in it can be counted over time"}},
		{"one print", printa(0, w.start, []string{"nginx"}, 5) + printa(0, w.start, []string{"api"}, 7), MeasureOptions{}, []string{"agg: keys and a value, but printed once, without a time: print it each second"}},
		{"events of no one", "CPU     ID                    FUNCTION:NAME\n" + strings.Repeat("  1   3963                       read:entry \n", 30), MeasureOptions{},
			[]string{"events without a time and without a process: print walltimestamp and execname"}},
		{"blocks of other keys", "  nginx                                                             5\n\n  api                                                               6\n\n  tar                                                               7\n", MeasureOptions{},
			[]string{"agg: keys and a value, but no time between its 3 blocks: say --every 1s"}},
		{"two readings", both.String(), MeasureOptions{}, []string{"several readings are equally good: choose one with --table", "calls", "reads"}},
		{"empty", "", MeasureOptions{}, []string{"nothing in it can be counted over time"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{"capture.txt": {Data: []byte(c.text)}}
			_, err := CountFiles(t.Context(), []File{{fsys, "capture.txt"}}, CountOptions{MeasureOptions: c.o})
			if !errors.Is(err, ErrMeasure) {
				t.Fatalf("the error is %v", err)
			}
			for _, s := range append(c.says, "capture.txt") {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("no %q in: %v", s, err)
				}
			}
		})
	}
}
