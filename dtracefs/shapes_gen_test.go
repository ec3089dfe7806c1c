package dtracefs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A world is a known matrix, and how it may be printed.
type world struct {
	start  time.Time
	every  time.Duration
	keys   [][]string
	values [][]int // by interval and source; 0 where a source did nothing
}

// plainNames are processes whose names are a word each.
var plainNames = [][]string{{"nginx"}, {"redis-server"}, {"api"}, {"ledger"}, {"crond"}, {"tar"}, {"sh"}, {"load"}}

// oddNames hold what parts cells elsewhere.
var oddNames = [][]string{{"nginx"}, {"Web Content"}, {"kworker/0:1"}, {"a,b"}, {"[migration]"}, {"redis-server"}, {"java: main"}, {"api"}}

// newWorld makes a matrix in which sources come and go: some are there nearly always, some hardly
// ever.
func newWorld(seed uint64, steps int, every time.Duration, keys [][]string) *world {
	r := rand.New(rand.NewPCG(seed, 11))
	w := &world{start: time.Date(2026, 11, 28, 9, 59, 12, 0, time.UTC), every: every, keys: keys}
	for range steps {
		row := make([]int, len(keys))
		for j := range row {
			if r.Float64() < 0.95-0.8*float64(j)/float64(len(keys)) {
				row[j] = 1 + r.IntN(40*(1+j%4))
			}
		}
		row[0] = max(row[0], 1)
		w.values = append(w.values, row)
	}
	return w
}

// end is when interval i ended.
func (w *world) end(i int) time.Time { return w.start.Add(time.Duration(i+1) * w.every) }

// each writes every interval: what comes before its rows, its rows by value, and what comes after
// them.
func (w *world) each(before func(i int, at time.Time) string, row func(i int, at time.Time, keys []string, v int) string, after string) string {
	var b strings.Builder
	for i := range w.values {
		if before != nil {
			b.WriteString(before(i, w.end(i)))
		}
		for _, j := range w.order(i, false) {
			b.WriteString(row(i, w.end(i), w.keys[j], w.values[i][j]))
		}
		b.WriteString(after)
	}
	return b.String()
}

// order are the sources of an interval as printa has them: by value.
func (w *world) order(i int, idle bool) []int {
	var js []int
	for j, v := range w.values[i] {
		if v > 0 || idle {
			js = append(js, j)
		}
	}
	slices.SortStableFunc(js, func(a, b int) int { return cmp.Compare(w.values[i][a], w.values[i][b]) })
	return js
}

// printa is the default output of DTrace's aggregations.
func printa(_ int, _ time.Time, keys []string, v int) string {
	var b strings.Builder
	for _, k := range keys {
		if _, err := strconv.Atoi(k); err == nil {
			fmt.Fprintf(&b, " %8s", k)
		} else {
			fmt.Fprintf(&b, "  %-50s", k)
		}
	}
	return fmt.Sprintf("%s %16d\n", b.String(), v)
}

func bpfMap(name string) func(int, time.Time, []string, int) string {
	return func(_ int, _ time.Time, keys []string, v int) string {
		return fmt.Sprintf("@%s[%s]: %d\n", name, strings.Join(keys, ", "), v)
	}
}

// inLayout prints the end of each interval.
func inLayout(format, after string) func(int, time.Time) string {
	return func(_ int, at time.Time) string { return at.Format(format) + after }
}

func wordsAs(format string) func(int, time.Time, []string, int) string {
	return func(_ int, _ time.Time, keys []string, v int) string {
		args := make([]any, 0, len(keys)+1)
		for _, k := range keys {
			args = append(args, k)
		}
		return fmt.Sprintf(format, append(args, v)...)
	}
}

const (
	formY   = "2006 Jan _2 15:04:05"
	formISO = "2006-01-02 15:04:05"
)

// truth is the matrix as a reading of what was printed has it: its times as clock says.
func (w *world) truth(clock string) *truth {
	t := &truth{values: map[string][]float64{}}
	for i := range w.values {
		at := float64(w.end(i).UnixNano()) / 1e9
		switch clock {
		case "clock":
			at = w.end(i).Sub(w.start.Truncate(24 * time.Hour)).Seconds()
		case "relative":
			at = w.end(i).Sub(w.start).Seconds()
		}
		t.times = append(t.times, at)
		for j, v := range w.values[i] {
			name := wordsOfName(strings.Join(w.keys[j], " "))
			if len(t.values[name]) < i+1 {
				t.values[name] = append(t.values[name], 0)
			}
			t.values[name][i] += float64(v)
		}
	}
	return t
}

