// Package oracle holds cells against compiled Go: what a program prints as cells of a notebook is
// what it prints when Go compiles it. It makes programs for that, of which compiled Go and the
// notebook say what they print; its tests run those, programs written for the purpose, and the
// examples of other packages.
package oracle
