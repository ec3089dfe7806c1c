package dtracefs

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns a name as it may be shown to people. Names are foreign text: a process
// may call itself what clears a terminal or turns the text behind it around. Control
// characters, the marks that change the direction of text, what is invisible, and bytes that
// are not UTF-8 are spelled as \n, \x1b, \u202e and so on; all else stays as it is.
func Printable(name string) string {
	if plainASCII(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, name[0])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x100 && unicode.IsControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsGraphic(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case !unicode.IsGraphic(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}

// PrintableLines is [Printable] for each line of a text.
func PrintableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = Printable(l)
	}
	return strings.Join(lines, "\n")
}

// plainASCII is the quick answer for nearly all names.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
