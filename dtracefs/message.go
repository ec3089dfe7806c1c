package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

var (
	//  root@web1:~# dtrace -s run.d, C:\> dtrace, # ./iosnoop, bash-4.2# id   prompt
	//  ..., [...], ... more output truncated                                 ellipsis
	//  Tracing block I/O... Hit Ctrl-C to end.                               isBanner
	prompt   = pattern.New(`^(?:[\w.-]+@[\w.-]+:\S*[#$%>] ?|[A-Z]:\\[^>]*> ?|[#$%] (?:\./|/|d?trace\b|bpftrace\b|sudo\b|pfexec\b|perl\b|cat\b)|(?:bash|sh|ksh|csh)[-\d.]*[#$] ).*`)
	ellipsis = pattern.New(`^\s*(?:\[?\s*\.\.\.\s*\]?|\[?\s*\.\.\. ?\(?[\w ]*\b(?:truncated|omitted|elided|skipped|snipped)\b[\w ]*\)?(?:\.\.\.)?\]?|@@\w+@@|-- @@\w+ --)\s*$`)
	ending   = pattern.New(`(?i)^\s*ending (?:tracing|trace)\.\.\.\s*$`)
	howToEnd = pattern.New(`(?i)\b(?:(?:hit|press) (?:ctrl|control|\^)[-+]?c|ctrl[-+]c to (?:end|stop|quit|exit))\b`)
)

// doing are the words with which a script says what it does.
var doing = map[string]bool{"tracing": true, "sampling": true, "measuring": true, "reading": true, "counting": true, "profiling": true,
	"monitoring": true, "collecting": true, "detaching": true}

// isBanner reports whether a script says on the line that it is at work, or how to end it.
func isBanner(line []byte) bool {
	if len(line) >= 120 {
		return false
	}
	var first [12]byte // longer than any of the words
	n := 0
	for _, c := range syntax.TrimIndent(line) {
		if n == len(first) || !wordBytes[c] || c == '`' {
			break
		}
		first[n] = c | 0x20
		n++
	}
	word := string(first[:n])
	return doing[word] || word == "ending" && ending.Match(line) || namesControlC(line) && howToEnd.Match(line)
}

// namesControlC reports whether a line may hold a name of the key: a C behind the sign or the last
// letter of the words for Control. It rules out nearly all lines.
func namesControlC(line []byte) bool {
	for i := 1; i < len(line); i++ {
		if line[i]|0x20 != 'c' {
			continue
		}
		before := line[i-1]
		if (before == '-' || before == '+') && i > 1 {
			before = line[i-2]
		}
		if before == '^' || before|0x20 == 'l' {
			return true
		}
	}
	return false
}

// messages are what the tracer says about itself, and the marks that whoever pasted
// a capture left in it.
type messages struct{}

func (messages) take(st *station, num int, line []byte) bool {
	if m, ok := syntax.ParseMessage(line); ok {
		// What a script prints at its END comes behind ^C, and is another paragraph than what
		// was being printed.
		if m.Kind == "interrupt" || m.Kind == "elided" {
			st.free.flush()
		}
		st.take(classNotice)
		text := goesOn(st, m, line)
		if whole, ok := syntax.ParseMessage(text); ok && m.Kind == "notice" {
			m = whole // the number may stand in its last line
		}
		st.message(num, text, m)
		if st.script == nil && bytes.Contains(line, []byte(" has exited")) {
			// It was started by the tracer, and what it printed stands among what the script did.
			st.free.tellPairs(num)
		}
		st.blanks = 0
		return true
	}
	kind := ""
	// The first byte rules out nearly all lines, so that hardly any is tried against a pattern.
	// Maps of bpftrace start with an @, and what was left out with two.
	begin := syntax.TrimIndent(line)
	switch c := begin[0]; {
	case (c == '.' || c == '[' || c == '-' || bytes.HasPrefix(begin, []byte("@@"))) && ellipsis.Match(line):
		kind = "elided"
	case c != '@' && (c == '#' || c == '$' || c == '%' || bytes.ContainsAny(line, "@\\#$")) && prompt.Match(line):
		kind = "prompt"
	// Under a header a line is a row of it, whatever word it starts with.
	case st.mode == syntax.NoHeader && isBanner(line):
		kind = "banner"
	case c == '^' && bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("^C")):
		return gluedInterrupt(st, num)
	}
	if kind == "" {
		return false
	}
	// A banner leaves the free text open: what stands before it may still be the title of what
	// follows.
	if kind != "banner" {
		st.free.flush()
	}
	st.take(classNotice)
	st.notice(num, kind, line, 0)
	return true
}

