// Package behavior learns what is normal for a system and says when new data
// breaks it, where, and how surely.
//
//	normal, err := behavior.Learn(monday, tuesday)
//	report, err := behavior.Score(normal, today)
//
// A [Behavior] keeps, for each source (a process, or a kind of event of a
// process), what its counts rarely exceed and rarely fall below, and how fast
// rarer counts thin out beyond. A count far out in these tails, a source never
// seen before and a process that falls silent all score by the same measure:
// minus the logarithm of how often normal running would show as much. Scores of
// buckets held out while learning calibrate p-values and the threshold for an
// alert, so that a stated number of false alarms an hour holds.
//
// Nothing here claims a cause: an alert names what stands out.
package behavior
