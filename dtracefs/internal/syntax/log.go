package syntax

import (
	"bytes"
	"maps"
)

// A Log is what the lines of an event log have in common: leading integers (a clock, CPU,
// pid, …), a process's name that may hold blanks, a word that tells the probe, and
// arguments.
type Log struct {
	Leading int             // how many integers lead
	Clock   bool            // the first is a wall clock in nanoseconds
	Probes  map[string]bool // words known to tell a probe
}

// LogOf finds what the lines have in common, if they are a log's.
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
	counts := map[string]int{}
	after := map[[2]string]int{} // a word and the one behind it
	for _, l := range lines {
		w := bytes.SplitN(l, blank, g.Leading+4)
		if len(w) > g.Leading+1 {
			counts[string(w[g.Leading+1])]++
		}
		if len(w) > g.Leading+2 && len(w[g.Leading+2]) > 0 && isWordStart(w[g.Leading+2][0]) {
			after[[2]string{string(w[g.Leading+1]), string(w[g.Leading+2])}]++
		}
	}
	g.Probes = map[string]bool{}
	for w, n := range counts {
		if n*1000 >= len(lines) && len(w) > 0 && isWordStart(w[0]) {
			g.Probes[w] = true
		}
	}
	// A word that others known for probes mostly follow is the end of a name.
	ends := map[string]int{}
	for pair, n := range after {
		if counts[pair[1]] > 0 {
			ends[pair[0]] += n
		}
	}
	for w, n := range ends {
		if 2*n > counts[w] {
			delete(g.Probes, w)
		}
	}
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

func isWordStart(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

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

// Split splits a line of the log and fills leading. The name reaches up to the first word
// known for a probe; where there is none it is one word.
func (g Log) Split(line []byte, leading []int64) (name, probe, args []byte, ok bool) {
	for i := range g.Leading {
		at := bytes.IndexByte(line, ' ')
		if at < 0 {
			return nil, nil, nil, false
		}
		if leading[i], ok = Int(line[:at]); !ok {
			return nil, nil, nil, false
		}
		line = line[at+1:]
	}
	return g.SplitName(line)
}

// SplitName splits what stands after the leading integers.
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
