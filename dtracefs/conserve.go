package dtracefs

import (
	"bytes"
	"fmt"
	"index/suffixarray"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// Nothing that was printed is lost, to the word. A recognizer takes lines by their shape, and what
// it does not file of them would be gone without a trace; so whatever was decoded is compared with
// what came of it: each word of a line must stand in a cell, in the name of a table or a column, in
// a notice, or in what was not understood. A line of which a word stands nowhere is told in a
// notice, which names those words. Lines that were taken by their exact shape, those of activity
// and of event logs, need no such look.

// decoration is what may go: it is drawn or repeated around the values and tells nothing
// that a table, its columns or their order do not.
var decoration = []struct {
	what pattern.Pattern
	why  string
}{
	{pattern.New(`^\s*(?:key|value)\s+-+ Distribution -+\s+count\s*$|^\s*\S+\s*:\s*count\s+distribution\s*$|[Dd]istribution\s*[-|]*\s*$`), "the head of a histogram"},
	{pattern.New(`^\s*(?:\S.*\s)?min\s+\.-*\.\s+max\s+\|\s*count\s*$`), "the head of packed histograms"},
	{pattern.New(`^\s*(?:CPU\s+ID\s+)?FUNCTION:NAME\s*$|^\s*(?:CPU\s+)?FUNCTION\s*$|^\s*ID\s+PROVIDER\s+MODULE\s+FUNCTION NAME\s*$`), "a heading of dtrace's own"},
	{pattern.New(`^\s*0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\s*$`), "the ruler over a dump"},
	{pattern.New(`^\s*(?:Argument Types|None)\s*$`), "a heading of a verbose listing"},
	{pattern.New(`^hh:mm:ss\S*\s+(?:\|_+\||_+)\s*$|^\s*v_+v\s*$`), "the edges of a time series"},
	{pattern.New(`^#?\s*(?:\d\d:\d\d:\d\d(?: [AP]M)?\s+|Time\s+)[^\d]*$`), "the heading of an interval tool: its clock is that of the sample before, Time is the column time"},
	{pattern.New(`^(?:\d\d:\d\d:\d\d(?: [AP]M)?)(?:\s+(?:[^\d\s]\S*|\d+/s))*\s+(?:\S+/s|%\S+|CPU\d+|[a-z]+6\S+)(?:\s+(?:[^\d\s]\S*|\d+/s))*\s*$`), "the same with digits in names, as of interrupts"},
	{pattern.New(`^Stability (?:attributes|data) for `), "the heading of attributes, whose script is in a column"}}

// jsonNames are the members that make up what bpftrace, FreeBSD's dtrace and sysstat write: what
// they hold is in columns or tables of other names.
var jsonNames = map[string]bool{"type": true, "data": true, "min": true, "max": true, "dtrace": true, "probes": true, "output": true,
	"message": true, "aggregation-data": true, "keys": true, "buckets": true, "stack-frames": true, "ustack-frames": true, "symbol": true,
	"module": true, "name": true, "offset": true, "object-name": true, "aggregation-name": true, "member-name": true, "value": true,
	"msg": true, "kind": true, "total": true, "cpu": true, "id": true, "states": true, "color": true, "hosts": true, "statistics": true, "timestamp": true}

// spelled are words around the numbers of errors, which a column tells.
var spelled = map[string]bool{"Err": true, "ERR": true}

// kept is what a capture, or a part of one, was decoded to, to look words up in it.
type kept struct {
	c       *Capture
	words   map[string]struct{}
	units   map[string]bool // cells of columns of units
	ints    []int64         // also without their signs, which are no part of words; all are sorted
	small   [1 << 10]uint64 // those that are at least 0 and have 16 bits, a bit for each
	floats  []float64       // without
	seconds []int64         // of instants

	text   string          // all that is text, made when a word is looked for as a part of another
	times  []int64         // the instants, sorted, once words are looked for in their notations
	looked map[string]bool // what was looked for in the text
	index  *suffixarray.Index
	drawn  map[string]bool // lines that are decoration, and those that are not

	waiting []*Table // whose numbers are not taken yet
}

func keptIn(c *Capture) *kept {
	k := &kept{c: c, words: map[string]struct{}{}, units: map[string]bool{}, looked: map[string]bool{}, drawn: map[string]bool{}}
	k.texts(func(s string) {
		for word, rest := nextWord([]byte(s)); word != nil; word, rest = nextWord(rest) {
			if _, ok := k.words[string(word)]; !ok {
				k.words[string(word)] = struct{}{}
			}
		}
	})
	for _, t := range c.Tables {
		if unit := t.Column("unit"); unit != nil && unit.typ == String {
			for _, w := range unit.words.values {
				k.units[w] = true
			}
		}
		// Rows may be millions, and where they are, their lines mostly were taken by their exact
		// shape. Their texts are few and were taken above; their numbers wait until a word is
		// found nowhere else. Their instants do not wait: they repeat from row to row, so few of
		// them are new, and the clocks above the rows are looked for.
		for _, col := range t.Columns {
			if col.typ == Time {
				k.instants(col)
			}
		}
	}
	k.waiting = c.Tables
	k.sort()
	return k
}

// numbers takes the numbers of a table.
func (k *kept) numbers(t *Table) {
	for _, col := range t.Columns {
		switch col.typ {
		case Float:
			for _, f := range col.floats {
				k.floats = append(k.floats, math.Abs(f))
				// As seconds since the epoch that is in 1973; anything less is no clock of a
				// tracer's.
				if f >= 1e8 {
					k.seconds = append(k.seconds, int64(f))
				}
			}
		case Int:
			for _, v := range col.ints {
				k.addInt(v)
				if v < 0 {
					k.addInt(-v)
				}
				if v >= 1e8 {
					// The column may count s, ms, µs or ns, and the clock in the text is known
					// to a second.
					k.seconds = append(k.seconds, v, v/1e3, v/1e6, v/1e9)
				}
			}
		case Bool:
			k.words["true"], k.words["false"] = struct{}{}, struct{}{}
		}
	}
}

// instants takes the instants of a column, in which one mostly stands on many rows.
func (k *kept) instants(col *Column) {
	for i, ns := range col.ints {
		if i == 0 || ns != col.ints[i-1] {
			k.addInt(ns)
			k.seconds = append(k.seconds, ns/1e9)
		}
	}
}

// addInt takes an integer. Most are counts, small and the same on many rows.
func (k *kept) addInt(v int64) {
	if i := uint64(v); i < uint64(len(k.small))*64 {
		k.small[i/64] |= 1 << (i % 64)
		return
	}
	k.ints = append(k.ints, v)
}

func (k *kept) hasInt(v int64) bool {
	if i := uint64(v); i < uint64(len(k.small))*64 {
		return k.small[i/64]&(1<<(i%64)) != 0
	}
	return has(k.ints, v)
}

func (k *kept) sort() {
	slices.Sort(k.ints)
	slices.Sort(k.floats)
	slices.Sort(k.seconds)
	k.ints, k.floats, k.seconds = slices.Compact(k.ints), slices.Compact(k.floats), slices.Compact(k.seconds)
}

// addNumbers takes the numbers that waited; it reports whether there are any.
func (k *kept) addNumbers() bool {
	some := len(k.waiting) > 0
	for _, t := range k.waiting {
		k.numbers(t)
	}
	k.waiting = nil
	k.sort()
	return some
}

// texts hands out all that is text: names, cells, notices.
func (k *kept) texts(each func(string)) {
	colored := func(s string) {
		each(s)
		if strings.IndexByte(s, 0x1b) >= 0 { // text that no rule understood keeps its colors
			each(string(plain([]byte(s))))
		}
	}
	for _, t := range k.c.Tables {
		// A name may be the title that stood over a table, or the heading of a column.
		colored(t.Name)
		for _, col := range t.Columns {
			colored(col.Name)
			if col.typ == String {
				for _, w := range col.words.values {
					colored(w)
				}
			}
			last := ""
			for _, frames := range col.stacks {
				for _, f := range frames {
					// The innermost frames of stacks often are the same.
					if f != last {
						colored(f)
					}
					last = f
				}
			}
		}
	}
	for _, n := range k.c.Notices {
		colored(n.Text)
	}
	for _, d := range k.c.Drops {
		// JSON of FreeBSD tells of drops as a firing of this probe.
		colored(d.Text + " " + d.Kind + " dtrace INTERNAL DROP")
	}
	for _, e := range k.c.Errors {
		colored(fmt.Sprint(e))
	}
	for _, l := range k.c.Unparsed {
		colored(l.Text)
	}
}

// nextWord returns the first word of a text, and what stands behind it; nil if there is none. Names
// of functions with their module and offset, and numbers with their fraction and exponent, are one
// word.
func nextWord(text []byte) (word, rest []byte) {
	i := 0
	for i < len(text) && !wordBytes[text[i]] && (text[i] < utf8.RuneSelf || wordRune(text[i:]) == 0) {
		i++
	}
	start := i
	for {
		for i < len(text) && wordBytes[text[i]] {
			i++
		}
		if i == len(text) {
			break
		}
		n := 1
		if c := text[i]; c >= utf8.RuneSelf {
			if n = wordRune(text[i:]); n == 0 {
				break
			}
		} else if i == start || c != '.' && c != '+' && !(c == '-' && isExponent(text[start:], i-start)) {
			// A point and a plus are in the middle of a word only: they do not begin one, so of
			// `.050` the word is 050. A minus is in one only before an exponent.
			break
		}
		i += n
	}
	if i == start {
		return nil, nil
	}
	return text[start:i], text[i:]
}

// isExponent reports whether the minus at i is that of an exponent, as in 2.5e-05.
func isExponent(text []byte, i int) bool {
	return i+1 < len(text) && text[i+1]-'0' <= 9 && text[i-1]|0x20 == 'e' && len(bytes.Trim(text[:i-1], "0123456789.")) == 0 && i > 1
}

// wordRune is how many bytes the letter or digit has that text starts with; 0 if it starts with
// none.
func wordRune(text []byte) int {
	if r, n := utf8.DecodeRune(text); unicode.IsLetter(r) || unicode.IsNumber(r) {
		return n
	}
	return 0
}

// wordBytes are the bytes of ASCII that are letters or digits of a word.
var wordBytes = func() (is [256]bool) {
	for _, c := range "0123456789_`abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		is[c] = true
	}
	return is
}()

