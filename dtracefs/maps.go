package dtracefs

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// A mapEntry is an entry of one of bpftrace's maps as it was printed.
type mapEntry struct {
	moment
	block  int
	keys   []mapKey
	value  string
	fields []jsonField // the value, where its parts were printed with their types
	*mapShape
}

// A mapShape is what is printed of an entry in other forms than as a value. Nearly all entries have
// none.
type mapShape struct {
	stats   [3]int64 // count, average, total
	buckets []mapBucket
	points  []mapPoint
}

// A mapKey is a key as text, or a stack.
type mapKey struct {
	text   string
	frames []string // nil for a key that is no stack
}

// A mapBucket is a bar of a histogram of a map.
type mapBucket struct {
	label string
	at    syntax.Bucket
	upper string // where the label says it ends, with the bracket; "" if it was not printed
	count int64
}

// A mapPrint gathers what was printed of one map in one form. How many keys it has, and so where
// they part, is known when all entries are: in `@[my, prog, read]` the name may be "my, prog" or
// "my", and only the entries of other names show which.
type mapPrint struct {
	name, form string // form is "value", "stats", "hist" or "tseries"
	entries    []mapEntry
	separator  string
	keyNames   []string // by the script
	empty      int      // number of the first line on which the map had no entries
}

// keyNamesOf names the keys of a map as the script has them. Two keys of one name, as of @[arg0,
// arg0], keep their numbers.
func keyNamesOf(s *script.Script, name string) (names []string) {
	seen := map[string]bool{}
	for _, a := range s.Aggregations {
		if a.Name != name {
			continue
		}
		for i, k := range a.Keys {
			n := script.KeyName(k, i)
			if seen[n] {
				n = "key" + strconv.Itoa(i+1)
			}
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

// mapPrints are the maps that were printed, each in its forms.
type mapPrints map[string]*mapPrint

// of returns what was printed of a map in that form so far. Its sheet is filled at the end. The
// sheet is made now all the same, so that tables stand in the order in which their maps came
// first.
func (p mapPrints) of(d *decoder, name, form, separator string) *mapPrint {
	key := "map/" + form + "/" + name
	if p[key] == nil {
		m := &mapPrint{name: name, form: form, separator: separator}
		p[key] = m
		kind := map[string]string{"value": "map", "stats": "stats", "hist": "hist", "tseries": "tseries"}[form]
		s := d.sheetFor(key, name, kind)
		if d.script != nil {
			m.keyNames = keyNamesOf(d.script, name)
		}
		d.last = append(d.last, func() {
			m.file(s)
			if m.empty > 0 && !p.filled(name) {
				d.notice(m.empty, "empty", []byte("the map "+name+" has no entries"), 0)
			}
		})
	}
	return p[key]
}

// filled reports whether the map was printed with entries, in any form: an empty print has no
// form that would show which one it is of.
func (p mapPrints) filled(name string) bool {
	for _, m := range p {
		if m.name == name && len(m.entries) > 0 {
			return true
		}
	}
	return false
}

// bpftraceMaps are what bpftrace prints of its maps' entries:
//
//	@reads[nginx]: 12
//	@us[nginx]:
//	[2, 4)                 1 |@@@@@@@@                 |
//	[4, 8)                 3 |@@@@@@@@@@@@@@@@@@@@@@@@ |
type bpftraceMaps struct {
	titles  map[string]bool // that stood between a clock and a map, or before none
	ahead   int             // offset up to which titles were looked for
	last    string          // whose histogram came last
	lastEnd int             // number of the line after it
	noKeys  int             // offset up to which keys over several lines do not end
	cutAt   int             // number of the line of the last entry whose keys the text cuts; or 0
}

// resume forgets an offset in the text before.
func (f *bpftraceMaps) resume(*station) { f.noKeys, f.ahead = 0, 0 }

// end tells that the capture is cut where it ends within the keys of an entry.
func (f *bpftraceMaps) end(st *station) {
	if f.cutAt > 0 {
		st.truncated(f.cutAt)
	}
}

func (f *bpftraceMaps) take(st *station, num int, line []byte) bool {
	if f.empty(st, line) {
		return true
	}
	clock, label, line, told := clockBefore(line)
	name, rest, open, ok := syntax.MapHead(line)
	if !ok {
		return false
	}
	var keys []mapKey
	value := bytes.TrimSpace(rest)
	f.cutAt = 0
	if open {
		var lines int
		if keys, value, lines, ok = f.keys(st, rest); !ok {
			return false
		}
		st.free.flush()
		st.takeLines(classTable, lines)
	} else {
		st.free.flush()
		st.take(classTable)
	}
	if told {
		before, some := st.stamp, st.stamped
		st.tell(clock, st.opt.Location)
		if !some || st.stamp != before {
			st.block++ // otherwise the same clock stands before every line
		}
		if label != "" {
			f.remember(label)
			st.labels = []labeled{{"label", label}}
		}
	}
	// A blank line starts another print, but for the one that bpftrace puts between the
	// histograms of one map.
	if st.blanks > 0 && !(len(value) == 0 && f.last == string(name) && f.lastEnd == num-st.blanks) {
		st.block++
	}
	e := mapEntry{moment: st.moment, keys: keys}
	tuple := []string{"map", string(name)}
	for _, k := range keys {
		tuple = append(append(tuple, k.text), k.frames...)
	}
	st.newBlockIfSeen(tuple)
	e.block = st.block
	if len(value) == 0 {
		form := "hist"
		if points := timeSeries(st); points != nil {
			form, e.mapShape = "tseries", &mapShape{points: points}
		} else if buckets := intervals(st); buckets != nil {
			e.mapShape = &mapShape{buckets: buckets}
		} else {
			form = "value" // an empty string
		}
		f.last, f.lastEnd = string(name), st.cur.Number()
		m := st.maps.of(st.decoder, string(name), form, ", ")
		m.add(st, e)
		return true
	}
	if count, average, total, ok := syntax.Stats(value); ok {
		e.mapShape = &mapShape{stats: [3]int64{count, average, total}}
		m := st.maps.of(st.decoder, string(name), "stats", ", ")
		m.add(st, e)
		return true
	}
	e.value = string(value)
	if v, ok := syntax.ParseRecord(value); ok {
		e.fields = jsonFields(nil, "", v)
	}
	m := st.maps.of(st.decoder, string(name), "value", ", ")
	m.add(st, e)
	return true
}

// add appends an entry. Once there are many there likely are many more, and room for those is made
// at once, for as many as there are lines in about a part.
func (m *mapPrint) add(st *station, e mapEntry) {
	const many = 1000
	if n := len(m.entries); n == cap(m.entries) && n >= many {
		rest := st.cur.Rest()
		m.entries = slices.Grow(m.entries, max(n/4, bytes.Count(rest[:min(len(rest), chunkSize)], []byte("\n"))))
	}
	m.entries = append(m.entries, e)
}

// clockBefore splits a line on which time() or strftime(), and perhaps a title, was printed
// right before a map, as in `20:54:55 @[sleep]: 25`.
func clockBefore(line []byte) (c syntax.Clock, label string, rest []byte, ok bool) {
	if line[0] < '0' || line[0] > '9' && line[0] != '[' {
		return c, "", line, false
	}
	c, n, ok := syntax.ParseClock(line)
	if !ok {
		return c, "", line, false
	}
	at := bytes.IndexByte(line[n:], '@')
	if at < 0 {
		return c, "", line, false
	}
	title := bytes.TrimSpace(line[n : n+at])
	if len(title) > 0 && title[len(title)-1] != ':' {
		return c, "", line, false
	}
	return c, string(bytes.TrimRight(title, ":")), line[n+at:], true
}

// empty takes a clock and a title that stand before a map elsewhere, and here before none: the map
// had no entries.
//
//	22:29:50 PIDs/sec: @: 121
//	22:29:51 PIDs/sec:
func (f *bpftraceMaps) empty(st *station, line []byte) bool {
	if st.c.Dialect != "bpftrace" || line[0]-'0' > 9 && line[0] != '[' {
		return false
	}
	clock, n, ok := leadingClock(line)
	if !ok || clock.Form == syntax.Epoch {
		return false
	}
	title := bytes.TrimSpace(line[n:])
	if len(title) < 2 || title[len(title)-1] != ':' {
		return false
	}
	if st.cur.Offset() >= f.ahead {
		f.lookForTitles(*st.cur)
	}
	if !f.titles[string(bytes.TrimRight(title, ":"))] {
		return false
	}
	st.free.flush()
	st.take(classTable)
	st.tell(clock, st.opt.Location)
	st.block++
	st.intervalRow(string(title))
	return true
}

// lookForTitles finds what stands between clocks and maps on the lines from the cursor on.
func (f *bpftraceMaps) lookForTitles(cur syntax.Cursor) {
	for n := 0; n < sampleLines && !cur.Done(); n++ {
		line, _ := cur.Next()
		if line = plain(line); len(line) == 0 || len(line) > longestLine {
			continue
		}
		_, title, rest, told := clockBefore(line)
		if told && title != "" {
			if _, _, _, isMap := syntax.MapHead(rest); isMap {
				f.remember(title)
			}
		}
	}
	f.ahead = cur.Offset()
}

// remember keeps a title that stands between a clock and a map.
func (f *bpftraceMaps) remember(title string) {
	if f.titles == nil {
		f.titles = map[string]bool{}
	}
	if len(f.titles) < mostLabels {
		f.titles[title] = true
	}
}

// longestKeys bounds the lines that the keys of one entry go over, as stacks do: a bracket that
// is never closed would otherwise take the rest of the capture.
const longestKeys = 4096

// keys reads keys up to the bracket that closes them: on the line, or on later ones where a key
// is a stack or holds the end of a line. It only looks: the lines are taken when it is known that
// the keys end. Keys on one line stay one text, to be parted at the end.
//
//	@[
//	    vfs_read+1
//	    ksys_read+95
//	, nginx]: 12
func (f *bpftraceMaps) keys(st *station, rest []byte) (keys []mapKey, value []byte, lines int, ok bool) {
	if text, value, ok := closeKeys(rest); ok {
		return []mapKey{{text: string(text)}}, value, 1, true
	}
	if st.cur.Offset() < f.noKeys {
		return nil, nil, 0, false
	}
	parts := syntax.SplitKeys(string(rest), ", ")
	for _, p := range parts {
		keys = append(keys, mapKey{text: strings.TrimRight(p, " ")})
	}
	c := *st.cur
	c.Next()
	frames := true
	for lines = 1; !c.Done() && lines < longestKeys; lines++ {
		line, _ := c.Next()
		line = plain(line)
		frames = frames && len(line) > 0 && (line[0] == ' ' || line[0] == ',')
		last := &keys[len(keys)-1]
		// What stands before the bracket is another key behind a stack, `, nginx]: 12`; the last
		// frame; or the rest of a name with the end of a line in it. If nothing does, and nothing
		// stood under an empty key, that is a stack without frames.
		if text, value, ok := closeKeys(line); ok {
			if text, more := bytes.CutPrefix(text, []byte(",")); more {
				keys = append(keys, mapKey{text: string(bytes.TrimSpace(text))})
			} else if len(text) > 0 && last.frames != nil {
				last.frames = append(last.frames, string(bytes.TrimSpace(text)))
			} else if len(text) > 0 {
				last.text += "\n" + string(text)
			} else if last.frames == nil && last.text == "" {
				last.frames = []string{}
			}
			return keys, value, lines + 1, true
		}
		if text, more := bytes.CutPrefix(line, []byte(",")); more {
			for _, p := range syntax.SplitKeys(strings.TrimPrefix(string(text), " "), ", ") {
				keys = append(keys, mapKey{text: strings.TrimRight(p, " ")})
			}
			continue
		}
		// Frames come under an empty key only, as `@[` and `@[nginx, ` leave one. Under text the
		// line is the rest of that text: a name holds the end of a line.
		if last.text != "" && last.frames == nil {
			last.text += "\n" + string(line)
			continue
		}
		last.frames = append(last.frames, string(bytes.TrimSpace(line)))
	}
	f.noKeys = c.Offset()
	if c.Done() && frames {
		f.cutAt = st.cur.Number()
	}
	return nil, nil, 0, false
}

// lastMapEntry is where the last entry of a map begins that begins near the end of a text; -1 if
// none does. All entries before it are whole.
func lastMapEntry(text []byte) int {
	from := max(0, len(text)-cutWithin)
	for end := len(text); ; {
		i := -1
		// Most texts have no maps, and searching forward is a good deal faster than backward.
		if bytes.Contains(text[from:end], entryStart) {
			i = bytes.LastIndex(text[from:end], entryStart)
		}
		at := from + i + 1
		if i < 0 && (from > 0 || len(text) == 0) {
			return -1
		}
		line, _, _ := bytes.Cut(text[at:], []byte("\n"))
		if _, _, _, ok := syntax.MapHead(line); ok {
			return at
		}
		if i < 0 {
			return -1
		}
		end = at - 1
	}
}

var entryStart = []byte("\n@")

// openEntry is where an entry of a map begins of which the text does not hold all keys; -1 if there
// is none.
func openEntry(text []byte) int {
	at := lastMapEntry(text)
	if at < 0 {
		return -1
	}
	_, rest, open, _ := syntax.MapHead(text[at:])
	if !open {
		return -1
	}
	for line := range bytes.Lines(rest) {
		if _, _, closed := closeKeys(bytes.TrimRight(line, "\r\n")); closed {
			return -1
		}
	}
	return at
}

// closeKeys splits a line at the last bracket that closes keys, since a key may hold brackets
// too.
func closeKeys(line []byte) (keys, value []byte, ok bool) {
	trimmed := bytes.TrimRight(line, " ")
	if keys, ok := bytes.CutSuffix(trimmed, []byte("]:")); ok {
		return keys, nil, true
	}
	i := bytes.LastIndex(line, []byte("]: "))
	if i < 0 {
		return nil, nil, false
	}
	return line[:i], bytes.TrimSpace(line[i+3:]), true
}

// intervals takes the rows of a histogram. It returns nil if there are none.
func intervals(st *station) (buckets []mapBucket) {
	for !st.cur.Done() {
		label, b, count, ok := syntax.Interval(st.peek())
		if !ok {
			return buckets
		}
		st.take(classTable)
		buckets = append(buckets, mapBucket{string(label), b, upperEdge(string(label)), count})
	}
	return buckets
}

// upperEdge is where an interval ends, with the bracket that says whether the bound is part of
// it, as it was printed: the number alone would have lost its K or M.
func upperEdge(label string) string {
	_, upper, ok := strings.Cut(label, ",")
	if !ok {
		return label
	}
	return strings.TrimSpace(upper)
}

// A mapPoint is a point of a time series as it was printed.
type mapPoint struct{ clock, value []byte }

// timeSeries takes the rows of a tseries map, with the scales above and below them; nil if
// there are none. A value stands behind the right edge of the drawing, or behind the star
// where that lies on the edge.
//
//	             0                                 9
//	hh:mm:ss.ms  |_________________________________|
//	20:54:55.100 |                                 | -
//	20:54:55.200 |                                 * 9
//	20:54:55.300 *                                 | 0
//	             v_________________________________v
//	             0                                 9
//
// Some versions draw points as an o, print no scale above, and no ends of the upper edge.
func timeSeries(st *station) (points []mapPoint) {
	var scale []byte
	num := st.cur.Number()
	if st.cur.Done() || !isAxis(st.peek()) {
		if st.cur.Done() || !isScale(st.peek()) || !isAxis(st.peekAfter()) {
			return nil
		}
		scale = st.take(classTable)
	}
	st.take(classTable)
	points = []mapPoint{}
	for !st.cur.Done() {
		line := st.peek()
		i := bytes.LastIndexAny(line, "|*o")
		at, _, _ := bytes.Cut(line, []byte(" "))
		// A point starts with its time, which is no shorter than hh:mm:ss, and has nothing but the
		// drawing up to its value. The lower edge of the drawing, or the next map, ends them.
		if i < len(at) || len(at) < 8 || at[0] == '@' || len(bytes.Trim(line[len(at):i], drawn)) > 0 {
			break
		}
		st.take(classTable)
		points = append(points, mapPoint{at, bytes.TrimSpace(line[i+1:])})
	}
	st.scale(num, scale, points)
	for range 2 { // the lower edge and its scale
		if !st.cur.Done() && !syntax.Blank(st.peek()) && (isScale(st.peek()) || len(bytes.Trim(st.peek(), " v_")) == 0) {
			num := st.cur.Number()
			if edge := st.take(classTable); !bytes.Equal(bytes.TrimSpace(edge), bytes.TrimSpace(scale)) {
				st.scale(num, edge, points)
			}
		}
	}
	return points
}

// drawn is what a time series is drawn with: points, the edges, and a line of dots at zero.
const drawn = " |*o."

// isAxis reports whether the line is the upper edge of a drawing beside the form of its times. What
// is cut off before its end is none, so that it is told as it stands.
func isAxis(line []byte) bool {
	form, edge, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	edge = bytes.TrimSpace(edge)
	if n := len(edge); n > 2 && edge[0] == '|' && edge[n-1] == '|' {
		edge = edge[1 : n-1]
	}
	return bytes.HasPrefix(form, []byte("hh:mm:ss")) && len(edge) > 0 && len(bytes.Trim(edge, "_")) == 0
}

// isScale reports whether the line is the least and the greatest value, at the edges of a drawing.
func isScale(line []byte) bool {
	words := bytes.Fields(line)
	for _, w := range words {
		if _, _, ok := syntax.Int64(w); !ok {
			return false
		}
	}
	return len(words) > 0 && len(words) <= 2
}

// scale files a notice for a scale whose values no point has, as where the points were cut off:
// otherwise they would be lost. Where points have them, the scale says nothing new.
func (st *station) scale(num int, line []byte, points []mapPoint) {
	for _, w := range bytes.Fields(line) {
		// The lower edge, `v____v`, is no value.
		if w[0] != 'v' && !slices.ContainsFunc(points, func(p mapPoint) bool { return bytes.Equal(p.value, w) }) {
			st.notice(num, "scale", line, 0)
			return
		}
	}
}

// point appends what a point shows. A dash stands for no value.
func (s *sheet) point(p mapPoint) {
	if c, n, ok := syntax.ParseClock(p.clock); ok && n == len(p.clock) && c.Form <= syntax.Date {
		s.instant("interval_start", c.NS, false)
	} else if ok && n == len(p.clock) && c.Form == syntax.TimeOfDay {
		s.instant("interval_start", c.NS, true)
	} else {
		s.text("interval_start", p.clock)
	}
	if string(p.value) != "-" {
		s.mapKey("value", mapKey{text: string(p.value)})
	} else {
		s.col("value", Int)
	}
}

// file fills the sheet of a map's prints. It runs when all lines are read.
func (m *mapPrint) file(s *sheet) {
	n := m.arity()
	if len(m.keyNames) > 0 && n > len(m.keyNames) {
		n = len(m.keyNames) // a key holds the separator
	}
	// An empty text and a stack without frames are both printed as nothing. Whether a key is the
	// one or the other is told by the entries that have frames in its place.
	stacks := map[int]bool{}
	for i := range m.entries {
		for i, k := range m.entries[i].keys {
			if len(k.frames) > 0 {
				stacks[i] = true
			}
		}
	}
	none := &mapShape{}
	for i := range m.entries {
		e := &m.entries[i]
		e.mapShape = cmp.Or(e.mapShape, none)
		keys := m.split(e.keys, n)
		for i, k := range keys {
			if stacks[i] && k.frames == nil && k.text == "" {
				keys[i].frames = []string{}
			}
		}
		rows := max(1, len(e.buckets))
		switch {
		case m.form == "hist":
			rows = len(e.buckets)
		case e.points != nil:
			rows = len(e.points)
		}
		for i := range rows {
			e.context(s)
			s.int("block", int64(e.block), false)
			for j, k := range keys {
				if len(m.keyNames) == len(keys) {
					s.mapKey(m.keyNames[j], k)
				} else {
					s.mapKey("key"+strconv.Itoa(j+1), k)
				}
			}
			switch m.form {
			case "hist":
				b := e.buckets[i]
				s.text("bucket", []byte(b.label))
				s.bucket(b.at)
				if b.upper != "" {
					s.text("upper", []byte(b.upper))
				}
				s.int("count", b.count, false)
			case "stats":
				s.int("count", e.stats[0], false)
				s.int("average", e.stats[1], false)
				s.int("total", e.stats[2], false)
			default:
				for _, f := range e.fields {
					s.leaf(f.name, f.leaf)
				}
				switch {
				case e.points != nil:
					s.point(e.points[i])
				case e.fields == nil:
					s.mapKey("value", mapKey{text: e.value})
				}
			}
			s.end()
		}
	}
}

// arity is the number of keys: that of the entry with the fewest separators, since a key
// may hold more of them. Entries without keys are of a map of the same name in another run.
func (m *mapPrint) arity() int {
	n := -1
	for i := range m.entries {
		keys := m.entries[i].keys
		k := len(keys)
		if k == 0 {
			continue
		}
		if k == 1 && keys[0].frames == nil {
			k = len(syntax.SplitKeys(keys[0].text, m.separator))
		}
		if n < 0 || k < n {
			n = k
		}
	}
	return max(n, 0)
}

// split parts keys that were one text into n. The first ones end at the first separators, so that
// the last one holds those that are left over: names stand last more often than first. As two keys,
// `read, my, prog` is `read` and `my, prog`.
func (m *mapPrint) split(keys []mapKey, n int) []mapKey {
	if len(keys) != 1 || keys[0].frames != nil {
		return keys
	}
	var out []mapKey
	parts := syntax.SplitKeys(keys[0].text, m.separator)
	for i, p := range parts {
		if i+1 == n {
			p = strings.Join(parts[i:], m.separator)
		}
		if i < n {
			out = append(out, mapKey{text: p})
		}
	}
	return out
}

// mapKey appends a key or a value of a map: a stack, an integer or text.
func (s *sheet) mapKey(name string, k mapKey) {
	c := s.index[name]
	// Among stacks, text is a stack of one frame, and among text a stack is its frames in one:
	// either way nothing is lost, and the column stays one.
	if c != nil && c.typ == Stack && k.frames == nil {
		k.frames = []string{}
		if k.text != "" {
			k.frames = []string{k.text}
		}
	}
	if k.frames != nil && (c == nil || c.typ == Stack) {
		s.open(name, Stack).appendStack(k.frames)
		return
	}
	if k.frames != nil {
		k.text = strings.Join(k.frames, ";")
	}
	if v, unsigned, isInt := syntax.Int64([]byte(k.text)); isInt && (c == nil || c.typ == Int) {
		s.int(name, v, unsigned)
		return
	}
	s.text(name, []byte(k.text))
}
