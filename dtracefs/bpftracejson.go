package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

func isBpftraceJSON(head []byte) bool {
	rest, ok := bytes.CutPrefix(head, []byte("{"))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type"`)) && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(`"type": [`))
}

// bpftraceJSON decodes what `bpftrace -f json` prints: objects, each on its line or laid
// out over several. What printf wrote is the free text of a station, which is given no
// lines to recognize.
type bpftraceJSON struct {
	*station
	partial string // what was printed since the last end of a line
}

func newBpftraceJSON() *bpftraceJSON { return &bpftraceJSON{station: newStation()} }

func startBpftraceJSON() reader { return newBpftraceJSON() }

func (t *bpftraceJSON) read(d *decoder, data []byte, line int, last bool) int {
	t.resume(d, syntax.NewCursor(nil))
	cur := syntax.NewCursorAt(data, line)
	documents(d, cur, false, t.quickActivity, t.bpftraceRecord)
	if t.partial != "" {
		t.printText(0, "\n")
	}
	t.free.flush()
	return cur.Number() - line
}

// bpftraceRecord files one object; false when it is none of those that bpftrace writes.
func (t *bpftraceJSON) bpftraceRecord(num int, text []byte, v syntax.JSON) bool {
	data := v.Get("data")
	kind := v.Get("type").Text
	t.block++
	switch kind {
	case "attached_probes":
		n, _ := syntax.Int([]byte(data.Get("probes").Text))
		t.notice(num, "attached", text, n)
	case "lost_events":
		n, _ := syntax.Int([]byte(data.Get("events").Text))
		t.c.Drops = append(t.c.Drops, Drop{Line: num, Kind: "event", Count: n, Text: string(text)})
	case "printf", "time", "cat", "join", "syscall":
		if t.partial == "" && t.clock(data.Text) {
			return true
		}
		t.printText(num, data.Text)
	case "map", "value":
		if t.jsonActivity(data) {
			return true
		}
		t.jsonMap(data)
	case "stats":
		t.jsonStats(data)
	case "hist", "tseries":
		t.jsonBuckets(kind, data)
	case "runtime_error", "helper_error":
		t.c.Errors = append(t.c.Errors, Fault{Line: num, Fault: v.Get("msg").Text, Function: v.Get("helper").Text, Message: string(text)})
	default:
		return false
	}
	return true
}

// clock takes what was printed at once if it tells the instant of what follows.
func (t *bpftraceJSON) clock(printed string) bool {
	line := []byte(strings.TrimSpace(printed))
	ns, ok := syntax.EpochStamp(line)
	if ok {
		t.free.flush()
		t.activity.stamp, t.activity.stamped = ns, true
		t.tell(syntax.Clock{NS: ns, Zoned: true}, nil)
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

// printText gathers what printf wrote into lines of free text.
func (t *bpftraceJSON) printText(num int, data string) {
	t.partial += data
	for {
		line, rest, ok := strings.Cut(t.partial, "\n")
		if !ok {
			return
		}
		t.partial = rest
		if !syntax.Blank([]byte(line)) {
			t.free.lines = append(t.free.lines, textLine{max(num, 1), []byte(line), 0})
		} else {
			t.free.blank()
		}
	}
}

// jsonActivity adds the entries of maps keyed by kind and process. The keys are joined by
// commas, so that a process name keeps those of its own.
func (t *bpftraceJSON) jsonActivity(data syntax.JSON) bool {
	if !t.activity.stamped || len(data.Members) != 1 || data.Members[0].Kind != '{' {
		return false
	}
	m, name := data.Members[0], data.Names[0]
	if yes, ok := keyedByKind(t.script, name); ok {
		t.activity.maps[name] = yes
	}
	for i, keys := range m.Names {
		kind, _, ok := strings.Cut(keys, ",")
		_, isInt := syntax.Int([]byte(m.Members[i].Text))
		if !ok || !isInt || !syntax.IsKind([]byte(kind)) {
			return false
		}
		if kinds[kind] {
			t.activity.maps[name] = true
		}
	}
	if !t.activity.maps[name] {
		return false
	}
	for i, keys := range m.Names {
		kind, name, _ := strings.Cut(keys, ",")
		value, _ := syntax.Int([]byte(m.Members[i].Text))
		t.activity.add([]byte(kind), []byte(name), value)
	}
	return true
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
	if !ok || len(rest) != 3 {
		a.cut(rows)
		return false
	}
	t.block++
	return true
}

// quickMember splits `"keys": 12` off. Keys with escapes are not for it.
func quickMember(b []byte) (keys []byte, value int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, 0, nil, false
	}
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

// jsonStackKeys parts keys of which some are stacks, a frame to each indented line.
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
		if out[i].text == "" && out[i].frames == nil {
			out[i].frames = []string{}
		}
	}
	return out
}