// hasAll reports whether the words of a line are kept, clocks as instants.
func (k *kept) hasAll(line []byte) bool {
	word, _ := k.nextLost(line)
	return word == nil
}

// nextLost returns the first word of a line that is not kept, and what stands behind it; nil if all
// are kept.
func (k *kept) nextLost(line []byte) (lost, behind []byte) {
	for word, rest := nextWord(line); word != nil; word, rest = nextWord(rest) {
		if word[0]-'0' <= 9 {
			// The plain integer comes first: it is what most words with a digit are.
			if v, ok := syntax.Int(word); ok && k.hasInt(v) {
				continue
			}
		}
		if _, ok := k.words[string(word)]; ok {
			continue
		}
		if word[0]-'0' <= 9 && len(k.seconds) > 0 {
			// The word may be the hour of a clock, as 20 of 20:05:26. The clock is looked up as
			// the instant it is, and passed over as a whole.
			text := line[len(line)-len(rest)-len(word):]
			if c, n, ok := syntax.ParseClock(text); ok && n >= len(word) && has(k.seconds, c.NS/1e9) {
				rest = text[n:]
				continue
			}
		}
		if !k.has(string(word)) {
			return word, rest
		}
		// Found once in another notation or within a longer word, it need not be searched for
		// again.
		k.words[string(word)] = struct{}{}
	}
	return nil, nil
}

