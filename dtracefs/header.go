package dtracefs

import "dtnotes/dtracefs/internal/syntax"

// headers are the headers that dtrace prints by itself. What a header says of the rows under it
// holds until the next one.
type headers struct{}

func (headers) take(st *station, num int, line []byte) bool {
	h := syntax.ParseHeader(line)
	if h == syntax.NoHeader {
		return false
	}
	// The lines gathered so far stood above the header, so their tables come before those below it.
	st.free.flush()
	st.take(classTable)
	st.mode = h
	return true
}
