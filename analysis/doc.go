// Package analysis turns activity over time into a picture of who depends on
// whom.
//
// A [Series] is a matrix of time buckets × sources (processes, their I/O,
// anything counted). [Learn] standardizes it, fits a sparse Gaussian model,
// and returns a [Model]: partial correlations (which pairs of sources still
// move together once all others are accounted for), clusters, and positions
// for drawing.
//
//	series, err := analysis.FromFrame(frame, analysis.SeriesOptions{})
//	model, err := analysis.Learn(ctx, series, analysis.Options{})
//
// An edge says that two sources vary together, never that one causes the
// other. The same series and options give the same bytes on any machine of the
// same processor architecture, with any number of cores. On another one the
// logarithms and exponentials of the standard library may be rounded
// differently, and numbers differ in their last digits; no product is rounded
// together with the sum that takes it in, whatever the processor could do.
//
// # How to add to it
//
// An algorithm goes into package covariance, cluster or manifold, whichever it is about: a function
// that takes a context first if it may run long, and an options value last, whose zero is the
// default. Its comment names the source (author, year). Its test compares it with reference numbers
// of another implementation (package internal/golden) or with a slow and plain version of itself.
//
// A step of the pipeline, or an option of one, is a field of [Options] that is read in learn.go;
// its zero must be what happens today. A way to look at a [Series] that is neither is a method in
// explore.go, with a type of its own that shows itself: String for people who read text, HTML where
// a table helps, and a method that returns a figure.
//
// What is exported here can be used in cells without an import, through tables that are generated,
// so a change of exported names or of their comments ends with
//
//	go generate ./...
//	go test ./analysis/...
package analysis
