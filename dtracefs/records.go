package dtracefs

import "dtnotes/dtracefs/internal/syntax"

// printedRecords are what bpftrace prints of a record alone on its line, `{ .pid = 12, .comm = nginx }`.
type printedRecords struct{}

func (printedRecords) take(st *station, num int, line []byte) bool {
	v, ok := syntax.ParseRecord(line)
	if !ok {
		return false
	}
	st.free.flush()
	st.take(classTable)
	st.block++
	m := st.maps.of(st.decoder, "value", "value", ", ")
	m.entries = append(m.entries, mapEntry{moment: st.moment, block: st.block, fields: jsonFields(nil, "", v)})
	return true
}
