package syntax

import (
	"bytes"
	"encoding/binary"
)

// A Cursor walks over the lines of a text. A line's end, LF or CRLF, is not part of it. A cursor
// is a small value: whoever wants to look ahead copies it, walks on with the copy, and either
// throws that away or takes it over.
type Cursor struct {
	data  []byte
	pos   int
	num   int
	ended func() bool // asked each so many lines; nil for a text that is read whole
}

// NewCursor returns a cursor before the first line of data.
func NewCursor(data []byte) *Cursor { return &Cursor{data: data, num: 1} }

// NewCursorAt is [NewCursor] for text whose first line has that number.
func NewCursorAt(data []byte, line int) *Cursor { return &Cursor{data: data, num: line} }

// Until has the text end early, after a line, once ended says so, and returns c. It is asked
// every 1,024 lines, so that asking costs nothing and the text ends within a moment. Whoever
// reads the text then sees an ordinary end.
func (c *Cursor) Until(ended func() bool) *Cursor {
	c.ended = ended
	return c
}

// Done reports whether no line is left. Peek may be called at the end too; the line is empty
// then.
func (c *Cursor) Done() bool { return c.pos >= len(c.data) }

// Offset returns the offset in bytes of the next line.
func (c *Cursor) Offset() int { return c.pos }

// Number returns the number of the next line, counted from 1.
func (c *Cursor) Number() int { return c.num }

// Rest returns the text from the next line on. It shares the bytes, as do the lines.
func (c *Cursor) Rest() []byte { return c.data[c.pos:] }

// Next returns the next line and goes past it. Terminated is false for a last line that
// has no end.
func (c *Cursor) Next() (line []byte, terminated bool) {
	rest := c.data[c.pos:]
	c.num++
	i := bytes.IndexByte(rest, '\n')
	if i < 0 {
		c.pos = len(c.data)
		return rest, false
	}
	c.pos += i + 1
	if c.ended != nil && c.num%1024 == 0 && c.ended() {
		c.data = c.data[:c.pos]
	}
	if i > 0 && rest[i-1] == '\r' {
		return rest[:i-1], true
	}
	return rest[:i], true
}

// Peek returns the next line without going past it.
func (c *Cursor) Peek() []byte {
	saved := *c
	line, _ := c.Next()
	*c = saved
	return line
}

// Skip goes past n bytes of the next line, whose rest is the next line then. The number of the
// line stays: both parts are of one line.
func (c *Cursor) Skip(n int) { c.pos += n }

// SkipEmpty goes past the empty lines that end in LF and returns how many they are. Next would do
// the same, but tracers print very many of them.
func (c *Cursor) SkipEmpty() (n int) {
	n = EmptyLines(c.data[c.pos:])
	c.pos, c.num = c.pos+n, c.num+n
	return n
}

// EmptyLines is how many empty lines that end in LF a text starts with.
func EmptyLines(text []byte) (n int) {
	const eight = 0x0a0a0a0a0a0a0a0a
	for len(text)-n >= 8 && binary.LittleEndian.Uint64(text[n:]) == eight {
		n += 8
	}
	for n < len(text) && text[n] == '\n' {
		n++
	}
	return n
}
