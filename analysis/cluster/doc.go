// Package cluster groups points by how similar they are, and judges groupings.
//
// Labels are integers from 0, one for each cluster; -1 marks noise if an algorithm knows such a
// thing. Every algorithm is deterministic: those that draw random numbers take a seed, and ties are
// broken by index. NaN and Inf are errors that name where they stand. Whatever may run long takes a
// context and stops soon after it is done.
//
// # How to add an algorithm
//
// It is a file with a function that takes distances, affinities or points as a gonum matrix and
// returns labels, or a struct with labels and what else it found. checkDistances and its like say
// what is wrong with an input, by row and column. Random numbers come from math/rand/v2 with the
// seed of its options. A test compares it with reference numbers of another implementation
// (analysis/internal/golden), or with its definition, written in the plainest and slowest way. A
// function in the Cluster of analysis.Options gives it what it needs of a model. These commands
// make it available in cells:
//
//	go generate ./...
//	go test ./analysis/cluster
package cluster
