package dtracefs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// measureOf counts a capture and gives its measure as a file keeps it.
func measureOf(t *testing.T, text string, o MeasureOptions) *Measure {
	t.Helper()
	c, err := countReader(t.Context(), strings.NewReader(text), "capture.txt", Options{}, CountOptions{MeasureOptions: o})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(c.Measure())
	if err != nil {
		t.Fatal(err)
	}
	m := &Measure{}
	if err := json.Unmarshal(saved, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// streamed is what a stream makes of text that comes block by block.
func streamed(t *testing.T, text string, o MeasureOptions) (*Measure, map[string][]float64) {
	t.Helper()
	s := NewStream(CountOptions{MeasureOptions: o})
	values := map[string][]float64{}
	take := func(in []Interval, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range in {
			for name, v := range i.Counts {
				values[name] = append(values[name], v)
			}
		}
	}
	for b, err := range Follow(t.Context(), strings.NewReader(text), "live", Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		take(s.Add(b))
	}
	take(s.Close())
	return s.Measure(), values
}

// clockedMaps prints maps under a clock, second by second.
func clockedMaps(seconds int, value func(i int) map[string]int) string {
	var b strings.Builder
	b.WriteString("Attaching 2 probes...\n")
	for i := range seconds {
		fmt.Fprintf(&b, "10:%02d:%02d\n", i/60, i%60)
		of := value(i)
		for _, key := range []string{"@calls[nginx]", "@calls[db]", "@errors[nginx]", "@io[nginx]"} {
			if v, ok := of[key]; ok {
				fmt.Fprintf(&b, "%s: %d\n", key, v)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestLikewise counts captures as others were counted before: what was said then holds, and what
// was seen in many blocks holds against what few show.
func TestLikewise(t *testing.T) {
	ups := func(i int) map[string]int {
		return map[string]int{"@calls[nginx]": 90 + 7*(i%5), "@calls[db]": 30 + 3*(i%5)}
	}
	counts := measureOf(t, clockedMaps(60, ups), MeasureOptions{})
	first := clockedMaps(4, ups) // they all grow
	if m, _ := streamed(t, first, MeasureOptions{}); m.Tables[0].As != AsTotal {
		t.Fatal("the beginning does not look like running totals: it tests nothing")
	}
	m, values := streamed(t, first, MeasureOptions{Like: counts})
	if m.Tables[0].As != AsCount || !slices.Equal(values["db"], []float64{30, 33, 36, 39}) {
		t.Errorf("counts of before are %s now: %v", m.Tables[0].As, values)
	}
	grow := func(i int) map[string]int { return map[string]int{"@calls[nginx]": 90 * i, "@calls[db]": 30 * i} }
	if m := measureOf(t, clockedMaps(60, grow), MeasureOptions{Like: counts}); m.Tables[0].As != AsTotal {
		t.Errorf("what grows for a minute is %s", m.Tables[0].As)
	}
	totals := measureOf(t, clockedMaps(60, grow), MeasureOptions{})
	if m := measureOf(t, clockedMaps(60, ups), MeasureOptions{Like: totals}); totals.Tables[0].As != AsTotal || m.Tables[0].As != AsCount {
		t.Errorf("what falls every five seconds is %s", m.Tables[0].As)
	}

	// A map that is there from time to time does not make another measure where it is not.
	two := func(io bool) func(i int) map[string]int {
		return func(i int) map[string]int {
			of := ups(i)
			if io {
				of["@io[nginx]"] = 5 + i%3
			}
			return of
		}
	}
	both := measureOf(t, clockedMaps(60, two(true)), MeasureOptions{})
	for _, io := range []bool{true, false} {
		if m := measureOf(t, clockedMaps(60, two(io)), MeasureOptions{Like: both}); both.Match(m) != nil {
			t.Errorf("with the map %v: %v", io, both.Match(m))
		}
	}
	late := func(i int) map[string]int { return two(i > 4)(i) }
	if m, values := streamed(t, clockedMaps(20, late), MeasureOptions{Like: both}); both.Match(m) != nil || len(values["calls nginx"]) != 20 || len(values["io nginx"]) != 15 {
		t.Errorf("a map that comes late: %v, %v", both.Match(m), values)
	}

	// Words that were said are remembered, and kinds with them.
	table := "time,user,command,reads,writes\n"
	for i := range 40 {
		for _, c := range []string{"nginx", "db"} {
			table += fmt.Sprintf("%d,root,%s,%d,%d\n", 1_795_896_564+i, c, 5+i%3, 7+i%4)
		}
	}
	said := measureOf(t, table, MeasureOptions{By: []string{"user"}, Value: []string{"writes"}})
	m = measureOf(t, table, MeasureOptions{Like: said})
	if len(m.Tables) != 1 || m.Tables[0].Value != "writes" || !slices.Equal(m.Tables[0].By, []string{"user"}) || said.Match(m) != nil {
		t.Errorf("counted %s", m)
	}
	for _, c := range []struct {
		o    MeasureOptions
		want string
	}{
		{MeasureOptions{By: []string{"command"}}, "say --by user"},
		{MeasureOptions{Value: []string{"reads"}}, "values of reads instead of writes: say --value writes"},
		{MeasureOptions{As: AsGauge}, "values are taken for gauge instead of count: say --as count"},
		{MeasureOptions{Every: 2e9}, "say --every 1s"},
		{MeasureOptions{By: []string{"user"}, Value: []string{"writes"}, As: AsCount}, ""},
	} {
		c.o.Like = said
		if err := said.Match(measureOf(t, table, c.o)); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.o.said(), err, c.want)
		}
	}
	house := ""
	for i := range 40 {
		house += fmt.Sprintf("%d000000000\nsyscall nginx %d\ncsw nginx %d\n\n", 1_700_000_000+i, 50+i%7, 9+i%2)
	}
	calls := measureOf(t, house, MeasureOptions{})
	if m := measureOf(t, house, MeasureOptions{Like: calls}); !calls.SystemCalls() || !m.SystemCalls() || calls.Match(m) != nil {
		t.Errorf("system calls alone: %v, then %v", calls.Kinds, m.Kinds)
	}
}
