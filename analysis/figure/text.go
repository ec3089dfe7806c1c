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

// A piece of a name is kept or left out as a whole: a letter with the marks on it, or an escape,
// half of which would be read as something else.
type piece struct {
	text  string
	width int // in characters as they are drawn
}

// pieces parts text that was made visible.
func pieces(s string) []piece {
	var out []piece
	for len(s) > 0 {
		n := len(likeEscape.FindString(s))
		width := n
		if n == 0 {
			r, size := utf8.DecodeRuneInString(s)
			n, width = size, canvas.Characters(r)
			if len(out) > 0 && width == 1 && unicode.Is(unicode.M, r) {
				out[len(out)-1].text += s[:n]
				s = s[n:]
				continue
			}
		}
		out = append(out, piece{s[:n], width})
		s = s[n:]
	}
	return out
}

func join(ps []piece) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.text)
	}
	return b.String()
}

// fitting returns how many pieces from the first on take at most n characters together.
func fitting(ps []piece, n int) int {
	for i, p := range ps {
		if n -= p.width; n < 0 {
			return i
		}
	}
	return len(ps)
}

// fittingEnd returns the first of those pieces at the end that take at most n characters together.
func fittingEnd(ps []piece, n int) int {
	i := len(ps)
	for i > 0 && ps[i-1].width <= n {
		i--
		n -= ps[i].width
	}
	return i
}

// shorten keeps at most n characters of s, those at its ends, with an ellipsis between: names of
// what runs side by side often start alike and differ at the end.
func shorten(s string, n int) string {
	ps := pieces(s)
	if fitting(ps, n) == len(ps) {
		return s
	}
	tail := (n - 1) / 2
	from, to := fitting(ps, n-1-tail), fittingEnd(ps, tail)
	if from == 0 && to == len(ps) {
		from = 1 // nothing but an ellipsis would be no name
	}
	return join(ps[:from]) + "…" + join(ps[to:])
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
		first := map[string]int{}
		var distinct []int
		for _, i := range members {
			if _, ok := first[names[i]]; !ok {
				first[names[i]] = i
				distinct = append(distinct, i)
			}
		}
		if len(distinct) > 1 {
			tellApart(names, out, distinct, n)
		}
		for _, i := range members {
			out[i] = out[first[names[i]]]
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
	of := make([][]piece, len(members))
	for k, i := range members {
		of[k] = pieces(names[i])
	}
	differ := len(of[0])
	for _, ps := range of[1:] {
		k := 0
		for k < min(len(ps), differ) && ps[k] == of[0][k] {
			k++
		}
		differ = min(differ, k)
	}
	// The name consists of three parts and two ellipses: the beginning, the place where the names
	// differ, and the end.
	part := max(2, (n-2)/3)
	for k, i := range members {
		ps := of[k]
		from := max(0, min(differ-1, fittingEnd(ps, part)))
		if from < differ && from+fitting(ps[from:], part) <= differ {
			from = min(differ, len(ps)) // what stands before is too wide to be shown, too
		}
		to := min(len(ps), max(from+fitting(ps[from:], part), differ+1))
		out[i] = join(ps[:min(from, fitting(ps, part))]) + "…" + join(ps[from:to])
		if rest := max(to, fittingEnd(ps, part)); rest < len(ps) {
			out[i] += "…" + join(ps[rest:])
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
