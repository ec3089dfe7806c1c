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
// same processor architecture, with any number of cores. Another architecture
// may round a product together with the sum that takes it in, as arm64 does,
// and add up in another order: there numbers differ in their last digits, and
// pictures in their bytes, not in what they show.
package analysis
