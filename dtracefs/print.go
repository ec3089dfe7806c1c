package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

var (
	//  struct timespec {                  structStart
	//  0xffffffff83076c20 = *             pointerStart, with the type on the next line
	//  0xffffffff83076c20 = (struct x) {  pointerStart
	//      time_t tv_sec = 0x5            member
	//      Fraction :20 = 0               bitField
	//      int (*)(int) open = 0x0        function
	//      .counter = (int)124,           dotMember
	//      (char)'a',                     listElement
	//      (struct point) {               nestedElement
	structStart   = pattern.New(`^\s*((?:struct |union |enum )?[A-Za-z_]\w*(?:\x60[A-Za-z_]\w*)?(?: \*+)?(?: \[\d+\])?) [{\[]\s*$`)
	pointerStart  = pattern.New(`^(.*?)(0x[0-9a-f]+|\{ptr\}) = (?:\*|\((.*)\) [{\[])\s*$`)
	member        = pattern.New(`^\s*(.*?[\s*])([A-Za-z_]\w*)(?: :(\d+))? = (.*?),?\s*$`)
	bitField      = pattern.New(`^\s*([A-Za-z_]\w*) (:\d+) = (.*?),?\s*$`)
	function      = pattern.New(`^\s*(.*\(\*\)\s*\(.*\))\s+([A-Za-z_]\w*) = (.*?),?\s*$`)
	dotMember     = pattern.New(`^\s*(?:\.([A-Za-z_]\w*)|\[(\d+)\]) = (?:\(([^)]*(?:\([^)]*\)[^)]*)*)\)\s*)?(.*?),?\s*$`)
	listElement   = pattern.New(`^\s*\(([^)]*)\)\s*(.*?),?\s*$`)
	nestedElement = pattern.New(`^\s*(?:\(?[\w ]+\)?\s)?[{\[]\s*$`)
)

// isStructStart reports whether a line begins a structure; its last byte is looked at before the
// patterns are.
func isStructStart(line []byte) bool {
	last := bytes.TrimRight(line, " ")
	if len(last) < 3 || last[len(last)-1] != '{' && last[len(last)-1] != '[' && last[len(last)-1] != '*' {
		return false
	}
	return structStart.Match(line) || pointerStart.Match(line)
}

// structs are what print() shows of a structure: the type and the members, nested, as illumos,
// FreeBSD, macOS and Windows write them, or as Oracle's does in C's initializers:
//
//	struct timespec {
//	    time_t tv_sec = 0x5
//	    long tv_nsec = 0x1f4
//	}
//
// Members become columns with the way to them as their name; their types are a table of their
// own, with a row for each type once, as they are the same for every structure.
type structs struct{}

func (structs) take(st *station, num int, line []byte) bool {
	if !isStructStart(line) {
		return false
	}
	next := st.peekAfter()
	if len(next) == 0 || next[0] != ' ' && next[0] != '\t' {
		return false
	}
	// A structure that is declared, and not printed, has members without values.
	if !pointerStart.Match(line) && !ellipsis.Match(next) && !(&printer{depth: 1}).line(plain(next)) {
		return false
	}
	st.free.flush()
	st.take(classTable)
	printedAt(st, line)
	return true
}

// printedAt takes the members of the structure that line starts. A structure that is cut ends
// where its lines do, with the members that are there.
func printedAt(st *station, line []byte) {
	p := printer{}
	if m := pointerStart.FindSubmatch(line); m != nil {
		p.before, p.address = bytes.TrimSpace(m[1]), m[2]
		if m[3] != nil {
			p.typ, p.depth = string(m[3]), 1
		}
	} else {
		p.typ, p.depth = string(structStart.FindSubmatch(line)[1]), 1
	}
	for !st.cur.Done() {
		line := st.peek()
		if p.started && ellipsis.Match(line) {
			// It was longer than what print() was allowed to show.
			st.notice(st.cur.Number(), "elided", line, 0)
			st.take(classNotice)
			continue
		}
		if syntax.Blank(line) || !p.line(line) {
			break
		}
		st.take(classTable)
		if p.depth == 0 && p.started {
			break
		}
	}
	// Those that were not closed still leave their names.
	for len(p.path) > 0 {
		p.close()
	}
	s := st.sheetFor("print", "print", "print")
	s.inferred = true
	st.context(s)
	if len(p.before) > 0 {
		s.text("text", p.before)
	}
	s.text("type", []byte(p.typ))
	if p.address != nil {
		s.text("address", p.address)
	}
	for _, m := range p.members {
		s.text(m.name, []byte(m.value))
	}
	s.end()
	types := st.sheetFor("members", "members", "types")
	for _, m := range p.types {
		if types.first(p.typ + "\x00" + m.name + "\x00" + m.value) {
			types.text("type", []byte(p.typ))
			types.text("member", []byte(m.name))
			types.text("member type", []byte(m.value))
			types.end()
		}
	}
}

