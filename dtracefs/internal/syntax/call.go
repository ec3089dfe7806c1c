package syntax

import "bytes"

// A CallKind says what a line of strace or truss is about.
type CallKind uint8

// The kinds of lines: a call with or without its return, the rest of a call that another
// process's lines cut in two, a signal, or how a process ended.
const (
	FullCall CallKind = iota
	UnfinishedCall
	ResumedCall
	Signal
	Exit
)

// A Call is a line of strace or truss. What was not printed is nil.
type Call struct {
	Kind CallKind

	PID, TID []byte
	Comm     []byte // the command's name, of -Y
	Clock    Clock  // of -t, -tt, -ttt
	HasClock bool
	Delta    []byte // seconds of -r, -d, -D or -E
	Step     []byte // seconds since the line before, where both are printed
	IP       []byte // of -i
	Number   []byte // of -n

	Name, Args []byte // of the call or the signal
	Ret        []byte
	Errno      []byte // its name, or its number where that is all there is
	Message    []byte // what stands behind the return
	Elapsed    []byte // seconds in the call, of -T

	Arrow []byte // `->` or `<-` of a function of a library, as truss -u follows them
	Depth []byte // how deep a thread is in such functions
	Truss bool   // the line has a form that strace does not print
}

// ParseCall reads a line of strace of Linux, or of truss of illumos or FreeBSD. Arguments may
// hold anything, also what looks like the end of a call, so the return is sought from the end of
// the line.
func ParseCall(line []byte) (c Call, ok bool) {
	b := c.prefix(line)
	switch {
	case len(b) > 8 && bytes.HasPrefix(b, []byte("+++ ")) && bytes.HasSuffix(b, []byte(" +++")):
		c.Kind, c.Message = Exit, b[4:len(b)-4]
		return c, true
	case len(b) > 8 && bytes.HasPrefix(b, []byte("--- ")) && bytes.HasSuffix(b, []byte(" ---")):
		c.Kind = Signal
		c.Name, c.Args, _ = bytes.Cut(b[4:len(b)-4], []byte(" "))
		return c, bytes.HasPrefix(c.Name, []byte("SIG")) || bytes.Equal(c.Name, []byte("stopped"))
	case bytes.HasPrefix(b, []byte("<... ")):
		name, rest, found := bytes.Cut(b[5:], []byte(" resumed>"))
		if !found || !IsCallName(name) {
			return c, false
		}
		c.Kind, c.Name = ResumedCall, name
		// The rest has the arguments that were not known before, and may itself be cut.
		rest = bytes.TrimPrefix(rest, []byte(" "))
		if args, cut := bytes.CutSuffix(rest, []byte("<unfinished ...>")); cut {
			c.Args = args
			return c, true
		}
		return c, c.result(rest)
	}
	if bytes.HasPrefix(b, []byte("-> ")) || bytes.HasPrefix(b, []byte("<- ")) {
		c.Arrow, c.Truss, b = b[:2], true, b[3:]
	}
	// Names hold no parenthesis, so the first one opens the arguments.
	open := bytes.IndexByte(b, '(')
	if open < 1 || !IsCallName(b[:open]) {
		return c, false
	}
	c.Name = b[:open]
	if args, cut := bytes.CutSuffix(b[open+1:], []byte("<unfinished ...>")); cut {
		c.Kind, c.Args = UnfinishedCall, bytes.TrimRight(args, " ")
		return c, true
	}
	return c, c.result(b[open+1:])
}

