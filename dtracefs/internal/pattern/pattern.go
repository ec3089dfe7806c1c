// Package pattern compiles regular expressions when they are first needed. Every process of a
// notebook links what decodes captures, and most of them decode none: all expressions together
// would be a tenth of the processor's time that a session takes to start, and half a megabyte in
// each.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression in the syntax of package regexp. Its methods are those of
// regexp.Regexp of the same names.
type Pattern struct {
	expression func() *regexp.Regexp
}

// New returns the pattern. One that does not compile panics when it is first used.
func New(expression string) Pattern {
	return Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

func (p Pattern) Match(b []byte) bool              { return p.expression().Match(b) }
func (p Pattern) MatchString(s string) bool        { return p.expression().MatchString(s) }
func (p Pattern) Find(b []byte) []byte             { return p.expression().Find(b) }
func (p Pattern) FindSubmatch(b []byte) [][]byte   { return p.expression().FindSubmatch(b) }
func (p Pattern) FindSubmatchIndex(b []byte) []int { return p.expression().FindSubmatchIndex(b) }
func (p Pattern) FindStringSubmatch(s string) []string {
	return p.expression().FindStringSubmatch(s)
}
func (p Pattern) FindAllString(s string, n int) []string { return p.expression().FindAllString(s, n) }
func (p Pattern) FindAllSubmatch(b []byte, n int) [][][]byte {
	return p.expression().FindAllSubmatch(b, n)
}
func (p Pattern) FindAllSubmatchIndex(b []byte, n int) [][]int {
	return p.expression().FindAllSubmatchIndex(b, n)
}
func (p Pattern) ReplaceAll(src, repl []byte) []byte { return p.expression().ReplaceAll(src, repl) }
func (p Pattern) ReplaceAllString(src, repl string) string {
	return p.expression().ReplaceAllString(src, repl)
}
func (p Pattern) Split(s string, n int) []string { return p.expression().Split(s, n) }