func has[T int64 | float64](sorted []T, v T) bool {
	_, ok := slices.BinarySearch(sorted, v)
	return ok
}

// has reports whether a word is kept, perhaps as the same number in another notation or as a
// part of a longer word.
func (k *kept) has(word string) bool {
	// A period at the end is the sentence's, and was taken along above.
	word = strings.TrimRight(word, ".+")
	if _, ok := k.words[word]; ok || spelled[word] || word == "" {
		return true
	}
	if word[0]-'0' <= 9 {
		if v, err := strconv.ParseInt(word, 10, 64); err == nil && k.hasInt(v) {
			return true
		}
		// Columns of unsigned integers hold the bits.
		if v, err := strconv.ParseUint(word, 10, 64); err == nil && k.hasInt(int64(v)) {
			return true
		}
		if v, err := strconv.ParseInt(word, 8, 64); err == nil && word[0] == '0' && k.hasInt(v) {
			return true
		}
		if f, err := strconv.ParseFloat(word, 64); err == nil && k.number(f) {
			return true
		}
		if f, err := strconv.ParseFloat("0."+word, 64); err == nil && k.number(f) { // as in `.050`
			return true
		}
		if len(k.times) > 0 && k.isInstant(word) {
			return true
		}
		// A number and its unit may stand in cells of their own, as those of `1.003s`.
		if end := strings.LastIndexAny(word, "0123456789") + 1; k.units[word[end:]] {
			if f, err := strconv.ParseFloat(word[:end], 64); err == nil && k.number(f) {
				return true
			}
		}
		// With a suffix, in whatever unit the column is.
		digits := strings.TrimRight(word, "BKMGTPkmgtpi")
		if f, err := strconv.ParseFloat(digits, 64); err == nil && digits != word {
			for _, base := range []float64{1024, 1000} {
				// Below zero as well: a column may count in a larger unit than the one printed,
				// such as MB where a cell says 512K. What is counted in bytes has no fraction,
				// so it is rounded.
				for n := -2.0; n <= 5; n++ {
					if v := f * math.Pow(base, n); k.number(v) || k.number(math.Round(v)) {
						return true
					}
				}
			}
		}
	}
	// A format of the script glues its own letters to numbers, as in "pid%d": they stand in cells
	// of their own.
	if k.c.script != nil && k.hasParts(word) {
		return true
	}
	// Looking through all text is slow, and the same words are missing on many lines.
	yes, known := k.looked[word]
	if !known {
		yes = k.inText(word)
		k.looked[word] = yes
	}
	return yes
}

