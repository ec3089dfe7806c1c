package dtracefs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/dtracefs/internal/generate"
)

// load decodes text as a capture of its own.
func load(t *testing.T, text string) *Capture {
	t.Helper()
	c, err := Load(t.Context(), fstest.MapFS{"x": {Data: []byte(text)}}, "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// row returns the cells of a row as text, joined by bars.
func row(t *Table, i int) string {
	cells := make([]string, len(t.Columns))
	for j, c := range t.Columns {
		cells[j] = c.Text(i)
	}
	return strings.Join(cells, "|")
}

func TestLoadSamples(t *testing.T) {
	for name, first := range map[string]string{
		"vm-start.dtrace.txt":     "2026-11-22T19:45:41.117661993Z|csw|ksoftirqd/0|1",
		"vm-start.bpftrace.txt":   "2026-11-22T19:45:40.831366Z|csw|migration/1|1",
		"vm-start.bpftrace.jsonl": "2026-11-22T19:45:41.056662Z|csw|kworker/0:0|1",
	} {
		c, err := Load(t.Context(), Samples(), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		a := c.Activity()
		if a == nil {
			t.Fatalf("%s has no activity: %v", name, c.Tables)
		}
		if got := row(a, 0); got != first {
			t.Errorf("%s starts with %s, want %s", name, got, first)
		}
		if len(c.Unparsed) > 0 || c.Lossy() || a.NumRows() < 2500 {
			t.Errorf("%s: %d rows, unparsed %v, drops %v", name, a.NumRows(), c.Unparsed, c.Drops)
		}
		df := a.DataFrame()
		if got := strings.Join(df.Names(), " "); got != "time kind execname value" || df.Nrow() != a.NumRows() || df.Err != nil {
			t.Errorf("%s as a data frame: %s, %d rows, %v", name, got, df.Nrow(), df.Err)
		}
	}
}

func TestOddNames(t *testing.T) {
	names := []string{" lead", "trail ", "", "two words", "x, y", "new\nline", "tab\there", "a:b", "[kworker]", "@n[x]: 5",
		"{json}", "0x1f", "-5", "123", `back\slash`, `say "hi"`, "\xff\xfe", "na\u00efve", "per%cent %d", "NaN", "a: 5"}
	var dtrace, bpftrace, jsonl strings.Builder
	dtrace.WriteString("1795380772212523676\n")
	bpftrace.WriteString("Attaching 1 probe...\n1795380772.212523\n")
	jsonl.WriteString(`{"type": "printf", "data": "1795380772.212523\n"}` + "\n" + `{"type": "map", "data": {"@n": {`)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\xff", `\uffffffff`, "\xfe", `\ufffffffe`,
		"\u00ef", `\uffffffc3\uffffffaf`)
	for i, n := range names {
		dtrace.WriteString("csw " + n + " 4\n")
		bpftrace.WriteString("@n[csw, " + n + "]: 4\n")
		if i > 0 {
			jsonl.WriteString(", ")
		}
		jsonl.WriteString(`"csw,` + escape.Replace(n) + `": 4`)
	}
	dtrace.WriteString("\n")
	jsonl.WriteString("}}}\n")
	for dialect, text := range map[string]string{"dtrace": dtrace.String(), "bpftrace": bpftrace.String(), "bpftrace-json": jsonl.String()} {
		c := load(t, text)
		if c.Dialect != dialect || len(c.Unparsed) > 0 || c.Activity() == nil {
			t.Fatalf("%s: read as %s, unparsed %v", dialect, c.Dialect, c.Unparsed)
		}
		a := c.Activity()
		if a.NumRows() != len(names) {
			t.Errorf("%s: %d rows, want %d", dialect, a.NumRows(), len(names))
		}
		for i, n := range names {
			if got := a.Column("execname").Text(i); got != n {
				t.Errorf("%s: name %q, want %q", dialect, got, n)
			}
		}
	}
}

func TestLoadDamaged(t *testing.T) {
	fsys := fstest.MapFS{
		"empty":  {Data: nil},
		"binary": {Data: []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00>\x00")},
		"cut.gz": {Data: []byte("\x1f\x8b")},
	}
	c, err := Load(t.Context(), fsys, "empty", Options{})
	if err != nil || len(c.Notices) != 1 || c.Notices[0].Kind != "empty" || len(c.Tables) != 0 {
		t.Errorf("empty capture: %+v, %v", c, err)
	}
	if _, err := Load(t.Context(), fsys, "binary", Options{}); !errors.Is(err, ErrNotText) || !strings.Contains(err.Error(), "binary: byte 4 of 20") {
		t.Errorf("binary file: %v", err)
	}
	if _, err := Load(t.Context(), fsys, "cut.gz", Options{}); err == nil {
		t.Error("no error for a gzip file without content")
	}
	if _, err := Load(t.Context(), fsys, "absent", Options{}); err == nil {
		t.Error("no error for a capture that does not exist")
	}
}

// asked is a context that counts how often it is asked whether it has ended, and has once that was
// at times.
type asked struct {
	context.Context
	n, at int
}

func (a *asked) Err() error {
	if a.n++; a.at > 0 && a.n > a.at {
		return context.Canceled
	}
	return nil
}

// TestNoScript holds that a capture whose script is said to be none reads as one without.
func TestNoScript(t *testing.T) {
	fsys := fstest.MapFS{"a.txt": {Data: []byte("\nnginx  3\nsshd  4\n\nnginx  5\nsshd  6\n")}}
	var all []string
	for _, script := range []string{"", noScript} {
		c, err := Load(t.Context(), fsys, "a.txt", Options{Script: script})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(c.Dialect, c.Tables))
		for b, err := range Scan(t.Context(), fsys, "a.txt", Options{Script: script}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(b.Dialect, b.Tables))
		}
	}
	if all[0] != all[2] || all[1] != all[3] {
		t.Errorf("without a script: %q\nwith none beside: %q", all[2:], all[:2])
	}
}

// TestScriptMakesTheDialect counts, scans and follows a capture whose few rows only its script
// knows among what a command printed.
func TestScriptMakesTheDialect(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "<%d> at 17000000%02d ~ proc%d !! %d\n", i%7, i, i%3, i)
		for j := range 3 {
			fmt.Fprintf(&text, "%s;;%s\n", strings.Repeat("x", i%13), strings.Repeat("q ", (i*7+j)%11))
		}
	}
	script := `tick-1s { printf("<%d> at %d ~ %s !! %d\n", cpu, walltimestamp / 1000000000, execname, n); }`
	fsys := fstest.MapFS{"a.txt": {Data: []byte(text.String())}, "a.d": {Data: []byte(script)}}
	c, err := Load(t.Context(), fsys, "a.txt", Options{})
	if err != nil || c.Dialect != "dtrace" {
		t.Fatalf("dialect %s, %v", c.Dialect, err)
	}
	for b, err := range Follow(t.Context(), strings.NewReader(text.String()), "a.txt", Options{Script: script}) {
		if err != nil || b.Dialect != "dtrace" {
			t.Errorf("followed: %v, %v", b, err)
		}
	}
	if _, err := CountFiles(t.Context(), []File{{fsys, "a.txt"}}, CountOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := CountFiles(t.Context(), []File{{fsys, "a.txt"}}, CountOptions{Options: Options{Script: noScript}}); !errors.Is(err, ErrMeasure) {
		t.Errorf("without the script: %v", err)
	}
}

