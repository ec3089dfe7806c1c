package canvas

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
	"gonum.org/v1/plot/font"
)

// shape returns the characters of text as they stand from left to right, all of which f or the
// sans-serif face has: one that neither has shows as an escape, such as \u4e2d, never as a box that
// could be any.
func shape(f font.Face, text string) []rune {
	out := []rune(text)
	// Most text is ASCII, and every face has that.
	plain := true
	for _, r := range out {
		plain = plain && r < 0x7f
	}
	if plain {
		return out
	}
	for i := 0; i < len(out); i++ {
		if r := out[i]; r >= 0x7f && !drawable(f, r) {
			escape := escapeOf(r)
			out = slices.Replace(out, i, i+1, []rune(escape)...)
			i += len(escape) - 1
		}
	}
	return visual(out) // escapes are read from left to right, whatever they stand for
}

func escapeOf(r rune) string {
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Characters returns how many characters are drawn for r: one, or those of its escape.
func Characters(r rune) int {
	if r < 0x7f || drawable(Sans(10, false), r) {
		return 1
	}
	return len(escapeOf(r))
}

// drawable reports whether there is a glyph for r in f or in the sans-serif face, which stands in
// for it.
func drawable(f font.Face, r rune) bool {
	var buf sfnt.Buffer
	if i, err := f.Face.GlyphIndex(&buf, r); err == nil && i != 0 {
		return true
	}
	i, err := fallback(f).Face.GlyphIndex(&buf, r)
	return err == nil && i != 0
}

// Looks returns the same for texts that look the same in the sans-serif face, though they differ:
// letters of two scripts may share a shape, one character may stand for several, as a ligature or
// an ellipsis does, a letter with its marks may be one character or some, and where text runs from
// right to left, another order may look alike.
func Looks(text string) string {
	var single strings.Builder
	for _, r := range norm.NFC.String(text) {
		if several := norm.NFKC.String(string(r)); utf8.RuneCountInString(several) > 1 {
			single.WriteString(several)
		} else {
			single.WriteRune(r)
		}
	}
	h := fnv.New128a()
	f := Sans(10, false)
	for _, r := range shape(f, single.String()) {
		_, g := lookup(f, r)
		fmt.Fprintln(h, g.advance)
		for _, c := range g.path {
			fmt.Fprintln(h, c.Type, c.Pos, c.Control)
		}
	}
	return string(h.Sum(nil))
}

var rightToLeft = []*unicode.RangeTable{unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan, unicode.Mandaic, unicode.Adlam}

// RightToLeft reports whether some letter of text belongs to a script that runs from right to left.
func RightToLeft(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, rightToLeft...) })
}

// visual puts text whose lines run from left to right in the order in which it is seen: stretches
// from one letter of a script that runs from right to left to the last one, or number, before a
// letter of another are turned around, but for the numbers in them and the marks on their
// letters. This is the bidirectional algorithm (Unicode Standard Annex 9) for text without levels
// or marks of its own.
func visual(text []rune) []rune {
	for i := 0; i < len(text); i++ {
		if !unicode.In(text[i], rightToLeft...) {
			continue
		}
		end := i + 1
		for j := i + 1; j < len(text) && (!unicode.IsLetter(text[j]) || unicode.In(text[j], rightToLeft...)); j++ {
			if unicode.In(text[j], rightToLeft...) || unicode.Is(unicode.Mn, text[j]) || unicode.IsDigit(text[j]) {
				end = j + 1
			}
		}
		// A bracket that opens among such letters closes among them.
		for open := brackets(text[i:end]); open > 0 && end < len(text) && strings.ContainsRune(")]}", text[end]); open-- {
			end++
		}
		turn(text[i:end])
		i = end - 1
	}
	return text
}

// brackets is how many brackets text opens but does not close.
func brackets(text []rune) int {
	open := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("([{", r):
			open++
		case strings.ContainsRune(")]}", r):
			open = max(0, open-1)
		}
	}
	return open
}

// turn reverses text that runs from right to left.
func turn(text []rune) {
	slices.Reverse(text)
	for i := 0; i < len(text); {
		j := i + 1
		switch {
		case unicode.IsDigit(text[i]):
			for j < len(text) && (unicode.IsDigit(text[j]) || j+1 < len(text) && (text[j] == '.' || text[j] == ',') && unicode.IsDigit(text[j+1])) {
				j++
			}
			slices.Reverse(text[i:j])
		case unicode.Is(unicode.Mn, text[i]): // marks come before their letter now
			for j < len(text) && unicode.Is(unicode.Mn, text[j]) {
				j++
			}
			if j < len(text) {
				j++
			}
			slices.Reverse(text[i:j])
		default:
			if m, ok := mirrored[text[i]]; ok {
				text[i] = m
			}
		}
		i = j
	}
}

var mirrored = map[rune]rune{'(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«'}