// A genShape is a way of printing a world.
type genShape struct {
	name  string
	keys  [][]string    // plainNames if nil
	every time.Duration // a second if 0
	steps int           // 60 if 0
	start string        // another clock at which the world starts
	clock string        // "clock" or "relative"; epoch if ""
	opt   MeasureOptions
	print func(w *world) string
	parts int // as so many files of a rotated log
	// want changes what is expected, where the shape leaves something out.
	want func(w *world, t *truth)
}

func csvCell(s string) string {
	if strings.ContainsAny(s, `",`) {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func bpfJSONMap(w *world, i int, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"type": "map", "data": {"@%s": {`, name)
	for n, j := range w.order(i, false) {
		if n > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %d", asJSON(strings.Join(w.keys[j], ",")), w.values[i][j])
	}
	b.WriteString("}}}\n")
	return b.String()
}

// prefixed puts a word before every name.
func prefixed(keys [][]string, words ...string) [][]string {
	var out [][]string
	for _, w := range words {
		for _, k := range keys {
			out = append(out, append([]string{w}, k...))
		}
	}
	return out
}

// numbered puts a number before every name.
func numbered(from, step int, keys [][]string) [][]string {
	var out [][]string
	for i, k := range keys {
		out = append(out, append([]string{strconv.Itoa(from + step*i)}, k...))
	}
	return out
}

// only prints the rows of sources that start with a word.
func (w *world) only(i int, word string, row func(i int, at time.Time, keys []string, v int) string) string {
	var b strings.Builder
	for _, j := range w.order(i, false) {
		if w.keys[j][0] == word {
			b.WriteString(row(i, w.end(i), w.keys[j][1:], w.values[i][j]))
		}
	}
	return b.String()
}

func barsOf(label string, v int) string {
	a := v / 3
	return fmt.Sprintf("  %-50s\n           value  ------------- Distribution ------------- count    \n"+
		"             < 0 |                                         0        \n"+
		"               0 |@@@@@@@@@@@@@@@@@@@@@@@@@@               %d        \n"+
		"             250 |@@@@@@@@@@@@@@                           %d        \n"+
		"             500 |                                         0        \n\n", label, v-a, a)
}

var genShapes = []genShape{
	{name: "ms epoch and rows", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d\n", at.UnixMilli()) }, wordsAs("%s %d\n"), "")
	}},
	{name: "us epoch and aligned rows", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d\n", at.UnixMicro()) }, wordsAs("%-20s %8d\n"), "\n")
	}},
	{name: "ns epoch and printa", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d\n", at.UnixNano()) }, printa, "\n")
	}},
	{name: "iso and printa", print: func(w *world) string { return w.each(inLayout(formISO, "\n"), printa, "\n") }},
	{name: "iso in brackets and rows", print: func(w *world) string { return w.each(inLayout("["+formISO+"]", "\n"), wordsAs("%s %d\n"), "") }},
	{name: "iso T Z and rows", print: func(w *world) string {
		return w.each(inLayout("2006-01-02T15:04:05.000Z", "\n"), wordsAs("%s\t%d\n"), "")
	}},
	{name: "Y with a fraction", print: func(w *world) string { return w.each(inLayout(formY+".000", "\n"), printa, "\n") }},
	{name: "Y and count first", print: func(w *world) string {
		return w.each(inLayout(formY, "\n"), func(_ int, _ time.Time, k []string, v int) string { return fmt.Sprintf("%8d %s\n", v, k[0]) }, "\n")
	}},
	{name: "clock AM PM and maps", clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("03:04:05 PM", "\n"), bpfMap(""), "\n")
	}},
	{name: "clock AM PM over noon and rows", clock: "clock", start: "11:59:30", print: func(w *world) string { return w.each(inLayout("03:04:05 PM", "\n"), wordsAs("%s %d\n"), "\n") }},
	{name: "clock with ms and maps", clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05.000", "\n"), bpfMap("calls"), "\n")
	}},
	{name: "clock over midnight", clock: "clock", start: "23:59:30", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap(""), "\n")
	}},
	{name: "clock over midnight on rows", clock: "clock", start: "23:59:30", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s %s %d\n", at.Format("15:04:05"), k[0], v)
		}, "")
	}},
	{name: "time as the last key", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return printa(0, at, append(slices.Clone(k), strconv.FormatInt(at.Unix(), 10)), v)
		}, "")
	}},
	{name: "time as the last key by value at the end", print: func(w *world) string {
		type row struct {
			text string
			v    int
		}
		var rows []row
		for i := range w.values {
			for _, j := range w.order(i, false) {
				rows = append(rows, row{printa(0, w.end(i), []string{w.keys[j][0], strconv.FormatInt(w.end(i).Unix(), 10)}, w.values[i][j]), w.values[i][j]})
			}
		}
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.v, b.v) })
		var b strings.Builder
		for _, r := range rows {
			b.WriteString(r.text)
		}
		return b.String()
	}},
	{name: "time in a middle column", keys: prefixed(plainNames, "global", "web"), print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%-8s %d %-16s %6d\n", k[0], at.Unix(), k[1], v)
		}, "")
	}},
	{name: "time behind each row", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s %d %s\n", k[0], v, at.Format("2006-01-02T15:04:05"))
		}, "")
	}},
	{name: "Y glued to the first key", keys: prefixed(plainNames, "global", "web"), print: func(w *world) string {
		return w.each(inLayout(formY, ""), printa, "\n")
	}},
	{name: "Y glued to rows", print: func(w *world) string { return w.each(inLayout(formY, " "), wordsAs("%s %d\n"), "") }},
	{name: "iso glued to aligned rows of odd names", keys: oddNames, print: func(w *world) string { return w.each(inLayout(formISO, ""), wordsAs("%20s %8d\n"), "\n") }},
	{name: "epoch glued to rows, count first", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d ", at.Unix()) }, func(_ int, _ time.Time, k []string, v int) string { return fmt.Sprintf("%d %s\n", v, k[0]) }, "")
	}},
	{name: "Y glued with a blank line first", print: func(w *world) string { return w.each(inLayout(formY, "\n\n"), printa, "\n") }},
	{name: "Y on every row", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s %s %d\n", at.Format(formY), k[0], v)
		}, "")
	}},
	{name: "csv with quotes", keys: oddNames, print: func(w *world) string {
		return "time,execname,calls\n" + w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%d,%s,%d\n", at.Unix(), csvCell(k[0]), v)
		}, "")
	}},
	{name: "csv with a clock", clock: "clock", print: func(w *world) string {
		return "clock,comm,count\n" + w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s,%s,%d\n", at.Format("15:04:05"), k[0], v)
		}, "")
	}},
	{name: "csv with a quoted date last", print: func(w *world) string {
		return "zone,comm,count,when\n" + w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("global,%s,%d,\"%s\"\n", k[0], v, at.Format(formISO))
		}, "")
	}, opt: MeasureOptions{By: []string{"comm"}}},
	{name: "csv without a heading", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%d,%s,%d\n", at.Unix(), k[0], v)
		}, "")
	}},
	{name: "csv with semicolons", print: func(w *world) string {
		return "time;execname;calls\n" + w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%d;%s;%d\n", at.Unix(), k[0], v)
		}, "")
	}},
	{name: "csv with bars", keys: oddNames, print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%d|%s|%d\n", at.Unix(), k[0], v)
		}, "")
	}},
	{name: "csv with tabs", print: func(w *world) string {
		return "TIME\tEXECNAME\tCALLS\n" + w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%d\t%s\t%d\n", at.Unix(), k[0], v)
		}, "")
	}},
	{name: "json lines nested", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf(`{"ts": %d, "proc": {"name": %s}, "n": {"count": %d}}`+"\n", at.Unix(), asJSON(k[0]), v)
		}, "")
	}},
	{name: "json lines with the time last", keys: oddNames, print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf(`{"exec":%s,"calls":%d,"ts":%d}`+"\n", asJSON(k[0]), v, at.UnixMilli())
		}, "")
	}},
	{name: "json lines with a date", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf(`{"time": "%s", "comm": %s, "count": %d}`+"\n", at.Format(time.RFC3339), asJSON(k[0]), v)
		}, "")
	}},
	{name: "bpftrace json, clock by time", clock: "clock", keys: oddNames, print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			return fmt.Sprintf(`{"type": "time", "data": "%s\n"}`+"\n", at.Format("15:04:05")) + bpfJSONMap(w, i, "")
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, epoch by printf", print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			return fmt.Sprintf(`{"type": "printf", "data": "%d\n"}`+"\n", at.UnixNano()) + bpfJSONMap(w, i, "calls")
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, strftime without quotes", print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			return fmt.Sprintf(`{"type": "value", "data": %s}`+"\n", at.Format(formISO)) + bpfJSONMap(w, i, "")
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, strftime with quotes", print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			return fmt.Sprintf(`{"type": "value", "data": "%s"}`+"\n", at.Format(formISO)) + bpfJSONMap(w, i, "")
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, several maps", clock: "clock", keys: prefixed(plainNames, "reads", "writes"), print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			text := fmt.Sprintf(`{"type": "time", "data": "%s\n"}`+"\n", at.Format("15:04:05"))
			for _, m := range []string{"reads", "writes"} {
				var cells []string
				for _, j := range w.order(i, false) {
					if w.keys[j][0] == m {
						cells = append(cells, fmt.Sprintf("%s: %d", asJSON(w.keys[j][1]), w.values[i][j]))
					}
				}
				text += fmt.Sprintf(`{"type": "map", "data": {"@%s": {%s}}}`+"\n", m, strings.Join(cells, ", "))
			}
			return text
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, hist", clock: "clock", print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			var cells []string
			for _, j := range w.order(i, false) {
				v := w.values[i][j]
				cells = append(cells, fmt.Sprintf(`%s: [{"min": 1, "max": 1, "count": %d}, {"min": 2, "max": 3, "count": %d}]`, asJSON(w.keys[j][0]), v/3, v-v/3))
			}
			return fmt.Sprintf(`{"type": "time", "data": "%s\n"}`+"\n"+`{"type": "hist", "data": {"@us": {%s}}}`+"\n", at.Format("15:04:05"), strings.Join(cells, ", "))
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "bpftrace json, stats", clock: "clock", print: func(w *world) string {
		return `{"type": "attached_probes", "data": {"probes": 2}}` + "\n" + w.each(func(i int, at time.Time) string {
			var cells []string
			for _, j := range w.order(i, false) {
				v := w.values[i][j]
				cells = append(cells, fmt.Sprintf(`%s: {"count": %d, "average": 7, "total": %d}`, asJSON(w.keys[j][0]), v, 7*v))
			}
			return fmt.Sprintf(`{"type": "time", "data": "%s\n"}`+"\n"+`{"type": "stats", "data": {"@us": {%s}}}`+"\n", at.Format("15:04:05"), strings.Join(cells, ", "))
		}, func(int, time.Time, []string, int) string { return "" }, "")
	}},
	{name: "running totals with a reset", print: func(w *world) string {
		total := map[int]int{}
		var b strings.Builder
		for i := range w.values {
			if i == 35 {
				clear(total)
			}
			b.WriteString(w.end(i).Format(formY) + "\n")
			var js []int
			for j, v := range w.values[i] {
				if total[j] += v; total[j] > 0 {
					js = append(js, j)
				}
			}
			slices.SortFunc(js, func(a, c int) int { return cmp.Or(cmp.Compare(total[a], total[c]), cmp.Compare(a, c)) })
			for _, j := range js {
				b.WriteString(printa(0, w.end(i), w.keys[j], total[j]))
			}
			b.WriteString("\n")
		}
		return b.String()
	}},
	{name: "several printa formats in a block", keys: prefixed(plainNames, "read", "write", "open"), print: func(w *world) string {
		return w.each(func(i int, at time.Time) string {
			return at.Format(formY) + "\n" + w.only(i, "read", wordsAs("R %-16s %6d\n")) + w.only(i, "write", wordsAs("W %-16s %6d\n")) + w.only(i, "open", wordsAs("O %-16s %6d\n"))
		}, func(int, time.Time, []string, int) string { return "" }, "\n")
	}, want: func(w *world, t *truth) {
		for from, to := range map[string]string{"read": "r", "write": "w", "open": "o"} {
			for _, k := range plainNames {
				t.values[wordsOfName(to+" "+k[0])] = t.values[wordsOfName(from+" "+k[0])]
				if wordsOfName(to+" "+k[0]) != wordsOfName(from+" "+k[0]) {
					delete(t.values, wordsOfName(from+" "+k[0]))
				}
			}
		}
	}},
	{name: "wide, one heading", keys: prefixed(plainNames, "READS", "WRITES", "OPENS"), print: func(w *world) string { return wide(w, false) }},
	{name: "wide, a heading each time", keys: prefixed(plainNames, "READS", "WRITES", "OPENS"), print: func(w *world) string { return wide(w, true) }},
	{name: "titled tables", keys: prefixed(plainNames, "system calls", "page faults"), print: func(w *world) string {
		return w.each(func(i int, at time.Time) string {
			return at.Format(formY) + "\n\nsystem calls:\n" + w.only(i, "system calls", printa) + "\npage faults:\n" + w.only(i, "page faults", printa)
		}, func(int, time.Time, []string, int) string { return "" }, "\n")
	}},
	{name: "odd names in printa", keys: oddNames, print: func(w *world) string { return w.each(inLayout(formY, "\n"), printa, "\n") }},
	{name: "odd names in rows", keys: oddNames, print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d\n", at.Unix()) }, wordsAs("%s %d\n"), "\n")
	}},
	{name: "odd names in maps", clock: "clock", keys: oddNames, print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap(""), "\n")
	}},
	{name: "odd names with a pid in maps", clock: "clock", keys: numbered(400, 7, oddNames), print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap(""), "\n")
	}},
	{name: "odd names on clocked rows", keys: oddNames, print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s %s %d\n", at.Format(formISO), k[0], v)
		}, "")
	}},
	{name: "keyless and empty at times", keys: [][]string{{"calls"}}, clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), func(i int, _ time.Time, _ []string, v int) string { return fmt.Sprintf("@calls: %d\n", v) }, "\n")
	}},
	{name: "keyless printa", keys: [][]string{{"value"}}, print: func(w *world) string {
		return w.each(inLayout(formY, "\n"), func(i int, _ time.Time, _ []string, v int) string { return fmt.Sprintf("%20d\n", v) }, "\n")
	}, want: anyName},
	{name: "a skipped second", print: func(w *world) string {
		var b strings.Builder
		for i := range w.values {
			if i == 20 || i == 41 {
				// The next table holds both.
				for j, v := range w.values[i] {
					w.values[i+1][j] += v
					w.values[i][j] = 0
				}
				continue
			}
			b.WriteString(w.end(i).Format(formY) + "\n")
			for _, j := range w.order(i, false) {
				b.WriteString(printa(0, w.end(i), w.keys[j], w.values[i][j]))
			}
			b.WriteString("\n")
		}
		return b.String()
	}},
	{name: "printed at exit without a time", clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap(""), "\n") + "\n@[nginx]: 3\n@[api]: 9\n"
	}},
	{name: "idle keys at 0", print: func(w *world) string {
		var b strings.Builder
		for i := range w.values {
			b.WriteString(w.end(i).Format(formY) + "\n")
			for _, j := range w.order(i, true) {
				b.WriteString(printa(0, w.end(i), w.keys[j], w.values[i][j]))
			}
			b.WriteString("\n")
		}
		return b.String()
	}},
	{name: "100 ms", every: 100 * time.Millisecond, steps: 200, print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("%d\n", at.UnixMilli()) }, wordsAs("%s %d\n"), "")
	}},
	{name: "5 s of maps", every: 5 * time.Second, clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap("n"), "\n")
	}},
	{name: "a minute of printa", every: time.Minute, print: func(w *world) string { return w.each(inLayout(formY, "\n"), printa, "\n") }},
	{name: "pid and execname in printa", keys: numbered(300, 3, plainNames), print: func(w *world) string { return w.each(inLayout(formY, "\n"), printa, "\n") }},
	{name: "uid and comm in maps", clock: "clock", keys: numbered(1000, 1, plainNames), print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap("by_uid"), "\n")
	}},
	{name: "cpu alone in printa", keys: [][]string{{"0"}, {"1"}, {"2"}, {"3"}}, print: func(w *world) string { return w.each(inLayout(formY, "\n"), printa, "\n") }},
	{name: "cgroup paths in rows", keys: prefixed(plainNames, "/system.slice/web.service", "/user.slice"), print: func(w *world) string {
		return w.each(inLayout(formISO, "\n"), wordsAs("%s %s %d\n"), "\n")
	}},
	{name: "zone and execname in rows with tabs", keys: prefixed(plainNames, "global", "5f0c9b2e-6d1a-4a54-9d4c-0a7ef3f7a111"), print: func(w *world) string {
		return w.each(inLayout(formY, "\n"), wordsAs("%s\t%s\t%d\n"), "\n")
	}},
	{name: "stacks beside execname", print: func(w *world) string {
		return w.each(inLayout(formY, "\n"), func(_ int, _ time.Time, k []string, v int) string {
			return fmt.Sprintf("\n  %-30s\n              libc.so.1`__read+0x15\n              %s`main+0x4a\n              %s`_start+0x1f\n%17d\n", k[0], k[0], k[0], v)
		}, "\n")
	}},
	{name: "lquantize in printa", print: func(w *world) string {
		return w.each(inLayout(formY, "\n"), func(_ int, _ time.Time, k []string, v int) string { return barsOf(k[0], v) }, "\n")
	}},
	{name: "lhist in maps", clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), func(_ int, _ time.Time, k []string, v int) string {
			return fmt.Sprintf("@us[%s]:\n[0, 10)       %12d |@@@@@@@@@@@@@@@@@@@@@                               |\n[10, 20)      %12d |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n\n", k[0], v/3, v-v/3)
		}, "")
	}},
	{name: "ts around maps", print: func(w *world) string {
		return layoutAll(w, "2006-01-02T15:04:05 ", func(i int) string {
			var b strings.Builder
			for _, j := range w.order(i, false) {
				b.WriteString(bpfMap("")(i, w.end(i), w.keys[j], w.values[i][j]))
			}
			return b.String() + "\n"
		})
	}},
	{name: "ts around printa", print: func(w *world) string {
		return layoutAll(w, "Jan 02 15:04:05 ", func(i int) string {
			var b strings.Builder
			for _, j := range w.order(i, false) {
				b.WriteString(printa(i, w.end(i), w.keys[j], w.values[i][j]))
			}
			return b.String() + "\n"
		})
	}, start: "1970"},
	{name: "date around printa", print: func(w *world) string {
		return layoutAll(w, "Mon Jan _2 15:04:05 UTC 2006 ", func(i int) string {
			var b strings.Builder
			for _, j := range w.order(i, false) {
				b.WriteString(printa(i, w.end(i), w.keys[j], w.values[i][j]))
			}
			return b.String()
		})
	}},
	{name: "date before each block", print: func(w *world) string { return w.each(inLayout("Mon Jan _2 15:04:05 UTC 2006", "\n"), printa, "\n") }},
	{name: "rotated in three files", parts: 3, print: func(w *world) string { return w.each(inLayout(formY, "\n"), printa, "\n") }},
	{name: "cut off in the middle of a line", print: func(w *world) string {
		text := w.each(inLayout(formY, "\n"), printa, "\n")
		cut := strings.LastIndex(strings.TrimSpace(text), "\n")
		return text[:cut+12]
	}, want: func(w *world, t *truth) {
		last := len(w.values) - 1
		js := w.order(last, false)
		t.values[wordsOfName(w.keys[js[len(js)-1]][0])][last] = 0
	}},
	{name: "events with a date and a pid", print: func(w *world) string {
		var b strings.Builder
		for i := range w.values {
			n := 0
			for j, v := range w.values[i] {
				for range v {
					n++
					// An event of an interval lies before its end.
					at := w.end(i).Add(-w.every + time.Duration(n)*time.Millisecond/2)
					fmt.Fprintf(&b, "%s %d %s read\n", at.Format("2006-01-02T15:04:05.000000"), 100+j, w.keys[j][0])
				}
			}
		}
		return b.String()
	}, opt: MeasureOptions{By: []string{"3"}}},
	{name: "labeled clock and rows", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return "time: " + at.Format(formY) + "\n" }, wordsAs("%s %d\n"), "\n")
	}},
	{name: "dashes around a clock", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return "--- " + at.Format(formISO) + " ---\n" }, wordsAs("%s %d\n"), "\n")
	}},
	{name: "key=value rows", print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("time=%d exec=%s count=%d\n", at.Unix(), k[0], v)
		}, "")
	}},
	{name: "names and values behind a date", keys: oddNames, print: func(w *world) string {
		return w.each(nil, func(_ int, at time.Time, k []string, v int) string {
			return fmt.Sprintf("%s comm=%q calls=%d\n", at.Format(formISO), k[0], v)
		}, "")
	}},
	{name: "names and values under a clock", keys: prefixed(plainNames, "read", "write"), clock: "clock", print: func(w *world) string {
		return w.each(inLayout("15:04:05", "\n"), func(_ int, _ time.Time, k []string, v int) string {
			return fmt.Sprintf("probe=%s comm=%s n=%d\n", k[0], k[1], v)
		}, "\n")
	}},
	{name: "a sentence that ends in a clock", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return "System calls by process at " + at.Format(formY) + ":\n" }, wordsAs("%-20s %d\n"), "\n")
	}},
	{name: "a label and an epoch", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return fmt.Sprintf("TIME %d\n", at.Unix()) }, printa, "\n")
	}},
	{name: "a ruled clock over maps", clock: "clock", print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("=== 15:04:05 ===", "\n"), bpfMap(""), "\n")
	}},
	{name: "Y in a sentence", print: func(w *world) string {
		return w.each(func(_ int, at time.Time) string { return at.Format(formY) + " busiest processes:\n" }, wordsAs("%8[2]d %[1]s\n"), "\n")
	}},
	{name: "a longer day", every: time.Hour, start: "03:00:00", clock: "clock", steps: 60, print: func(w *world) string {
		return "Attaching 2 probes...\n" + w.each(inLayout("15:04:05", "\n"), bpfMap(""), "\n")
	}},
}

