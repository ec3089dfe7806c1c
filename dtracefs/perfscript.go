package dtracefs

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// perfScript reads what `perf script` prints: a sample each, with the frames of its stack under it,
// leaf first. Each is a row of the table of samples; stacks are summed up, by process, in one of
// their own for each event.
type perfScript struct {
	*decoder
	sums map[string]*perfSum
}

// A perfSum is how much of an event came from one stack of a process.
type perfSum struct {
	event, comm string
	frames      []string
	value       int64
	order       int
}

func startPerfScript() reader { return &perfScript{} }

// isPerfScript reports whether the first line of a text, but for comments, is a sample. One with
// the process, the time and the event, and the CPU or the period beside them, is one beyond doubt.
// Of others -F left something away, so that what is next must show it: a frame, or, as a word with
// a colon may be anything, samples with the same fields, whose lines end as only perf's do.
func isPerfScript(head []byte) bool {
	const few = 8 // samples that are looked at
	fields, n := 0, 0
	for cur := syntax.NewCursor(head); !cur.Done() && n < few; {
		line, terminated := cur.Next()
		if n > 0 && !terminated {
			break // the head of a text may end within a line
		}
		if syntax.Blank(line) || line[0] == '#' {
			continue
		}
		p, ok := syntax.ParsePerfSample(line)
		switch {
		// One line by itself is too little to tell, whatever is in it.
		case !ok || n == 0 && cur.Done():
			return false
		case n > 0:
			if p.Fields() != fields || !isPerfEnd(line, p) {
				return false
			}
			n++
			continue
		}
		// As `nginx  4711 [000]  2957.484993:    2004008 cpu-clock:pppH:`.
		whole := p.Comm != nil && p.PID != nil && p.Seconds != nil && p.Event != nil
		if whole && (p.CPU != nil || p.Period != nil) {
			return true
		}
		next := cur.Peek()
		if _, frame := syntax.PerfFrame(next); frame && (whole || next[0] == '\t' && isWideAddress(next[1:])) {
			return true
		}
		if q, sample := syntax.ParsePerfSample(next); whole {
			return sample && q.Event != nil && q.Seconds != nil
		}
		if !isPerfEnd(line, p) {
			return false
		}
		fields, n = p.Fields(), 1
	}
	return n > 1
}

// isPerfEnd reports whether a line of a sample without frames under it ends as perf's do: with the
// blank that follows each field, with the frame that was sampled, or with what a tracepoint says.
func isPerfEnd(line []byte, p syntax.PerfSample) bool {
	if len(p.Args) == 0 {
		return p.Seconds != nil && line[len(line)-1] == ' '
	}
	if p.Seconds != nil && bytes.IndexByte(p.Event, ':') > 0 {
		return true
	}
	rest := line[len(bytes.TrimRight(bytes.TrimSuffix(bytes.TrimRight(line, " \t"), p.Args), " ")):]
	_, frame := syntax.PerfFrame(rest)
	return frame && isWideAddress(rest[1:])
}

// isWideAddress reports whether a line starts with an address as perf prints it, to the right in
// sixteen columns or more. Words such as `12 disks` under `devices:` look like a frame otherwise.
func isWideAddress(line []byte) bool {
	address := len(line) - len(bytes.TrimLeft(line, " "))
	if n := bytes.IndexByte(line[address:], ' '); n > 0 {
		address += n
	}
	return address >= 16
}

// cutSamples cuts before the last sample: its frames may still come. Blank lines stand behind
// stacks, but samples without stacks have none between them.
func cutSamples(data []byte) int {
	return cutBefore(data, func(line []byte) bool { _, ok := syntax.ParsePerfSample(line); return ok })
}

