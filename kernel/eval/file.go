package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// RunCells runs a file of cells in one session: cells are separated by a line "---", lines that
// begin with "=> " are expectations and ignored. It goes on after a failing cell. What the cells
// print and show goes to w as it comes, or, with asJSON, one object a cell:
//
//	{"results": [{"value": "%v", "type": "%T"}], "stdout": "", "stderr": "",
//	 "error": {"name": "", "message": ""}}
//
// where error is null for a cell that succeeded; the session is one with PrintValues then. It
// returns how many cells failed; err is about writing, or the end of ctx.
//
// A cell that fails does not end it: cells below may not depend on it, and the reader wants to
// see all.
func RunCells(ctx context.Context, ev cell.Evaluator, file string, w io.Writer, asJSON bool) (failed int, err error) {
	for i, code := range SplitCells(file) {
		out := &cellOutput{w: w}
		if asJSON {
			out.w = nil
		}
		res := ev.Eval(ctx, cell.Cell{Code: code, Number: i + 1, Out: out})
		if res.Err != nil {
			failed++
		}
		if asJSON {
			err = json.NewEncoder(w).Encode(out.outcome(res))
		} else {
			err = writeResult(w, res)
		}
		if err != nil {
			return failed, err
		}
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
	}
	return failed, nil
}

// SplitCells takes a file of cells apart.
//
// A cell without text counts if something is expected of it, so that the numbers of cells and of
// expectations agree.
func SplitCells(file string) []string {
	var cells []string
	var code []string
	wanted := false
	end := func() {
		if text := strings.Trim(strings.Join(code, "\n"), "\n"); strings.TrimSpace(text) != "" || wanted {
			cells = append(cells, text)
		}
		code, wanted = nil, false
	}
	for line := range strings.Lines(file) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "---":
			end()
		case strings.HasPrefix(line, "=> "):
			wanted = true
		default:
			code = append(code, line)
		}
	}
	end()
	return cells
}

type outcome struct {
	Results []valueText `json:"results"`
	Stdout  string      `json:"stdout"`
	Stderr  string      `json:"stderr"`
	Error   *errorText  `json:"error"`
}

type valueText struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

type errorText struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// cellOutput takes what a cell prints and shows, for a terminal or to be written as JSON.
type cellOutput struct {
	w      io.Writer // nil to collect
	mu     sync.Mutex
	stdout strings.Builder
	stderr strings.Builder
}

func (o *cellOutput) Stream(name, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.w != nil:
		io.WriteString(o.w, text)
	case name == "stderr":
		o.stderr.WriteString(text)
	default:
		o.stdout.WriteString(text)
	}
}

func (o *cellOutput) Display(b display.Bundle, id string, update bool) {
	o.Stream("stdout", b.Text()+"\n")
}

func (o *cellOutput) Clear(wait bool) {}

func (o *cellOutput) outcome(res cell.Result) outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := outcome{Results: []valueText{}, Stdout: o.stdout.String(), Stderr: o.stderr.String()}
	for _, v := range res.Values {
		out.Results = append(out.Results, valueText{v.Text, v.Type})
	}
	if res.Err != nil {
		out.Error = &errorText{res.Err.Name, res.Err.Message}
	}
	return out
}

func writeResult(w io.Writer, res cell.Result) error {
	switch {
	case res.Err != nil:
		_, err := fmt.Fprintf(w, "%s: %s\n", res.Err.Name, res.Err.Message)
		return err
	case !res.Bundle.Empty():
		_, err := fmt.Fprintln(w, res.Bundle.Text())
		return err
	case !res.Page.Empty():
		_, err := fmt.Fprintln(w, res.Page.Text())
		return err
	}
	return nil
}