func (t *bpftraceJSON) jsonMap(data syntax.JSON) {
	for i, name := range data.Names {
		m := t.maps.of(t.decoder, name, "value", ",")
		v := data.Members[i]
		if v.Kind != '{' {
			e := t.jsonEntry("", false)
			e.value = jsonText(v)
			m.entries = append(m.entries, e)
			continue
		}
		for j, keys := range v.Names {
			e := t.jsonEntry(keys, true)
			e.value = jsonText(v.Members[j])
			m.entries = append(m.entries, e)
		}
	}
	if data.Kind != '{' {
		m := t.maps.of(t.decoder, "value", "value", ",")
		e := t.jsonEntry("", false)
		e.value = jsonText(data)
		m.entries = append(m.entries, e)
	}
}

// jsonText is a value as text: lists in parentheses, as bpftrace prints tuples.
func jsonText(v syntax.JSON) string {
	if v.Kind != '[' && v.Kind != '{' {
		return v.Text
	}
	parts := make([]string, len(v.Members))
	for i, m := range v.Members {
		parts[i] = jsonText(m)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (t *bpftraceJSON) jsonStats(data syntax.JSON) {
	for i, name := range data.Names {
		v := data.Members[i]
		if v.Get("count").Kind == '0' && v.Get("average").Kind == '0' {
			t.jsonStat(name, t.jsonEntry("", false), v)
			continue
		}
		for j, keys := range v.Names {
			t.jsonStat(name, t.jsonEntry(keys, true), v.Members[j])
		}
		if v.Kind != '{' {
			t.jsonStat(name, t.jsonEntry("", false), v)
		}
	}
}

// jsonStat adds what stats() shows, or the one number that avg() does.
func (t *bpftraceJSON) jsonStat(name string, e mapEntry, v syntax.JSON) {
	if v.Kind != '{' {
		e.value = jsonText(v)
		m := t.maps.of(t.decoder, name, "value", ",")
		m.entries = append(m.entries, e)
		return
	}
	for i, n := range []string{"count", "average", "total"} {
		e.stats[i], _ = syntax.Int([]byte(v.Get(n).Text))
	}
	m := t.maps.of(t.decoder, name, "stats", ",")
	m.entries = append(m.entries, e)
}

func (t *bpftraceJSON) jsonBuckets(kind string, data syntax.JSON) {
	for i, name := range data.Names {
		v := data.Members[i]
		if kind == "tseries" {
			t.jsonSeries(name, v)
			continue
		}
		if v.Kind == '[' {
			e := t.jsonEntry("", false)
			e.buckets = jsonBucketsOf(v)
			m := t.maps.of(t.decoder, name, "hist", ",")
			m.entries = append(m.entries, e)
			continue
		}
		for j, keys := range v.Names {
			e := t.jsonEntry(keys, true)
			e.buckets = jsonBucketsOf(v.Members[j])
			m := t.maps.of(t.decoder, name, "hist", ",")
			m.entries = append(m.entries, e)
		}
	}
}

func jsonBucketsOf(v syntax.JSON) (buckets []mapBucket) {
	for _, b := range v.Members {
		var at syntax.Bucket
		var ok bool
		if at.Low, ok = syntax.Int([]byte(b.Get("min").Text)); !ok {
			at.NoLow = true
		}
		if at.High, ok = syntax.Int([]byte(b.Get("max").Text)); !ok {
			at.NoHigh = true
		}
		n, _ := syntax.Int([]byte(b.Get("count").Text))
		low, high := "(...", "...)"
		if !at.NoLow {
			low = "[" + strconv.FormatInt(at.Low, 10)
		}
		if !at.NoHigh {
			high = strconv.FormatInt(at.High, 10) + "]"
		}
		buckets = append(buckets, mapBucket{label: low + ", " + high, at: at, count: n})
	}
	return buckets
}

func (t *bpftraceJSON) jsonSeries(name string, v syntax.JSON) {
	s := t.sheet("tseries/"+name, name, "tseries")
	for _, p := range v.Members {
		s.int("block", int64(t.block), false)
		for i, n := range p.Names {
			s.mapKey(n, mapKey{text: jsonText(p.Members[i])})
		}
		s.end()
	}
}
