// Package behavior learns what is normal for a system and says when new data
// breaks it, where, and how surely.
//
//	normal, err := behavior.Learn(ctx, []*analysis.Series{monday, tuesday}, behavior.Options{})
//	report, err := behavior.Score(ctx, normal, today, behavior.ScoreOptions{})
//
// A [Behavior] keeps, for each source (a process, a kind of event of a process, or a gauge), what
// its values rarely exceed and rarely fall below, and how fast rarer ones thin out beyond. A value
// far out in these tails, a source never seen before and a process that falls silent all score by
// the same measure: minus the logarithm of how often normal running would show as much, corrected
// by how far that source stood out in buckets held out while learning, so that a restless one does
// not set everyone's threshold. Beside that stands what the other processes let us expect: each
// source is predicted from what they do in the same bucket ([Expectation]), and by how much it
// differs, smoothed over time, shows leaks, changed ratios and small shifts. All together are
// measured by Mahalanobis' distance and by how far they lie outside of what they have in common,
// their first principal components. Evidence adds up over buckets that follow each other.
//
// What held-out buckets show calibrates p-values and the threshold for an alert, so that a stated
// number of false alarms an hour holds. It holds for what the captures learned from show: a load
// that stops for good when it never did before is new, and raises an alert. A few minutes do not
// show how rare the rarest is. Beyond the scores seen, p-values fall more slowly the fewer
// independent moments they rest on, and [Behavior.Reach] says when no alert can be raised at all.
//
// Counts of events are judged by their logarithm, gauges on a linear or an
// arcsine scale around their median, running totals by what they grow by
// ([Value]). What comes back with the clock, and a steady growth, are taken off
// first where the capture is long enough ([Season]).
//
// A gauge that is not known to come back to a level, as a random walk does not, has none that could
// be normal: it is judged by its steps, which a note says. Where steps have heavy tails, far ones
// are normal, too: of Student's t with three degrees of freedom, one in 29,000 goes forty scales
// far, and with two one in 1,600. It takes thousands of buckets to learn that the former is an
// alert, and the latter is none at four false alerts an hour.
//
// Threads of the kernel are left out by default, listed in Ignored and noted. Where the columns
// that make a source show them, they are recognized by a mark, by their parent or number, by the
// zone they are in or by the path of their program. Elsewhere, if system calls are counted, they
// are recognized because they make none; a process that makes some under the name of such a thread
// is judged. An observer is recognized by the name of a tracer or of dtnotes
// ([analysis.Observers]), which is a guess: it has no part in links, but is judged by what it did
// while learning. A new observer is left out if it is there from the first buckets on, as the
// tracer at work is, and is judged as any other process if it comes later. A note names what is
// left out although it makes system calls or uses the CPU. A site's own collector is not known as
// such: name it in [Options.Exclude].
//
// For comparison, each verdict also has the largest deviation of any source ([Verdict.MaxZ]), which
// plays no part in the score.
//
// Nothing here claims a cause: an alert names what stands out.
package behavior
