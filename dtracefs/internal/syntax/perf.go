package syntax

import "bytes"

// A PerfCount is a line of `perf stat`: how often an event came, in an interval or all in all.
// What was not printed is nil. All fields are as printed: whoever makes a table of them decides
// what is a number.
type PerfCount struct {
	Seconds  []byte   // since the start, with -I
	IDs      [][]byte // the CPU, core, socket, node or thread, and the number of CPUs
	Value    []byte   // `<not counted>` and `<not supported>` as they are
	Unit     []byte
	Event    []byte
	Cgroup   []byte
	Spread   []byte // plus or minus, in the value's unit, with -r
	Variance []byte // the same in percent
	RunTime  []byte // in ns
	Percent  []byte // of the time in which the counter ran
	Metric   []byte
	MetricOf []byte // the metric's unit and name
	Summary  bool   // a total at the end of intervals

	// Names are those of the members of a line of -j, and IDNames what the IDs of it are called.
	Names, IDNames []string
}

// Counted reports whether there is a value.
func (p PerfCount) Counted() bool { return len(p.Value) > 0 && p.Value[0] != '<' }

// PerfSeparator returns what separates the fields of a line of `perf stat -x`; 0 if it is none.
// The user chooses it, so those are tried that people choose.
func PerfSeparator(line []byte) byte {
	for _, sep := range []byte(",;|\t:") {
		if bytes.Count(line, []byte{sep}) >= 4 {
			if _, ok := ParsePerfCSV(line, sep); ok {
				return sep
			}
		}
	}
	return 0
}

// ParsePerfCSV reads a line of `perf stat -x`: time, aggregate, value, unit, event, run time,
// percentage, metric, its unit. Which of them are there depends on options and on the version,
// and no heading says so; but an event's name has two letters at least, and stands two fields
// behind the value.
func ParsePerfCSV(line []byte, sep byte) (p PerfCount, ok bool) {
	f := bytes.Split(line, []byte{sep})
	for i := range f {
		f[i] = bytes.TrimSpace(f[i])
	}
	if len(f) < 5 || len(f) > 16 {
		return p, false
	}
	// With -I, a time is in front; at the end of it, a total may follow.
	if isPerfSeconds(f[0]) {
		p.Seconds, f = f[0], f[1:]
	} else if string(f[0]) == "summary" {
		p.Summary, f = true, f[1:]
	}
	// The value is the last number that an event's name follows, two fields on: the number of CPUs
	// that it sums up stands before it, and the unit of the value is a word, too.
	at := min(2, len(f)-3)
	for at >= 0 && !(isPerfValue(f[at]) && isEventName(f[at+2])) {
		at--
	}
	if at < 0 {
		return p.metricOnly(f)
	}
	// Capped, so that whoever appends to the ids does not write over the value.
	p.IDs, p.Value, p.Unit, p.Event, f = f[:at:at], f[at], f[at+1], f[at+2], f[at+3:]
	// With -G or --for-each-cgroup its name follows the event, and it starts with no digit.
	if len(f) > 0 && len(f[0]) > 0 && f[0][0]-'0' > 9 {
		p.Cgroup, f = f[0], f[1:]
	}
	if len(f) > 0 && bytes.HasSuffix(f[0], []byte("%")) {
		p.Variance, f = bytes.TrimSuffix(f[0], []byte("%")), f[1:]
	}
	if len(f) < 2 {
		return p, false
	}
	if _, isRun := Int(f[0]); !isRun || !isDecimal(f[1]) {
		return p, false
	}
	p.RunTime, p.Percent = f[0], f[1]
	switch rest := f[2:]; len(rest) {
	case 0, 1:
	default:
		p.Metric, p.MetricOf = rest[0], bytes.Join(rest[1:], []byte{sep})
	}
	return p, true
}

