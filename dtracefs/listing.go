package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// A listing is what `dtrace -l` prints: a row for each probe and what -v says of it:
//
//	  ID   PROVIDER            MODULE                          FUNCTION NAME
//	1234    syscall                                                 read entry
type listing struct {
	attributes stability
}

func (f *listing) take(st *station, num int, line []byte) bool {
	// Under the header any row that has the words counts; names may overflow their columns
	// there.
	if st.mode != syntax.ListHeader && !isListRow(line) {
		return false
	}
	p, ok := syntax.ParseProbeRow(line)
	if !ok {
		return st.mode == syntax.ListHeader && f.detail(st, line)
	}
	st.free.flush()
	st.take(classTable)
	s := st.sheetFor("probes", "probes", "probes")
	// The number says which probe the arguments and attributes of -v belong to.
	s.mapKey("id", mapKey{text: string(p.ID)})
	s.text("provider", p.Provider)
	s.text("module", p.Module)
	s.text("function", p.Function)
	s.text("name", p.Name)
	s.end()
	// A row in exact columns stands for the header that was lost. Rows after it may overflow
	// theirs.
	if st.mode == syntax.NoHeader {
		st.mode = syntax.ListHeader
	}
	return true
}

// isListRow recognizes a listing's row in its exact columns, where the header is lost.
func isListRow(line []byte) bool {
	// dtrace prints `%5d %10s %17s %33s %s`: four columns set to the right, with a blank behind
	// each.
	const idEnd, providerEnd, moduleEnd, functionEnd = 5, 16, 34, 68
	if len(line) <= functionEnd+1 || line[functionEnd] != ' ' || line[moduleEnd] != ' ' || line[providerEnd] != ' ' || line[idEnd] != ' ' {
		return false
	}
	_, isID := syntax.Int(bytes.TrimSpace(line[:idEnd]))
	provider := bytes.TrimSpace(line[idEnd:providerEnd])
	name := bytes.TrimRight(line[functionEnd+1:], " ")
	return isID && line[idEnd-1] != ' ' && line[providerEnd-1] != ' ' && len(provider) > 0 && provider[0] >= 'A' && !bytes.Contains(provider, []byte(" ")) &&
		len(name) > 0 && !bytes.Contains(name, []byte(" ")) && !isNumber(name)
}

// detail takes a line of what -v tells of the last probe.
func (f *listing) detail(st *station, line []byte) bool {
	s := st.byKey["probes"]
	if s == nil || s.n == 0 || line[0] != ' ' && line[0] != '\t' {
		return false
	}
	// The lines under a probe are of the one that was filed last.
	id := s.index["id"].Text(s.n - 1)
	return f.attributes.line(st, line, id)
}
