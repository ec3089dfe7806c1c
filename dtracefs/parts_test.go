package dtracefs

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unlikeInParts are the dialects of which parts may differ from the whole, and why. Of all others
// they must not.
var unlikeInParts = map[string]string{
	"dtrace":        "what free text is shows only from all of it: its shapes are found anew in each part",
	"bpftrace":      "as of dtrace; and how many keys a map has shows from all of its entries",
	"bpftrace-json": "as of bpftrace: what printf wrote is text",
	"perf-stat":     "how often an event was not counted is told of each part",
}

// inSmallParts decodes a text in parts of about so many bytes.
func inSmallParts(dl dialect, data []byte, size int) (parts []*Capture) {
	s := newScanner(Options{Script: noScript}, "x", dl)
	line, at := 1, int64(0)
	for len(data) > 0 {
		n := 0
		for room := size; n == 0; room *= 2 {
			if n = len(data); room < n {
				n = dl.cut(data[:room])
			}
		}
		b := s.batch(chunk{data: data[:n], line: line, at: at, last: n == len(data)})
		parts = append(parts, &b.Capture)
		line, at, data = line+b.Lines, at+int64(n), data[n:]
	}
	return parts
}

// A joined is what the parts of a capture hold.
type joined struct {
	rows map[string][]string // by table: each row with the names of its columns
	told []string            // notices, drops, errors and what was not understood
}

// joinedOf joins the parts of a capture as whoever reads them must: tables of one name go on each
// other, and sums of stacks add up. What differs without telling anything else is left out: empty
// cells, the order of columns, their types, and the number of the block where there is but one.
func joinedOf(parts []*Capture) joined {
	j := joined{rows: map[string][]string{}}
	blocks, sums := map[string]map[string]bool{}, map[string]map[string]int64{}
	for _, c := range parts {
		for _, t := range c.Tables {
			name := t.Name + " (" + t.Kind + ")"
			if blocks[name] == nil {
				blocks[name], sums[name] = map[string]bool{}, map[string]int64{}
			}
			for i := range t.NumRows() {
				var cells []string
				for _, col := range t.Columns {
					text := col.Text(i)
					if col.typ == Float {
						text = strconv.FormatFloat(col.Float(i), 'f', -1, 64)
					}
					if col.Name == "block" {
						blocks[name][text] = true
					}
					if !col.Null(i) && text != "" && (t.Kind != "stacks" || col.Name != "value") {
						cells = append(cells, col.Name+"="+text+" ")
					}
				}
				slices.Sort(cells)
				row := strings.Join(cells, "")
				if v := t.Column("value"); t.Kind == "stacks" && v != nil {
					sums[name][row] += v.Int(i)
					continue
				}
				j.rows[name] = append(j.rows[name], row)
			}
		}
		for _, n := range c.Notices {
			what, how, _ := strings.Cut(n.Text, ": ")
			// Of columns of one unit, some may come later.
			for of := range strings.SplitSeq(what, ", ") {
				j.told = append(j.told, n.Kind+" "+of+" "+how)
			}
		}
		for _, d := range c.Drops {
			j.told = append(j.told, fmt.Sprintf("line %d: %d %s", d.Line, d.Count, d.Kind))
		}
		for _, e := range c.Errors {
			j.told = append(j.told, fmt.Sprintf("%+v", e))
		}
		for _, l := range c.Unparsed {
			j.told = append(j.told, fmt.Sprintf("not understood: %+v", l))
		}
	}
	for name, of := range sums {
		for _, row := range slices.Sorted(maps.Keys(of)) {
			j.rows[name] = append(j.rows[name], fmt.Sprint(row, of[row]))
		}
	}
	for name, of := range blocks {
		for block := range of {
			for i := range j.rows[name] {
				if len(of) == 1 {
					j.rows[name][i] = strings.Replace(j.rows[name][i], "block="+block+" ", "", 1)
				}
			}
		}
	}
	slices.Sort(j.told)
	return j
}

// differs says where two captures that should be one differ; "" where they do not.
func (j joined) differs(from joined) string {
	for _, name := range slices.Sorted(maps.Keys(from.rows)) {
		a, b := j.rows[name], from.rows[name]
		for i := range max(len(a), len(b)) {
			if i >= len(a) || i >= len(b) || a[i] != b[i] {
				return fmt.Sprintf("of %d rows of %s, and as a whole %d, number %d is\n%q\nand not\n%q", len(a), name, len(b), i, a[min(i, len(a)):min(i+1, len(a))], b[min(i, len(b)):min(i+1, len(b))])
			}
		}
	}
	for name := range j.rows {
		if from.rows[name] == nil {
			return fmt.Sprintf("there is a table %s: %q", name, j.rows[name])
		}
	}
	if !slices.Equal(j.told, from.told) {
		return fmt.Sprintf("it tells\n%s\nand not\n%s", strings.Join(j.told, "\n"), strings.Join(from.told, "\n"))
	}
	return ""
}

