package dtracefs

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

var conserved = regexp.MustCompile("[0-9][0-9.]*[eE]-[0-9]+|[\\pL\\pN_`][\\pL\\pN_.`+]*|\\pN+")

// A haystack is the words of everything that a capture was decoded to.
type haystack struct {
	words map[string]bool
	all   strings.Builder
}

func (h *haystack) add(text string) {
	if strings.IndexByte(text, 0x1b) >= 0 { // text that no rule understood keeps its colors
		text += "\n" + string(plain([]byte(text)))
	}
	h.all.WriteString(text)
	h.all.WriteByte('\n')
	for _, w := range conserved.FindAllString(text, -1) {
		h.words[w] = true
	}
}

func haystackOf(c *Capture) *haystack {
	h := &haystack{words: map[string]bool{}}
	for _, t := range c.Tables {
		h.add(t.Name)
		for _, col := range t.Columns {
			h.add(col.Name)
			switch col.typ {
			case String:
				for _, w := range col.words.values {
					h.add(w)
				}
			case Stack:
				for _, s := range col.stacks {
					h.add(strings.Join(s, "\n"))
				}
			case Time:
				for i := range col.Len() {
					if !col.Null(i) {
						h.time(col.Time(i))
					}
				}
			default:
				for i := range col.Len() {
					if !col.Null(i) {
						h.add(col.Text(i))
					}
				}
			}
		}
	}
	for _, n := range c.Notices {
		h.add(n.Text)
	}
	for _, d := range c.Drops {
		// JSON of FreeBSD tells of drops as a firing of this probe.
		h.add(d.Text + " " + d.Kind + " dtrace INTERNAL DROP")
	}
	for _, e := range c.Errors {
		h.add(fmt.Sprint(e))
	}
	for _, l := range c.Unparsed {
		h.add(l.Text)
	}
	return h
}

// time adds an instant in the notations that it may have been printed in.
func (h *haystack) time(t time.Time) {
	for _, layout := range []string{"2006 Jan _2 15:04:05", "01/02/06", "Mon", "2006-01-02T15:04:05.000000000", "15:04:05.000000", "15:04:05.000", "02T15 02T15:04:05-0700", "3:04:05 PM", "UTC MST"} {
		h.add(t.Format(layout))
	}
	ns := t.UnixNano()
	for unit, places := int64(1), 9; places >= 0; unit, places = unit*10, places-1 {
		h.add(strconv.FormatInt(ns/unit, 10))
		h.add(fmt.Sprintf("%d.%0*d", t.Unix(), max(places, 1), ns%1e9/unit))
	}
}

// has reports whether a word of the input is in the haystack, perhaps as the same number in
// another notation or as a part of a longer word.
func (h *haystack) has(word string) bool {
	word = strings.TrimRight(word, ".+")
	if spelled[word] || word == "" || h.holds(word) {
		return true
	}
	if v, err := strconv.ParseInt(word, 10, 64); err == nil && h.words[strconv.FormatInt(v, 10)] {
		return true
	}
	if v, err := strconv.ParseInt(word, 8, 64); err == nil && word[0] == '0' && h.words[strconv.FormatInt(v, 10)] {
		return true
	}
	for _, w := range []string{word, "0." + word} { // as in `.050`
		if f, err := strconv.ParseFloat(w, 64); err == nil && h.number(f) {
			return true
		}
	}
	// A number and its unit may stand in cells of their own.
	if end := strings.LastIndexAny(word, "0123456789") + 1; end > 0 && end < len(word) && h.words[word[end:]] {
		if f, err := strconv.ParseFloat(word[:end], 64); err == nil && h.number(f) {
			return true
		}
	}
	// With a suffix, in whatever unit the column is.
	digits := strings.TrimRight(word, "BKMGTPkmgtpi")
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || digits == word {
		return false
	}
	for _, base := range []float64{1000, 1024} {
		for n := -2.0; n <= 5; n++ {
			if h.number(f*math.Pow(base, n)) || h.number(math.Round(f*math.Pow(base, n))) {
				return true
			}
		}
	}
	return false
}

func (h *haystack) holds(word string) bool {
	return h.words[word] || strings.Contains(h.all.String(), word)
}

