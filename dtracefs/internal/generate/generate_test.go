package generate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// TestDeterministic holds that a seed gives one capture, however it is read, and another seed
// another.
func TestDeterministic(t *testing.T) {
	for _, k := range Kinds() {
		read := func(r io.Reader) []byte {
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		a := read(NewReader(k, 300_000, 7))
		if len(a) < 300_000 || len(a) > 400_000 || a[len(a)-1] != '\n' {
			t.Errorf("%v: %d bytes, the last %q", k, len(a), a[len(a)-1])
		}
		if !bytes.Equal(a, read(iotest.HalfReader(NewReader(k, 300_000, 7)))) {
			t.Errorf("%v: the same seed gives another capture", k)
		}
		if bytes.Equal(a, read(NewReader(k, 300_000, 8))) {
			t.Errorf("%v: another seed gives the same capture", k)
		}
		if longer := read(NewReader(k, 600_000, 7)); !bytes.HasPrefix(longer, a) {
			t.Errorf("%v: a longer capture starts in another way", k)
		}
	}
}

// entryOf takes a value out of a line of each kind: the parts of the source, and the value, which
// is "" for 1.
var entryOf = map[Kind]*regexp.Regexp{
	Activity:    regexp.MustCompile(`^(?<a>\w+) (?<b>.+) (?<v>\d+)$`),
	BpftraceMap: regexp.MustCompile(`^@n\[(?<a>\w+), (?<b>.+)\]: (?<v>\d+)$`),
	EventLog:    regexp.MustCompile(`^\d+ \d \d+ \d+ (?<b>.+) (?<a>\w+:\w+) \d+ \d+ \d+$`),
	Pairs:       regexp.MustCompile(`^(?<b>\D.*) (?<v>\d+)$`),
	DatePairs:   regexp.MustCompile(`^(?<b>\D.*) (?<v>\d+)$`),
	Printa:      regexp.MustCompile(`^  (?<b>.+?) +(?<v>\d+)$`),
	ClockMap:    regexp.MustCompile(`^@\[(?<b>.+)\]: (?<v>\d+)$`),
	CSV:         regexp.MustCompile(`^\d+,(?<b>.+),(?<v>\d+)$`),
	JSONLines:   regexp.MustCompile(`^{"ts":\d+,"exec":"(?<b>.+)","syscall":"(?<a>\w+)","count":(?<v>\d+)}$`),
	Monotonic:   regexp.MustCompile(`^\d+ (?<b>.+) \d+ \w+$`),
}

// TestCounts holds that what the generator says that it printed is what it printed.
func TestCounts(t *testing.T) {
	for _, k := range Kinds() {
		r := NewReader(k, 400_000, 3)
		cells := map[string]int64{}
		r.Cell = func(_ int64, source string, value int64) { cells[source] += value }
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		totals, values, others := map[string]int64{}, int64(0), 0
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			line := lines.Text()
			if k == BpftraceJSON || k == ClockJSON {
				var record struct {
					Type string
					Data json.RawMessage
				}
				if err := json.Unmarshal([]byte(line), &record); err != nil {
					t.Fatalf("%v: %v in %s", k, err, line)
				}
				if record.Type != "map" {
					others++
					continue
				}
				var maps map[string]map[string]int64
				if err := json.Unmarshal(record.Data, &maps); err != nil {
					t.Fatalf("%v: %v in %s", k, err, line)
				}
				for source, value := range maps[map[Kind]string{BpftraceJSON: "@n", ClockJSON: "@"}[k]] {
					totals[source] += value
					values++
				}
				continue
			}
			m := entryOf[k].FindStringSubmatch(line)
			if m == nil {
				others++
				continue
			}
			part := func(name string) string {
				if i := entryOf[k].SubexpIndex(name); i >= 0 {
					return m[i]
				}
				return ""
			}
			value := int64(1)
			if v := part("v"); v != "" {
				if value, err = strconv.ParseInt(v, 10, 64); err != nil {
					t.Fatal(err)
				}
			}
			totals[strings.TrimPrefix(part("a")+","+part("b"), ",")] += value
			values++
		}
		c := r.Counts()
		if !maps.Equal(totals, c.Totals) || !maps.Equal(cells, c.Totals) {
			t.Errorf("%v: it holds %v\nbut says %v\nand cell by cell %v", k, totals, c.Totals, cells)
		}
		if values != c.Values || c.Bytes != int64(len(data)) {
			t.Errorf("%v: %d values in %d bytes, it says %d in %d", k, values, len(data), c.Values, c.Bytes)
		}
		if len(totals) < 20 || int64(others) > 3*c.Blocks {
			t.Errorf("%v: %d sources, %d other lines in %d blocks", k, len(totals), others, c.Blocks)
		}
	}
}