// TestLoadStops holds that whatever is loaded, the context is asked while it is read and while it
// is decoded, and that no more than what is at hand is decoded once it has ended.
func TestLoadStops(t *testing.T) {
	for _, kind := range generate.Kinds() {
		fsys := generate.FS{Kind: kind, Size: 1 << 20}
		read := &asked{Context: t.Context()}
		if _, err := readAll(read, fsys, "capture", 0); err != nil {
			t.Fatal(err)
		}
		whole := &asked{Context: t.Context()}
		c, err := Load(whole, fsys, "capture", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if n := whole.n - read.n; n < int(c.Lines)/2048 || read.n < 2 {
			t.Errorf("%v: asked %d times while reading, %d times over %d lines", kind, read.n, n, c.Lines)
		}
		for _, at := range []int{1, read.n + 1} {
			cut := &asked{Context: t.Context(), at: at}
			if _, err := Load(cut, fsys, "capture", Options{}); !errors.Is(err, context.Canceled) || cut.n > at+8 {
				t.Errorf("%v: ended at %d, asked %d times: %v", kind, at, cut.n, err)
			}
		}
	}
}

func TestCutMidLine(t *testing.T) {
	for text, rows := range map[string]int{
		"1795376741117661993\ncsw a 1\ncsw b 2":       1,
		"1795376741117661993\ncsw a 1\ncsw ":          1,
		"1795376741.117661\n@n[csw, a]: 1\n@n[csw, b": 1,
		`{"type": "printf", "data": "1795376741.056662\n"}` + "\n" + `{"type": "map", "data": {"@n": {"csw,a": 1}}}` +
			"\n" + `{"type": "map", "data": {"@n": {"csw,a": 1, "c`: 1,
	} {
		c := load(t, text)
		if got := c.Activity().NumRows(); got != rows || len(c.Unparsed) != 1 || c.Unparsed[0].Number != c.Lines {
			t.Errorf("%q: %d rows, unparsed %v", text, got, c.Unparsed)
		}
		if len(c.Notices) != 1 || c.Notices[0].Kind != "truncated" {
			t.Errorf("%q: notices %v", text, c.Notices)
		}
	}
}

func TestStderrBeside(t *testing.T) {
	fsys := fstest.MapFS{
		"x.txt.gz": {Data: gzipped(t, []byte("1795376741117661993\ncsw a 1\n\n"))},
		"x.txt.stderr": {Data: []byte("dtrace: script 'x.d' matched 13 probes\ndtrace: 17429 drops on CPU 1\n" +
			"dtrace: error in dt_clause_22 for probe ID 3566 (syscall:vmlinux:openat:entry): invalid address (0x7f5e78401fc0) at BPF pc 398\n")},
	}
	c, err := Load(t.Context(), fsys, "x.txt.gz", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Notices) != 1 || c.Notices[0].N != 13 || len(c.Drops) != 1 || c.Drops[0].Count != 17429 || *c.Drops[0].CPU != 1 || !c.Lossy() {
		t.Errorf("notices %v, drops %v", c.Notices, c.Drops)
	}
	if len(c.Errors) != 1 || c.Errors[0].Function != "openat" || c.Errors[0].Address != "0x7f5e78401fc0" || c.Errors[0].Fault != "invalid address" {
		t.Errorf("errors %+v", c.Errors)
	}
}

func TestCaptureJSON(t *testing.T) {
	c := load(t, "1795376741117661993\ncsw \xff 9223372036854775807\nLost 3 events\n\n")
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `"tables":[{"name":"activity","kind":"activity","columns":[{"name":"time","type":"time"},{"name":"kind","type":"string"},` +
		`{"name":"execname","type":"string"},{"name":"value","type":"int"}],"rows":1,` +
		`"data":[[1795376741.117661993,"csw","\\xff","9223372036854775807"]]}],"notices":[],"drops":[{"line":3,"kind":"event","count":3,"cpu":null,"text":"Lost 3 events"}],"errors":[],"unparsed":[]}`
	if !strings.HasSuffix(string(b), want) {
		t.Errorf("got  %s\nwant … %s", b, want)
	}
}

// TestDecodersAsk holds that every dialect asks, every few thousand lines, whether its capture is
// still wanted.
func TestDecodersAsk(t *testing.T) {
	const enough = 3 << 10 // lines
	names, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d captures, %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(strings.TrimSuffix(name, ".golden"))
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.Repeat(data, 1+enough/max(1, bytes.Count(data, []byte("\n"))))
		asked := 0
		d := newDecoder(&Capture{}, Options{}, nil)
		d.ended = func() bool { asked++; return false }
		if d.decode(data); asked == 0 {
			t.Errorf("%s: dialect %s asked %d times in %d lines", name, d.c.Dialect, asked, d.c.Lines)
		}
	}
}

