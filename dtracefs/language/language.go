// Package language knows the words of the two tracers' languages, D and bpftrace's, with a line of
// documentation for each: what help while typing shows, and what a name that does not exist was
// likely meant to be.
package language

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// A Word is a name that a language gives a meaning.
type Word struct {
	Name      string
	Kind      string // "builtin", "function", "aggregation", "probe", "pragma" or "keyword"
	Signature string // how it is written
	Doc       string // one line
}

//go:embed d.txt
var dText string

//go:embed bpftrace.txt
var bpftraceText string

var (
	dWords        = sync.OnceValue(func() []Word { return read(dText) })
	bpftraceWords = sync.OnceValue(func() []Word { return read(bpftraceText) })
)

// Words returns the words of a tracer's language, "dtrace" or "bpftrace", in alphabetical order.
// They are shared: do not change them.
func Words(tracer string) []Word {
	if tracer == "dtrace" {
		return dWords()
	}
	return bpftraceWords()
}

// Find returns the word of that name.
func Find(tracer, name string) (Word, bool) {
	for _, w := range Words(tracer) {
		if w.Name == name {
			return w, true
		}
	}
	return Word{}, false
}

// read takes a table of words: kind, how it is written and documentation, apart by tabs.
func read(text string) []Word {
	var out []Word
	for line := range strings.Lines(text) {
		kind, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		signature, doc, _ := strings.Cut(rest, "\t")
		name := signature
		if i := strings.IndexAny(name, "(["); i > 0 {
			name = name[:i]
		}
		out = append(out, Word{Name: name, Kind: kind, Signature: signature, Doc: doc})
	}
	slices.SortFunc(out, func(a, b Word) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// said is what a name of one tracer's language is called in the other's.
var said = []struct{ d, bpftrace string }{
	{"execname", "comm"}, {"timestamp", "nsecs"}, {"probefunc", "func"}, {"quantize", "hist"}, {"lquantize", "lhist"},
	{"stack", "kstack"}, {"copyinstr", "str"}, {"stringof", "str"}, {"printa", "print"}, {"trunc", "clear"},
	{"walltimestamp", "strftime"}, {"uregs", "reg"}, {"curthread", "curtask"}, {"zonename", "cgroup"},
	{"args", "args"}, {"vtimestamp", "elapsed"}, {"probename", "probe"}, {"tick-1s", "interval"}, {"profile", "profile"},
}

// Suggest returns the words that a name which the language does not know was likely meant to be:
// the one that the other tracer calls so, then those written alike.
func Suggest(tracer, name string) []string {
	var out []string
	for _, s := range said {
		if tracer == "bpftrace" && s.d == name && s.bpftrace != name {
			out = append(out, s.bpftrace)
		}
		if tracer == "dtrace" && s.bpftrace == name && s.d != name {
			out = append(out, s.d)
		}
	}
	var names []string
	for _, w := range Words(tracer) {
		names = append(names, w.Name)
	}
	for _, n := range Nearest(name, names, 3) {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Nearest returns at most n of the names that differ the least from one, nearest first and none
// much farther: by edits, where two letters in each other's place are one, and not more than a
// third of the letters.
func Nearest(name string, among []string, n int) []string {
	type near struct {
		name     string
		distance int
	}
	var found []near
	for _, other := range among {
		if d, ok := Distance(name, other); ok && d > 0 {
			found = append(found, near{other, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, f := range found {
		if len(out) < n && f.distance <= found[0].distance+1 && !slices.Contains(out, f.name) {
			out = append(out, f.name)
		}
	}
	return out
}

// Distance is the number of edits between two names, and whether they are so few that one may have
// been meant by the other: at most a third of its letters, or one.
func Distance(a, b string) (edits int, near bool) {
	most := max(1, len(a)/3)
	edits = distance(a, b, most)
	return edits, edits <= most
}

// distance is the number of edits between two names (Damerau 1964, of adjacent letters only), or
// more than most.
func distance(a, b string, most int) int {
	if d := len(b) - len(a); d > most || -d > most {
		return most + 1
	}
	var older []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		least := next[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], older[j-1]+1)
			}
			least = min(least, next[j+1])
		}
		if least > most {
			return most + 1
		}
		older, row = row, next
	}
	return row[len(b)]
}
