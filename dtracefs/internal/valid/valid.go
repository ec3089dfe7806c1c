// Package valid makes text fit for formats that take UTF-8 only.
package valid

import (
	"fmt"
	"unicode/utf8"
)

// UTF8 returns s with every byte that is not UTF-8 spelled as \xNN.
func UTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b []byte
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b = fmt.Appendf(b, `\x%02x`, s[0])
		} else {
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return string(b)
}