func (h *haystack) number(f float64) bool {
	return h.holds(strconv.FormatFloat(f, 'g', -1, 64)) || h.holds(strconv.FormatFloat(f, 'f', -1, 64))
}

// withoutClocks takes the times away that are in the haystack as instants.
func (h *haystack) withoutClocks(line string) string {
	for at := 0; at < len(line); {
		if c, n, ok := syntax.ParseClock([]byte(line[at:])); ok && h.holds(strconv.FormatInt(c.NS/1e9, 10)) {
			line = line[:at] + " " + line[at+n:]
		}
		next := strings.IndexAny(line[at:], " \t\"[:")
		if next < 0 {
			break
		}
		at += next + 1
	}
	return line
}

// lostWords returns the words of a text that are nowhere in what it was decoded to, each
// with the number of its line.
func lostWords(c *Capture, data []byte) (lost []string) {
	h := haystackOf(c)
	checked := map[string]bool{}
	// A script's format glues letters of its own to numbers, which stand in cells of their own.
	has := func(w string) bool {
		for c.script != nil && !h.has(w) && wordBorder(w) < len(w) {
			if !h.has(w[:wordBorder(w)]) {
				return false
			}
			w = w[wordBorder(w):]
		}
		return h.has(w)
	}
	look := func(num int, text string) {
		for _, w := range conserved.FindAllString(h.withoutClocks(string(withoutPoint([]byte(text)))), -1) {
			if !checked[w] && !has(w) {
				lost = append(lost, fmt.Sprintf("%d: %s", num, w))
			}
			checked[w] = true
		}
	}
	if c.Dialect == "libxo-xml" {
		v, _ := parseXML(data)
		lookJSON(v, func(text string) { look(1, text) })
		return lost
	}
	structured := strings.HasSuffix(c.Dialect, "json") || c.Dialect == "statemap"
	for cur := syntax.NewCursor(data); !cur.Done(); {
		num, rest := cur.Number(), cur.Rest()
		if structured && !syntax.Blank(cur.Peek()) {
			v, end, err := syntax.ParseExcerpt(rest)
			if (err == nil || end == len(rest)) && (v.Kind == '{' || v.Kind == '[') {
				// The text counts with its escapes.
				if text := strings.TrimSpace(string(rest[:end])); !strings.Contains(h.all.String(), text) {
					lookJSON(v, func(text string) { look(num, text) })
				}
				for stop := cur.Offset() + end; !cur.Done() && cur.Offset() < stop; {
					cur.Next()
				}
				continue
			}
		}
		line, _ := cur.Next()
		if at := stabilityType.FindSubmatchIndex(line); at != nil {
			line = line[at[2]:] // behind `args[`
		}
		// A terminal may have glued an interrupt to the line.
		line = bytes.TrimPrefix(bytes.TrimLeft(plain(line), " "), []byte("^C"))
		if !isDecoration(line) {
			look(num, string(line))
		}
	}
	return lost
}

// lookJSON hands every leaf to look, and the names of members that are no part of the form.
func lookJSON(v syntax.JSON, look func(string)) {
	switch v.Kind {
	case '{', '[':
		for i, m := range v.Members {
			if v.Kind == '{' {
				if v.Names[i] == "type" && m.Kind == '"' {
					continue
				}
				if !jsonNames[v.Names[i]] {
					look(v.Names[i])
				}
			}
			lookJSON(m, look)
		}
	case 't':
		look("true")
	case 'f':
		look("false")
	case 'n', 'e':
	default:
		look(v.Text)
	}
}