// hasParts reports whether a word is several numbers and what stands between them, and all are
// kept.
func (k *kept) hasParts(word string) bool {
	end := wordBorder(word)
	if end == len(word) {
		return false
	}
	for word != "" {
		if !k.has(word[:end]) {
			return false
		}
		word = word[end:]
		end = wordBorder(word)
	}
	return true
}

// wordBorder returns where in a word the first number ends or begins; its length if it is all one.
func wordBorder(word string) int {
	for i := 1; i < len(word); i++ {
		if (word[i]-'0' <= 9) != (word[i-1]-'0' <= 9) && word[i] != '.' && word[i-1] != '.' {
			return i
		}
	}
	return len(word)
}

func (k *kept) number(f float64) bool {
	if has(k.floats, f) {
		return true
	}
	return f == math.Trunc(f) && math.Abs(f) < 1<<63 && k.hasInt(int64(f))
}

// inText reports whether a word is a part of one that is kept.
func (k *kept) inText(word string) bool {
	const few = 64 // from there on an index is made
	if k.text == "" {
		var b strings.Builder
		k.texts(func(s string) { b.WriteString(s + "\n") })
		k.text = b.String()
	}
	// An index takes longer to make than some searches take; most captures never need it.
	if len(k.looked) < few {
		return strings.Contains(k.text, word)
	}
	if k.index == nil {
		k.index = suffixarray.New([]byte(k.text))
	}
	return len(k.index.Lookup([]byte(word), 1)) > 0
}

