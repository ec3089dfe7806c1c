// Package manifold places points in few dimensions so that what is close
// stays close.
//
// Points are the rows of a matrix, or a symmetric matrix of distances between
// them. Every embedding works for any number of points, one included; where a
// neighbor graph falls apart, the parts are placed side by side or joined, as
// each function says. Axes have a fixed sign: the entry of largest magnitude
// is positive. NaN and Inf are errors that name where they stand.
package manifold