// TestPartsMakeTheWhole holds that a capture which is decoded in small parts has the rows, names
// and notices that it has as a whole, wherever it is cut: no part may end within a heading or a
// record.
func TestPartsMakeTheWhole(t *testing.T) {
	tried := map[string]int{}
	for _, name := range cases(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		dl := dialectOf(data)
		if dl.cut == nil || unlikeInParts[dl.name] != "" {
			continue
		}
		c := &Capture{Name: "x"}
		newDecoder(c, Options{Script: noScript}, nil).decode(data)
		want := joinedOf([]*Capture{c})
		for size := max(80, len(data)/4); size < len(data); size = size*9/8 + 7 {
			parts := inSmallParts(dl, data, size)
			if len(parts) > 1 {
				tried[dl.name]++
			}
			if what := joinedOf(parts).differs(want); what != "" {
				t.Errorf("%s, %s: in %d parts of %d bytes, %s", dl.name, name, len(parts), size, what)
				break
			}
		}
	}
	for _, dl := range dialects {
		if dl.cut != nil && unlikeInParts[dl.name] == "" && tried[dl.name] == 0 {
			t.Errorf("no capture in testdata of the dialect %s was cut: one needs several records, and more than 80 bytes", dl.name)
		}
	}
}

// TestEntriesInParts holds the same for entries of aggregations and maps, which the tracers print
// one after the other without a clock: no part may end within one of them.
func TestEntriesInParts(t *testing.T) {
	repeat := func(n int, entry func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(entry(i))
		}
		return b.String()
	}
	frames := func(i int, frame string) string {
		return repeat(1+i%4, func(k int) string { return fmt.Sprintf(frame, 7*i+k, k+1) })
	}
	for name, text := range map[string]string{
		"stacks of a map": repeat(40, func(i int) string {
			return fmt.Sprintf("@[%d, web%d, \n%s, \n%s]: %d\n", 40+i, i%3, frames(i, "    k%d+%d\n"), frames(i+1, "    u%d+%d\n"), i+1)
		}),
		"a stack, then a name": repeat(40, func(i int) string {
			return fmt.Sprintf("@[\n%s, web%d]: %d\n", frames(i, "    f%d+%d (/usr/bin/web)\n"), i%3, i+1)
		}),
		"ends of lines in names": repeat(40, func(i int) string { return fmt.Sprintf("@c[my\nname%d, %d]: %d\n", i, i%5, i+1) }),
		"histograms of a map": repeat(40, func(i int) string {
			return fmt.Sprintf("@us[web%d]: \n[2, 4)%16d |@@@   |\n[4, 8)%16d |@@@@@@|\n", i, i+1, 2*i+1)
		}),
		"histograms of a map, apart": repeat(40, func(i int) string {
			return fmt.Sprintf("@us[web%d]: \n[2, 4)%16d |@@@   |\n[4, 8)%16d |@@@@@@|\n\n", i, i+1, 2*i+1)
		}),
		"an aggregation of stacks": repeat(40, func(i int) string {
			return fmt.Sprintf("\n  web%d\n%s%17d\n", i, frames(i, "              unix`f%d+0x%d\n"), i+1)
		}),
		"an aggregation of two stacks": repeat(40, func(i int) string {
			return fmt.Sprintf("\n  web%d\n%s\n%s%17d\n", i, frames(i, "              unix`f%d+0x%d\n"), frames(i+1, "              libc.so.1`g%d+0x%d\n"), i+1)
		}),
		"distributions": repeat(40, func(i int) string {
			return fmt.Sprintf("\n  web%d\n           value  ------------- Distribution ------------- count    \n%16d |%41d        \n%16d |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ %-9d\n%16d |%41d        \n", i, 1, 0, 2, i+1, 4, 0)
		}),
	} {
		data := []byte(text)
		c := &Capture{Name: "x"}
		newDecoder(c, Options{Script: noScript}, nil).decode(data)
		want := joinedOf([]*Capture{c})
		if n := len(want.rows); n != 1 {
			t.Fatalf("%s: %d tables: %v", name, n, want.rows)
		}
		for size := 400; size < len(data); size = size*17/16 + 5 {
			parts := inSmallParts(dialectOf(data), data, size)
			if what := joinedOf(parts).differs(want); what != "" {
				t.Errorf("%s: in %d parts of %d bytes, %s", name, len(parts), size, what)
				break
			}
		}
	}
}