// prefix reads what stands before the call, and returns the rest: `[pid 12]`, `12`, `12/1:`,
// times, an address, a number. Options of the tracers add these in an order of their own, so each
// is taken wherever it comes, but once.
func (c *Call) prefix(b []byte) []byte {
	for {
		b = bytes.TrimLeft(b, " \t")
		switch {
		case bytes.HasPrefix(b, []byte("[pid ")):
			end := bytes.IndexByte(b, ']')
			if end < 0 || c.PID != nil {
				return b
			}
			c.PID, b = bytes.TrimSpace(b[5:end]), b[end+1:]
			if i := bytes.IndexByte(c.PID, '<'); i > 0 {
				// -Y puts the command's name behind the number.
				c.Comm, c.PID = bytes.TrimSuffix(c.PID[i+1:], []byte(">")), c.PID[:i]
			}
		case len(b) > 2 && b[0] == '[':
			end := bytes.IndexByte(b, ']')
			in := bytes.TrimSpace(b[1:max(end, 1)])
			switch {
			case end < 0:
				return b
			// -i prints the address in brackets, or question marks where it cannot be read; -n
			// the number of the call, which is short.
			case len(in) >= 8 && (isHex(in) || len(bytes.Trim(in, "?")) == 0) && c.IP == nil:
				c.IP = in
			case len(in) > 0 && digitsOf(in) == len(in) && c.Number == nil:
				c.Number = in
			default:
				return b
			}
			b = b[end+1:]
		case bytes.HasPrefix(b, []byte("(+")) && c.HasClock && c.Delta == nil:
			// -r beside a clock.
			end := bytes.IndexByte(b, ')')
			if end < 0 || !isDecimal(bytes.TrimSpace(b[2:end])) {
				return b
			}
			c.Delta, b = bytes.TrimSpace(b[2:end]), b[end+1:]
		case len(b) > 2 && b[0] == '/' && b[1]-'0' <= 9 && c.PID == nil && c.trussPID(&b, 0):
			c.Truss = true
		case len(b) > 0 && b[0]-'0' <= 9:
			n := digitsOf(b)
			// A number alone is none of these.
			if n == len(b) {
				return b
			}
			switch {
			// Numbers of processes have eight digits at most: longer ones are times.
			case (b[n] == ':' || b[n] == '/') && c.PID == nil && n <= 8 && c.trussPID(&b, n):
				c.Truss = true
				continue
			case b[n] == ':' && c.PID != nil && c.TID == nil && n+1 < len(b) && b[n+1] == ' ' && c.Delta == nil:
				// `pid thread: ` of FreeBSD.
				c.TID, c.Truss, b = b[:n], true, b[n+1:]
				continue
			// So does -Y with -o. The name may hold anything, but hardly a bracket and a blank.
			case b[n] == '<' && c.PID == nil && n <= 8 && !c.HasClock && c.Delta == nil:
				end := bytes.Index(b, []byte("> "))
				if end < 0 {
					return b
				}
				c.PID, c.Comm, b = b[:n], b[n+1:end], b[end+1:]
				continue
			// strace -o prints the number of the process alone, always in front of the times.
			case b[n] == ' ' && c.PID == nil && n <= 8 && !c.HasClock && c.Delta == nil:
				c.PID, b = b[:n], b[n:]
				continue
			}
			// As 23:59:59.947115 with -tt and 1795897007.947115 with -ttt; what is left are
			// seconds of -r or -d, such as 0.000296.
			if clock, m, ok := ParseClock(b); ok && !c.HasClock && (clock.Form == TimeOfDay || clock.Form == Epoch) {
				c.Clock, c.HasClock, b = clock, true, b[m:]
				continue
			}
			m := n
			if m < len(b) && b[m] == '.' {
				m += 1 + digitsOf(b[m+1:])
			}
			if m == n || m == len(b) || b[m] != ' ' && b[m] != '\t' || c.Step != nil {
				return b
			}
			if c.Delta == nil {
				c.Delta, b = b[:m], b[m:]
			} else {
				c.Step, b = b[:m], b[m:]
			}
		default:
			return b
		}
	}
}

