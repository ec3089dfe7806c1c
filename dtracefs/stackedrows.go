package dtracefs

import (
	"bytes"
	"slices"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// stackedRows are lines each of which has a stack under it, as bcc and bpftrace's tools print
// them, and stacks that bpftrace printed alone. The lines themselves are rows of a table, or
// text:
//
//	TIME     PID    COMM
//	10:00:01 12     nginx
//	        vfs_read+0x1
//	        ksys_read+0x5f
type stackedRows struct{}

// symbolFrame is a symbol with an offset, maybe behind an address and before a module;
// moduleFrame a symbol with its module in brackets; addressFrame an address alone. Only the first
// looks like nothing else.
var (
	//  ffffffff8120b1c0 vfs_read+0x1 ([kernel.kallsyms])   symbolFrame
	//  vfs_read [kernel]                                   moduleFrame
	//  7f2b3c4d5e6f                                        addressFrame
	symbolFrame = pattern.New(`^(?:[0-9a-f]{8,16} )?\S(?:[^\s]|, | )*?\+(?:0x)?[0-9a-f]+(?: [(\[].*[)\]])?$`)
	moduleFrame = pattern.New(`^[\w.$@~:<>*&,()-]+ \[[a-z][\w./-]*\]$`)
	//  @ 0000000000406dd0 std::mutex::lock()              numberedFrame, of bcc's deadlock
	numberedFrame = pattern.New(`^@ ([0-9a-f]{16} \S.*?)\s*$`)
	addressFrame  = pattern.New(`^(?:0x[0-9a-f]{1,16}|[0-9a-f]{8,16})$`)
)

// frameUnder returns the frame of a stack that a script printed; sure says that nothing else
// looks so. It stands moved in by four blanks or a tab, or has an offset.
func frameUnder(line []byte) (frame []byte, sure, ok bool) {
	if m := numberedFrame.FindSubmatch(line); m != nil {
		return m[1], true, true
	}
	if line[0] != ' ' && line[0] != '\t' || syntax.SymbolCell(line) {
		return nil, false, false
	}
	if function, ok := syntax.FtraceFrame(line); ok && bytes.IndexByte(function, ' ') < 0 {
		return function, true, true
	}
	text := bytes.TrimSpace(line)
	offset := bytes.Contains(text, []byte("+0x")) && bytes.IndexByte(text, ' ') < 0
	if line[0] == ' ' && len(line)-len(bytes.TrimLeft(line, " ")) < 4 && !offset && string(text) != "[unknown]" || bytes.Contains(text, []byte("  ")) {
		return nil, false, false
	}
	if symbolFrame.Match(text) && len(bytes.Fields(text)) <= 4 {
		return text, true, true
	}
	// An address of decimal digits alone may as well be a value.
	return text, false, string(text) == "[unknown]" || moduleFrame.Match(text) || addressFrame.Match(text) && bytes.ContainsAny(text, "abcdefx")
}

// file takes the whole paragraph: the frames are hung under the lines above them, and those lines
// are filed as if they had stood one under the other.
func (stackedRows) file(st *station, lines []textLine) int {
	// What other forms leave of a paragraph without frames has none either. It is not gone through
	// each time, as they may be many.
	last := &lines[len(lines)-1]
	last.frameless = last.frameless || !slices.ContainsFunc(lines, func(l textLine) bool {
		_, _, ok := frameUnder(l.text)
		return ok
	})
	if last.frameless {
		return 0
	}
	sure, others := false, 0
	names := framesOfNames(lines)
	frameOf := func(l textLine) (frame []byte, sure, ok bool) {
		if frame, sure, ok = frameUnder(l.text); !ok && names && indentOf(l.text) > 0 {
			return bytes.TrimSpace(l.text), false, true
		}
		return frame, sure, ok
	}
	for _, l := range lines {
		_, yes, ok := frameOf(l)
		sure = sure || yes && ok
		if ok {
			others++
		}
	}
	// A single line that may be a frame may be anything; two under each other are hardly chance.
	if !sure && others < 2 {
		return 0
	}
	var heads []textLine
	var alone []string // frames with no line above them
	for _, l := range lines {
		frame, _, ok := frameOf(l)
		switch n := len(heads); {
		case !ok:
			l.frames = nil
			heads = append(heads, l)
			continue
		case n == 0:
			alone = append(alone, string(frame))
		default:
			heads[n-1].frames = append(heads[n-1].frames, string(frame))
		}
		st.account(classTable, l.size)
	}
	if alone != nil {
		s := st.sheetFor("stacks alone", "stacks", "stacks")
		st.context(s)
		s.open("stack", Stack).appendStack(alone)
		s.int("depth", int64(len(alone)), false)
		s.end()
	}
	if len(heads) == 0 {
		return len(lines)
	}
	f := st.free
	for len(heads) > 0 {
		n := f.tables.file(st, heads)
		if n == 0 {
			break
		}
		heads = heads[n:]
	}
	if len(heads) == 0 {
		return len(lines)
	}
	for _, l := range heads {
		st.account(classTable, l.size)
	}
	// Lines with a stack and lines without are those of two printfs.
	for len(heads) > 0 {
		n := slices.IndexFunc(heads, func(l textLine) bool { return (l.frames == nil) != (heads[0].frames == nil) })
		if n < 0 {
			n = len(heads)
		}
		switch {
		case heads[0].frames == nil:
			f.rows("", heads[:n])
		case !f.shaped("", false, heads[:n]):
			f.prose(heads[:n])
		}
		heads = heads[n:]
	}
	return len(lines)
}

// framesOfNames reports whether what is moved in under the lines of a paragraph are stacks whose
// frames are names alone, as of a process whose symbols have no offsets: the lines at the margin
// are a heading and its rows, those under them are moved in by as much each, can all be frames, and
// one of them is surely one.
//
//	COMM    PID   FUNC
//	nginx   1617  database_write
//	    Provider::set(std::string const&)
//	    [unknown]
func framesOfNames(lines []textLine) bool {
	first := slices.IndexFunc(lines, func(l textLine) bool { return indentOf(l.text) > 0 })
	// Above the first frame stand the heading and a row, or rows without stacks.
	if first < 2 || !isHeading(lines[0].text, marginLines(lines[1:min(len(lines), sampleRows)]), false) {
		return false
	}
	indent, sure := indentOf(lines[first].text), false
	for _, l := range lines[first:] {
		at := indentOf(l.text)
		if at == 0 {
			continue
		}
		if _, _, ok := frameUnder(l.text); ok {
			sure = true
		} else if !isBareFrame(bytes.TrimSpace(l.text)) {
			return false
		}
		if at != indent || at < 4 && l.text[0] == ' ' {
			return false
		}
	}
	return sure
}

// marginLines are the lines that are not moved in.
func marginLines(lines []textLine) []textLine {
	return slices.DeleteFunc(slices.Clone(lines), func(l textLine) bool { return indentOf(l.text) > 0 })
}
