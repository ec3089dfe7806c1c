package figure

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"dtnotes/analysis/internal/canvas"
)

// visible makes a name fit for a label, so that names that differ look different. Process names may
// hold any bytes: those that are no text, and characters that do not show or that change the order
// of others, are written as escapes. What looks like such an escape has its backslash doubled. The
// empty name is written as "".
func visible(s string) string {
	if s == "" {
		return `""`
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\' && likeEscape.MatchString(s[i:]):
			b.WriteString(`\\`)
		// A blank at either end would not be seen, and two names would look the same.
		case r == ' ' && (i == 0 || i == len(s)-1):
			b.WriteString(`\x20`)
		case r != ' ' && !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// likeEscape is text that visible would write for something else.
var likeEscape = regexp.MustCompile(`^\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[abfnrtv\\])`)

func allVisible(names []string) []string {
	out := make([]string, len(names))
	for i, s := range names {
		out[i] = visible(s)
	}
	return out
}

// shorten keeps at most n characters of s, those at its ends, with an ellipsis between: names of
// what runs side by side often start alike and differ at the end. Characters are counted, not
// bytes, which might cut one in two.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	tail := (n - 1) / 2
	return string(r[:n-1-tail]) + "…" + string(r[len(r)-tail:])
}

// labels returns names as they are drawn: made visible, and of at most n characters, except for
// what is needed to distinguish those that would otherwise look the same. In these, the middle part
// is where they differ. Names that are the same, or look the same as letters of two scripts may,
// are numbered.
func labels(names []string, n int) []string {
	out := make([]string, len(names))
	same := map[string][]int{}
	for i, s := range names {
		out[i] = shorten(s, n)
		same[out[i]] = append(same[out[i]], i)
	}
	for _, members := range same {
		// They look alike because they were shortened, and not because they are the same.
		if len(members) > 1 && out[members[0]] != names[members[0]] {
			tellApart(names, out, members, n)
		}
	}
	seen := map[string]int{}
	for i := range out {
		looks := canvas.Looks(out[i])
		if seen[looks]++; seen[looks] > 1 {
			number := " (%d)"
			// From right to left, a number belongs to the word before it unless a letter is first.
			if canvas.RightToLeft(out[i]) {
				number = " (no. %d)"
			}
			out[i] += fmt.Sprintf(number, seen[looks])
		}
	}
	return out
}

// tellApart shortens the members' names around where they differ first.
func tellApart(names, out []string, members []int, n int) {
	first := []rune(names[members[0]])
	differ := len(first)
	for _, i := range members[1:] {
		k := 0
		for r := []rune(names[i]); k < min(len(r), differ) && r[k] == first[k]; k++ {
		}
		differ = min(differ, k)
	}
	// The name consists of three parts and two ellipses: the beginning, the place where the names
	// differ, and the end.
	part := max(2, (n-2)/3)
	for _, i := range members {
		r := []rune(names[i])
		from := max(0, min(differ-1, len(r)-part))
		out[i] = string(r[:min(part, from)]) + "…" + string(r[from:min(len(r), from+part)])
		if rest := max(from+part, len(r)-part); rest < len(r) {
			out[i] += "…" + string(r[rest:])
		}
	}
}

// si writes a number with three digits and the usual letter for a power of 1000.
func si(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Sprint(v)
	case a == 0:
		return "0"
	case a < 1e-3:
		return strconv.FormatFloat(v, 'g', 2, 64)
	// What would be rounded to 1000 gets the next letter.
	case a < 999.5:
		return trim(strconv.FormatFloat(v, 'f', decimals(a), 64))
	}
	for _, u := range []struct {
		unit float64
		name string
	}{{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}, {1e18, "E"}} {
		if x := v / u.unit; math.Abs(x) < 999.5 {
			return trim(strconv.FormatFloat(x, 'f', decimals(math.Abs(x)), 64)) + u.name
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func decimals(a float64) int {
	return max(0, 2-int(math.Floor(math.Log10(a))))
}

func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// nice rounds v to 1, 2 or 5 times a power of ten, down.
func nice(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	switch f := v / p; {
	case f >= 5-1e-9:
		return 5 * p
	case f >= 2-1e-9:
		return 2 * p
	}
	return p
}

// plural writes a count with its noun.
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}
