// Package syntax recognizes what tracers print, line by line and group by group, without
// saying what it means: it knows stamps, entries, notices, histogram rows and frames, and
// nothing of tables. Nothing here keeps or changes the bytes it is given.
package syntax