// mostGoesOn bounds the lines that a message goes on to, and mostQuoted those of a script that one
// quotes.
const (
	mostGoesOn = 8
	mostQuoted = 256
)

var (
	quotedStart = pattern.New(`^dtrace: (?:script|description) '`)
	quotedEnd   = pattern.New(`' matched \d+ probes?\s*$`)
	refusedEnd  = pattern.New(`^: |\}\s*: `)
)

// goesOn takes the lines that tell more of what a compiler objects to, and returns the whole
// message: lines indented by a tab under one of dtrace's that ends in a colon, as of prototypes, or
// the line of the script that bpftrace underlines.
func goesOn(st *station, m syntax.Message, line []byte) []byte {
	more := 0
	// A copy of the cursor looks ahead; lines are taken only when it is known how many belong to
	// it.
	ahead := *st.cur
	switch {
	// A script that was given to -n is quoted with all its lines.
	case m.Kind == "notice" && quotedStart.Match(line):
		more = quoted(ahead, quotedEnd)
	// So is one that is refused, and what is wrong with it stands behind it.
	case m.Kind == "notice" && refusedUnended(line):
		more = quoted(ahead, refusedEnd)
	case m.Kind == "notice" && bytes.HasSuffix(bytes.TrimRight(line, " "), []byte(":")):
		for more < mostGoesOn && !ahead.Done() {
			if next, _ := ahead.Next(); len(next) == 0 || next[0] != '\t' {
				break
			}
			more++
		}
	// The line that is underlined stands between, so the second line decides for both:
	//
	//	stdin:1:9-14: ERROR: Undefined map: @x
	//	BEGIN { print(@x); }
	//	        ~~~~~
	//
	// Of errors in a probe that fired a line stands before it that tells what failed.
	case m.Kind == "error" || m.Kind == "warning":
		if !ahead.Done() && bytes.HasPrefix(ahead.Peek(), []byte("Additional Info - ")) {
			ahead.Next()
			more = 1
		}
		for n := more + 1; n <= more+2 && !ahead.Done(); n++ {
			next, _ := ahead.Next()
			if isUnderline(next) {
				more = n
				break
			}
		}
	}
	for range more {
		line = append(append(bytes.Clone(line), '\n'), st.take(classNotice)...)
	}
	return line
}

// quoted returns how many of the lines ahead a quoted script goes on to: through the one that has
// its end, if one has.
func quoted(ahead syntax.Cursor, end pattern.Pattern) int {
	for n := 1; n <= mostQuoted && !ahead.Done(); n++ {
		next, _ := ahead.Next()
		if end.Match(next) {
			return n
		}
		if _, isMessage := syntax.ParseMessage(next); isMessage {
			break
		}
	}
	return 0
}

// refusedUnended reports whether a script is refused on the line that goes on below: its braces are
// open, or nothing says what is wrong with it.
func refusedUnended(line []byte) bool {
	script, ok := bytes.CutPrefix(line, []byte("dtrace: invalid probe specifier "))
	return ok && (bytes.Count(script, []byte("{")) > bytes.Count(script, []byte("}")) ||
		!bytes.Contains(script, []byte(": ")))
}

// isUnderline reports whether a line marks a place in the line above it.
func isUnderline(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) > 0 && len(bytes.Trim(line, "~^")) == 0
}

// gluedInterrupt takes the ^C that a terminal glued to the front of a line, and leaves the line.
func gluedInterrupt(st *station, num int) bool {
	n := bytes.Index(st.cur.Peek(), []byte("^C"))
	if n < 0 {
		return false // something colored it
	}
	st.free.flush()
	st.notice(num, "interrupt", []byte("^C"), 0)
	st.accountLines(classNotice, 0, n+2)
	st.cur.Skip(n + 2)
	return true
}
