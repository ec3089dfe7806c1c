package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
)

var (
	stabilityHead    = pattern.New(`^Stability (?:attributes|data) for (?:\w+ )?(.*?):?\s*$`)
	stabilitySection = pattern.New(`^\s+((?:Minimum )?(?:Probe Description|Statement|Argument) Attributes)\s*$`)
	stabilityPair    = pattern.New(`^\s+(Identifier Names|Data Semantics|Dependency Class):\s+(\S+)\s*$`)
)

// stability is what -v says of a script's stability, or of a probe's in a listing:
//
//	Stability attributes for script ./io.d:
//
//	        Minimum Probe Description Attributes
//	                Identifier Names: Evolving
type stability struct {
	section string // being printed
	script  string // that it tells of
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

// line takes a section's title or one of its attributes. id is the probe that these are of, or ""
// for a script.
func (f *stability) line(st *station, line []byte, id string) bool {
	if !bytes.Contains(line, []byte("Attributes")) && bytes.IndexByte(line, ':') < 0 {
		return false
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