// trussPID reads `12:`, `12/1:` or, of a process alone, `/1:`, which is no time of the day. Where
// functions are followed, how deep a thread is stands behind it, as in `/1@2:`. n is the length
// of the number that b starts with; b is moved behind the colon if it is one of these.
func (c *Call) trussPID(b *[]byte, n int) bool {
	m, end := n, n
	if (*b)[m] == '/' {
		m += 1 + digitsOf((*b)[m+1:])
		if m == n+1 {
			return false
		}
		if end = m; end < len(*b) && (*b)[end] == '@' {
			end += 1 + digitsOf((*b)[end+1:])
		}
	}
	if end+1 >= len(*b) || (*b)[end] != ':' || (*b)[end+1] != ' ' && (*b)[end+1] != '\t' {
		return false
	}
	if n > 0 {
		c.PID = (*b)[:n]
	}
	if m > n {
		c.TID = (*b)[n+1 : m]
	}
	if end > m {
		c.Depth = (*b)[m+1 : end]
	}
	*b = (*b)[end+1:]
	return true
}

// IsCallName reports whether b may be the name of a system call, or `lib:function` of truss -u.
// Names of calls are in lower case everywhere, but those of functions need not be.
func IsCallName(b []byte) bool {
	for i, c := range b {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c-'0' > 9 && c != ':' && c != '.' && c != '@') {
			return false
		}
	}
	// These look like calls in C, and in D, where scripts print them; no system has such a call.
	return len(b) > 0 && len(b) <= 64 && string(b) != "sizeof" && string(b) != "offsetof"
}

// mostReturns bounds how many places of a line are tried for the return of a call: arguments may
// hold what looks like one, and a line that is all equals signs must not take time that grows
// with its square.
const mostReturns = 64

// result reads what stands behind the opening parenthesis of a call: its arguments, and how it
// returned.
func (c *Call) result(b []byte) bool {
	padded := bytes.HasSuffix(b, []byte("\t"))
	b = bytes.TrimRight(b, " \t")
	// truss prints the error in the place of the return.
	for _, mark := range []string{"Err#", "ERR#"} {
		// illumos writes `Err#2 ENOENT`, FreeBSD `ERR#2 'No such file or directory'`.
		if i := bytes.LastIndex(b, []byte(mark)); i > 0 && (b[i-1] == ' ' || b[i-1] == '\t') {
			args := bytes.TrimRight(b[:i], " \t")
			if len(args) == 0 || args[len(args)-1] != ')' {
				continue
			}
			number, rest, _ := bytes.Cut(b[i+4:], []byte(" "))
			if _, ok := Int(number); !ok {
				continue
			}
			c.Truss, c.Args, c.Errno, c.Message = true, args[:len(args)-1], number, bytes.Trim(rest, " '")
			if word := c.Message; isErrnoName(word) {
				c.Errno, c.Message = word, number
			}
			return true
		}
	}
	at := len(b)
	for range mostReturns {
		i := bytes.LastIndex(b[:at], []byte("= "))
		if i < 1 {
			break
		}
		// The text in front of the return must end with the parenthesis that closes the
		// arguments.
		args := bytes.TrimRight(b[:i], " \t")
		note, state := []byte(nil), false
		if j := bytes.LastIndexByte(args, ')'); j >= 0 && j < len(args)-1 && i > j {
			// illumos: `execve(…)  argc = 2`, which is no return.
			if word := bytes.TrimSpace(args[j+1:]); IsCallName(word) {
				note, args = word, bytes.TrimRight(args[:j+1], " \t")
			}
		}
		if len(args) > 0 && args[len(args)-1] == ')' && c.returned(b[i+2:]) {
			if k := bytes.LastIndexByte(args, '('); k >= 0 && bytes.HasSuffix(args, []byte("...)")) {
				// illumos: `vfork()  (returning as child ...) = 12`.
				if call := bytes.TrimRight(args[:k], " \t"); len(call) > 0 && call[len(call)-1] == ')' {
					note, args, state = args[k+1:len(args)-1], call, true
				}
			}
			switch {
			case state:
				c.Truss = true
				c.Message = bytes.TrimSpace(append(append(bytes.Clone(note), ' '), c.Message...))
			case note != nil:
				c.Truss, c.Ret, c.Errno = true, nil, nil
				c.Message = append(append(bytes.Clone(note), " = "...), bytes.TrimSpace(b[i+2:])...)
			}
			c.Args = args[:len(args)-1]
			return !ClosesEarly(c.Args)
		}
		at = i
	}
	if args, ok := bytes.CutSuffix(b, []byte("(sleeping...)")); ok {
		if args = bytes.TrimRight(args, " \t"); len(args) > 0 && args[len(args)-1] == ')' {
			c.Truss, c.Args, c.Message = true, args[:len(args)-1], []byte("sleeping...")
			return true
		}
	}
	// Any text may end in a parenthesis, as `printf(x)` in a script does, so something else must
	// show that this is a trace.
	if len(b) > 0 && b[len(b)-1] == ')' && (c.PID != nil || c.TID != nil || c.Name[0] == '_' || c.Arrow != nil || padded) {
		// _exit() does not return; FreeBSD prints the tabs before a return all the same.
		c.Args = b[:len(b)-1]
		return true
	}
	return false
}

