package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/kernel/notebook"
)

func runCommand() *cobra.Command {
	var out, html string
	var params []string
	var opt notebook.Options
	cmd := &cobra.Command{
		Use:   "run NOTEBOOK.ipynb",
		Short: "Execute a notebook without Jupyter",
		Long: `Run executes every code cell of a notebook in order, in one session, in the notebook's folder. It
stops at the first failing cell and exits with status 1. The notebook is written after every cell,
so that whatever happens, what was executed until then is there. Without -o and --html nothing is
written; what the cells print and show appears here as text.`,
		Example: `  dtnotes run notebook.ipynb -o executed.ipynb --html executed.html
  dtnotes run notebook.ipynb -o notebook.ipynb         execute in place
  dtnotes run notebook.ipynb -p 'capture="web.txt"'    set variables declared in the cell tagged "parameters"`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "write the executed notebook to `OUT.ipynb`")
	cmd.Flags().StringVar(&html, "html", "", "write one self-contained page to `OUT.html`")
	cmd.Flags().BoolVar(&opt.AllowErrors, "allow-errors", false, "record the error of a failing cell and go on")
	cmd.Flags().DurationVar(&opt.Timeout, "timeout", 0, "interrupt a cell that takes longer than `D`, for example 30s or 5m")
	cmd.Flags().StringArrayVarP(&params, "param", "p", nil, "set a parameter, `NAME=VALUE`; may be repeated")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if noCells != nil {
			return noCells
		}
		nb, err := readNotebook(args[0])
		if err != nil {
			return err
		}
		if len(params) > 0 {
			if err := nb.SetParameters(params); err != nil {
				return err
			}
		}
		// If they are written nowhere, the outputs would be lost.
		if out == "" && html == "" {
			opt.Echo = cmd.OutOrStdout()
		}
		// A line that is overwritten would be mixed with what the cells print.
		term := &progress{w: cmd.ErrOrStderr(), live: isTerminal(os.Stderr) && opt.Echo == nil}
		opt.Started, opt.Ended = term.started, term.ended

		files, err := outputs(out, html)
		if err != nil {
			return err
		}
		dir, err := filepath.Abs(filepath.Dir(args[0]))
		if err != nil {
			return err
		}
		// The session runs in the notebook's folder, as it does in Jupyter, so that cells can name
		// files beside the notebook.
		ev, err := startSession(sessionOptions{dir: dir})
		if err != nil {
			return err
		}
		opt.Save = func() error { return files.writeNotebook(nb) }
		failure := nb.Execute(cmd.Context(), ev, opt)
		// Both files are written even if a cell failed: they show how far the notebook came, and
		// what the error was.
		return errors.Join(failure, ev.Close(), files.writeNotebook(nb), files.writePage(nb, dir))
	}
	return cmd
}

func readNotebook(path string) (*notebook.Notebook, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	nb, err := notebook.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return nb, nil
}

// files are the absolute paths to write.
type files struct{ notebook, page string }

func outputs(notebook, page string) (f files, err error) {
	for _, p := range []struct {
		from string
		to   *string
	}{{notebook, &f.notebook}, {page, &f.page}} {
		if p.from == "" {
			continue
		}
		if *p.to, err = filepath.Abs(p.from); err != nil {
			return f, err
		}
		// It is better to learn that a folder does not exist before an hour of computing than after
		// it.
		if _, err := os.Stat(filepath.Dir(*p.to)); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f files) writeNotebook(nb *notebook.Notebook) error {
	if f.notebook == "" {
		return nil
	}
	b, err := nb.Encode()
	if err != nil {
		return err
	}
	return replaceFile(f.notebook, b)
}

func (f files) writePage(nb *notebook.Notebook, dir string) error {
	if f.page == "" {
		return nil
	}
	b, err := nb.HTML(os.DirFS(dir))
	if err != nil {
		return err
	}
	return replaceFile(f.page, b)
}

// replaceFile writes a file so that, whenever the program dies, the file is either as before or as
// it should become. A link stays a link: what it leads to is replaced. The mode stays, too.
func replaceFile(path string, content []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		if mode = info.Mode().Perm(); !info.Mode().IsRegular() { // such as /dev/stdout
			return os.WriteFile(path, content, mode)
		}
	}
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := os.WriteFile(next, content, mode); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// progress shows on a terminal which cell runs. Elsewhere it prints a line for each cell that
// ended.
type progress struct {
	w    io.Writer
	live bool
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *progress) started(s notebook.Progress) {
	if p.live {
		control(p.w, clearLine)
		sayf(p.w, "[%d/%d] %s", s.Nth, s.Of, firstLine(s.Cell.Source))
	}
}

func (p *progress) ended(s notebook.Progress) {
	if p.live {
		control(p.w, clearLine)
	}
	state := "ok"
	if s.Err != nil {
		state = "failed"
	}
	sayf(p.w, "[%d/%d] %-6s %7s  %s\n", s.Nth, s.Of, state, s.Elapsed.Round(time.Millisecond), firstLine(s.Cell.Source))
}

func firstLine(code string) string {
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" {
			if r := []rune(line); len(r) > 60 {
				return string(r[:59]) + "…"
			}
			return line
		}
	}
	return ""
}
