package syntax

import (
	"bytes"
	"maps"
)

// A Log is what the lines of an event log have in common: leading integers (a clock, CPU, pid,
// …), a process's name that may hold blanks, a word that names the probe, and arguments:
//
//	1795376741117661993 512 my prog read:entry 4
//
// Nothing in a line says where the name ends; but probes are few and come again and again, so the
// word behind the name is found by looking at many lines.
type Log struct {
	Leading int             // how many integers lead
	Clock   bool            // the first is a wall clock in nanoseconds
	Probes  map[string]bool // words known to tell a probe
}

// LogOf finds what the lines have in common, if they are a log's. A probe is a word that is the
// second behind the integers in at least one line of a thousand: most names are one word.
func LogOf(lines [][]byte) (g Log, ok bool) {
	g.Leading = -1
	for _, l := range lines {
		if n := leadingInts(l); g.Leading < 0 || n < g.Leading {
			g.Leading = n
		}
	}
	if g.Leading < 1 {
		return g, false
	}
	type word struct {
		n     int            // how often it is the second behind the integers
		after map[string]int // what words stand behind it
	}
	words := map[string]*word{}
	for _, l := range lines {
		var ok bool
		for range g.Leading + 1 {
			_, l, ok = bytes.Cut(l, blank)
		}
		if !ok {
			continue
		}
		second, rest, _ := bytes.Cut(l, blank)
		w := words[string(second)]
		if w == nil {
			w = &word{after: map[string]int{}}
			words[string(second)] = w
		}
		w.n++
		if len(rest) > 0 && isWordStart(rest[0]) {
			third, _, _ := bytes.Cut(rest, blank)
			w.after[string(third)]++
		}
	}
	g.Probes = map[string]bool{}
	for text, w := range words {
		if w.n*1000 >= len(lines) && len(text) > 0 && isWordStart(text[0]) {
			g.Probes[text] = true
		}
	}
	// A word that others known for probes mostly follow is the end of a name.
	for text, w := range words {
		ends := 0
		for next, n := range w.after {
			if words[next] != nil {
				ends += n
			}
		}
		if 2*ends > w.n {
			delete(g.Probes, text)
		}
	}
	// Without a word that comes again, or with too many, the words are not those of probes.
	if len(g.Probes) == 0 || len(g.Probes) > 512 {
		return g, false
	}
	first, _, _ := bytes.Cut(lines[0], blank)
	_, g.Clock = EpochStamp(first)
	return g, true
}

// Same reports whether lines of one format are split like those of the other.
func (g Log) Same(o Log) bool {
	return g.Leading == o.Leading && g.Clock == o.Clock && maps.Equal(g.Probes, o.Probes)
}

var blank = []byte(" ")

// isWordStart reports whether a name of a probe may start so; numbers are arguments.
func isWordStart(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// leadingInts is how many integers a line starts with.
func leadingInts(line []byte) (n int) {
	for {
		i := bytes.IndexByte(line, ' ')
		if i < 0 {
			return n
		}
		if _, ok := Int(line[:i]); !ok {
			return n
		}
		n++
		line = line[i+1:]
	}
}

// SplitName splits what stands after the leading integers. The name reaches up to the first word
// known for a probe; where there is none, as of a probe that the sample did not have, it is one
// word.
func (g Log) SplitName(line []byte) (name, probe, args []byte, ok bool) {
	at := bytes.IndexByte(line, ' ')
	first := at
	for at >= 0 {
		rest := line[at+1:]
		end := bytes.IndexByte(rest, ' ')
		word := rest
		if end >= 0 {
			word = rest[:end]
		}
		if g.Probes[string(word)] {
			return line[:at], word, rest[min(len(word)+1, len(rest)):], true
		}
		if end < 0 {
			break
		}
		at += 1 + end
	}
	if first <= 0 {
		return nil, nil, nil, false
	}
	probe, args, _ = bytes.Cut(line[first+1:], blank)
	return line[:first], probe, args, len(probe) > 0 && isWordStart(probe[0])
}