// ClosesEarly reports whether arguments have a parenthesis that closes and was not opened, as in
// `nginx(12) read(3, 80) = 80`: the first name there is no call's. Those in quotes do not count,
// nor anything where a quote is not closed.
func ClosesEarly(args []byte) bool {
	depth, early, quoted := 0, false, false
	for i := 0; i < len(args); i++ {
		switch c := args[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
			early = early || depth < 0
		}
	}
	return early && !quoted
}

// returned reads what stands behind the `=`: the return, an error, a message, the time in the
// call. It fails for what is no return, so that the next place in the line is tried.
func (c *Call) returned(b []byte) bool {
	if n := len(b); n > 2 && b[n-1] == '>' {
		// -y puts paths in the same brackets, as `3</etc/ld.so.cache>`, but without a blank
		// before.
		if i := bytes.LastIndexByte(b, '<'); i >= 1 && b[i-1] == ' ' && (isDecimal(b[i+1:n-1]) || string(b[i+1:n-1]) == "unavailable") {
			c.Elapsed, b = b[i+1:n-1], bytes.TrimRight(b[:i], " ")
		}
	}
	ret, rest, _ := bytes.Cut(b, []byte(" "))
	if i := bytes.IndexByte(ret, '<'); i > 0 {
		// -y puts the path behind the descriptor, which may hold blanks.
		ret, rest = b[:i], b[i:]
	}
	_, isInt := Int(ret)
	hex := len(ret) > 2 && ret[0] == '0' && ret[1] == 'x' && isHex(ret[2:])
	if !isInt && !hex && string(ret) != "?" {
		if _, unsigned, ok := Int64(ret); !ok || !unsigned {
			return false
		}
	}
	rest = bytes.TrimSpace(rest)
	c.Ret, c.Errno, c.Message = ret, nil, nil
	if len(rest) == 0 {
		return true
	}
	switch rest[0] {
	case '(', '<', '[':
		c.Message = rest
		if rest[0] == '(' && rest[len(rest)-1] == ')' {
			c.Message = rest[1 : len(rest)-1]
		}
		// FreeBSD repeats the return in hexadecimal: `= 12 (0xc)`.
		c.Truss = c.Truss || bytes.HasPrefix(c.Message, []byte("0x")) && isHex(c.Message[2:])
		return true
	}
	word, more, _ := bytes.Cut(rest, []byte(" "))
	// `= 12 monkeys` is a sentence and no return.
	if !isErrnoName(word) {
		return false
	}
	c.Errno = word
	if more = bytes.TrimSpace(more); len(more) > 1 && more[0] == '(' && more[len(more)-1] == ')' {
		more = more[1 : len(more)-1]
	}
	c.Message = more
	return true
}

