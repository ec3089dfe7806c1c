package dtracefs

import (
	"bytes"
	"regexp"
)

var (
	stabilityHead    = regexp.MustCompile(`^Stability (?:attributes|data) for (?:\w+ )?(.*?):?\s*$`)
	stabilitySection = regexp.MustCompile(`^\s+((?:Minimum )?(?:Probe Description|Statement|Argument) Attributes)\s*$`)
	stabilityPair    = regexp.MustCompile(`^\s+(Identifier Names|Data Semantics|Dependency Class):\s+(\S+)\s*$`)
)

// stability takes a line of what -v tells of a script's stability.
func (t *text) stability(num int, line []byte) bool {
	if line[0] == 'S' && stabilityHead.Match(line) {
		t.flushFree()
		t.take(classTable)
		return true
	}
	if line[0] != ' ' && line[0] != '\t' {
		return false
	}
	return t.stabilityLine(line, -1)
}

// stabilityLine takes a section's title or one of its attributes. id is the probe that it
// tells of, or -1 for a script.
func (t *text) stabilityLine(line []byte, id int64) bool {
	if !bytes.Contains(line, []byte("Attributes")) && bytes.IndexByte(line, ':') < 0 {
		return false
	}
	if m := stabilitySection.FindSubmatch(line); m != nil {
		t.take(classTable)
		t.section = string(m[1])
		return true
	}
	m := stabilityPair.FindSubmatch(line)
	if m == nil || t.section == "" {
		return false
	}
	t.take(classTable)
	s := t.sheet("stability", "stability", "stability")
	if id >= 0 {
		s.int("id", id, false)
	}
	s.text("section", []byte(t.section))
	s.text("attribute", m[1])
	s.text("value", m[2])
	s.end()
	return true
}
