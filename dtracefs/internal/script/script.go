// Package script reads D and bpftrace scripts as far as they tell what a capture's lines
// mean: the formats of printf and printa with their arguments, and the aggregations with
// their keys. It does not check scripts.
package script

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
)

// A Script is what a script prints. It is read for hints alone: what a line of the capture looks
// like decides first, and what the script does not say is found without it.
type Script struct {
	Formats      []*Format
	Aggregations []Aggregation

	printed []string        // what printa prints without a format, in the order of the script
	joint   []jointPrint    // each printa without a format that prints several in one row
	texts   []string        // what formats write that are no line of their own
	lines   map[string]bool // what it prints without any value, by the words with a blank between
	opaque  bool            // it prints what nothing tells
}

// Foreign reports whether the script cannot have printed a line that is none of its formats' and
// none of an aggregation's: what is traced wrote it, then. It is sure only where all that the
// script prints is known: trace() or join() may print anything.
func (s *Script) Foreign(line []byte) bool {
	if s.opaque {
		return false
	}
	// Words of a format that writes no whole line may stand in any line.
	for _, t := range s.texts {
		if bytes.Contains(line, []byte(t)) {
			return false
		}
	}
	return true
}

// Heads reports whether the script prints words as they are, on a line of their own, and prints as
// many columns; or one less, where a word stands over a time that it prints elsewhere. Such a line
// is the heading of those columns.
func (s *Script) Heads(words []string, timed bool) bool {
	return s.lines[strings.Join(words, " ")] && slices.ContainsFunc(s.Formats, func(f *Format) bool {
		return len(f.Columns) == len(words) || timed && len(f.Columns) == len(words)-1
	})
}

// literal returns what a format prints whose arguments are strings in quotes, if any.
func literal(text string, args []string) (printed string, ok bool) {
	var values []any
	for _, a := range args {
		v, err := strconv.Unquote(a)
		if err != nil {
			return "", false
		}
		values = append(values, v)
	}
	for _, c := range conversions.FindAllString(text, -1) {
		if verb := c[len(c)-1]; verb != 's' && verb != '%' {
			return "", false
		}
	}
	printed = fmt.Sprintf(text, values...)
	return printed, !strings.Contains(printed, "%!")
}

// Printed returns the aggregations with as many keys that are printed without a format, those
// that are distributions or the others, in the order in which the script prints them; those that
// it does not print come last, as dtrace does it at its end. For each number of keys,
// aggregations are told by this order, as their prints look alike.
func (s *Script) Printed(keys int, histogram bool) (list []Aggregation) {
	for _, a := range s.Aggregations {
		if len(a.Keys) == keys && a.Histogram() == histogram && a.Function != "" {
			list = append(list, a)
		}
	}
	turn := func(a Aggregation) int {
		if i := slices.Index(s.printed, a.Name); i >= 0 {
			return i
		}
		return len(s.printed)
	}
	slices.SortStableFunc(list, func(a, b Aggregation) int { return turn(a) - turn(b) })
	return list
}

// A jointPrint is a printa of several aggregations, in a clause.
type jointPrint struct {
	names  []string
	clause string
}

// Joint returns the aggregations that one printa without a format prints side by side, in rows of
// so many keys and values, and its clause; nil where no printa does, or where such a row may be of
// one aggregation.
func (s *Script) Joint(cells int) (list []Aggregation, clause string) {
	if len(s.joint) == 0 || len(s.Printed(cells-1, false)) > 0 {
		return nil, ""
	}
	for _, j := range s.joint {
		names := j.names
		list = list[:0]
		for _, a := range s.Aggregations {
			if !a.Histogram() && slices.Contains(names, a.Name) {
				list = append(list, a)
			}
		}
		if len(list) == len(names) && len(list[0].Keys)+len(list) == cells {
			slices.SortFunc(list, func(a, b Aggregation) int { return slices.Index(names, a.Name) - slices.Index(names, b.Name) })
			return list, j.clause
		}
	}
	return nil, ""
}

// An Aggregation is an aggregation or map as it is first assigned to.
type Aggregation struct {
	Name     string   // with the @
	Keys     []string // expressions
	Function string   // such as count or quantize; "" for a plain assignment

	words []map[int]string // of each assignment, the keys that are words in quotes
}

// ByWords reports whether the script assigns to the aggregation under words only, which tell it
// from others.
func (a Aggregation) ByWords() bool {
	return !slices.ContainsFunc(a.words, func(words map[int]string) bool { return len(words) == 0 })
}