// ParsePerfJSON reads a line of `perf stat -j`, an object whose numbers are strings. Members that
// are not known say what the count is of, as "cpu" does.
func ParsePerfJSON(line []byte) (p PerfCount, ok bool) {
	v, end, err := ParseJSON(line)
	if err != nil || v.Kind != '{' || !Blank(line[end:]) {
		return p, false
	}
	p.Names = v.Names
	known := map[string]*[]byte{"interval": &p.Seconds, "counter-value": &p.Value, "unit": &p.Unit, "event": &p.Event, "cgroup": &p.Cgroup,
		"variance": &p.Variance, "event-runtime": &p.RunTime, "pcnt-running": &p.Percent, "metric-value": &p.Metric, "metric-unit": &p.MetricOf}
	for i, name := range v.Names {
		m := v.Members[i]
		if m.Kind != '"' && m.Kind != '0' {
			return p, false
		}
		if field := known[name]; field != nil {
			*field = []byte(m.Text)
		} else {
			p.IDs, p.IDNames = append(p.IDs, []byte(m.Text)), append(p.IDNames, name)
		}
	}
	if p.Seconds != nil && !isDecimal(p.Seconds) {
		return p, false
	}
	counted := isPerfValue(p.Value) && isEventName(p.Event)
	metric := p.Value == nil && p.Event == nil && p.Metric != nil && p.MetricOf != nil
	return p, counted || metric
}

// metricOnly reads a line that adds a metric to the event before it: all fields but the last two
// are empty. Without a time in front there is too little left in the line to be sure of it.
func (p PerfCount) metricOnly(f [][]byte) (PerfCount, bool) {
	n := len(f)
	if p.Seconds == nil || n < 4 || !isDecimal(f[n-2]) || len(f[n-1]) == 0 {
		return p, false
	}
	for i, field := range f[:n-2] {
		if len(field) > 0 && i > 1 {
			return p, false
		}
		if len(field) > 0 {
			p.IDs = append(p.IDs, field)
		}
	}
	p.Metric, p.MetricOf = f[n-2], f[n-1]
	return p, true
}

// isPerfSeconds reports whether b is seconds with nanoseconds. Nine digits behind the point are
// what perf prints, and hardly anything else.
func isPerfSeconds(b []byte) bool {
	n := digitsOf(b)
	return n > 0 && len(b) == n+10 && b[n] == '.' && digitsOf(b[n+1:]) == 9
}

// isPerfValue reports whether b stands where a value does. Events that could not be counted say
// so in words.
func isPerfValue(b []byte) bool {
	return isDecimal(b) || string(b) == "<not counted>" || string(b) == "<not supported>"
}

// isDecimal reports whether b is a number without an exponent.
func isDecimal(b []byte) bool {
	n := digitsOf(b)
	if n < len(b) && n > 0 && b[n] == '.' {
		m := digitsOf(b[n+1:])
		return m > 0 && n+1+m == len(b)
	}
	return n > 0 && n == len(b)
}

// isEventName reports whether b may be the name of an event, such as `cycles:u`,
// `syscalls:sys_enter_read` or `cpu/event=0x3c/`.
func isEventName(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	letters := 0
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	return letters >= 2
}

// ParsePerfStat reads a line of perf stat for people: the time with -I, as many words of ids as
// the heading has, the value, the unit and the event, and, behind a `#`, a metric, and, in
// parentheses, the variance and how much of the time the counter ran. It reads from both ends, as
// what stands in the middle is the event, which may be several words.
func ParsePerfStat(line []byte, interval bool, ids int) (p PerfCount, ok bool) {
	line = bytes.TrimSpace(line)
	for bytes.HasSuffix(line, []byte(")")) {
		i := bytes.LastIndexByte(line, '(')
		if i < 0 {
			return p, false
		}
		in := bytes.TrimSpace(line[i+1 : len(line)-1])
		switch {
		case bytes.HasPrefix(in, []byte("+-")):
			p.Variance = bytes.TrimSpace(bytes.TrimSuffix(in[2:], []byte("%")))
		case bytes.HasSuffix(in, []byte("%")):
			p.Percent = bytes.TrimSuffix(in, []byte("%"))
		default:
			return p, false
		}
		line = bytes.TrimSpace(line[:i])
	}
	head, metric, hasMetric := bytes.Cut(line, []byte("#"))
	words := bytes.Fields(head)
	if interval {
		if len(words) == 0 || !isPerfSeconds(words[0]) {
			return p, false
		}
		p.Seconds, words = words[0], words[1:]
	}
	if hasMetric {
		// Behind the mark stands a number with its unit, "1.23 insn per cycle" or "4.5% of all
		// branches", or words that say why there is none.
		metric = bytes.TrimSpace(metric)
		value, unit, _ := bytes.Cut(metric, []byte(" "))
		if number := bytes.TrimSuffix(value, []byte("%")); isDecimal(number) {
			p.Metric, p.MetricOf = number, bytes.TrimSpace(unit)
			if len(number) < len(value) {
				p.MetricOf = append([]byte("% "), p.MetricOf...)
			}
		} else {
			p.MetricOf = metric
		}
		if len(words) == 0 {
			return p, true // a metric of the event before
		}
	}
	if len(words) < ids {
		return p, false
	}
	p.IDs, words = words[:ids:ids], words[ids:]
	if ids == 0 && !interval {
		p.IDs, words = perfIDs(line, words)
	}
	switch {
	case len(words) >= 3 && string(words[0]) == "<not":
		p.Value, words = append([]byte("<not "), words[1]...), words[2:]
	case len(words) >= 2:
		// Thousands have commas between them, by the locale.
		p.Value, words = bytes.ReplaceAll(words[0], []byte(","), nil), words[1:]
	default:
		return p, false
	}
	if !isPerfValue(p.Value) {
		return p, false
	}
	if len(words) >= 3 && string(words[0]) == "+-" {
		p.Spread, words = words[1], words[2:]
	}
	switch {
	case len(words) == 1:
		p.Event = words[0]
	case string(words[0]) == "seconds" || len(words) == 2:
		p.Unit, p.Event = words[0], bytes.Join(words[1:], []byte(" "))
	default:
		return p, false
	}
	return p, isEventName(bytes.ReplaceAll(p.Event, []byte(" "), nil))
}

