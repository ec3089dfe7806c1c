package syntax

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// A JSON is a value of a JSON text. Objects keep the order of their members, and members of one
// name are all there: a capture must be seen as it was printed, which maps of Go would not show.
type JSON struct {
	Kind    byte     // '{', '[', '"', '0' (number), 't', 'f', 'n' or, where dots stand for it, 'e'
	Text    string   // of a string, unescaped, or a number, as written
	Names   []string // of an object's members
	Members []JSON   // of an object or a list
}

// Get returns an object's member, or a value of Kind 0.
func (j JSON) Get(name string) JSON {
	// Of several members of one name the first counts, as it is the first that was printed.
	for i, n := range j.Names {
		if n == name {
			return j.Members[i]
		}
	}
	return JSON{}
}

// ParseJSON reads the value that b starts with and returns the offset behind it. Strings may hold
// the escapes that bpftrace 0.17 writes for bytes from 0x80 on, such as \uffffffc3, and bytes
// that are not UTF-8, both of which encoding/json refuses or replaces. With an error comes what
// was read before it.
func ParseJSON(b []byte) (v JSON, end int, err error) {
	p := jsonParser{b: b}
	v, err = p.value(0)
	return v, p.pos, err
}

// ParseExcerpt is [ParseJSON] for what documentation shows: dots stand for what it leaves
// out, and commas or closing brackets may be missing or too many.
func ParseExcerpt(b []byte) (v JSON, end int, err error) {
	p := jsonParser{b: b, excerpt: true}
	v, err = p.value(0)
	return v, p.pos, err
}

// maxJSONDepth bounds how deep values are nested, as each level is a call.
const maxJSONDepth = 512

// A jsonParser reads on at pos. With excerpt, it forgives what documentation leaves out.
type jsonParser struct {
	b       []byte
	pos     int
	excerpt bool
}

// fail is an error at the place at hand.
func (p *jsonParser) fail(what string) error {
	return fmt.Errorf("JSON at byte %d: %s", p.pos, what)
}

// space goes past blanks and returns the byte behind them, 0 at the end of the text.
func (p *jsonParser) space() byte {
	for p.pos < len(p.b) {
		switch c := p.b[p.pos]; c {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return c
		}
	}
	return 0
}

// value reads any value. A number stays as it is written, since its digits may be more than a
// float keeps.
func (p *jsonParser) value(depth int) (JSON, error) {
	if depth > maxJSONDepth {
		return JSON{}, p.fail("nested too deeply")
	}
	c := p.space()
	switch {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		s, err := p.str()
		return JSON{Kind: '"', Text: s}, err
	// The digits are not checked against the grammar: a tracer that prints 1.5.2 has printed it,
	// and whoever makes a number of it sees that it is none.
	case c == '-' || c >= '0' && c <= '9':
		start := p.pos
		for p.pos < len(p.b) && isNumberByte(p.b[p.pos]) {
			p.pos++
		}
		return JSON{Kind: '0', Text: string(p.b[start:p.pos])}, nil
	}
	if c == '.' && p.elided() {
		return JSON{Kind: 'e'}, nil
	}
	for _, word := range []string{"true", "false", "null"} {
		if len(p.b)-p.pos >= len(word) && string(p.b[p.pos:p.pos+len(word)]) == word {
			p.pos += len(word)
			return JSON{Kind: word[0]}, nil
		}
	}
	// The caller looks at the offset to see that the text was cut, and not broken.
	if p.pos >= len(p.b) {
		return JSON{}, p.fail("ends in the middle of a value")
	}
	return JSON{}, p.fail(fmt.Sprintf("unexpected %q", c))
}

