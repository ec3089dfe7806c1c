package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/kernel/eval/modules"
	"dtnotes/kernel/notebook"
)

func convertCommand() *cobra.Command {
	var to, out, source string
	cmd := &cobra.Command{
		Use:   "convert NOTEBOOK.ipynb",
		Short: "Make a Go program of a notebook",
		Long: `Convert writes a Go module (go.mod, main.go) that does what the notebook's cells do, in their order,
and prints what they print and show; pictures go to files in its folder figures. It runs with "go
run ." in that folder. What "%get" gets goes into its go.mod. Other commands of the notebook
("%who", "$ ls") are left out, which is said.`,
		Example: `  dtnotes convert notebook.ipynb --to go -o program`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to != "go" {
				return fmt.Errorf("a notebook can be converted to \"go\", not to %q", to)
			}
			nb, err := readNotebook(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			return convert(cmd, nb, args[0], out, source)
		},
	}
	cmd.Flags().StringVar(&to, "to", "go", "language of the program: `go`")
	cmd.Flags().StringVarP(&out, "out", "o", "", "write the module to `FOLDER`; the notebook's name if not given")
	cmd.Flags().StringVar(&source, "dtnotes", "", "`FOLDER` of the source of dtnotes, which the program imports; found if not given")
	return cmd
}

// convert writes the module of a notebook into the folder out. source is the folder with the source
// of dtnotes, which the program imports. If it is "", the folder is searched for.
func convert(cmd *cobra.Command, nb *notebook.Notebook, path, out, source string) error {
	root, err := modules.Source(source)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return err
	}
	folder, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	// Cells name files by where they lie beside the notebook. The program therefore changes to that
	// folder, by a path that stays right as long as the two folders are moved together.
	files, err := filepath.Rel(folder, dir)
	if err != nil {
		files = dir
	}
	var cells []string
	for _, c := range nb.Cells {
		if c.Type == "code" && !c.Tagged("skip-execution") {
			cells = append(cells, c.Source)
		}
	}
	p, err := exportCells(cmd.Context(), cells, dir, fmt.Sprintf("\tdisplay.Program(%q)\n", filepath.ToSlash(files)),
		"notebook/"+moduleName(filepath.Base(out)), root, cmd.ErrOrStderr())
	for _, n := range p.notes {
		say(cmd.ErrOrStderr(), n)
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"main.go": p.main, "go.mod": p.mod, "go.sum": p.sum} {
		if err := replaceFile(filepath.Join(folder, name), content); err != nil {
			return err
		}
	}
	if p.got {
		if err := modules.Settle(cmd.Context(), folder, cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	sayf(cmd.OutOrStdout(), "wrote the module %s; run it there with \"go run .\"\n", out)
	return nil
}

// program is a Go module made of a notebook.
type program struct {
	main, mod, sum []byte
	notes          []string
	got            bool // it needs modules beside those of dtnotes
}

// moduleName leaves the characters of a name that the path of a module may have.
func moduleName(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
}
