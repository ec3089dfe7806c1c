// Package covariance estimates how columns of numbers vary together, and
// which pairs still do once all the others are accounted for.
//
// A sample is an n×p matrix: n observations in rows, p variables in columns.
// Estimates are p×p symmetric matrices. The package promises that
//
//   - every graphical lasso solution carries a duality gap, an upper bound on
//     how far its objective is from the optimum, no larger than the tolerance
//     asked for: a solve that cannot reach it returns [ErrNotConverged];
//   - NaN and Inf are errors that name their row and column, never results;
//   - the same input gives the same bytes on one processor architecture, on any
//     number of cores;
//   - whatever may run long takes a context and stops soon after it is done.
//
// # How to add an estimate
//
// It is a file with a function that takes a sample or a covariance, with a context first if it may
// run long, and an options value last, whose zero is the default. Its comment names the source
// (author, year). [CheckFinite] is asked before anything is computed. Products that are added to
// something are written float64(x*y), so that no processor rounds both in one step. A test compares
// it with reference numbers of another implementation (analysis/internal/golden), or with its
// definition, written in the plainest and slowest way. Then:
//
//	go generate ./...
//	go test ./analysis/covariance
package covariance
