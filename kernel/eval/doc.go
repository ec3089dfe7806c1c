// Package eval runs Go cells in one session: variables, functions and types of a cell are there in
// the cells after it, the value of the last expression is the cell's result, and a cell that fails,
// panics or is interrupted leaves what earlier cells made as it was.
//
// Cells are Go, generics included, with these liberties: statements, declarations and expressions
// may follow each other in any order, unused variables and imports are no errors, names can be
// declared again, and the packages that are compiled in need no import. Declaring a function,
// variable, constant or type again makes the functions and types that use it use the new one;
// variables of an old type keep that type, and a dependent that the new declaration does not fit
// keeps its old meaning, with a warning. A type that is declared again keeps the methods that other
// cells have given it, but for those that do not fit, which come back as soon as they do.
//
// Memory of a session does not grow with the number of its cells: what nothing leads to is let
// go. Where values are behind interfaces, nobody can know whether there still are some of a type
// that was declared again. The last 64 such types keep their methods, and so do those whose code
// is in use, such as by a goroutine; a call of a method of another one panics and says so, unless
// a new type that looks the same has taken its place, of which the value is one then.
//
// How it works: each cell is checked by go/types against what earlier cells declared, and becomes a
// small SSA program of its own, which holds the cell and of the earlier cells only the declarations
// that it needs. ixgo runs that program. What has to outlive a program belongs to the session: the
// memory of variables, the identity of types, and the code behind their methods.
//
// # How to add a command of cells
//
// A command such as %who is an entry of magics in magic.go: how it is written, a line of help, the
// method of the session that does it, and what completion proposes behind its name. A usage that is
// the name alone refuses arguments. %help and completion know it from there; to is_complete every
// line that begins with a percent sign is whole. A command for the whole cell below it, such as
// %%html, is an entry of wholeCells in wholecell.go; %%time alone is both. What a command prints
// goes to the cell's output, and what is wrong with its arguments is an error of the cell.
//
// What a command remembers is a field of Session if %reset is to leave it alone, and of engine if
// %reset forgets it, since that makes a new engine. Neither outlives the process, which %get may
// replace. "dtnotes convert" leaves commands out of the program that it makes, and says so.
//
// Its test is a session: a file in testdata/sessions, in the form that the README there describes.
//
//	go test ./kernel/eval -run 'TestSessions|Magic|Command'
//	go test ./kernel/eval -run Oracle -update     # if a program was added to testdata/oracle
//
// A package for cells that need no import is a line in bind/packages.txt, and go generate ./...
// afterwards.
package eval
