package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// joinFrames is a stack as the key of a map: no frame holds a zero byte.
func joinFrames(frames []string) string { return strings.Join(frames, "\x00") }

// foldedLine is a folded stack: frames from the root to the leaf, and how often it was
// seen after the last blank. Its leaf may be empty, as that of a waker that is not known.
var foldedLine = pattern.New(`^[^;\t]\S*.*(?:[^\s;]|;[^;]+;) \d+$`)

// stamped is what a line starts with that has a number or a time before its words.
var stamped = pattern.New(`^[\d:.]+ +\D`)

// isFolded reports whether the first lines all are folded stacks, and one at least has two
// frames. One frame is only a name and a number, which any table may have, so half of the lines
// must have two; in a long text one line is enough, as all others at least look alike. A root
// with two blanks in it is a row of a table with a semicolon further on, and so is one that starts
// with a number or a time.
func isFolded(head []byte) bool {
	cur := syntax.NewCursor(head)
	several, n := 0, 0
	for !cur.Done() && n < 50 {
		line, terminated := cur.Next()
		line = bytes.TrimPrefix(plain(line), []byte("^C"))
		if syntax.Blank(line) || !terminated && cur.Done() && n > 0 || ellipsis.Match(line) {
			continue
		}
		n++
		if !foldedLine.Match(line) {
			return false
		}
		root, _, ok := bytes.Cut(line, []byte(";"))
		if stamped.Match(root) {
			return false
		}
		if ok && !bytes.Contains(root, []byte("  ")) {
			several++
		}
	}
	return several > 0 && several*2 >= n || several > 0 && n > 10
}

// folded decodes folded stacks, one to a line, and turns them around: stacks of all tables have
// their leaf first.
func folded(d *decoder, cur *syntax.Cursor) {
	s := d.sheetFor("folded", "folded", "stacks")
	stack, depth, value := s.col("stack", Stack), s.col("depth", Int), s.col("value", Int)
	for !cur.Done() {
		num, from := cur.Number(), cur.Offset()
		line, _ := cur.Next()
		size := cur.Offset() - from
		if syntax.Blank(line) {
			d.account(classBlank, size)
			continue
		}
		if rest, glued := bytes.CutPrefix(line, []byte("^C")); glued || ellipsis.Match(line) {
			// What a terminal printed when it was interrupted, and what someone left out.
			kind, said := "interrupt", line[:len(line)-len(rest)]
			if !glued {
				kind, said, rest = "elided", line, nil
			}
			d.notice(num, kind, said, 0)
			d.accountLines(classNotice, 0, size-len(rest))
			if line, size = rest, len(rest); syntax.Blank(line) {
				d.accountLines(classNotice, 1, size)
				continue
			}
		}
		frames, v, unsigned, ok := syntax.LastInt(bytes.TrimRight(plain(line), " "))
		// The column is one of signed integers, in which a larger count would become a negative
		// one.
		if !ok || unsigned {
			d.account(classUnparsed, size)
			d.unparsed(num, line)
			continue
		}
		d.account(classTable, size)
		list := strings.Split(string(frames), ";")
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
		stack.appendStack(list)
		depth.appendInt(int64(len(list)))
		value.appendInt(v)
		s.n++
	}
}
