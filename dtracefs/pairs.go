package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/pattern"
)

// pair finds `name: value` or `name = value` several times in a line, where two blanks and more
// part them; pairLine is a whole line of one pair, whose value may hold anything; wordPair is
// words and a number, "context switches  1234".
var (
	pair     = pattern.New(`([A-Za-z_@%$][\w /()*.\[\]%#-]*?)\s*[:=]\s*([^\s:=](?:[^:=]*?[^\s:=])?)\s*(?:\s{2,}|$)`)
	pairLine = pattern.New(`^\s*([A-Za-z_@%$][^:=]*?)\s*[:=]\s+(\S.*?)\s*$`)
	lonePair = pattern.New(`^\s*@?[A-Za-z_][\w.>\[\]-]*(?: = |=)[^\s=]\S*\s*$`)
	wordPair = pattern.New(`^\s*([A-Za-z][A-Za-z ()/_-]*?)\s+(-?\d[\d.]*)\s*$`)
)

// pairsOf splits a line of names and values, `name: value` once or several times; nil if it is
// none. A sentence with a colon in it is none.
func pairsOf(line []byte) (pairs [][2][]byte) {
	if isSentenceLike(line) {
		return nil
	}
	pairs = splitPairs(line)
	for _, p := range pairs {
		if !isPairName(p[0]) || p[1][len(p[1])-1] == ';' {
			return nil // the latter is a statement of a program
		}
	}
	return pairs
}

// isPairName reports whether what stands before a colon can name a value: a few words, and all
// brackets and quotes that open in it close again.
func isPairName(name []byte) bool {
	words := bytes.Fields(name)
	// Numbers side by side are cells of a row.
	for i := 1; i < len(words); i++ {
		if isNumber(words[i]) && isNumber(words[i-1]) {
			return false
		}
	}
	if len(words) > 6 || bytes.Count(name, []byte(`"`))%2 != 0 || bytes.Count(name, []byte("'"))%2 != 0 {
		return false
	}
	for _, b := range []string{"()", "[]", "{}"} {
		if bytes.Count(name, []byte(b[:1])) != bytes.Count(name, []byte(b[1:])) {
			return false
		}
	}
	return true
}

// splitPairs splits a line by the first way that covers all of it: no word may be left between.
func splitPairs(line []byte) (pairs [][2][]byte) {
	rest := bytes.TrimSpace(line)
	at := 0
	for _, m := range pair.FindAllSubmatchIndex(rest, -1) {
		if len(bytes.TrimSpace(rest[at:m[0]])) > 0 {
			pairs = nil
			break
		}
		pairs = append(pairs, [2][]byte{rest[m[2]:m[3]], rest[m[4]:m[5]]})
		at = m[1]
	}
	if pairs != nil && at == len(rest) {
		return pairs
	}
	for _, mark := range []string{"=", ": "} {
		if lead, pairs := markedPairs(rest, mark); lead == nil && len(pairs) > 1 {
			return pairs
		}
	}
	for _, re := range []pattern.Pattern{pairLine, wordPair} {
		if m := re.FindSubmatch(line); m != nil {
			return [][2][]byte{{m[1], m[2]}}
		}
	}
	return nil
}

// pairs files lines of names and values, if seven of ten are such. Lines among them that are none
// are text. A few names that come again and again, as in `read: 12` on every other line, are rows
// instead.
func (f *freeText) pairs(title string, lines []textLine) bool {
	// Reports are short; patterns over long text take long.
	if len(lines) > 10000 {
		return false
	}
	all := make([][][2][]byte, len(lines))
	names := map[string]bool{}
	n, hits := 0, 0
	for i, l := range lines {
		if len(l.text) > 1000 {
			return false
		}
		all[i] = pairsOf(l.text)
		for _, p := range all[i] {
			names[string(p[0])] = true
			n++
		}
		if all[i] != nil {
			hits++
		}
	}
	lone := len(lines) == 1 && lonePair.Match(lines[0].text)
	repeats := len(names) > 0 && n/len(names) > 1
	if hits*10 < len(lines)*7 || len(names) < 2 && !lone || repeats && len(names)*2 <= n && len(names) < 4 {
		return false
	}
	s := f.st.sheetFor("pairs", "pairs", "pairs")
	s.inferred = true
	f.paired = true
	for i, l := range lines {
		if all[i] == nil {
			f.prose([]textLine{l})
		}
		for _, p := range all[i] {
			f.st.context(s)
			if title != "" {
				s.text("label", []byte(title))
			}
			s.text("name", bytes.TrimSpace(p[0]))
			// Of `12 KB` the value is 12, so that the column can be one of numbers.
			value, unit := p[1], []byte(nil)
			if f := bytes.Fields(p[1]); len(f) == 2 && isNumber(f[0]) && !isNumber(f[1]) {
				value, unit = f[0], f[1]
			}
			s.text("value", value)
			if unit != nil {
				s.text("unit", unit)
			}
			s.end()
		}
	}
	f.adjacent.sheet = nil
	return true
}

// tellPairs says once, where a process ended that was traced from its start, that names and values
// in lines of their own may be what it printed: without the script nothing tells them from the
// script's.
func (f *freeText) tellPairs(num int) {
	f.flush()
	if f.paired && !f.pairsTold {
		f.pairsTold = true
		f.st.notice(num, "not-told-apart", []byte("a command was traced, and what it printed stands among what the script did: with the script beside, "+
			"the table pairs would hold the script's alone"), 0)
	}
}
