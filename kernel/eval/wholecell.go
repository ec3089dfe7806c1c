package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/internal/process"
	"dtnotes/kernel/tracing"
)

// Commands of whole cells, which begin with two percent signs: the text below the line is not Go.

// wholeCells are the commands whose text is not Go. The text of a cell comes to them with empty
// lines for the command's own, so that its lines have the cell's numbers.
func wholeCells() map[string]magic {
	return map[string]magic{
		"dtrace":    {"%%dtrace [OPTION …]", "runs the cell with DTrace and shows what it prints meanwhile: --for 30s, -p PID, -c 'COMMAND', --as NAME, -o FILE[.zst], --with sudo|doas|pfexec, and dtrace's own", (*Session).traceDtrace, nil},
		"bpftrace":  {"%%bpftrace [OPTION …]", "the same with bpftrace", (*Session).traceBpftrace, nil},
		"sh":        {"%%sh", "runs the cell as a script of the system's shell", (*Session).shellCell, nil},
		"writefile": {"%%writefile [-a] FILE", "writes the cell into a file, with -a at its end", (*Session).writeCell, completeAnyFile},
		"html":      {"%%html", "shows the cell as HTML", (*Session).htmlCell, nil},
		"markdown":  {"%%markdown", "shows the cell as Markdown", (*Session).markdownCell, nil},
	}
}

// body is the text of a whole cell, and how many lines of the cell stand above it, for each of
// which the code has an empty one.
func (s *Session) body(r *run, code string) (text string, above int) {
	return bodyBelow(s.texts.text(r.file), code)
}

func bodyBelow(whole, code string) (text string, above int) {
	for line := range strings.Lines(whole) {
		above++
		if strings.TrimSpace(line) != "" {
			break
		}
	}
	above = min(above, len(code))
	return code[above:], above
}

// isWholeCell reports whether the text of a cell is not Go, and gives its command and what stands
// behind it.
func isWholeCell(code string) (name, line string, ok bool) {
	first, _, _ := strings.Cut(strings.TrimLeft(code, "\n\t\r "), "\n")
	rest, ok := strings.CutPrefix(strings.TrimRight(first, " \t\r"), "%%")
	if !ok {
		return "", "", false
	}
	name, line, _ = strings.Cut(rest, " ")
	_, ok = wholeCells()[name]
	return name, line, ok
}

// inGo gives a cell that traces, or shows its text, as Go code; false for other cells.
//
// Programs made of notebooks hold what it gives.
func inGo(whole, magic, code string) (string, bool, error) {
	name, line, _ := strings.Cut(strings.TrimPrefix(magic, "%%"), " ")
	if !strings.HasPrefix(magic, "%%") {
		return "", false, nil
	}
	text, _ := bodyBelow(whole, code)
	switch name {
	case "html":
		return fmt.Sprintf("display.HTML(%q)", text), true, nil
	case "markdown":
		return fmt.Sprintf("display.Markdown(%q)", text), true, nil
	case "dtrace", "bpftrace":
		opts, variable, err := tracing.ParseLine(name, line)
		if err != nil {
			return "", false, fmt.Errorf("%%%%%s: %w", name, err)
		}
		return fmt.Sprintf("%s, traceError := tracing.Show(display.Context(), %q, %#v)\ndisplay.ExitIf(traceError)\n", variable, text, opts), true, nil
	}
	return "", false, nil
}

func (s *Session) shellCell(ctx context.Context, r *run, arg, code string) cell.Result {
	if arg != "" {
		return failure("error", fmt.Sprintf("%%%%sh takes no arguments, got %q", arg))
	}
	text, _ := s.body(r, code)
	return s.runCommand(ctx, r, process.Script(ctx, text), "the script")
}

// runCommand runs a command whose output is the cell's; its processes end with the context.
//
// The mutex is free while it runs, as with the code of a cell. What it exits with other than 0 is
// a failure.
func (s *Session) runCommand(ctx context.Context, r *run, cmd *exec.Cmd, name string) cell.Result {
	cmd.Dir = s.opts.Dir
	cmd.Stdout, cmd.Stderr = runWriter{r, 0}, runWriter{r, 1}
	s.mu.Unlock()
	err := process.Run(cmd)
	s.mu.Lock()
	if ctx.Err() != nil {
		return cell.Result{Err: s.texts.runError(interrupted())}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return failure("exit", fmt.Sprintf("%s: %v", name, err))
	}
	if err != nil {
		return failure("error", fmt.Sprintf("run %q: %v", name, err))
	}
	return cell.Result{}
}

// writeCell is %%writefile. A relative path is one of the session's folder. The text ends in a
// line end, as a file of text does.
func (s *Session) writeCell(_ context.Context, r *run, arg, code string) cell.Result {
	name, add := strings.CutPrefix(arg, "-a ")
	name = strings.TrimSpace(name)
	if name == "" || name == "-a" {
		return failure("error", "%%writefile wants the name of a file")
	}
	text, _ := s.body(r, code)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	path := name
	if !filepath.IsAbs(path) && s.opts.Dir != "" {
		path = filepath.Join(s.opts.Dir, path)
	}
	how, did := os.O_TRUNC, "wrote"
	if add {
		how, did = os.O_APPEND, "added"
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o666)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return failure("error", fmt.Sprintf("write file: %v", err))
	}
	runWriter{r, 0}.Write(fmt.Appendf(nil, "%s %d lines to %s\n", did, strings.Count(text, "\n"), name))
	return cell.Result{}
}

func (s *Session) htmlCell(_ context.Context, r *run, arg, code string) cell.Result {
	return s.shown(r, "html", arg, code, display.HTML)
}

func (s *Session) markdownCell(_ context.Context, r *run, arg, code string) cell.Result {
	return s.shown(r, "markdown", arg, code, display.Markdown)
}

// shown is the result of a cell that shows its text.
func (s *Session) shown(r *run, name, arg, code string, show func(string) display.Bundle) cell.Result {
	if arg != "" {
		return failure("error", fmt.Sprintf("%%%%%s takes no arguments, got %q", name, arg))
	}
	text, _ := s.body(r, code)
	return cell.Result{Bundle: show(text)}
}