// elided goes past the dots that stand for what was left out, and past a remark in parentheses
// behind them, as in "... (12 more)". One dot is none.
func (p *jsonParser) elided() bool {
	start := p.pos
	for p.excerpt && p.pos < len(p.b) && p.b[p.pos] == '.' {
		p.pos++
	}
	if p.pos-start < 2 {
		return false
	}
	if bytes.HasPrefix(p.b[p.pos:], []byte(" (")) {
		if i := bytes.IndexByte(p.b[p.pos:], ')'); i >= 0 {
			p.pos += i + 1
		}
	}
	return true
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// object reads on behind the opening brace. A member that was cut is there as far as it goes.
func (p *jsonParser) object(depth int) (JSON, error) {
	v := JSON{Kind: '{'}
	p.pos++
	if p.space() == '}' {
		p.pos++
		return v, nil
	}
	const few = 4
	v.Names, v.Members = make([]string, 0, few), make([]JSON, 0, few)
	for {
		if c := p.space(); c == '.' && p.elided() {
			if done, err := p.next('}'); done || err != nil {
				return v, err
			}
			continue
		} else if c != '"' {
			return v, p.fail("member has no name")
		}
		name, err := p.str()
		if err != nil {
			return v, err
		}
		if p.space() != ':' {
			return v, p.fail("member has no value")
		}
		p.pos++
		member, err := p.value(depth + 1)
		if err == nil || member.Kind != 0 {
			v.Names, v.Members = append(v.Names, name), append(v.Members, member)
		}
		if err != nil {
			return v, err
		}
		if done, err := p.next('}'); done || err != nil {
			return v, err
		}
	}
}

// list reads on behind the opening bracket.
func (p *jsonParser) list(depth int) (JSON, error) {
	v := JSON{Kind: '['}
	p.pos++
	if p.space() == ']' {
		p.pos++
		return v, nil
	}
	for {
		member, err := p.value(depth + 1)
		if err == nil || member.Kind != 0 {
			v.Members = append(v.Members, member)
		}
		if err != nil {
			return v, err
		}
		if done, err := p.next(']'); done || err != nil {
			return v, err
		}
	}
}

// next goes past a comma or the end of an object or list.
func (p *jsonParser) next(end byte) (done bool, err error) {
	c := p.space()
	switch {
	case c == ',':
		p.pos++
		if p.excerpt && p.space() == end {
			p.pos++
			return true, nil
		}
		return false, nil
	case c == end:
		p.pos++
		return true, nil
	// The comma is missing.
	case p.excerpt && (c == '"' || c == '{' || c == '.'):
		return false, nil
	// The other kind of bracket closes what is around this one: it stays.
	case p.excerpt && (c == '}' || c == ']'):
		return true, nil
	}
	return false, p.fail(fmt.Sprintf("neither ',' nor %q", end))
}

// str reads a string. One without escapes, as most are, is copied at once.
func (p *jsonParser) str() (string, error) {
	p.pos++
	start := p.pos
	for i := start; i < len(p.b); i++ {
		switch p.b[i] {
		case '"':
			p.pos = i + 1
			return string(p.b[start:i]), nil
		case '\\':
			return p.escaped(start, i)
		}
	}
	p.pos = len(p.b)
	return "", p.fail("ends in the middle of a string")
}

// escaped reads on a string from the first backslash in it, at i. An escape that JSON does not
// have stands for its letter.
func (p *jsonParser) escaped(start, i int) (string, error) {
	out := append([]byte(nil), p.b[start:i]...)
	for i < len(p.b) {
		c := p.b[i]
		if c == '"' {
			p.pos = i + 1
			return string(out), nil
		}
		if c != '\\' || i+1 >= len(p.b) {
			out = append(out, c)
			i++
			continue
		}
		c = p.b[i+1]
		i += 2
		switch c {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			out, i = p.unicode(out, i)
		default:
			out = append(out, c)
		}
	}
	p.pos = len(p.b)
	return "", p.fail("ends in the middle of a string")
}

// unicode appends what the escape whose digits start at i stands for, and returns where the text
// goes on. bpftrace 0.17 prints a byte such as 0xc3 as a negative number, of which the last two
// of eight digits are the byte: \uffffffc3. What is no escape at all stays as it is.
func (p *jsonParser) unicode(out []byte, i int) ([]byte, int) {
	if i+8 <= len(p.b) && string(p.b[i:i+6]) == "ffffff" {
		if v, ok := hex(p.b[i+6 : i+8]); ok && v >= 0x80 {
			return append(out, byte(v)), i + 8
		}
	}
	if i+4 > len(p.b) {
		return append(out, 'u'), i
	}
	v, ok := hex(p.b[i : i+4])
	if !ok {
		return append(out, 'u'), i
	}
	i += 4
	// Two escapes make one character beyond 16 bits; half of a pair alone becomes U+FFFD.
	if utf16.IsSurrogate(rune(v)) && i+6 <= len(p.b) && p.b[i] == '\\' && p.b[i+1] == 'u' {
		if low, ok := hex(p.b[i+2 : i+6]); ok {
			if r := utf16.DecodeRune(rune(v), rune(low)); r != utf8.RuneError {
				return utf8.AppendRune(out, r), i + 6
			}
		}
	}
	return utf8.AppendRune(out, rune(v)), i
}

// hex reads hexadecimal digits, of which the last eight count.
func hex(b []byte) (v uint32, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			v = v<<4 | uint32(c-'a'+10)
		case c >= 'A' && c <= 'F':
			v = v<<4 | uint32(c-'A'+10)
		default:
			return 0, false
		}
	}
	return v, true
}
