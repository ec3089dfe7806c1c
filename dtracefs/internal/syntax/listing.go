package syntax

import "bytes"

// A Probe is a row of `dtrace -l`.
type Probe struct {
	ID                               []byte // digits, or XX where a test hides them
	Provider, Module, Function, Name []byte
}

// The columns of `dtrace -l`: `%5s %10s %17s %33s %s`, each of which may overflow.
var listWidths = [...]int{5, 10, 17, 33}

// ParseProbeRow splits a row of a listing. Module and function may be empty, the function may
// hold blanks, and fields that are longer than their columns push the rest to the right. The name
// is the last word, as names hold no blanks.
func ParseProbeRow(line []byte) (p Probe, ok bool) {
	text := bytes.TrimLeft(line, " ")
	i := bytes.IndexByte(text, ' ')
	if i < 0 {
		return p, false
	}
	p.ID = text[:i]
	if _, ok := Int(p.ID); !ok && string(p.ID) != "XX" {
		return p, false
	}
	at := len(line) - len(text) + i
	rest := line[at:]
	p.Provider, rest = rightField(rest, listWidths[1])
	if len(p.Provider) == 0 {
		return p, false
	}
	p.Module, rest = rightField(rest, listWidths[2])
	rest = bytes.TrimRight(rest, " ")
	last := bytes.LastIndexByte(rest, ' ')
	if last < 0 {
		return p, false
	}
	p.Function, p.Name = bytes.TrimSpace(rest[:last]), rest[last+1:]
	return p, len(p.Name) > 0
}

// rightField splits a field that is right-aligned in width columns after a blank. A field of
// blanks is empty. That is why a row is cut from the left, field by field: each starts where the
// one before ends, wherever that is.
func rightField(b []byte, width int) (field, rest []byte) {
	if len(b) == 0 {
		return nil, nil
	}
	n := 1 + width
	if n >= len(b) {
		n = len(b)
	} else if b[n] != ' ' {
		// It overflows, or the header was widened: it ends at the next blank after text.
		i := bytes.IndexFunc(b, func(r rune) bool { return r != ' ' })
		if i < 0 {
			return nil, nil
		}
		if i > width {
			return nil, b[n:]
		}
		j := bytes.IndexByte(b[i:], ' ')
		if j < 0 {
			return b[i:], nil
		}
		return b[i : i+j], b[i+j:]
	}
	return bytes.TrimSpace(b[:n]), b[n:]
}
