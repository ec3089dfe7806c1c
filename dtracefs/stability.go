package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
)

var (
	stabilityHead    = pattern.New(`^Stability (?:attributes|data) for (?:\w+ )?(.*?):?\s*$`)
	stabilitySection = pattern.New(`^\s+((?:Minimum )?(?:Probe Description|Statement|Argument) Attributes)\s*$`)
	stabilityTypes   = pattern.New(`^\s+(?:Argument Types|None)\s*$`)
	stabilityType    = pattern.New(`^\s+args\[(\d+)\]: (.*?)\s*$`)
	stabilityPair    = pattern.New(`^\s+(Identifier Names|Data Semantics|Dependency Class):\s+(\S+)\s*$`)
)

// stability is what -v says of a script's stability, or of a probe's in a listing:
//
//	Stability attributes for script ./io.d:
//
//	        Minimum Probe Description Attributes
//	                Identifier Names: Evolving
//
// Under those of a probe stand the types of its arguments:
//
//	Argument Types
//	        args[0]: bufinfo_t *
type stability struct {
	section string // being printed
	script  string // that it tells of
	next    int    // number of the line after the last one that was taken
}

func (f *stability) take(st *station, num int, line []byte) bool {
	if m := stabilityHead.FindSubmatch(line); m != nil {
		f.script = string(m[1])
		st.free.flush()
		st.take(classTable)
		return true
	}
	if line[0] != ' ' && line[0] != '\t' {
		return false
	}
	return f.line(st, line, "")
}

// line takes a section's title, one of its attributes or an argument's type. id is the probe that
// these are of, or "" for a script, and where the probe's row is lost.
func (f *stability) line(st *station, line []byte, id string) bool {
	goesOn := f.section != "" && st.cur.Number()-st.blanks == f.next
	if goesOn && stabilityTypes.Match(line) {
		st.take(classTable)
		f.next = st.cur.Number()
		return true
	}
	if !bytes.Contains(line, []byte("Attributes")) && bytes.IndexByte(line, ':') < 0 {
		return false
	}
	if m := stabilityType.FindSubmatch(line); m != nil && goesOn {
		st.take(classTable)
		f.next = st.cur.Number()
		a := st.sheetFor("arguments", "arguments", "arguments")
		if id != "" {
			a.mapKey("id", mapKey{text: id})
		}
		a.mapKey("arg", mapKey{text: string(m[1])})
		a.text("type", m[2])
		a.end()
		return true
	}
	if m := stabilitySection.FindSubmatch(line); m != nil {
		// A line of text may read like the title of a section; it is one only with an attribute
		// below.
		if next := st.peekAfter(); next == nil || !stabilityPair.Match(plain(next)) {
			return false
		}
		st.take(classTable)
		f.section = string(m[1])
		return true
	}
	m := stabilityPair.FindSubmatch(line)
	if m == nil || f.section == "" {
		return false
	}
	st.take(classTable)
	f.next = st.cur.Number()
	s := st.sheetFor("stability", "stability", "stability")
	if id != "" {
		s.mapKey("id", mapKey{text: id})
	} else if f.script != "" {
		s.text("script", []byte(f.script))
	}
	s.text("section", []byte(f.section))
	s.text("attribute", m[1])
	s.text("value", m[2])
	s.end()
	return true
}
