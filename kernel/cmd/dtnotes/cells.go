//go:build amd64 || arm64 || loong64

package main

import (
	"context"
	"io"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval"
)

// noCells says why this program cannot run cells; here it can.
var noCells error

// newSession begins a session of Go cells in this process; with values, results come with their text.
func newSession(values bool) (cell.Evaluator, error) {
	return eval.New(eval.Options{PrintValues: values})
}

// exportCells makes a Go program of cells.
func exportCells(cells []string, dir, prologue string) (source []byte, notes []string, err error) {
	return eval.Export(cells, dir, prologue)
}

// runCells runs the cells of a file in a session and counts them, and those that failed.
func runCells(ctx context.Context, ev cell.Evaluator, text string, w io.Writer, asJSON bool) (failed, all int, err error) {
	failed, err = eval.RunCells(ctx, ev, text, w, asJSON)
	return failed, len(eval.SplitCells(text)), err
}