// layoutAll puts a clock before every line.
func layoutAll(w *world, format string, block func(i int) string) string {
	var b strings.Builder
	for i := range w.values {
		for line := range strings.Lines(block(i)) {
			b.WriteString(w.end(i).Format(format) + line)
		}
	}
	return b.String()
}

// anyName lets the one source have whatever name it is given.
func anyName(_ *world, t *truth) { t.anyName = true }

func wide(w *world, each bool) string {
	head := fmt.Sprintf("%-16s %8s %8s %8s\n", "EXEC", "READS", "WRITES", "OPENS")
	var b strings.Builder
	if !each {
		b.WriteString(head)
	}
	for i := range w.values {
		b.WriteString(w.end(i).Format(formY) + "\n")
		if each {
			b.WriteString(head)
		}
		n := len(w.keys) / 3
		for j := range n {
			r, wr, o := w.values[i][j], w.values[i][n+j], w.values[i][2*n+j]
			if r+wr+o > 0 {
				fmt.Fprintf(&b, "%-16s %8d %8d %8d\n", w.keys[j][1], r, wr, o)
			}
		}
	}
	return b.String()
}

// TestGeneratedShapes prints a known matrix in many shapes, counts each and holds it against the
// matrix.
func TestGeneratedShapes(t *testing.T) {
	for i, g := range genShapes {
		t.Run(g.name, func(t *testing.T) {
			for seed := range uint64(2) {
				g.check(t, uint64(i)*10+seed)
			}
		})
	}
}

