// Package xkcd draws as if by hand: [Wrap] turns any vg.Canvas of gonum/plot into one whose lines
// wobble and part where they cross, with handwritten letters; [Plot] draws any gonum plot so.
//
// The wobble is matplotlib's sketch filter, number for number; see [Sketch]. It depends on nothing
// but what is drawn: the same picture gives the same bytes on one processor
// architecture.
//
// The letters are Comic Neue, embedded under the SIL Open Font License 1.1 (OFL.txt).
package xkcd
