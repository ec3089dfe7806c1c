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
package covariance