// addTimes adds the instants in the notations that they may have been printed in; of many, the
// days alone.
func (k *kept) addTimes() {
	if k.times != nil {
		return
	}
	k.times = []int64{}
	// Of very many instants this would be more than the text itself, so then only their days are
	// spelled out.
	const many, day = 10_000, 24 * 3600
	k.addWords("AM PM")
	all := slices.Clone(k.seconds)
	for i := range all {
		all[i] = floorDiv(all[i], day) * day
	}
	for _, s := range slices.Compact(all) {
		for _, layout := range []string{"2006 Jan _2", "01/02/06", "Mon", "2006-01-02T15", "UTC MST"} {
			k.addWords(time.Unix(s, 0).UTC().Format(layout))
		}
	}
	if len(k.seconds) > many {
		return
	}
	for _, t := range k.c.Tables {
		for _, col := range t.Columns {
			if col.typ == Time {
				k.times = append(k.times, col.ints...)
			}
		}
	}
	slices.Sort(k.times)
	k.times = slices.Compact(k.times)
	// Of the words of a clock, those down to the minute and those below it repeat. Numbers of a
	// clock since the epoch do not, and are compared as numbers (see isInstant).
	const minute = int64(time.Minute)
	spelled := map[int64]bool{} // what was below the minute
	for i, ns := range k.times {
		at := time.Unix(0, ns).UTC()
		if i == 0 || floorDiv(ns, minute) != floorDiv(k.times[i-1], minute) {
			k.addWords(at.Format("02T15 15 04 3 PM"))
		}
		if below := ns % minute; !spelled[below] {
			spelled[below] = true
			k.addWords(at.Format("05 05-0700 05.000000000 05.000000 05.000"))
			k.addWords(strconv.FormatInt(ns%1e9, 10)) // seconds and the rest, apart
		}
	}
}

// isInstant reports whether a word is the number of an instant since the epoch in seconds or a
// decimal fraction of them, cut off behind its last digit: 1700000001.25 is any instant within that
// hundredth.
func (k *kept) isInstant(word string) bool {
	whole, fraction, pointed := strings.Cut(word, ".")
	v, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || len(fraction) > 9 {
		return false
	}
	for places := len(fraction); places <= 9; places++ {
		unit := int64(math.Pow10(9 - places))
		if v > math.MaxInt64/unit-1 {
			continue
		}
		if i, _ := slices.BinarySearch(k.times, v*unit); i < len(k.times) && k.times[i] < (v+1)*unit {
			return true
		}
		if pointed {
			break
		}
	}
	return false
}

func (k *kept) addWords(text string) {
	for word, rest := nextWord([]byte(text)); word != nil; word, rest = nextWord(rest) {
		k.words[string(word)] = struct{}{}
	}
}

// missing returns the words of a line that are not kept.
func (k *kept) missing(line []byte) (words []string) {
	if k.hasAll(line) || k.addNumbers() && k.hasAll(line) {
		return nil
	}
	// From here on, what goes around values is taken off, first what costs least. Nearly all
	// lines are kept word by word and never get here.
	if at := stabilityType.FindSubmatchIndex(line); at != nil {
		line = line[at[2]:] // behind `args[`
	}
	// A terminal glues the sign of an interrupt to the line.
	line = bytes.TrimPrefix(bytes.TrimLeft(plain(line), " "), []byte("^C"))
	full := line
	line = k.withoutClocks(withoutGroups(withoutPoint(line)))
	if k.hasAll(line) {
		return nil
	}
	drawn, known := k.drawn[string(full)]
	if !known {
		drawn = isDecoration(full)
		k.drawn[string(full)] = drawn // headings repeat
	}
	// Only now, as most headings are kept by the names of their columns, and then this need not
	// be asked.
	if drawn {
		return nil
	}
	k.addTimes()
	for word, rest := k.nextLost(line); word != nil; word, rest = k.nextLost(rest) {
		words = append(words, string(word))
	}
	return words
}