// perfIDs takes what counts are of from the words of a line with no heading above it: S0-D0-C0 with
// the number of CPUs, CPU0, or a thread's name and number, where the name may hold blanks. It
// returns the words behind.
func perfIDs(line []byte, words [][]byte) (ids, rest [][]byte) {
	n := 0
	for n < len(words) && !isPerfValue(words[n]) && string(words[n]) != "<not" {
		n++
	}
	if n == 0 || n == len(words) || digitsAtEnd(words[n-1]) == 0 {
		return nil, words
	}
	end := bytes.Index(line, words[0])
	for _, w := range words[:n] {
		end += bytes.Index(line[end:], w) + len(w)
	}
	ids, rest = [][]byte{bytes.TrimSpace(line[:end])}, words[n:]
	if len(rest) > 1 && (isPerfValue(rest[1]) || string(rest[1]) == "<not") {
		ids, rest = append(ids, rest[0]), rest[1:]
	}
	return ids, rest
}

// digitsAtEnd returns how many digits b ends in.
func digitsAtEnd(b []byte) int { return len(b) - len(bytes.TrimRight(b, "0123456789")) }

// A PerfSample is the first line of a sample of `perf script`.
type PerfSample struct {
	Comm, PID, TID, CPU, Flags []byte // nil where not printed
	Seconds                    []byte
	Period, Event, Args        []byte
}

// Fields has a bit for each field of the line but the arguments: samples of one run have the same.
func (p PerfSample) Fields() (bits int) {
	for i, field := range [...][]byte{p.Comm, p.PID, p.TID, p.CPU, p.Seconds, p.Period, p.Event} {
		if field != nil {
			bits |= 1 << i
		}
	}
	return bits
}

// ParsePerfSample reads `comm pid/tid [cpu] flags seconds: period event: args`, of which -F chooses
// those that are printed, in this order. The time, or else the event, shows itself by its colon;
// what stands before it is read backwards from there, as the name comes first and may hold blanks.
func ParsePerfSample(line []byte) (p PerfSample, ok bool) {
	if len(line) == 0 || line[0] == '\t' {
		return p, false // a frame
	}
	var room [64]Word
	words := Words(room[:0], line[:min(len(line), 512)])
	word := func(i int) []byte { return line[words[i].Start:words[i].End] }
	colon := func(i int) []byte { // the word without its colon
		if b := word(i); b[len(b)-1] == ':' {
			return b[:len(b)-1]
		}
		return nil
	}
	const before = 12 // words that may stand before the time or the event
	// next is the first word behind the fields that are read from here on.
	next, event := -1, -1
	for i := range words[:min(len(words), before)] {
		b := colon(i)
		if isDecimal(b) && bytes.IndexByte(b, '.') > 0 {
			p.Seconds, next = b, i+1
			break
		}
		if event < 0 && len(b) > 1 && isEventName(b) {
			event = i
		}
	}
	first := next - 1 // the fields before the time end here
	switch {
	case p.Seconds != nil:
		if next < len(words) && digitsOf(word(next)) == len(word(next)) {
			p.Period = word(next)
			next++
		}
		if next < len(words) {
			if b := colon(next); len(b) > 1 && isEventName(b) {
				p.Event = b
				next++
			} else if b := word(next); bytes.HasPrefix(b, []byte("PERF_RECORD_")) {
				p.Event = b // with --show-task-events and such, which put no colon behind
				next++
			}
		}
	case event >= 0:
		p.Event, next, first = colon(event), event+1, event
	case len(words) > 0:
		// `comm period`, with the frames of the stack on the next lines.
		next, first = len(words), len(words)
	default:
		return p, false
	}
	if p.Seconds == nil && first > 0 && digitsOf(word(first-1)) == len(word(first-1)) {
		// A period is as wide as ten digits, which tells it from the number of a process.
		from := 0
		if first > 1 {
			from = words[first-2].End + 1
		}
		if words[first-1].End-from >= 10 {
			first--
			p.Period = word(first)
		}
	}
	if p.Event == nil && p.Seconds == nil && p.Period == nil {
		return p, false
	}
	p.before(line, words[:first])
	if p.CPU != nil && p.PID == nil && endsInPID(p.Comm) {
		return p, false // a line of ftrace, `nginx-4711 [001] 5.000001: function: `
	}
	if next > 0 {
		p.Args = bytes.TrimSpace(line[words[next-1].End:])
	}
	return p, true
}

