// Package syntax recognizes what tracers print, line by line and group by group, without
// saying what it means: it knows stamps, entries, notices, histogram rows and frames, and
// nothing of tables. Nothing here keeps or changes the bytes it is given.
//
// A function takes a line without its end, and returns its parts and whether it is of the form
// at all. It is asked of lines that are anything, hundreds of millions of them, so it says no as
// early as it can: by the first byte or the length before it looks for words, and by a pattern
// only where nothing cheaper would do. The parts share the bytes of the line, and live as long.
//
// It must not say yes where it is not sure. Order and context, such as the header in force or
// the line below, are for the recognizers of package dtracefs, which ask these functions; a
// line that several forms could claim is told apart there. What stands here depends on the
// bytes of the line alone, and so can be tested by a table of lines.
//
// What a tracer prints in columns is split by the columns where it stands in them, since names
// may hold anything, and by words only where it does not: lines are copied from terminals and
// documents, which change blanks.
package syntax
