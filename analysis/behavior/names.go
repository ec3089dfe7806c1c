package behavior

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"dtnotes/analysis"
)

// Legible spells the bytes of a name that are not UTF-8 in the way of \xff: a behavior is saved as
// JSON, which can hold UTF-8 alone, and must find its sources again.
func Legible(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, name[0])
		} else {
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}

// legibleSeries is a series with names that can be saved; the same one where they all can.
func legibleSeries(s *analysis.Series) *analysis.Series {
	if s == nil {
		return s
	}
	var out *analysis.Series
	for i, name := range s.Names {
		if utf8.ValidString(name) {
			continue
		}
		if out == nil {
			clone := *s
			clone.Names = append([]string(nil), s.Names...)
			out = &clone
		}
		out.Names[i] = Legible(name)
	}
	if out == nil {
		return s
	}
	return out
}

// legibleBucket is a bucket with names that can be saved; the same one where they all can. Counts
// of names that are spelled alike afterwards add up.
func legibleBucket(b Bucket) Bucket {
	for name := range b.Counts {
		if utf8.ValidString(name) {
			continue
		}
		counts := make(map[string]float64, len(b.Counts))
		for name, v := range b.Counts {
			counts[Legible(name)] += v
		}
		b.Counts = counts
		break
	}
	return b
}
