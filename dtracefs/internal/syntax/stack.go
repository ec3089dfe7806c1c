package syntax

import "bytes"

// A FrameKind says how sure it is that a line is a stack's frame.
type FrameKind uint8

// The kinds of lines within stacks.
const (
	NoFrame    FrameKind = iota
	MaybeFrame           // indented as frames are; a name without a module
	SureFrame            // module`symbol, or an address
	Annotation           // [ what a helper says of the frame above ]
)

// frameIndent is the least indent by which a line without a module can be a frame; dtrace moves
// frames in by 14.
const frameIndent = 10

// Frame recognizes a line of a stack and returns the frame without its indent. A name alone may
// be a key or a title, so whoever asks takes a MaybeFrame only next to a sure one.
func Frame(line []byte) (FrameKind, []byte) {
	i, wide := 0, false
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		wide = wide || line[i] == '\t'
		i++
	}
	text := line[i:]
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\t') {
		text = text[:len(text)-1]
	}
	if len(text) == 0 {
		return NoFrame, nil
	}
	wide = wide || i >= frameIndent
	switch {
	case wide && text[0] == '[' && text[len(text)-1] == ']' && len(text) > 3 && text[1] == ' ':
		return Annotation, text
	case isAddress(text), isModuleFrame(text, i):
		if SymbolCell(line) {
			return NoFrame, text
		}
		return SureFrame, text
	case wide && !looksNumeric(text):
		return MaybeFrame, text
	}
	return NoFrame, text
}

// isAddress reports whether b is a number in hexadecimal, as a frame without a symbol is.
func isAddress(b []byte) bool {
	if len(b) < 3 || b[0] != '0' || b[1] != 'x' {
		return false
	}
	_, ok := hex(b[2:])
	return ok
}

// isModuleFrame reports whether b is module`symbol. With little indent the module must
// look like a file's name, since text may hold a backtick too.
func isModuleFrame(b []byte, indent int) bool {
	tick := bytes.IndexByte(b, '`')
	if tick <= 0 || tick == len(b)-1 {
		return false
	}
	if bytes.ContainsAny(b[:tick], " \t\"'(=") {
		return false
	}
	if indent >= frameIndent {
		return true
	}
	// A symbol and then two blanks and more is a table's cell.
	return !bytes.Contains(b, []byte("  ")) && bytes.IndexByte(b[tick+1:], '`') < 0 && !bytes.Contains(b, []byte(" = "))
}

// cellWidth is how wide dtrace prints a symbol or an address that is a value of its own or a key,
// as of usym, with the two blanks before it.
const cellWidth = 52

// SymbolCell reports whether a line, a symbol or an address, is printed as a value: moved in by
// two blanks and filled up with more, which no frame is.
func SymbolCell(line []byte) bool {
	return len(line) >= cellWidth && line[len(line)-1] == ' ' && line[0] == ' ' && line[1] == ' ' && line[2] != ' '
}

// looksNumeric reports whether b is an integer, as the value under a stack is, which stands as
// far in.
func looksNumeric(b []byte) bool {
	_, _, ok := Int64(b)
	return ok
}
