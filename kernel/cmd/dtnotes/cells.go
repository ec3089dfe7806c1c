//go:build amd64 || arm64 || loong64

package main

import (
	"context"
	"io"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval"
	"dtnotes/kernel/eval/modules"
	"dtnotes/kernel/session"
)

// noCells says why this program cannot run cells. It is nil here, since the program can.
var noCells error

// serveSession runs a session for the dtnotes that has started this process.
func serveSession(values, comms bool, modules string) error {
	return session.Serve(session.Options{Values: values, Comms: comms, Modules: modules})
}

// exportCells makes a Go program of cells, and its go.mod and go.sum, for a module called name
// beside the source of dtnotes in root. got says that its cells need modules beside those of
// dtnotes.
func exportCells(ctx context.Context, cells []string, dir, prologue, name, root string, progress io.Writer) (p program, err error) {
	x, err := session.Export(ctx, eval.Export{Cells: cells, Dir: dir, Prologue: prologue}, progress)
	p.main, p.notes, p.got = x.Source, x.Notes, x.Got != nil
	if err != nil {
		return p, err
	}
	p.mod, p.sum, err = modules.ProgramModule(name, root, x.Got)
	return p, err
}

// runCells runs the cells of a file in a session and counts them, and those that failed.
func runCells(ctx context.Context, ev cell.Evaluator, text string, w io.Writer, asJSON bool) (failed, all int, err error) {
	failed, err = eval.RunCells(ctx, ev, text, w, asJSON)
	return failed, len(eval.SplitCells(text)), err
}