func (g genShape) world(seed uint64) *world {
	w := newWorld(seed, cmp.Or(g.steps, 60), cmp.Or(g.every, time.Second), g.keysOr())
	switch g.start {
	case "":
	case "1970":
		w.start = w.start.AddDate(-56, 0, 0)
	default:
		at, err := time.Parse(formISO, "2026-11-28 "+g.start)
		if err != nil {
			panic(err)
		}
		w.start = at
	}
	return w
}

func (g genShape) keysOr() [][]string {
	if g.keys == nil {
		return plainNames
	}
	return g.keys
}

func (g genShape) check(t *testing.T, seed uint64) {
	t.Helper()
	w := g.world(seed)
	text := g.print(w)
	want := w.truth(g.clock)
	if g.want != nil {
		g.want(w, want)
	}
	fsys := fstest.MapFS{}
	var files []File
	for k := range max(g.parts, 1) {
		end := len(text)
		if k < g.parts-1 {
			end = len(text) / (g.parts - k)
			end += strings.IndexByte(text[end:], '\n') + 1
		}
		name := fmt.Sprintf("capture.txt.%d", g.parts-k)
		fsys[name] = &fstest.MapFile{Data: []byte(text[:end])}
		files = append(files, File{fsys, name})
		text = text[end:]
	}
	counts, err := CountFiles(t.Context(), files, CountOptions{MeasureOptions: g.opt})
	if err != nil {
		t.Error(err)
		return
	}
	m, err := counts.Matrix()
	if err != nil {
		t.Error(err)
		return
	}
	if want.anyName && len(m.Sources) == 1 {
		for name, col := range want.values {
			delete(want.values, name)
			want.values[wordsOfName(m.Sources[0])] = col
		}
	}
	for _, problem := range want.compare(m, shapeCase{Interval: w.every.Seconds(), Time: g.clock, ValueKind: "count"}) {
		t.Errorf("seed %d: %s (measured %s)", seed, problem, m.Measure)
	}
}

