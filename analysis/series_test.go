package analysis

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-gota/gota/dataframe"
	gota "github.com/go-gota/gota/series"
)

func longFrame(times []float64, kinds, execs []string, values []int) dataframe.DataFrame {
	return dataframe.New(
		gota.New(times, gota.Float, "time"), gota.New(kinds, gota.String, "kind"),
		gota.New(execs, gota.String, "execname"), gota.New(values, gota.Int, "value"))
}

func TestFromFrame(t *testing.T) {
	// Ticks at 11, 12, 14 (one was missed), 15; cron is silent but once, the
	// clock of the block at 12 is a little late.
	frame := longFrame(
		[]float64{11, 11, 12.004, 14, 14, 15, 15, 15},
		[]string{"syscall", "csw", "syscall", "syscall", "bio_ops", "syscall", "syscall", "syscall"},
		[]string{"nginx", "nginx", "nginx", "nginx", "kworker/0:1H", "nginx", "cron", "dtrace"},
		[]int{10, 99, 20, 60, 8, 40, 7, 1000})
	s, err := FromFrame(frame, SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, want ...float64) {
		t.Helper()
		got, err := s.Column(name)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %v (%v), want %v", name, got, err, want)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	}
	if !slices.Equal(s.Names, []string{"nginx", "cron"}) || s.Units != "system calls" || !s.Counts || math.Abs(s.Times[0]-10) > 0.01 {
		t.Errorf("names %v, units %q, counts %v, from %v", s.Names, s.Units, s.Counts, s.Times)
	}
	check("nginx", 10, 20, 30, 30, 40)
	check("cron", 0, 0, 0, 0, 7)
	if len(s.Notes) != 2 {
		t.Errorf("notes %q", s.Notes)
	}

	if s, err = FromFrame(frame, SeriesOptions{By: []string{"kind", "execname"}, IncludeObserver: true}); err != nil {
		t.Fatal(err)
	}
	check("bio_ops kworker/0:1H", 0, 0, 4, 4, 0)
	check("csw nginx", 99, 0, 0, 0, 0)
	check("syscall dtrace", 0, 0, 0, 0, 1000)

	if s, err = FromFrame(frame, SeriesOptions{Every: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	check("nginx", 30, 60)
	if !strings.Contains(strings.Join(s.Notes, "; "), "less than a bucket") {
		t.Errorf("notes %q", s.Notes)
	}

	if s, err = FromFrame(frame, SeriesOptions{Every: 5 * time.Second, Kinds: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	check("nginx", 10+99+20+60+40)

	events := dataframe.New(gota.New([]float64{7.1, 7.2, 9.9}, gota.Float, "time"), gota.New([]string{"a", "b", "a"}, gota.String, "execname"))
	if s, err = FromFrame(events, SeriesOptions{}); err != nil {
		t.Fatal(err)
	}
	check("a", 1, 0, 1)
	check("b", 1, 0, 0)
}

func TestFromFrameTotals(t *testing.T) {
	frame := captureFrame(t, "web-faulty/run1/persec.dtrace.txt")
	kinds, values := frame.Col("kind").Records(), frame.Col("value").Float()
	want := 0.0
	for i, k := range kinds {
		if k == "syscall" {
			want += values[i]
		}
	}
	s, err := FromFrame(frame, SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := 0.0
	for _, v := range s.Totals() {
		got += v
	}
	if math.Abs(got-want) > 1e-6*want {
		t.Errorf("the buckets hold %v system calls of %v", got, want)
	}
}

func TestFromFrameBadInput(t *testing.T) {
	good := longFrame([]float64{1}, []string{"syscall"}, []string{"a"}, []int{1})
	for name, c := range map[string]struct {
		frame dataframe.DataFrame
		o     SeriesOptions
		want  string
	}{
		"no column":      {good.Drop("time"), SeriesOptions{}, `no column "time"`},
		"no such source": {good, SeriesOptions{By: []string{"zone"}}, `no column "zone"`},
		"negative width": {good, SeriesOptions{Every: -1}, "positive width"},
		"NaN time":       {longFrame([]float64{math.NaN()}, []string{"syscall"}, []string{"a"}, []int{1}), SeriesOptions{}, "row 0 has time NaN"},
		"no such kind":   {good, SeriesOptions{Kinds: []string{"open"}}, "none of the 1 rows"},
		"failed frame":   {good.Select("nothing"), SeriesOptions{}, "series from frame"},
	} {
		if _, err := FromFrame(c.frame, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if s, err := FromFrame(good, SeriesOptions{}); err != nil || len(s.Times) != 1 {
		t.Errorf("one row: %v (%v)", s, err)
	}
}

func TestCSVRoundTrip(t *testing.T) {
	s, err := ReadCSV(strings.NewReader("\xef\xbb\xbfa, time ,\"b,c\"\n1.5,1700000000.25,-2e3\n0.1,1700000001.25,7\n"), "x.csv", CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Names, []string{"a", "b,c"}) || s.Times[1] != 1700000001.25 || s.Every != time.Second || s.Values.At(0, 1) != -2000 {
		t.Errorf("read %+v", s)
	}
	var out bytes.Buffer
	if err := s.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	again, err := ReadCSV(&out, "again", CSVOptions{})
	if err != nil || !slices.Equal(again.Names, s.Names) || !slices.Equal(again.Times, s.Times) || again.Values.At(1, 0) != 0.1 {
		t.Errorf("read back %+v (%v)", again, err)
	}
	if s, err := ReadCSV(strings.NewReader("a\n1\n2\n"), "x", CSVOptions{}); err != nil || !slices.Equal(s.Times, []float64{0, 1}) || !s.Counts {
		t.Errorf("without time: %+v (%v)", s, err)
	}
}

func TestCSVBadInput(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "s.csv:1:1: reading series: no header",
		"time\n1\n":                    "s.csv:1:1: reading series: the header names no source",
		"a,b\n":                        "s.csv:2:1: reading series: no row",
		"a,b\n1,2\n3\n":                "s.csv:3:1: reading series: wrong number of fields",
		"a,b\n1,x\n":                   `s.csv:2:3: reading series: source "b": "x": want a finite number`,
		"a,b\n1,NaN\n":                 `s.csv:2:3: reading series: source "b": "NaN": want a finite number`,
		"a,b\n1,2\n,2\n":               `s.csv:3:1: reading series: source "a": empty cell`,
		"a,a\n1,2\n":                   `s.csv:1:3: reading series: two columns are named "a"`,
		"a,\n1,2\n":                    "s.csv:1:3: reading series: column 2 has no name",
		"time,a\n2,1\n1,1\n":           "s.csv:3:1: reading series: time 1 does not come after",
		"time,a\nnoon,1\n":             "s.csv:2:1: reading series: time:",
		"a,b\n1,\"2\n":                 "s.csv:2:",
		"\x7fELF\x02\x01\x00\x00\x00,": "zero byte",
		"a,b\n1,1e999\n":               "s.csv:2:3:",
	} {
		if _, err := ReadCSV(strings.NewReader(text), "s.csv", CSVOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	gaps, err := ReadCSV(strings.NewReader("a,b\n1,\nNaN,2\n-,null\n"), "gaps.csv", CSVOptions{Missing: true})
	if err != nil || !math.IsNaN(gaps.Values.At(0, 1)) || !math.IsNaN(gaps.Values.At(1, 0)) || gaps.Values.At(1, 1) != 2 || !math.IsNaN(gaps.Values.At(2, 0)) {
		t.Errorf("missing values: %v, %v", gaps, err)
	}
	if _, err := ReadCSV(strings.NewReader("a,b\n1,two\n"), "gaps.csv", CSVOptions{Missing: true}); err == nil {
		t.Error("a word is no missing value")
	}
	if _, err := ReadCSVFile("testdata/none.csv", CSVOptions{}); err == nil {
		t.Error("no file: no error")
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("time,a,b\n1,2,3\n2,4,5\n")
	f.Add("a,b\n1,2\n")
	f.Add("\"a\nb\",c\n1,2\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ReadCSV(strings.NewReader(text), "fuzz", CSVOptions{})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "fuzz:") {
				t.Errorf("error without a place: %v", err)
			}
			return
		}
		if err := s.checkFinite(); err != nil {
			t.Error(err)
		}
		var out bytes.Buffer
		if err := s.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		again, err := ReadCSV(&out, "fuzz", CSVOptions{})
		if err != nil || !slices.Equal(again.Names, s.Names) || !slices.Equal(again.Times, s.Times) {
			t.Errorf("%q does not read back: %v", text, err)
		}
	})
}

func TestSelectTopWindow(t *testing.T) {
	s := tinySeries(t)
	if top := s.Top(2); !slices.Equal(top.Names, []string{"<b>php & co</b>", "nginx"}) {
		t.Errorf("top two are %v", top.Names)
	}
	if top := s.Top(99); len(top.Names) != 4 {
		t.Errorf("top 99 are %v", top.Names)
	}
	if _, err := s.Select("nginx", "apache"); err == nil || !strings.Contains(err.Error(), "apache") {
		t.Errorf("selecting what is not there: %v", err)
	}
	w := s.Window(s.Times[10], s.Times[20])
	if n, p := w.Dims(); n != 10 || p != 4 || w.Values.At(0, 0) != s.Values.At(10, 0) {
		t.Errorf("window of %d × %d", n, p)
	}
	if n, _ := s.Window(0, 1).Dims(); n != 0 {
		t.Errorf("window before the start has %d buckets", n)
	}
	w.Values.Set(0, 0, -1)
	if s.Values.At(10, 0) == -1 {
		t.Error("a window shares values with its series")
	}
}