// Holds reports whether the aggregation may hold a value under such keys: where the script assigns
// to it under words, they are those words.
func (a Aggregation) Holds(keys []string) bool {
	return slices.ContainsFunc(a.words, func(words map[int]string) bool {
		for i, w := range words {
			if i >= len(keys) || keys[i] != w {
				return false
			}
		}
		return true
	})
}

// wordsOf returns which of the keys are words in quotes.
func wordsOf(keys []string) map[int]string {
	words := map[int]string{}
	for i, k := range keys {
		if w, err := strconv.Unquote(k); err == nil && k[0] == '"' {
			words[i] = w
		}
	}
	return words
}

// Histogram reports whether the aggregation prints as a histogram.
func (a Aggregation) Histogram() bool {
	switch a.Function {
	case "quantize", "lquantize", "llquantize", "hist", "lhist":
		return true
	}
	return false
}

// #define SHOW(s) printf("%s: %d\n", s, strlen(s))
var printingMacro = pattern.New(`(?m)^#\s*define\s.*\b(?:printf?|printa|trace(?:mem)?)\s*\(`)

// Parse reads a script. Whatever it does not know it passes over, so that scripts of any version,
// and such as do not compile, are read as far as they go. It has no grammar: braces say where
// clauses are, and the names of a few functions what they print.
func Parse(src string) *Script {
	// What a macro prints is not known, as it is not expanded.
	s := &Script{lines: map[string]bool{}, opaque: printingMacro.MatchString(src)}
	p := parser{src: stripComments(src)}
	index := map[string]int{}       // of the aggregations, by their names
	depth, head, clause := 0, 0, "" // the braces that are open, where the clause starts, its probes
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == '"':
			p.str()
		case c == '{':
			if depth == 0 {
				clause = probesOf(p.src[head:p.at])
			}
			depth++
			p.at++
		// Declarations before a clause end in a semicolon and are none of its probes.
		case c == '}' || c == ';' && depth == 0:
			depth = max(depth-1, 0)
			if p.at++; depth == 0 {
				head = p.at
			}
		case c == '@':
			// The first assignment counts: a second one, such as a clear, has as many keys.
			if a, ok := p.aggregation(); ok {
				at, seen := index[a.Name]
				if !seen {
					at = len(s.Aggregations)
					index[a.Name] = at
					s.Aggregations = append(s.Aggregations, a)
				}
				first := &s.Aggregations[at]
				first.words = append(first.words, wordsOf(a.Keys))
			}
		case isWord(c):
			switch p.word() {
			case "printf", "printa":
				p.print(s, clause)
			case "print":
				p.value(s)
			case "trace", "tracemem", "join", "cat":
				s.opaque = true
			case "sym", "func", "mod", "usym", "ufunc", "umod", "uaddr":
				// As a name, of a probe or of a member, it prints nothing.
				if p.space(); p.at < len(p.src) && p.src[p.at] == '(' {
					s.opaque = true
				}
			}
		default:
			p.at++
		}
	}
	for _, f := range s.Formats {
		f.nameColumns(s.Aggregations)
	}
	return s
}

// stripComments blanks comments and preprocessor lines. All offsets and lines stay where they
// are. A slash in a string starts none.
func stripComments(src string) string {
	b := []byte(src)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			for i++; i < len(b) && b[i] != '"' && b[i] != '\n'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case b[i] == '/' && i+1 < len(b) && (b[i+1] == '*' || b[i+1] == '/'):
			end := "\n"
			if b[i+1] == '*' {
				end = "*/"
			}
			n := strings.Index(string(b[i+2:]), end)
			to := len(b)
			if n >= 0 {
				to = i + 2 + n
				if end == "*/" {
					to += 2
				}
			}
			blank(i, to)
			i = to - 1
		case b[i] == '#' && (i == 0 || b[i-1] == '\n'):
			n := strings.IndexByte(string(b[i:]), '\n')
			if n < 0 {
				n = len(b) - i
			}
			blank(i, i+n)
		}
	}
	return string(b)
}

// A parser reads on at a place in the source.
type parser struct {
	src string
	at  int
}

// isWord reports whether c may stand in a name.
func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// word reads a name, which may be empty.
func (p *parser) word() string {
	start := p.at
	for p.at < len(p.src) && isWord(p.src[p.at]) {
		p.at++
	}
	return p.src[start:p.at]
}

// space goes past blanks.
func (p *parser) space() {
	for p.at < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.at]) >= 0 {
		p.at++
	}
}

