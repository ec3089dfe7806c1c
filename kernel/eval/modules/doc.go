// Package modules gets the modules that cells import, and decides what becomes of their packages:
// those of plain Go run from source, by the interpreter; those with assembly, C or tricks, and
// those that are heavy, are compiled into a program of the user's own, in which the session goes
// on.
//
// What is fetched and found out lies in the user's cache, in the folder dtnotes: modules/ has a
// module for each set of requests, with the list of its packages, and programs/ the programs, of
// which the latest few are kept. A go.mod in the notebook's folder, or above it, is used and
// extended instead.
package modules