// read decodes a part. Sums are of the part: those of several add up.
func (p *perfScript) read(d *decoder, data []byte, num int, _ bool) int {
	p.decoder, p.sums = d, map[string]*perfSum{}
	cur := d.lines(data, num)
	for !cur.Done() {
		n, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		switch sample, ok := syntax.ParsePerfSample(line); {
		case syntax.Blank(line):
			d.account(classBlank, size)
		case line[0] == '#':
			d.account(classNotice, size)
			d.notice(n, "banner", line, 0)
		case ok:
			d.account(classTable, size)
			p.sample(cur, sample)
		default:
			if m, ok := syntax.ParseMessage(line); ok {
				d.account(classNotice, size)
				d.message(n, line, m)
				break
			}
			d.account(classUnparsed, size)
			d.unparsed(n, line)
		}
	}
	p.stacks()
	return cur.Number() - num
}

// sample files a sample with the frames that follow it. The frames are kept as they were printed,
// in a cell, since the stacks that are summed have neither addresses nor offsets. A sample weighs
// its period, or one where none was printed.
func (p *perfScript) sample(cur *syntax.Cursor, e syntax.PerfSample) {
	var symbols []string
	var text []byte
	add := func(line []byte) bool {
		symbol, ok := syntax.PerfFrame(line)
		if !ok {
			return false
		}
		symbols = append(symbols, string(symbol))
		if len(text) > 0 {
			text = append(text, "; "...)
		}
		text = append(text, bytes.TrimSpace(line)...)
		return true
	}
	args := e.Args
	// A frame starts with a blank, so one is put before what may be one.
	if len(args) > 0 && add(append([]byte{' '}, args...)) {
		args = nil // one frame on the sample's own line
	}
	for !cur.Done() {
		from, next := cur.Offset(), cur.Peek()
		if len(symbols) > 0 && isSourceLine(next) {
			text = append(append(text, ' '), bytes.TrimSpace(next)...)
		} else if q, ok := syntax.ParsePerfSample(next); ok && q.Fields() == e.Fields() || !add(next) {
			break // a sample that starts with the number of a process looks like a frame
		}
		cur.Next()
		p.account(classTable, cur.Offset()-from)
	}
	s := p.sheetFor("samples", "samples", "events")
	s.inferred = true
	if e.Seconds != nil {
		s.seconds(e.Seconds)
	}
	s.cells([]cell{{"comm", e.Comm}, {"pid", e.PID}, {"tid", e.TID}, {"cpu", trimZeros(e.CPU)}, {"flags", e.Flags}, {"period", e.Period},
		{"event", e.Event}, {"args", args}, {"frames", text}})
	s.end()
	// A sample without a stack has its row above, and none among the stacks.
	if len(symbols) == 0 {
		return
	}
	value := int64(1)
	if v, ok := syntax.Int(e.Period); ok && v > 0 {
		value = v
	}
	// Numbers of threads and CPUs are left out: the same stack of the same program is one row,
	// wherever it ran.
	key := string(e.Event) + "\x00" + string(e.Comm) + "\x00" + strings.Join(symbols, "\x00")
	sum := p.sums[key]
	if sum == nil {
		sum = &perfSum{event: string(e.Event), comm: string(e.Comm), frames: symbols, order: len(p.sums)}
		p.sums[key] = sum
	}
	sum.value += value
}

// isSourceLine reports whether a line says where in the source the frame above it is, as with -F
// srcline: `  main.go:12`, or the object and the address where that is not known.
func isSourceLine(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("  "))
	return ok && len(rest) > 0 && !bytes.ContainsAny(rest, " \t") && bytes.ContainsAny(rest, ":[")
}

// trimZeros takes leading zeros off a CPU's number.
func trimZeros(b []byte) []byte {
	for len(b) > 1 && b[0] == '0' {
		b = b[1:]
	}
	return b
}

// stacks files the sums, in the order in which stacks came first.
func (p *perfScript) stacks() {
	for _, sum := range slices.SortedFunc(maps.Values(p.sums), func(a, b *perfSum) int { return a.order - b.order }) {
		s := p.sheetFor("stacks/"+sum.event, nameOf(sum.event, "stacks"), "stacks")
		if sum.comm != "" {
			s.text("comm", []byte(sum.comm))
		}
		s.open("stack", Stack).appendStack(sum.frames)
		s.int("value", sum.value, false)
		s.end()
	}
}

// sortedKeys are the keys in order: what is printed of a map must not depend on chance.
func sortedKeys(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