// str reads a string in quotes. One with escapes that Go does not know stays as it is written.
func (p *parser) str() string {
	start := p.at
	for p.at++; p.at < len(p.src) && p.src[p.at] != '"'; p.at++ {
		if p.src[p.at] == '\\' {
			p.at++
		}
	}
	p.at = min(p.at+1, len(p.src))
	text := p.src[start:p.at]
	if s, err := strconv.Unquote(text); err == nil {
		return s
	}
	return strings.Trim(text, `"`)
}

// list reads expressions up to the bracket that closes the one at hand. Commas within brackets or
// strings part nothing.
func (p *parser) list() (items []string) {
	p.at++
	start, depth := p.at, 0
	for p.at < len(p.src) {
		switch c := p.src[p.at]; {
		case c == '"':
			p.str()
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case (c == ')' || c == ']' || c == '}') && depth > 0:
			depth--
		case c == ')' || c == ']' || c == '}':
			if item := strings.TrimSpace(p.src[start:p.at]); item != "" || len(items) > 0 {
				items = append(items, item)
			}
			p.at++
			return items
		case c == ',' && depth == 0:
			items = append(items, strings.TrimSpace(p.src[start:p.at]))
			start = p.at + 1
		}
		p.at++
	}
	return items
}

// aggregation reads `@name[keys] = function(…)`. Without an assignment it is a use of it, and not
// ok.
func (p *parser) aggregation() (a Aggregation, ok bool) {
	p.at++
	a.Name = "@" + p.word()
	p.space()
	if p.at < len(p.src) && p.src[p.at] == '[' {
		a.Keys = p.list()
		p.space()
	}
	if p.at >= len(p.src) || p.src[p.at] != '=' || strings.HasPrefix(p.src[p.at:], "==") {
		return a, false
	}
	p.at++
	p.space()
	name := p.word()
	p.space()
	if p.at < len(p.src) && p.src[p.at] == '(' {
		a.Function = name
	}
	return a, true
}

// probesOf returns the probes that stand before a clause's predicate and body. A slash within a
// probe, as in an offset or a path, has no blank before it.
func probesOf(head string) string {
	for i := 1; i < len(head); i++ {
		if head[i] == '/' && strings.IndexByte(" \t\r\n", head[i-1]) >= 0 {
			head = head[:i]
		}
	}
	return strings.Join(strings.Fields(head), " ")
}

// value reads the argument of bpftrace's print: a map, which has a form of its own, or a value
// that prints as anything.
func (p *parser) value(s *Script) {
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != '(' {
		return
	}
	if args := p.list(); len(args) > 0 && !strings.HasPrefix(args[0], "@") {
		s.opaque = true
	}
}

// print reads the arguments of printf or printa in a clause. A format that makes lines of its own
// is kept as such; of others the words are kept, to know that a line may be the script's; and
// where there are not even words, nothing is known of what it prints.
func (p *parser) print(s *Script, clause string) {
	p.space()
	if p.at >= len(p.src) || p.src[p.at] != '(' {
		return
	}
	args := p.list()
	if len(args) == 1 && strings.HasPrefix(args[0], "@") {
		s.printed = append(s.printed, args[0])
	}
	if len(args) > 1 && !slices.ContainsFunc(args, func(a string) bool { return !strings.HasPrefix(a, "@") }) {
		s.joint = append(s.joint, jointPrint{args, clause})
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], `"`) {
		return
	}
	text, err := strconv.Unquote(args[0])
	if err != nil {
		return
	}
	if printed, ok := literal(text, args[1:]); ok {
		for line := range strings.Lines(printed) {
			if words := strings.Fields(line); len(words) > 0 {
				s.texts = append(s.texts, strings.TrimSpace(line))
				s.lines[strings.Join(words, " ")] = true
			}
		}
		return
	}
	f := newFormat(text, args[1:])
	if f != nil {
		f.Clause = clause
		s.Formats = append(s.Formats, f)
	}
	if f != nil && !f.Vague() {
		return
	}
	some := false
	for _, part := range conversions.Split(text, -1) {
		for _, line := range strings.Split(part, "\n") {
			if line = strings.TrimSpace(line); len(line) >= 3 {
				s.texts = append(s.texts, line)
				some = true
			}
		}
	}
	s.opaque = s.opaque || !some && strings.Contains(text, "%") && strings.TrimSpace(text) != "%Y"
}

var conversions = pattern.New(`%[-+ #0-9.*@hlLwz]*[A-Za-z%]`)
