package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter/supervise"
)

// sessionOptions say how a session of Go cells should be.
type sessionOptions struct {
	dir    string    // where it works, as a notebook's cells expect; the current folder if empty
	values bool      // results come with their text
	comms  bool      // there is a front end, which its comms reach
	log    io.Writer // takes what its process says past the cells; nobody does if nil
}

// startSession begins a session in a process of its own, so that what would end the process only
// makes a cell fail.
func startSession(o sessionOptions) (cell.Evaluator, error) {
	if noCells != nil {
		return nil, noCells
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"session"}
	if o.values {
		args = append(args, "--values")
	}
	if o.comms {
		args = append(args, "--comms")
	}
	return supervise.Start(func() *exec.Cmd {
		c := exec.Command(program, args...)
		c.Dir, c.Stdout, c.Stderr = o.dir, o.log, o.log
		return c
	})
}

// sessionCommand is what startSession runs. It speaks a protocol of its own, and is no command
// for people.
func sessionCommand() *cobra.Command {
	var values, comms bool
	var modules string
	cmd := &cobra.Command{
		Use:    "session",
		Short:  "Run cells for another dtnotes, which runs this",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return serveSession(values, comms, modules)
		},
	}
	cmd.Flags().BoolVar(&values, "values", false, "tell the text of values")
	cmd.Flags().BoolVar(&comms, "comms", false, "carry comms")
	cmd.Flags().StringVar(&modules, "modules", "", "begin with the modules of `FILE`")
	return cmd
}

func evalCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "eval FILE",
		Short: "Run a file of Go cells",
		Long: `Eval runs the cells of a file, separated by lines "---", in one session and goes on after a failing
cell. Lines that begin with "=> " are ignored. "-" is standard input. The status is 1 if a cell
failed; with --json, which prints an object for each cell, a failing cell is an outcome like any
other.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			s, err := startSession(sessionOptions{values: asJSON})
			if err != nil {
				return err
			}
			defer s.Close()
			failed, all, err := runCells(cmd.Context(), s, string(text), cmd.OutOrStdout(), asJSON)
			if err == nil && failed > 0 && !asJSON {
				err = fmt.Errorf("%d of %d cells failed", failed, all)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each cell")
	return cmd
}

func readFile(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}
