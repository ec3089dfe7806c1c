//go:build amd64 || arm64 || loong64

package main

import (
	"context"
	"io"
	"os"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval"
)

// noCells says why this program cannot run cells; here it can.
var noCells error

// newSession begins a session of Go cells that works in dir, as a notebook's cells expect; in the current
// folder if dir is empty.
func newSession(dir string) (cell.Evaluator, error) {
	if dir != "" {
		if err := os.Chdir(dir); err != nil {
			return nil, err
		}
	}
	return eval.New(eval.Options{})
}

// runCells runs the cells of a file and counts them, and those that failed.
func runCells(ctx context.Context, text string, w io.Writer, asJSON bool) (failed, all int, err error) {
	s, err := eval.New(eval.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	failed, err = s.RunCells(ctx, text, w, asJSON)
	return failed, len(eval.SplitCells(text)), err
}