// before takes what words in front of the time or the event are, from the last one on: flags, the
// CPU, numbers, and the name, which is all that is left.
func (p *PerfSample) before(line []byte, words []Word) {
	n := len(words)
	word := func(i int) []byte { return line[words[i].Start:words[i].End] }
	isCPU := func(b []byte) bool {
		return len(b) > 2 && b[0] == '[' && b[len(b)-1] == ']' && digitsOf(b[1:]) == len(b)-2
	}
	if n > 1 && !isCPU(word(n-1)) && !isPID(word(n-1)) && (isCPU(word(n-2)) || isPID(word(n-2))) {
		p.Flags, n = word(n-1), n-1
	}
	if n > 0 && isCPU(word(n-1)) {
		b := word(n - 1)
		p.CPU, n = b[1:len(b)-1], n-1
	}
	if n > 0 && isPID(word(n-1)) {
		p.PID, n = word(n-1), n-1
		if pid, tid, ok := bytes.Cut(p.PID, []byte("/")); ok {
			p.PID, p.TID = pid, tid
		}
	}
	if n > 0 {
		p.Comm = line[words[0].Start:words[n-1].End]
	}
}

// endsInPID reports whether a name ends in a dash and a number, as those of ftrace do.
func endsInPID(name []byte) bool {
	n := digitsAtEnd(name)
	return n > 0 && n < len(name) && name[len(name)-n-1] == '-'
}

// isPID reports whether b is the number of a process, of both it and a thread, or -1 for neither.
func isPID(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	n := digitsOf(b)
	return n > 0 && (n == len(b) || b[n] == '/' && digitsOf(b[n+1:]) == len(b)-n-1 && n+1 < len(b))
}

// PerfFrame reads a frame of a sample's stack, `address symbol+offset (object)`, and returns the
// symbol without its offset, so that samples within one function are equal, or the object in
// brackets where the symbol is unknown.
func PerfFrame(line []byte) (symbol []byte, ok bool) {
	if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
		return nil, false
	}
	b := bytes.TrimSpace(line)
	at := bytes.IndexByte(b, ' ')
	if at < 1 || !isHex(b[:at]) {
		return nil, false
	}
	symbol = bytes.TrimSpace(b[at:])
	var object []byte
	if i := bytes.LastIndex(symbol, []byte(" (")); i >= 0 && symbol[len(symbol)-1] == ')' {
		symbol, object = symbol[:i], symbol[i+2:len(symbol)-1]
	} else if len(symbol) > 1 && symbol[0] == '(' && symbol[len(symbol)-1] == ')' {
		// -F ip,sym,dso without a symbol.
		symbol, object = nil, symbol[1:len(symbol)-1]
	}
	if len(symbol) == 0 || string(symbol) == "[unknown]" {
		if i := bytes.LastIndexByte(object, '/'); i >= 0 {
			object = object[i+1:]
		}
		if len(object) == 0 || string(object) == "[unknown]" {
			return []byte("[unknown]"), true
		}
		return append(append([]byte{'['}, bytes.Trim(object, "[]")...), ']'), true
	}
	if i := bytes.LastIndex(symbol, []byte("+0x")); i > 0 && isHex(symbol[i+3:]) {
		symbol = symbol[:i]
	}
	return symbol, true
}

// isHex reports whether b is hexadecimal digits and nothing else, with no 0x before them.
func isHex(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return len(b) > 0
}