// isErrnoName reports whether b is called as errors are, such as ENOENT.
func isErrnoName(b []byte) bool {
	if len(b) < 3 || b[0] != 'E' {
		return false
	}
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c-'0' > 9 && c != '_' {
			return false
		}
	}
	return true
}

// A KdumpRecord is the first line of a record of kdump, `1234 nginx    CALL
// read(0x4,0x7f,0x10)`.
type KdumpRecord struct {
	PID, TID, Command []byte
	Clock             []byte // absolute, relative or elapsed seconds
	Elapsed, Step     []byte // seconds since the start and the record before, behind others
	ABI               []byte // as F64
	Type, Text        []byte
}

// kdumpTypes are the types of records of FreeBSD, NetBSD and OpenBSD, four letters wide. They are
// a list since a command may look like any of them but for its place in the columns.
var kdumpTypes = [...]string{"CALL", "RET ", "NAMI", "GIO ", "PSIG", "CSW ", "STRU", "USER", "SCTL", "CAP ", "PFLT", "PRET", "PROC", "THRD", "ARGS", "EMUL", "MISC",
	"EXEC", "ENV ", "SYSC", "ERR ", "PLDG", "FKTR", "SIGN", "SYSN"}

// ParseKdump reads `pid [tid] command [times] TYPE  [abi  ]text`. A command may hold blanks, so it
// ends where a type stands in its columns.
func ParseKdump(line []byte) (r KdumpRecord, ok bool) {
	b := bytes.TrimLeft(line, " ")
	n := digitsOf(b)
	if n == 0 || n >= len(b) || b[n] != ' ' && b[n] != '/' {
		return r, false
	}
	// OpenBSD prints the thread right behind the process, `41853/256173`, the others after a blank.
	slash := b[n] == '/'
	r.PID, b = b[:n], bytes.TrimLeft(b[n+1:], " ")
	if n = digitsOf(b); n > 0 && n < len(b) && b[n] == ' ' {
		r.TID, b = b[:n], bytes.TrimLeft(b[n:], " ")
	} else if slash {
		return r, false
	}
	for i := 1; i+4 < len(b) && i < 64; i++ {
		if b[i-1] != ' ' || b[i] < 'A' || b[i] > 'Z' || b[i+4] != ' ' {
			continue
		}
		for _, t := range kdumpTypes {
			if string(b[i:i+4]) != t {
				continue
			}
			r.Type, r.Text = bytes.TrimRight(b[i:i+4], " "), bytes.TrimSpace(b[i+4:])
			r.Command = bytes.TrimRight(b[:i], " ")
			// FreeBSD's -A tells the ABI behind the type: F64, L32.
			if t := r.Text; len(t) > 5 && t[3] == ' ' && t[4] == ' ' && bytes.IndexByte([]byte("FLCU"), t[0]) >= 0 && digitsOf(t[1:]) == 2 {
				r.ABI, r.Text = t[:3], bytes.TrimLeft(t[3:], " ")
			}
			// Up to three times may stand there, and all look alike: since the epoch, since the
			// start, and the step, which is negative where records come out of order.
			times := make([][]byte, 0, 3)
			for range 3 {
				at := bytes.LastIndexByte(r.Command, ' ')
				if word := r.Command[at+1:]; at <= 0 || !isDecimal(bytes.TrimPrefix(word, []byte("-"))) || bytes.IndexByte(word, '.') < 0 {
					break
				}
				times, r.Command = append(times, r.Command[at+1:]), bytes.TrimRight(r.Command[:at], " ")
			}
			switch n := len(times); n {
			case 3:
				r.Elapsed = times[1]
				fallthrough
			case 2:
				r.Step = times[0]
				fallthrough
			case 1:
				r.Clock = times[n-1]
			}
			return r, len(r.Command) > 0
		}
	}
	return r, false
}
