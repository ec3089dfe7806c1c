package tracing

import (
	"strings"
)

// A placeKind says what a place in a script is for.
type placeKind int

const (
	inNothing     placeKind = iota // a string or a comment
	inProbe                        // before a clause
	inPragma                       // #pragma D option
	inCode                         // a predicate or the body of a clause
	inAggregation                  // what an aggregation or map is given
	inField                        // after args-> or args.
)

// A place is where the cursor is.
type place struct {
	kind       placeKind
	start, end int    // the word there
	probe      string // of the clause, the first if it has several
}

// placeAt finds out what a place of a script is for. The script may be half written.
func placeAt(tracer, script string, pos int) place {
	s := scanPlace(script[:pos])
	p := place{kind: inCode, start: pos, end: pos}
	part := isNameByte
	switch {
	case s.dead:
		p.kind = inNothing
		return p
	case s.directive:
		p.kind = inPragma
	case s.depth == 0 && !s.predicate:
		p.kind = inProbe
		part = isProbeByte
	}
	for p.start > 0 && part(script[p.start-1]) {
		p.start--
	}
	for p.end < len(script) && part(script[p.end]) {
		p.end++
	}
	if p.kind == inPragma || p.kind == inProbe {
		return p
	}
	p.probe = strings.TrimSpace(s.probes)
	// Probes of user space (uprobe, usdt) have the path of a program in them, with slashes.
	if i := strings.IndexAny(p.probe, ", \t\n/"); i > 0 && !strings.HasPrefix(p.probe, "u") {
		p.probe = p.probe[:i]
	}
	before := script[:p.start]
	switch {
	case strings.HasSuffix(before, "args->") || strings.HasSuffix(before, "args."):
		p.kind = inField
	case p.start > 0 && (before[p.start-1] == '@' || before[p.start-1] == '$'):
		p.start--
	case strings.HasSuffix(before, "self->") || strings.HasSuffix(before, "this->"):
		p.start -= len("self->")
	case givenToAggregation(before):
		p.kind = inAggregation
	}
	return p
}

// givenToAggregation reports whether a text ends where the value of an aggregation or map stands.
func givenToAggregation(before string) bool {
	before = strings.TrimRight(before, " \t")
	if !strings.HasSuffix(before, "=") {
		return false
	}
	statement := before[strings.LastIndexAny(before, ";{}\n")+1:]
	return strings.HasPrefix(strings.TrimSpace(statement), "@")
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isProbeByte(c byte) bool { return isNameByte(c) || strings.IndexByte(":*?.-+$@[]/", c) >= 0 }

// scanned is what stands before a place.
type scanned struct {
	depth     int
	predicate bool
	dead      bool // in a string or a comment
	directive bool // in a line that begins with #
	probes    string
}

// scanPlace goes through a script up to a place. It is no parser: a script that is being written
// mostly cannot be parsed, and the depth of braces, strings and comments are all that is needed to
// know what may stand there.
func scanPlace(text string) (s scanned) {
	var probes strings.Builder
	lineStart := true
	for i := 0; i < len(text); i++ {
		c := text[i]
		if s.directive = lineStart && c == '#'; s.directive {
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				return s
			}
			i += n
			s.directive = false
			continue
		}
		lineStart = c == '\n' || lineStart && (c == ' ' || c == '\t')
		switch rest := text[i:]; {
		// Outside of braces two slashes may be part of a probe's path, unless something ends
		// before them.
		case strings.HasPrefix(rest, "//") && (s.depth > 0 || i == 0 || strings.IndexByte(" \t\n}", text[i-1]) >= 0),
			strings.HasPrefix(rest, "/*"):
			closing := "\n"
			if rest[1] == '*' {
				closing = "*/"
			}
			n := strings.Index(rest[2:], closing)
			if n < 0 {
				s.dead = true
				return s
			}
			i += 1 + n + len(closing)
			lineStart = closing == "\n"
			continue
		case c == '"':
			n := stringEnd(rest)
			if n < 0 {
				s.dead = true
				return s
			}
			i += n
			continue
		case c == '{':
			s.depth++
			s.predicate = false
			continue
		case c == '}':
			if s.depth = max(0, s.depth-1); s.depth == 0 {
				probes.Reset()
				s.probes = ""
			}
			continue
		// The slash of a predicate stands after a blank, while one within a word is part of a path.
		case c == '/' && s.depth == 0 && (s.predicate || i == 0 || strings.IndexByte(" \t\n", text[i-1]) >= 0):
			s.predicate = !s.predicate
			continue
		}
		if s.depth == 0 && !s.predicate {
			probes.WriteByte(c)
			s.probes = probes.String()
		}
	}
	return s
}

// stringEnd is where a string ends with which a text begins, or -1 if it does not end. A string
// does not go on beyond its line.
func stringEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		case '\n':
			return -1
		}
	}
	return -1
}
