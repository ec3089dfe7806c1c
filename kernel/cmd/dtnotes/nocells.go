//go:build !(amd64 || arm64 || loong64)

package main

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"dtnotes/kernel/cell"
)

// noCells says why this program cannot run cells. The interpreter calls methods by the convention
// that Go's compiler has for each processor, and it does not know the convention of every
// processor.
var noCells = fmt.Errorf("cells of Go do not run on %s, only on amd64, arm64 and loong64; the commands inspect, learn, score, watch and compare work here", runtime.GOARCH)

func serveSession(bool, bool, string) error { return noCells }

func runCells(context.Context, cell.Evaluator, string, io.Writer, bool) (failed, all int, err error) {
	return 0, 0, noCells
}

func exportCells(context.Context, []string, string, string, string, string, io.Writer) (program, error) {
	return program{}, noCells
}