// deepest bounds how deep structures nest, so that names of members do not grow without end.
const deepest = 64

// A printer follows the members of a printed structure.
type printer struct {
	typ     string
	before  []byte // what was printed in front, such as by a printf without an end of line
	address []byte
	depth   int
	started bool
	path    []string
	sizes   []int // how many members there were when each part of path was opened
	counts  []int // elements so far of the list at that depth
	members []labeled
	types   []labeled // of members, in C
	seen    map[string]bool
}

// line takes a line of the structure; false if it is none.
func (p *printer) line(line []byte) bool {
	text := bytes.TrimRight(bytes.TrimSpace(line), ",")
	switch {
	case string(text) == "}" || string(text) == "]":
		p.close()
		return true
	case p.depth == 0:
		m := listElement.FindSubmatch(line)
		// Behind `0xffffffff83076c20 = *`, the type opens the structure, `(struct nsproxy) {`.
		if m == nil || !opens(m[2]) {
			return false
		}
		p.typ, p.depth, p.started = string(m[1]), 1, true
		return true
	}
	if p.depth > deepest {
		return false
	}
	p.started = true
	if m := dotMember.FindSubmatch(line); m != nil {
		p.add(m[3], string(m[1])+string(m[2]), m[4])
		return true
	}
	if m := function.FindSubmatch(line); m != nil {
		p.add(m[1], string(m[2]), m[3])
		return true
	}
	if m := bitField.FindSubmatch(line); m != nil {
		p.add(m[2], string(m[1]), m[3])
		return true
	}
	if m := member.FindSubmatch(line); m != nil {
		typ := m[1]
		if len(m[3]) > 0 {
			typ = append(append(bytes.Clone(bytes.TrimSpace(typ)), " :"...), m[3]...)
		}
		p.add(typ, string(m[2]), m[4])
		return true
	}
	if nestedElement.Match(line) {
		p.add(bytes.TrimRight(bytes.TrimSpace(line), "{[( "), p.next(), []byte("{"))
		return true
	}
	if m := listElement.FindSubmatch(line); m != nil {
		p.add(m[1], p.next(), m[2])
		return true
	}
	return false
}

// next numbers the elements of a list.
func (p *printer) next() string {
	for len(p.counts) <= p.depth {
		p.counts = append(p.counts, 0)
	}
	p.counts[p.depth]++
	return strconv.Itoa(p.counts[p.depth] - 1)
}

// opens reports whether a value is the beginning of a structure or a list.
func opens(value []byte) bool {
	v := strings.TrimSpace(string(value))
	return strings.HasSuffix(v, "{") || strings.HasSuffix(v, "[")
}

// add adds a member, or goes into one that opens a structure or a list.
func (p *printer) add(typ []byte, name string, value []byte) {
	if typ = bytes.TrimSpace(typ); len(typ) > 0 {
		// append must copy here, as path itself does not change.
		full := strings.Join(append(p.path[:len(p.path):len(p.path)], name), ".")
		p.types = append(p.types, labeled{full, string(typ)})
	}
	if opens(value) {
		p.path, p.sizes = append(p.path, name), append(p.sizes, len(p.members))
		p.depth++
		// A list in a list numbers its elements from 0 each time.
		if p.depth < len(p.counts) {
			p.counts[p.depth] = 0
		}
		if before := strings.TrimRight(string(bytes.TrimSpace(value)), " {["); before != "" {
			p.member(p.path, before)
		}
		return
	}
	p.member(append(p.path[:len(p.path):len(p.path)], name), string(bytes.TrimSpace(value)))
}

// member notes a member. One whose name is there already, as in a union, gets a mark behind it;
// names that the table has for other things are taken from the start.
func (p *printer) member(path []string, value string) {
	full := strings.Join(path, ".")
	if p.seen == nil {
		p.seen = map[string]bool{"text": true, "type": true, "address": true, "time": true}
	}
	for p.seen[full] {
		full += "'"
	}
	p.seen[full] = true
	p.members = append(p.members, labeled{full, value})
}

// close goes out of a structure or a list. Of one without members the name is left.
func (p *printer) close() {
	p.depth--
	if n := len(p.path); n > 0 {
		if p.sizes[n-1] == len(p.members) {
			p.member(p.path, "{}")
		}
		p.path, p.sizes = p.path[:n-1], p.sizes[:n-1]
	}
}
