// Package manifold places points in few dimensions so that what is close
// stays close.
//
// Points are the rows of a matrix, or a symmetric matrix of distances between
// them. Every embedding works for any number of points, one included; where a
// neighbor graph falls apart, the parts are placed side by side or joined, as
// each function says. Axes have a fixed sign: the entry of largest magnitude
// is positive. NaN and Inf are errors that name where they stand.
//
// # How to add an embedding
//
// It is a file with a function that takes the rows of a matrix, or a symmetric matrix of
// distances, and returns an n×d matrix. It must work for one point, for points that are all the
// same and for a neighbor graph in several parts; property tests go through these. setAxis fixes
// the sign of each axis. A test compares it with reference numbers (analysis/internal/golden) up
// to the rotation that the method leaves free. Then:
//
//	go generate ./...
//	go test ./analysis/manifold
package manifold
