package syntax

import (
	"bytes"
	"cmp"
	"strconv"

	"dtnotes/dtracefs/internal/pattern"
)

// A Message is what a tracer says about itself, on a line of its own. Which of the fields are
// filled depends on the kind; N is the number of a drop, or of probes.
type Message struct {
	Kind string // "drop", "fault" or a kind of notice
	N    int64

	DropKind string
	CPU      int // -1 when not told

	Clause, Probe, Fault, Address, Action, Offset, Detail string
	ProbeID                                               int64
}

var (
	// Both "dtrace: " and "trace: ", since the first letter is easily lost when a capture is
	// pasted.
	dtracePrefix = pattern.New(`^\s*d?trace: `)
	matched      = pattern.New(`^(?:script|description) '(?s:.*)' matched (\d+) probes?`)
	// "12 aggregation drops on CPU 0", "3 failed speculations", "[DTRACEDROP_AGGREGATION] 3
	// aggregation drops on CPU #": what stands in brackets is how libdtrace itself names the kind.
	dtraceDrop = pattern.New(`^(?:\[(\w+)\] )?(\d+) (?:(?:(aggregation|dynamic variable|speculative|failed speculation|jstack\(\)/ustack\(\) string table overflow|error) )?drops?|(failed speculation|jstack\(\)/ustack\(\) string table overflow|error)s?)\b(.*?)(?: on CPU (\d+|#))?\s*$`)
	// "error on enabled probe ID 3 (ID 12: syscall::read:entry): invalid address (0x0) in action
	// #2 at DIF offset 16" of illumos, FreeBSD and macOS; Linux has had "at BPF pc 12" behind it or
	// in its place. Words in place of numbers are those of captures whose numbers were taken out.
	epidFault = pattern.New(`^error on enabled probe ID (\d+) \(ID (\d+|\w+): (.*?)\): (.*?)(?: \((0x[0-9a-fA-F]+|\{\w+\})\))?(?: in (?:action #(\d+|\w+)|(predicate)))?(?: at DIF offset (\d+|\w+))?(?: at BPF pc (\w+))?\s*$`)
	// "error in tick-1s for probe ID 3 (dtrace:::ERROR): division by zero at BPF pc 12" of Linux,
	// where a clause is a program of BPF.
	clauseFault = pattern.New(`^error in (\S+) for probe ID (\d+|\w+) \((.*?)\): (.*?)(?: \((0x[0-9a-fA-F]+|\{\w+\})\))?(?: at BPF pc (\w+))?\s*$`)
	attached    = pattern.New(`^Attach(?:ing|ed) (\d+) probes?`)
	scriptError = pattern.New(`^\S+:\d+[-:\d]*: (ERROR|WARNING): `)
	// "Lost 12 events" of bpftrace; "Possibly lost 12 samples" and "lost 12 events on CPU #3!" of
	// what bcc makes.
	lostEvents = pattern.New(`^(?:Possibly l|[Ll])ost (\d+) (event|sample)s?(?: on CPU ?#?(\d+))?!?\s*$`)
	// The same in other words, some of which stand between the number and the events.
	skippedLost = pattern.New(`^(?:Skipped|Dropped) (\d+) .*events?`)
)

// ParseMessage recognizes a line that the tracer wrote about itself. It is asked of nearly every
// line, so the first byte decides whether a pattern is tried at all.
func ParseMessage(line []byte) (m Message, ok bool) {
	m.CPU = -1
	if len(line) == 0 {
		return m, false
	}
	if first := TrimIndent(line); len(first) > 0 && (first[0] == 'd' || first[0] == 't') {
		if p := dtracePrefix.Find(line); p != nil {
			return dtraceMessage(m, line[len(p):]), true
		}
	}
	switch line[0] {
	case '[', '.':
		// Where whoever pasted a capture left something out.
		if s := string(bytes.TrimSpace(line)); s == "[...]" || s == "..." {
			m.Kind = "elided"
			return m, true
		}
	case 'A':
		if s := attached.FindSubmatch(line); s != nil {
			m.Kind, m.N = "attached", atoi(s[1])
			return m, true
		}
	case 'L', 'l', 'P':
		if s := lostEvents.FindSubmatch(line); s != nil {
			m.Kind, m.DropKind, m.N = "drop", string(s[2]), atoi(s[1])
			if cpu, err := strconv.Atoi(string(s[3])); err == nil {
				m.CPU = cpu
			}
			return m, true
		}
	case 'S', 'D':
		if s := skippedLost.FindSubmatch(line); s != nil {
			m.Kind, m.DropKind, m.N = "drop", "event", atoi(s[1])
			return m, true
		}
	case 'c':
		if bytes.HasPrefix(line, []byte("cannot attach ")) {
			m.Kind = "warning"
			return m, true
		}
	case 'H':
		if bytes.HasPrefix(line, []byte("HINT: ")) {
			m.Kind = "hint"
			return m, true
		}
	case 'W', 'E':
		for _, p := range []string{"WARNING: ", "ERROR: ", "Warning: could not attach probe "} {
			if bytes.HasPrefix(line, []byte(p)) {
				m.Kind = map[byte]string{'W': "warning", 'E': "error"}[line[0]]
				return m, true
			}
		}
	}
	if bytes.Contains(line, []byte(": ERROR: ")) || bytes.Contains(line, []byte(": WARNING: ")) {
		// What errorf and warnf print, with the place in the script.
		if s := scriptError.FindSubmatch(line); s != nil {
			m.Kind = map[byte]string{'W': "warning", 'E': "error"}[s[1][0]]
			return m, true
		}
	}
	if i := bytes.IndexByte(line, '^'); i >= 0 && string(bytes.TrimSpace(line)) == "^C" {
		m.Kind = "interrupt"
		return m, true
	}
	return m, false
}

// dtraceMessage reads what stands behind "dtrace: ". Whatever it is, it is the tracer's: what is
// not known is a notice.
func dtraceMessage(m Message, text []byte) Message {
	if s := dtraceDrop.FindSubmatch(text); s != nil {
		m.Kind, m.N, m.DropKind = "drop", atoi(s[2]), string(s[1])
		// A drop that says nothing of its kind is one of the principal buffer, as in "5 drops on
		// CPU 0".
		for _, k := range [][]byte{s[3], s[4], []byte("principal")} {
			if m.DropKind == "" {
				m.DropKind = string(k)
			}
		}
		if cpu, err := strconv.Atoi(string(s[6])); err == nil {
			m.CPU = cpu
		}
		return m
	}
	if s := epidFault.FindSubmatch(text); s != nil {
		m.Kind, m.Clause, m.ProbeID, m.Probe = "fault", string(s[1]), atoi(s[2]), string(s[3])
		m.Fault, m.Address, m.Action, m.Offset = string(s[4]), string(s[5]), string(s[6])+string(s[7]), cmp.Or(string(s[8]), string(s[9]))
		return m
	}
	if s := clauseFault.FindSubmatch(text); s != nil {
		m.Kind, m.Clause, m.ProbeID, m.Probe = "fault", string(s[1]), atoi(s[2]), string(s[3])
		m.Fault, m.Address, m.Offset = string(s[4]), string(s[5]), string(s[6])
		return m
	}
	m.Kind = "notice"
	if s := matched.FindSubmatch(text); s != nil {
		m.Kind, m.N = "matched", atoi(s[1])
	}
	return m
}

// atoi reads digits that a pattern has found; more of them than fit give the largest number.
func atoi(b []byte) int64 {
	v, _ := strconv.ParseInt(string(b), 10, 64)
	return v
}