// pointDrawn is a row of a time series whose point is drawn as a letter.
var pointDrawn = pattern.New(`^(\d\d:\d\d:\d\d\S* +[|. ]*)o([|. ]* (?:-|-?\d+)\s*)$`)

// withoutPoint takes the letter away that is the point of a time series.
func withoutPoint(line []byte) []byte {
	if m := pointDrawn.FindSubmatch(line); m != nil {
		return append(append(bytes.Clone(m[1]), ' '), m[2]...)
	}
	return line
}

// withoutGroups takes the commas away that part the thousands of numbers.
func withoutGroups(line []byte) []byte {
	digit := func(i int) bool { return i >= 0 && i < len(line) && line[i]-'0' <= 9 }
	if bytes.IndexByte(line, ',') < 0 {
		return line
	}
	out := make([]byte, 0, len(line))
	for i, c := range line {
		// Three digits exactly must follow: `1,234,567` is one number and `1,23` are two.
		if c != ',' || !digit(i-1) || !digit(i+1) || !digit(i+2) || !digit(i+3) || digit(i+4) {
			out = append(out, c)
		}
	}
	return out
}

// withoutClocks takes the times away that are kept as instants.
func (k *kept) withoutClocks(line []byte) []byte {
	// Blanks take the place of a time, so that the words beside it do not become one.
	line = bytes.Clone(line)
	for at := 0; at < len(line); {
		if c, n, ok := syntax.ParseClock(line[at:]); ok && has(k.seconds, c.NS/1e9) {
			for i := range n {
				line[at+i] = ' '
			}
		}
		next := bytes.IndexAny(line[at:], " \t\"[:")
		if next < 0 {
			break
		}
		at += next + 1
	}
	return line
}

func isDecoration(line []byte) bool {
	for _, d := range decoration {
		if d.what.Match(line) {
			return true
		}
	}
	return false
}

// A lostLine is a line with the words of it that are not kept.
type lostLine struct {
	Line
	words []string
}

// notice is the text that tells of the line. It names the first of the words, and then has the line
// as a whole, so that nothing is lost.
func (l lostLine) notice() []byte {
	const few, long = 5, 40
	var b []byte
	for i, w := range l.words[:min(few, len(l.words))] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = fmt.Appendf(b, "%.*q", long, w)
	}
	if more := len(l.words) - few; more > 0 {
		b = fmt.Appendf(b, " and %d more", more)
	}
	return fmt.Appendf(b, " in no table, of: %s", strings.TrimSpace(l.Text))
}

// lost returns the lines of a text, the first of which has that number, of which a word is not
// kept. Those within exact need no look.
func (k *kept) lost(data []byte, number int, exact []stretchOfText) (lost []lostLine) {
	look := func(number int, text []byte, words []string) {
		if words != nil {
			lost = append(lost, lostLine{Line{number, string(text)}, words})
		}
	}
	dialect := k.c.Dialect
	// Elements do not end with lines, so the text is looked at as a whole.
	if dialect == "libxo-xml" {
		v, _ := parseXML(data)
		look(1, data, k.missingJSON(v))
		return lost
	}
	structured := strings.HasSuffix(dialect, "json") || dialect == "statemap"
	var whole []byte // the last line of which all words are kept, as a frame that is printed again
	for at := 0; at < len(data); {
		end := len(data)
		if len(exact) > 0 {
			if end = exact[0].from; at >= end {
				at, number = max(at, exact[0].to), number+exact[0].lines
				exact = exact[1:]
				continue
			}
		}
		if n := syntax.EmptyLines(data[at:end]); n > 0 {
			at, number = at+n, number+n
			continue
		}
		line, size, lines := data[at:], len(data)-at, 1
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, size = bytes.TrimSuffix(line[:i], []byte("\r")), i+1
		}
		ok := structured && k.hasDocument(line)
		if structured && !ok && len(line) > 0 {
			// The document goes over several lines, or has escapes. One that the end of the text
			// cuts counts as far as it goes; anything else that is broken is looked at line by
			// line.
			v, end, err := syntax.ParseExcerpt(data[at:])
			if ok = (err == nil || end == len(data)-at) && (v.Kind == '{' || v.Kind == '['); ok {
				if size = len(data) - at; end < size {
					if i := bytes.IndexByte(data[at+end:], '\n'); i >= 0 {
						size = end + i + 1
					}
				}
				// A document may also be kept as it stands, with its escapes.
				lines = max(1, bytes.Count(data[at:at+size], []byte("\n")))
				if words := k.missingJSON(v); words != nil && !k.inText(strings.TrimSpace(string(data[at:at+end]))) {
					look(number, data[at:at+size], words)
				}
			}
		}
		if !ok && !bytes.Equal(line, whole) {
			words := k.missing(line)
			if words == nil {
				whole = line
			}
			look(number, line, words)
		}
		at, number = at+size, number+lines
	}
	return lost
}

