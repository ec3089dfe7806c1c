//go:build amd64 || arm64 || loong64

// Package session is the process that runs the cells of a session: that of dtnotes itself, and
// programs with more packages compiled in, which package modules builds.
package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval"
	"dtnotes/kernel/eval/modules"
	"dtnotes/kernel/jupyter/supervise"
)

// Options say how a session is to be.
type Options struct {
	Values  bool   // results come with their text
	Comms   bool   // there is a front end, which the session's comms reach
	Modules string // the file of what the session has got before it begins; empty for nothing
}

// Serve runs a session for the process that has started this one.
func Serve(o Options) error {
	got, err := load(o.Modules)
	// The user has cleaned the cache. Who imports what was got is told to get it.
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "what was got is gone:", err)
	} else if err != nil {
		return err
	}
	return supervise.Serve(func() (cell.Evaluator, error) {
		return eval.New(eval.Options{PrintValues: o.Values, Got: got, Restarts: true})
	}, o.Comms)
}

func load(file string) (*modules.Set, error) {
	if file == "" {
		return nil, nil
	}
	return modules.Load(file)
}

// answer is what export prints.
type answer struct {
	eval.Exported
	Err string
}

// Export makes a Go program of cells, here or where what they get is compiled in.
func Export(ctx context.Context, want eval.Export, progress io.Writer) (eval.Exported, error) {
	out, err := want.Make(ctx, progress)
	for err == nil && out.Next != nil {
		out, err = exportIn(ctx, out.Next, want, progress)
	}
	return out, err
}

func exportIn(ctx context.Context, program *modules.Program, want eval.Export, progress io.Writer) (eval.Exported, error) {
	input, err := json.Marshal(want)
	if err != nil {
		return eval.Exported{}, err
	}
	cmd := exec.CommandContext(ctx, program.File, "export", "--modules", program.Set)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), progress
	text, err := cmd.Output()
	if err != nil {
		return eval.Exported{}, fmt.Errorf("make the program where its packages are compiled in: %w", err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return eval.Exported{}, err
	}
	if a.Err != "" {
		err = errors.New(a.Err)
	}
	return a.Exported, err
}

// export answers to exportIn. What the cells' packages print is not the answer.
func export(got string) (err error) {
	var want eval.Export
	if err := json.NewDecoder(os.Stdin).Decode(&want); err != nil {
		return err
	}
	if want.Got, err = load(got); err != nil {
		return err
	}
	out := os.Stdout
	os.Stdout = os.Stderr
	var a answer
	if a.Exported, err = want.Make(context.Background(), os.Stderr); err != nil {
		a.Err = err.Error()
	}
	return json.NewEncoder(out).Encode(a)
}

// Main is a program that runs sessions as dtnotes does.
func Main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("this program runs sessions for dtnotes, which starts it")
	}
	var o Options
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.BoolVar(&o.Values, "values", false, "tell the text of values")
	f.BoolVar(&o.Comms, "comms", false, "carry comms")
	f.StringVar(&o.Modules, "modules", "", "begin with the modules of `FILE`")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "session":
		return Serve(o)
	case modules.Check: // all packages have been initialized
		return nil
	case "export":
		return export(o.Modules)
	}
	return fmt.Errorf("unknown command %s", args[0])
}
