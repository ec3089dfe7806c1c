package dtracefs

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// isBpftraceJSON asks whether the first member of the first object is a type, as bpftrace writes
// it. Where the type is a list, it is another program's JSON.
func isBpftraceJSON(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type"`)) && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type": [`))
}

// bpftraceJSON decodes what `bpftrace -f json` prints: objects, each on its line or laid out over
// several. What printf wrote is the free text of a station, which is given no lines to recognize:
//
//	{"type": "printf", "data": "12 nginx\n"}
//	{"type": "map", "data": {"@reads": {"nginx": 12}}}
type bpftraceJSON struct {
	*station
	partial string            // what was printed since the last end of a line
	silent  bool              // nothing was printed since the last clock
	kindOf  map[string]string // the map of activity that has a kind, see sharesKind
}

func newBpftraceJSON() *bpftraceJSON {
	return &bpftraceJSON{station: newStation(), kindOf: map[string]string{}}
}

func startBpftraceJSON() reader { return newBpftraceJSON() }

// read decodes a part. A text without the end of its line waits for the next part, as printf may
// write a line piece by piece.
func (t *bpftraceJSON) read(d *decoder, data []byte, line int, last bool) int {
	t.resume(d, syntax.NewCursor(nil))
	cur := d.lines(data, line)
	documents(d, cur, false, t.quick, t.bpftraceRecord)
	if last && t.partial != "" {
		// What printf began and never ended is a line all the same.
		t.printText(0, "\n")
	}
	t.free.flush()
	if last {
		t.tellSilence()
	}
	return cur.Number() - line
}

// bpftraceRecord files one object; false when it is none of those that bpftrace writes.
func (t *bpftraceJSON) bpftraceRecord(num int, text []byte, v syntax.JSON) bool {
	data := v.Get("data")
	kind := v.Get("type").Text
	switch kind {
	case "printf", "time", "cat", "join", "syscall", "map", "value", "stats", "hist", "tseries":
		// The record stays unparsed as a whole. Filing what of it fits would lose the rest.
		if !fits(kind, data) {
			return false
		}
		if len(v.Names) > 2 {
			t.notice(num, "members", text, 0) // it has more than its type and its data
		}
	}
	t.block++
	// What comes after a clock shows that its interval was not silent, and has its instant; but not
	// another clock, and not a record that files no rows.
	clocked := t.silent
	t.silent = false
	switch kind {
	case "attached_probes":
		t.silent = clocked
		n, _ := syntax.Int([]byte(data.Get("probes").Text))
		t.notice(num, "attached", text, n)
	case "lost_events":
		t.silent = clocked
		n, _ := syntax.Int([]byte(data.Get("events").Text))
		t.c.Drops = append(t.c.Drops, Drop{Line: num, Kind: "event", Count: n, Text: string(text)})
	case "printf", "time", "cat", "join", "syscall":
		// clock must still see whether nothing came since the clock before. In the middle of a line
		// a number is no clock.
		t.silent = clocked
		if t.partial == "" && t.clock(data.Text) {
			return true
		}
		t.silent = clocked && strings.TrimSpace(data.Text) == ""
		if kind == "join" {
			data.Text += "\n" // which join prints, and does not write here
		}
		t.printText(num, data.Text)
	case "map", "value":
		if data.Kind == '"' && t.clock(data.Text) {
			return true // print(strftime(...))
		}
		if t.jsonActivity(data) {
			t.whole = true
			return true
		}
		t.jsonMap(num, kind, data)
		t.silent = clocked && (kind == "map" || ofMaps(data)) && noEntries(data)
	case "stats":
		t.jsonStats(num, data)
		t.silent = clocked && noEntries(data)
	case "hist", "tseries":
		t.jsonBuckets(num, kind, data)
		t.silent = clocked && noEntries(data)
	case "errorf", "warnf":
		t.silent = clocked
		kind := map[string]string{"errorf": "error", "warnf": "warning"}[kind]
		if data.Text == "" {
			data.Text = string(text) // the message is in other members
		}
		t.notice(num, kind, []byte(data.Text), 0)
	case "runtime_error", "helper_error":
		t.silent = clocked
		t.c.Errors = append(t.c.Errors, Fault{Line: num, Fault: v.Get("msg").Text, Function: v.Get("helper").Text, Message: string(text)})
	default:
		if !t.otherRecord(num, kind, text, v) {
			t.silent = clocked
			return false
		}
	}
	return true
}

// noEntries reports whether maps were printed none of which has an entry.
func noEntries(data syntax.JSON) bool {
	return data.Kind == '{' && !slices.ContainsFunc(data.Members, func(m syntax.JSON) bool {
		return m.Kind != '{' && m.Kind != '[' || len(m.Members) > 0
	})
}

// fits reports whether data is what a record of the kind has: entries where it is of a map, any
// value, else a text.
func fits(kind string, data syntax.JSON) bool {
	isText := data.Kind == '"' || data.Text != ""
	switch kind {
	case "value":
		return data.Kind != 0
	case "map":
		return data.Kind == '{' || isText
	case "stats", "hist", "tseries":
		return data.Kind == '{'
	}
	return isText
}

// otherRecord files a record of a type that is not known: with data, it is one of a newer bpftrace,
// such as the results of benchmarks. Its members are the keys of rows in a table of that type.
func (t *bpftraceJSON) otherRecord(num int, kind string, text []byte, v syntax.JSON) bool {
	data := v.Get("data")
	if kind == "" || data.Kind != '{' || len(data.Members) == 0 {
		return false
	}
	if len(v.Names) > 2 {
		t.notice(num, "members", text, 0)
	}
	t.jsonKeyed(data, func(e mapEntry, v syntax.JSON) { t.jsonValue(kind, e, v) })
	return true
}

// clock takes what was printed at once if it tells the instant of what follows. Two kinds of
// clock differ: after a number since the epoch maps may hold activity; after a time or a date
// they are maps like others.
func (t *bpftraceJSON) clock(printed string) bool {
	line := []byte(strings.TrimSpace(printed))
	ns, ok := syntax.EpochStamp(line)
	if ok {
		t.free.flush()
		t.tellSilence()
		t.activity.stamp, t.activity.stamped = ns, true
		t.tell(syntax.Clock{NS: ns, Zoned: true}, nil)
		t.silent, t.whole = true, true
		return true
	}
	c, text, ok := clockLine(line)
	if !ok || c.Form == syntax.Epoch || len(text) > 0 && text[0] != ',' {
		return false
	}
	t.free.flush()
	t.activity.stamped = false
	t.interval(c, text)
	return true
}

// tellSilence files the clock under which nothing was printed, as an interval in which nothing
// happened.
func (t *bpftraceJSON) tellSilence() {
	if t.silent {
		t.intervalRow("")
	}
	t.silent = false
}

// printText gathers what printf wrote into lines of free text. One line may come in many records,
// and one record may hold many lines. The lines have no size, as their records were booked.
func (t *bpftraceJSON) printText(num int, data string) {
	t.partial += data
	for {
		line, rest, ok := strings.Cut(t.partial, "\n")
		if !ok {
			return
		}
		t.partial = rest
		if !syntax.Blank([]byte(line)) {
			t.free.lines = append(t.free.lines, textLine{num: max(num, 1), text: []byte(line)})
		} else {
			t.free.blank()
		}
	}
}

// jsonActivity adds the entries of maps keyed by kind and process. The keys are joined by commas,
// so that a process name keeps those of its own. It looks at all entries before it adds one: a
// map that is none of activity must be left as it is.
func (t *bpftraceJSON) jsonActivity(data syntax.JSON) bool {
	if !t.activity.stamped || len(data.Members) != 1 || data.Members[0].Kind != '{' {
		return false
	}
	m, name := data.Members[0], data.Names[0]
	known := t.activity.maps[name]
	if yes, ok := keyedByKind(t.script, name); ok {
		t.activity.maps[name] = yes
	}
	for i, keys := range m.Names {
		kind, _, ok := strings.Cut(keys, ",")
		_, isInt := syntax.Int([]byte(m.Members[i].Text))
		first, shared := t.kindOf[kind]
		if !ok || !isInt || !syntax.IsKind([]byte(kind)) || shared && first != name {
			return false
		}
		// One kind that scripts of activity use is enough, as long as all entries have the form.
		if kinds[kind] {
			t.activity.maps[name] = true
		}
	}
	if !t.activity.maps[name] {
		return false
	}
	if !known {
		t.activity.tellMap(&t.ledger, 0, name)
	}
	for i, keys := range m.Names {
		kind, process, _ := strings.Cut(keys, ",")
		value, _ := syntax.Int([]byte(m.Members[i].Text))
		t.kindOf[kind] = name
		t.activity.add([]byte(kind), []byte(process), value)
	}
	return true
}

// quick takes a line that needs no parser, or is none of JSON's.
func (t *bpftraceJSON) quick(line []byte) bool { return t.quickActivity(line) || t.bareClock(line) }

// bareClock takes what bpftrace before 0.18 writes for print(strftime(...)): the text without
// quotes.
func (t *bpftraceJSON) bareClock(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte(`{"type": "value", "data": `))
	text, closed := bytes.CutSuffix(bytes.TrimRight(rest, " "), []byte("}"))
	if !ok || !closed {
		return false
	}
	// It is JSON after all, and the ordinary way reads it.
	if _, end, err := syntax.ParseJSON(text); err == nil && end == len(text) {
		return false
	}
	return t.clock(string(text))
}

// quickActivity adds the entries of a print on one line of a map that is known for
// activity. Otherwise, or where the line is not written as bpftrace does, it adds nothing.
func (t *bpftraceJSON) quickActivity(line []byte) bool {
	a := t.activity
	rest, ok := bytes.CutPrefix(line, []byte(`{"type": "map", "data": {"`))
	if !ok || !a.stamped {
		return false
	}
	name, rest, ok := bytes.Cut(rest, []byte(`": {`))
	if !ok || !a.maps[string(name)] {
		return false
	}
	// In each round rest starts at an entry, `"syscall,nginx": 12, "csw,nginx": 3}}}`. The three
	// braces close the map, the data and the record.
	rows := len(a.time.ints)
	for ok = false; ; rest = rest[2:] {
		var keys []byte
		var value int64
		if keys, value, rest, ok = quickMember(rest); !ok || !a.addPrefixed(keys, value, cutKeys) {
			break
		}
		if !bytes.HasPrefix(rest, []byte(", ")) {
			ok = string(rest) == "}}}"
			break
		}
	}
	// Some entries were added before it was seen that the line is not as expected: they go again.
	if !ok || len(rest) != 3 {
		a.cut(rows)
		return false
	}
	t.block++
	t.silent = false
	return true
}

// quickMember splits `"keys": 12` off. Keys with escapes are not for it.
func quickMember(b []byte) (keys []byte, value int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, 0, nil, false
	}
	// end is 0 if no quote follows, and the next line must not panic then.
	end := 1 + bytes.IndexByte(b[1:], '"')
	keys, b = b[1:max(end, 1)], b[max(end, 0):]
	if end == 0 || bytes.IndexByte(keys, '\\') >= 0 || !bytes.HasPrefix(b, []byte(`": `)) {
		return nil, 0, nil, false
	}
	b = b[3:]
	n := 0
	for n < len(b) && (b[n]-'0' <= 9 || b[n] == '-' && n == 0) {
		n++
	}
	value, ok = syntax.Int(b[:n])
	return keys, value, b[n:], ok
}

// cutKeys splits the keys of an entry of activity.
func cutKeys(keys []byte) (kind, name []byte, ok bool) {
	kind, name, ok = bytes.Cut(keys, []byte(","))
	return kind, name, ok && syntax.IsKind(kind)
}

// jsonEntry begins an entry of a map. Its keys stay one text, joined by commas as bpftrace writes
// them: how many keys there are is only known when all entries of the map are (see [mapPrint]).
func (t *bpftraceJSON) jsonEntry(keys string, keyed bool) mapEntry {
	e := mapEntry{moment: t.moment, block: t.block}
	if !keyed {
		return e
	}
	if strings.Contains(keys, ",\n") || strings.HasPrefix(keys, "\n") {
		e.keys = jsonStackKeys(keys)
	} else {
		e.keys = []mapKey{{text: keys}}
	}
	return e
}

// jsonStackKeys parts keys of which some are stacks, a frame to each indented line. As bpftrace
// writes the keys of @[kstack, comm]:
//
//	\n    vfs_read+0\n    ksys_read+12\n,nginx
func jsonStackKeys(keys string) (out []mapKey) {
	out = []mapKey{{}}
	for i, line := range strings.Split(keys, "\n") {
		last := &out[len(out)-1]
		if strings.HasPrefix(line, "    ") {
			last.frames = append(last.frames, strings.TrimSuffix(strings.TrimSpace(line), ","))
			if strings.HasSuffix(line, ",") {
				out = append(out, mapKey{})
			}
			continue
		}
		if i > 0 && line == "" {
			continue
		}
		for j, p := range strings.Split(line, ",") {
			if j > 0 {
				out = append(out, mapKey{})
			}
			if p != "" {
				out[len(out)-1].text = p
			}
		}
	}
	for i := range out {
		// Nothing between two commas is a stack without frames.
		if out[i].text == "" && out[i].frames == nil {
			out[i].frames = []string{}
		}
	}
	return out
}

// jsonMap files a map, or a value that was printed without one: a record's members are no maps.
func (t *bpftraceJSON) jsonMap(num int, kind string, data syntax.JSON) {
	if data.Kind != '{' || kind == "value" && !ofMaps(data) {
		t.jsonValue("value", t.jsonEntry("", false), data)
		return
	}
	for i, name := range data.Names {
		if t.jsonEmpty(num, name, data.Members[i]) {
			continue
		}
		t.jsonKeyed(data.Members[i], func(e mapEntry, v syntax.JSON) { t.jsonValue(name, e, v) })
	}
}

// ofMaps reports whether members are maps, by their names.
func ofMaps(data syntax.JSON) bool {
	return slices.ContainsFunc(data.Names, func(name string) bool { return strings.HasPrefix(name, "@") })
}

// jsonKeyed hands each of a map's entries, or its value if it has no keys, to file.
func (t *bpftraceJSON) jsonKeyed(v syntax.JSON, file func(e mapEntry, v syntax.JSON)) {
	if v.Kind != '{' {
		file(t.jsonEntry("", false), v)
		return
	}
	for i, keys := range v.Names {
		file(t.jsonEntry(keys, true), v.Members[i])
	}
}

// jsonEmpty reports whether a map was printed that has no entries. It is told once of a map that
// never has any. Where it has entries later, its table shows that it was printed.
func (t *bpftraceJSON) jsonEmpty(num int, name string, v syntax.JSON) bool {
	if v.Kind != '{' && v.Kind != '[' || len(v.Members) > 0 {
		return false
	}
	if m := t.maps.of(t.decoder, name, "value", ","); m.empty == 0 {
		m.empty = num
	}
	return true
}

// jsonValue files a value: one of several parts, such as a tuple or a record, in a column
// for each.
func (t *bpftraceJSON) jsonValue(name string, e mapEntry, v syntax.JSON) {
	e.fields = jsonFields(nil, "", v)
	m := t.maps.of(t.decoder, name, "value", ",")
	m.entries = append(m.entries, e)
}

// A jsonField is a part of a value, with the names that lead to it.
type jsonField struct {
	name string
	leaf syntax.JSON
}

// jsonFields appends the leaves of a value, each with the way to it: value1 and value2 of a
// tuple, members by their names, those further down joined by points. A value that is one leaf is
// called value.
func jsonFields(fields []jsonField, name string, v syntax.JSON) []jsonField {
	if v.Kind != '{' && v.Kind != '[' || len(v.Members) == 0 {
		if name == "" {
			name = "value"
		}
		return append(fields, jsonField{name, v})
	}
	for i, m := range v.Members {
		part := strconv.Itoa(i + 1)
		switch {
		case v.Kind == '{' && name == "":
			part = v.Names[i]
		case v.Kind == '{':
			part = name + "." + v.Names[i]
		case name == "":
			part = "value" + part
		default:
			part = name + "." + part
		}
		fields = jsonFields(fields, part, m)
	}
	return fields
}

// isStats reports whether a value is what stats() shows: three numbers, and nothing else.
func isStats(v syntax.JSON) bool {
	for _, n := range []string{"count", "average", "total"} {
		if _, ok := syntax.Int([]byte(v.Get(n).Text)); !ok || v.Get(n).Kind != '0' {
			return false
		}
	}
	return len(v.Names) == 3
}

// jsonStats files what stats() shows, or the one number that avg() does.
func (t *bpftraceJSON) jsonStats(num int, data syntax.JSON) {
	for i, name := range data.Names {
		if t.jsonEmpty(num, name, data.Members[i]) {
			continue
		}
		file := func(e mapEntry, v syntax.JSON) {
			if !isStats(v) {
				t.jsonValue(name, e, v)
				return
			}
			e.mapShape = &mapShape{}
			for i, n := range []string{"count", "average", "total"} {
				e.stats[i], _ = syntax.Int([]byte(v.Get(n).Text))
			}
			m := t.maps.of(t.decoder, name, "stats", ",")
			m.entries = append(m.entries, e)
		}
		if v := data.Members[i]; isStats(v) {
			file(t.jsonEntry("", false), v)
		} else {
			t.jsonKeyed(v, file)
		}
	}
}

// jsonBuckets files the histograms or the time series of maps.
func (t *bpftraceJSON) jsonBuckets(num int, kind string, data syntax.JSON) {
	for i, name := range data.Names {
		if t.jsonEmpty(num, name, data.Members[i]) {
			continue
		}
		t.jsonKeyed(data.Members[i], func(e mapEntry, v syntax.JSON) {
			switch {
			case v.Kind != '[' || len(v.Members) == 0:
				t.jsonValue(name, e, v)
			case kind == "tseries":
				for _, p := range v.Members {
					t.jsonPoint(name, e, p)
				}
			default:
				e.mapShape = &mapShape{buckets: jsonBucketsOf(v)}
				m := t.maps.of(t.decoder, name, "hist", ",")
				m.entries = append(m.entries, e)
			}
		})
	}
}

// jsonBucketsOf reads the buckets of a histogram. One at either end may have no bound, and its
// label is then as bpftrace prints it in text.
func jsonBucketsOf(v syntax.JSON) (buckets []mapBucket) {
	for _, b := range v.Members {
		var at syntax.Bucket
		var ok bool
		low, high := b.Get("min").Text, b.Get("max").Text
		if at.Low, at.Unsigned, ok = syntax.Int64([]byte(low)); !ok {
			at.NoLow = true
		}
		if at.High, _, ok = syntax.Int64([]byte(high)); !ok {
			at.NoHigh = true
		}
		n, _ := syntax.Int([]byte(b.Get("count").Text))
		label := "(..., "
		if low != "" {
			label = "[" + low + ", "
		}
		if high != "" {
			label += high + "]"
		} else {
			label += "...)"
		}
		buckets = append(buckets, mapBucket{label: label, at: at, count: n})
	}
	return buckets
}

// jsonPoint files a point of a time series.
func (t *bpftraceJSON) jsonPoint(name string, e mapEntry, p syntax.JSON) {
	e.fields = jsonFields(nil, "", p)
	m := t.maps.of(t.decoder, name, "tseries", ",")
	m.entries = append(m.entries, e)
}