// TestLongFirstLine holds that a first line which is longer than the head of a text hides nothing
// of what comes under it, however the capture is read.
func TestLongFirstLine(t *testing.T) {
	wide := func(sep, name string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s%s%d", sep, name, i)
		}
		return b.String()[len(sep):]
	}
	for want, text := range map[string]string{
		"dtrace": strings.Repeat("x", headSize+100) + "\ndtrace: description ':::tick-1s' matched 1 probe\n" +
			"CPU     ID                    FUNCTION:NAME\n  0  76321                         :tick-1s \n",
		"csv":    wide(",", "name", 9000) + "\n" + strings.Repeat(wide(",", "", 9000)+"\n", 3),
		"folded": wide(";", "frame", 9000) + " 12\na;b;c 3\na;b 4\n",
		"strace": `execve("/bin/x", ["` + wide(`", "`, "arg", 9000) + "\"], 0x7ffd6) = 0\n" +
			"read(3, \"\", 4096) = 0\nclose(3) = 0\nwrite(1, \"x\", 1) = 1\n",
	} {
		fsys := fstest.MapFS{"x.txt": {Data: []byte(text)}}
		c, err := Load(t.Context(), fsys, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.Dialect != want {
			t.Errorf("%s is loaded as %s", want, c.Dialect)
		}
		for b, err := range Scan(t.Context(), fsys, "x.txt", Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Dialect != want {
				t.Errorf("%s is scanned as %s", want, b.Dialect)
			}
		}
	}
}
