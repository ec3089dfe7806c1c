// Package inner is all that the evaluator knows of the inner ways of Go, go/types, go/ssa and ixgo:
// what they promise nobody and may change in a release. Each such thing has a test of its own here,
// so that a release in which it is otherwise fails in this package and says what it was.
package inner
