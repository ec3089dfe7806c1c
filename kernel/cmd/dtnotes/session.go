package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func evalCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "eval FILE",
		Short: "Run a file of Go cells",
		Long: `Eval runs the cells of a file, separated by lines "---", in one session and goes on after a failing cell.
Lines that begin with "=> " are ignored. "-" is standard input. The status is 1 if a cell failed; with --json,
which prints an object for each cell, a failing cell is an outcome like any other.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if noCells != nil {
				return noCells
			}
			text, err := readFile(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			// The session takes over os.Stdout for what its cells print.
			stdout := cmd.OutOrStdout()
			failed, all, err := runCells(cmd.Context(), string(text), stdout, asJSON)
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