// TestStreamOfShapes holds what a stream hands out of each shape, printed all at once, against what
// counting the same file gives.
func TestStreamOfShapes(t *testing.T) {
	for i, g := range genShapes {
		t.Run(g.name, func(t *testing.T) {
			text := g.print(g.world(uint64(i) * 10))
			counts, err := CountFiles(t.Context(), []File{{fstest.MapFS{"a": {Data: []byte(text)}}, "a"}}, CountOptions{MeasureOptions: g.opt})
			if err != nil {
				t.Fatal(err)
			}
			m, err := counts.Matrix()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]float64{}
			for j, name := range m.Sources {
				for _, row := range m.Rows {
					want[name] += row[j]
				}
			}
			got, _, err := streamTotals(t, []byte(text), g.opt)
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range want {
				if d := got[name] - v; d > 0.001*v || d < -0.001*v {
					t.Errorf("%s: %g from the stream instead of %g", name, got[name], v)
				}
			}
		})
	}
}

// streamTotals counts a text as a stream.
func streamTotals(t testing.TB, text []byte, o MeasureOptions) (totals map[string]float64, m *Measure, err error) {
	s := NewStream(CountOptions{MeasureOptions: o})
	totals = map[string]float64{}
	add := func(some []Interval, err error) error {
		for _, in := range some {
			for name, v := range in.Counts {
				totals[name] += v
			}
		}
		return err
	}
	for b, err := range Follow(t.Context(), bytes.NewReader(text), "a", Options{}) {
		if err != nil {
			return nil, nil, err
		}
		if err := add(s.Add(b)); err != nil {
			return nil, nil, err
		}
	}
	err = add(s.Close())
	return totals, s.Measure(), err
}

// FuzzMeasure counts any bytes, as a file and as a stream.
func FuzzMeasure(f *testing.F) {
	for i, g := range genShapes {
		g.steps = 4
		f.Add([]byte(g.print(g.world(uint64(i)))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		counts, err := CountFiles(t.Context(), []File{{fstest.MapFS{"a": {Data: data}}, "a"}}, CountOptions{})
		if err == nil {
			var buckets []int64
			for n := range counts.all {
				buckets = append(buckets, n)
			}
			// Times that lie years apart make a matrix of gigabytes, which proves nothing here.
			if len(buckets) > 0 && slices.Max(buckets)-slices.Min(buckets) < 1e6 {
				_, err = counts.Matrix()
			}
		}
		if err != nil && len(err.Error()) < 20 {
			t.Errorf("the error says little: %v", err)
		}
		_, _, _ = streamTotals(t, data, MeasureOptions{})
	})
}
