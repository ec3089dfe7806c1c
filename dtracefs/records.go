package dtracefs

import (
	"bytes"
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// printedRecords are what bpftrace prints of a record or a tuple alone on its line, `{ .pid = 12,
// .comm = nginx }`.
type printedRecords struct{}

func (printedRecords) take(st *station, num int, line []byte) bool {
	v, ok := syntax.ParseRecord(line)
	if !ok || v.Kind == '[' && !slices.ContainsFunc(v.Members, func(m syntax.JSON) bool { return m.Kind != '"' }) && bytes.Count(line, []byte(" ")) >= len(v.Members) {
		return false // sentences in brackets are a remark
	}
	st.free.flush()
	st.take(classTable)
	st.block++
	m := st.maps.of(st.decoder, "value", "value", ", ")
	m.entries = append(m.entries, mapEntry{moment: st.moment, block: st.block, fields: jsonFields(nil, "", v)})
	return true
}
