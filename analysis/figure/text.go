package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes a name fit for a label: bytes that are no text and control characters show as
// escapes, as process names may hold any.
func visible(s string) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsControl(r):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// shorten keeps at most n characters of s.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// si writes a number with three figures and the usual letter for a power of 1000.
func si(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Sprint(v)
	case a == 0:
		return "0"
	case a < 1e-3:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case a < 999.5:
		return trim(strconv.FormatFloat(v, 'f', decimals(a), 64))
	}
	for _, u := range []struct {
		unit float64
		name string
	}{{1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}} {
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
