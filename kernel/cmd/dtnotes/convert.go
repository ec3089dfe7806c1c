package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"dtnotes/kernel/notebook"
)

func convertCommand() *cobra.Command {
	var to, out, source string
	cmd := &cobra.Command{
		Use:   "convert NOTEBOOK.ipynb",
		Short: "Make a Go program of a notebook",
		Long: `Convert writes a Go module (go.mod, main.go) that does what the notebook's cells do, in their order, and prints
what they print and show; pictures go to files in its folder figures. It runs with "go run ." in that folder.
Commands of the notebook ("%who", "$ ls") are left out, which is said.`,
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

func convert(cmd *cobra.Command, nb *notebook.Notebook, path, out, source string) error {
	root, err := sourceOfDtnotes(source)
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
	main, notes, err := exportCells(cells, dir, fmt.Sprintf("\tdisplay.Program(%q)\n", filepath.ToSlash(files)))
	for _, n := range notes {
		say(cmd.ErrOrStderr(), n)
	}
	if err != nil {
		return err
	}
	mod, sum, err := moduleOf(root, out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"main.go": main, "go.mod": mod, "go.sum": sum} {
		if err := replaceFile(filepath.Join(folder, name), content); err != nil {
			return err
		}
	}
	sayf(cmd.OutOrStdout(), "wrote the module %s; run it there with \"go run .\"\n", out)
	return nil
}

// sourceOfDtnotes finds the module that a program of a notebook imports: the folder given, or the one
// that this command was built from.
func sourceOfDtnotes(given string) (string, error) {
	root := given
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(file), "..", "..", "..")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || modfile.ModulePath(text) != "dtnotes" {
		return "", fmt.Errorf("the source of dtnotes, which the program imports, is not in %s: give its folder by --dtnotes", root)
	}
	return root, nil
}

// moduleOf is the go.mod and go.sum of a program that imports the module in root, with all that it needs.
func moduleOf(root, name string) (mod, sum []byte, err error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, nil, err
	}
	if sum, err = os.ReadFile(filepath.Join(root, "go.sum")); err != nil {
		return nil, nil, err
	}
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range append([]*modfile.Tool(nil), f.Tool...) {
		if err := f.DropTool(t.Path); err != nil {
			return nil, nil, err
		}
	}
	if err := f.AddModuleStmt("notebook/" + moduleName(filepath.Base(name))); err != nil {
		return nil, nil, err
	}
	if err := f.AddRequire("dtnotes", "v0.0.0"); err != nil {
		return nil, nil, err
	}
	if err := f.AddReplace("dtnotes", "", root, ""); err != nil {
		return nil, nil, err
	}
	f.Cleanup()
	mod, err = f.Format()
	return mod, sum, err
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