// hasDocument reports whether a line is a JSON text without escapes of which all words are kept
// as they are.
func (k *kept) hasDocument(line []byte) bool {
	if len(line) == 0 || line[0] != '{' || line[len(line)-1] != '}' || bytes.IndexByte(line, '\\') >= 0 {
		return false
	}
	// bpftrace's documents start so. What type it is decides the table, and stands nowhere in
	// it.
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type": "`)); ok {
		line = rest[max(0, bytes.IndexByte(rest, '"')):]
	}
	for word, rest := nextWord(line); word != nil; word, rest = nextWord(rest) {
		if _, ok := k.words[string(word)]; ok || jsonNames[string(word)] {
			continue
		}
		if v, ok := syntax.Int(word); !ok || !k.hasInt(v) {
			return false
		}
	}
	return true
}

// missingJSON returns the words that are not kept: of leaves, and of the names of members that are
// no part of the form.
func (k *kept) missingJSON(v syntax.JSON) (words []string) {
	switch v.Kind {
	case '{', '[':
		for i, m := range v.Members {
			if v.Kind == '{' {
				// As above: the type decides the table.
				if v.Names[i] == "type" && m.Kind == '"' {
					continue
				}
				if !jsonNames[v.Names[i]] {
					words = append(words, k.missing([]byte(v.Names[i]))...)
				}
			}
			words = append(words, k.missingJSON(m)...)
		}
		return words
	case 't':
		return k.missing([]byte("true"))
	case 'f':
		return k.missing([]byte("false"))
	case 'n', 'e':
		return nil
	}
	return k.missing([]byte(v.Text))
}

// A stretchOfText is lines of a part that were taken as a whole.
type stretchOfText struct{ from, to, lines int }

// look adds a notice for each line of which a word was lost, and for those of the part before,
// unless what was missing of them is in this one. It returns the lines of this part that the
// next one may still hold.
func (d *decoder) look(data []byte, number int, before []lostLine, last bool) (open []lostLine) {
	// What has no dialect is text as a whole.
	if d.c.Dialect == UnknownDialect {
		return nil
	}
	// Parts that are nothing but activity or a log, as those of large captures are, cost
	// nothing.
	if len(before) == 0 && (len(d.exact) == 1 && d.exact[0] == stretchOfText{0, len(data), d.exact[0].lines} || len(data) == 0) {
		return nil
	}
	// A reader may hold back rows until the next part comes: a block without its end, or a call
	// without its return. So what is missing here is looked for once more in what came of the
	// next part, before it is told.
	k := keptIn(d.c)
	lost := k.lost(data, number, d.exact)
	for i, l := range before {
		missing := k.missing([]byte(l.Text))
		before[i].words = slices.DeleteFunc(l.words, func(w string) bool { return !slices.Contains(missing, w) })
	}
	before = slices.DeleteFunc(before, func(l lostLine) bool { return len(l.words) == 0 })
	if last {
		before, lost = append(before, lost...), nil
	}
	for _, l := range before {
		d.notice(l.Number, "leftover", l.notice(), 0)
	}
	return lost
}
