package dtracefs

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// The marks that a text may start with to say how it is encoded.
var (
	utf8Mark  = []byte("\xef\xbb\xbf")
	utf16Mark = map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian}
)

// asUTF8 returns the text of r in UTF-8 and without a byte order mark. PowerShell writes UTF-16
// with one where `>` leads to a file, and editors of Windows put one before UTF-8; any other text
// goes through as it is.
func asUTF8(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(len(utf8Mark))
	if bytes.Equal(head, utf8Mark) {
		_, err := r.Discard(len(head))
		return r, err
	}
	if len(head) >= 2 {
		if order := utf16Mark[string(head[:2])]; order != nil {
			_, err := r.Discard(2)
			return &utf16Reader{r: r, order: order}, err
		}
	}
	// A text shorter than a mark, or one that is cut, shows itself when it is read.
	if err != nil && len(head) == 0 && err != io.EOF {
		return nil, err
	}
	return r, nil
}

// A utf16Reader reads UTF-16 as UTF-8. Half of a pair that stands alone, and a last byte that is
// half of a unit, become U+FFFD.
type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	text  []byte // in UTF-8, not read yet
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) == 0 && u.err == nil {
		u.fill()
	}
	n := copy(p, u.text)
	u.text = u.text[n:]
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, u.err
}

// fill decodes some more units.
func (u *utf16Reader) fill() {
	u.text = u.text[:0]
	for len(u.text) < 32<<10 {
		v, ok := u.unit()
		if !ok {
			return
		}
		if utf16.IsSurrogate(v) {
			// Only a pair is read further: the next unit may be a character of its own.
			pair := rune(utf8.RuneError)
			if next, err := u.r.Peek(2); err == nil {
				pair = utf16.DecodeRune(v, rune(u.order.Uint16(next)))
			}
			if pair != utf8.RuneError {
				u.r.Discard(2)
			}
			v = pair
		}
		u.text = utf8.AppendRune(u.text, v)
	}
}

// unit reads the next unit; ok is false at the end.
func (u *utf16Reader) unit() (v rune, ok bool) {
	var b [2]byte
	n, err := io.ReadFull(u.r, b[:])
	switch {
	case err == nil:
		return rune(u.order.Uint16(b[:])), true
	case n == 1:
		u.text = utf8.AppendRune(u.text, utf8.RuneError)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
	}
	u.err = err
	return 0, false
}
