// Package cluster groups points by how alike they are and judges groupings.
//
// Labels are integers from 0, a cluster each; -1 marks noise where an
// algorithm knows such a thing. Every algorithm is deterministic: those that
// draw random numbers take a seed, and ties are broken by index. NaN and Inf
// are errors that name where they stand. Whatever may run long takes a
// context and stops soon after it is done.
package cluster