// TestNothingIsLost holds that every word of the captures in testdata stands in a cell, the
// name of a column or a table, a notice, or what was not understood.
func TestNothingIsLost(t *testing.T) {
	fsys := os.DirFS("testdata")
	for _, name := range cases(t) {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Load(t.Context(), fsys, name, Options{NoStderr: true})
		if err != nil {
			t.Fatal(err)
		}
		checkNothingIsLeft(t, name, c)
		if lost := lostWords(c, data); lost != nil {
			t.Errorf("%s lost %q", name, lost[:min(len(lost), 8)])
		}
	}
	for _, dir := range append(further("captures", "corpus/files", "shapes", "losses/files"), "testdata/recorded/captures.tar.zst") {
		fsys, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !isCaptureName(name) || strings.HasSuffix(name, ".truth.csv") || path.Ext(name) == ".json" && filepath.Base(dir) == "shapes" {
				return err
			}
			if info, err := d.Info(); err != nil || info.Size() > 100<<10 || path.Ext(name) == ".py" {
				return err
			}
			data, err := readAll(t.Context(), fsys, name, 0)
			if err != nil || binaryAt(data) >= 0 || len(bytes.TrimSpace(data)) == 0 {
				return err
			}
			c, err := Load(t.Context(), fsys, name, Options{NoStderr: true})
			if err != nil {
				t.Error(err)
				return nil
			}
			checkNothingIsLeft(t, dir+"/"+name, c)
			if lost := lostWords(c, data); lost != nil {
				t.Errorf("%s/%s lost %d: %q", dir, name, len(lost), lost[:min(len(lost), 8)])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkNothingIsLeft checks that every line was filed by whoever took it: what is told as left over
// is not lost, but a recognizer dropped it.
func checkNothingIsLeft(t *testing.T, name string, c *Capture) {
	t.Helper()
	for _, n := range c.Notices {
		if n.Kind == "leftover" {
			t.Errorf("%s: of line %d words are in no table: %.200q", name, n.Line, n.Text)
		}
	}
}

// TestLeftover holds that what a reader drops of its lines is told, in a part of a capture once the
// next part does not hold it either.
func TestLeftover(t *testing.T) {
	part := func(words ...string) *decoder {
		d := newDecoder(&Capture{Dialect: "dtrace"}, Options{}, nil)
		s := d.sheetFor("t", "t", "rows")
		for _, w := range words {
			s.text("c1", []byte(w))
			s.end()
		}
		d.finish()
		return d
	}
	told := func(d *decoder) (lines []int) {
		for _, n := range d.c.Notices {
			lines = append(lines, n.Line)
		}
		return lines
	}
	first, second := part("read", "12"), part("PID", "nginx")
	open := first.look([]byte("read 12\nPID NAME\n12 read\nwrite 7\n"), 1, nil, false)
	if told(first) != nil || len(open) != 2 {
		t.Fatalf("after the first part %v are told and %v open", told(first), open)
	}
	if open = second.look([]byte("nginx 4K\n"), 5, open, true); !slices.Equal(told(second), []int{2, 4, 5}) || open != nil {
		t.Errorf("of lines %v words are told to be missing, want 2, 4 and 5; %v are open", told(second), open)
	}
	// The word that the second part holds is not among those that are named.
	if text := second.c.Notices[0].Text; text != `"NAME" in no table, of: PID NAME` {
		t.Errorf("told is %s", text)
	}
	long := lostLine{Line{1, "a b c d e f " + strings.Repeat("é", 50)}, []string{strings.Repeat("é", 50), "b", "c", "d", "e", "f"}}
	if text := string(long.notice()); text != `"`+strings.Repeat("é", 40)+`", "b", "c", "d", "e" and 1 more in no table, of: `+long.Text {
		t.Errorf("told is %s", text)
	}
	// A number is kept with its unit beside it, and not with a unit that is nowhere.
	apart := part("x")
	s := apart.sheetFor("u", "u", "rows")
	s.text("value", []byte("1.003"))
	s.text("unit", []byte("ms"))
	s.end()
	s.inferred = true
	apart.c.Tables = nil
	apart.finish()
	if apart.look([]byte("x: 1.003ms\nx: 1.003us\n"), 1, nil, true); !slices.Equal(told(apart), []int{2}) {
		t.Errorf("lines %v are told, want that of the other unit", told(apart))
	}
	whole := part("read", "PID", "NAME")
	whole.exact = []stretchOfText{{5, 15, 1}}
	if whole.look([]byte("read\nwrite 123\nPID NAME\n"), 1, nil, true); told(whole) != nil {
		t.Errorf("lines %v are told though they were taken as a whole or are kept", told(whole))
	}
	// Empty lines, lines that come again and what was taken as a whole are passed over and counted.
	again := part("read", "PID")
	again.exact = []stretchOfText{{8, 12, 2}}
	text := "\n\nread\n\n\nlo\nread\nread\nread 7\r\nread 7\r\n" + strings.Repeat("\n", 100) + "PID 8"
	if again.look([]byte(text), 1, nil, true); !slices.Equal(told(again), []int{9, 10, 111}) {
		t.Errorf("lines %v are told, want 9, 10 and 111", told(again))
	}
}

// TestNextWord holds what the words of a text are.
func TestNextWord(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		" \t--":                         "",
		"a":                             "a",
		"  unix`idle+0x3b ":             "unix`idle+0x3b",
		".050 x. 1+":                    "050|x.|1+",
		"2.5e-05 a-b 1e-x":              "2.5e-05|a|b|1e|x",
		"größe,ß·λ3 …é":                 "größe|ß|λ3|é",
		"\xffab\xc3":                    "ab",
		"@calls[nginx, 12]: -3":         "calls|nginx|12|3",
		"syscall:vmlinux:read_it:entry": "syscall|vmlinux|read_it|entry",
	} {
		var words []string
		for word, rest := nextWord([]byte(text)); word != nil; word, rest = nextWord(rest) {
			words = append(words, string(word))
		}
		if got := strings.Join(words, "|"); got != want {
			t.Errorf("%q has the words %s, want %s", text, got, want)
		}
	}
}

// TestRecursion holds that frames which come again are frames each, also where a remark stands
// behind one.
func TestRecursion(t *testing.T) {
	const text = "\n              app`f+0x1\n              app`f+0x1\n                [ remark ]\n              app`f+0x1\n              app`g\n                7\n"
	c := &Capture{}
	newDecoder(c, Options{}, nil).decode([]byte(text))
	const want = "app`f+0x1|app`f+0x1 [ remark ]|app`f+0x1|app`g"
	if len(c.Tables) != 1 || strings.Join(c.Tables[0].Column("stack").Stack(0), "|") != want {
		t.Errorf("it decodes to\n%s", describe(c))
	}
}

// FuzzConserve holds that no word of a text is lost, whatever the text.
func FuzzConserve(f *testing.F) {
	addSeeds(f, func(_ string, data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4<<10 {
			return
		}
		c := &Capture{Name: "x"}
		newDecoder(c, Options{}, nil).decode(data)
		if lost := lostWords(c, data); lost != nil {
			t.Errorf("lost %q", lost)
		}
	})
}

// TestScriptsRemoveNothing holds that no word is lost where a script lies beside a capture, be it
// the one that printed it or any other.
func TestScriptsRemoveNothing(t *testing.T) {
	scripts := []string{
		`syscall:::entry { @reads[execname] = count(); @writes[execname] = sum(arg2); } tick-1s { printa(@reads); printa(@writes); }`,
		`syscall:::entry { printf("%d %s %s\n", timestamp, execname, probefunc); @[execname, pid] = quantize(arg1); }`,
		`BEGIN { printf("%s: %d\n", comm, pid); @us[comm] = hist(nsecs); }`,
	}
	fsys := os.DirFS("testdata")
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext == ".d" || ext == ".bt" {
			src, err := fs.ReadFile(fsys, e.Name())
			if err != nil {
				t.Fatal(err)
			}
			scripts = append(scripts, string(src))
		}
	}
	for _, name := range cases(t) {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range scripts {
			c, err := Load(t.Context(), fsys, name, Options{NoStderr: true, Script: src})
			if err != nil {
				t.Fatal(err)
			}
			if lost := lostWords(c, data); lost != nil {
				t.Errorf("%s beside %.40q lost %q", name, src, lost[:min(len(lost), 8)])
			}
		}
	}
}

// TestCommandsOutput holds that what the script beside a capture cannot have printed is text,
// whatever it looks like.
func TestCommandsOutput(t *testing.T) {
	const text = "Kernel: 6.1.0\nUptime: 3 days\nLoad: 0.12\nalpha 1\nbeta 2\n\n  read                                                              4\n"
	fsys := fstest.MapFS{"x.txt": {Data: []byte(text)}, "x.d": {Data: []byte(`syscall::read:entry /pid == $target/ { @[probefunc] = count(); }`)}}
	c, err := Load(t.Context(), fsys, "x.txt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.Table("output"); len(c.Tables) != 2 || out == nil || out.Kind != "text" || out.NumRows() != 5 {
		t.Errorf("it decodes to\n%s", describe(c))
	}
}
