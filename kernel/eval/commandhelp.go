package eval

import (
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// Help while a command to the session is written: names of commands and files in place of those
// of Go.

// A commandLine is a line of a cell that is a command to the session.
type commandLine struct {
	start, end int // of the line in the cell
	// Where Go begins in it, as behind %time and a question mark; its end if it holds none.
	goes int
	text string // of the line
}

// commandLines finds the lines of a cell that are commands, as segments does, and gives the cell
// with blanks in their place: what is left is Go, and each position in it is that of the cell.
func commandLines(code string, knows func(name string) bool) (lines []commandLine, rest string) {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(code, "\n") {
		text := strings.TrimRight(line, " \t\r\n")
		if !isMagic(text) && !isBang(text, b.String(), knows) || !isClosed(b.String()) {
			b.WriteString(line)
			continue
		}
		// The cursor may be behind the blanks at its end.
		written := strings.TrimSuffix(line, "\n")
		c := commandLine{b.Len(), b.Len() + len(written), b.Len() + len(written), written}
		from, to := len(written), len(written) // what is Go
		if name, arg, ok := strings.Cut(text, " "); ok && name == "%time" {
			from, to = len(text)-len(arg), len(written)
		} else if text[0] == '?' {
			from = 1
		} else if text[len(text)-1] == '?' {
			from, to = 0, len(text)-1
		}
		c.goes = c.start + from
		lines = append(lines, c)
		b.WriteString(strings.Repeat(" ", from) + written[from:to] + strings.Repeat(" ", len(written)-to) + line[len(written):])
	}
	return lines, b.String()
}

// commandAt gives the command that a position is in, unless it stands where Go does in that line,
// and the cell without its commands.
func (a *assistant) commandAt(code string, pos int) (c commandLine, in bool, rest string) {
	lines, rest := commandLines(code, a.e.knows)
	for _, c := range lines {
		if c.start <= pos && (pos < c.goes || pos == c.goes && c.goes == c.end) {
			return c, true, rest
		}
	}
	return commandLine{}, false, rest
}

// complete proposes commands where the name of one is written, and names of files behind those
// that take some.
func (c commandLine) complete(e *engine, pos int) cell.Completion {
	typed := c.text[:pos-c.start]
	name, arg, behind := strings.Cut(typed, " ")
	switch {
	case strings.HasPrefix(typed, "%") && !behind:
		return cell.Completion{Start: c.start, End: pos, Items: completeMagic(name)}
	case typed == "":
		return cell.Completion{Start: pos, End: pos}
	case typed[0] == '$' || typed[0] == '!':
		return completeAnyFile(e, typed[1:], pos)
	}
	if m, ok := commandOf(name); ok && m.complete != nil {
		return m.complete(e, arg, pos)
	}
	return cell.Completion{Start: pos, End: pos}
}

func completeAnyFile(e *engine, arg string, pos int) cell.Completion {
	return completeFile(e.packages.dir, arg, pos, false)
}

func completeFolder(e *engine, arg string, pos int) cell.Completion {
	return completeFile(e.packages.dir, arg, pos, true)
}

func completeRemovable(e *engine, arg string, pos int) cell.Completion {
	word := arg[strings.LastIndexByte(arg, ' ')+1:]
	return cell.Completion{Start: pos - len(word), End: pos, Items: itemsOf(e.scope.removable(), word, "variable")}
}

// completeFile proposes files for the last word of a shell command, which begins behind a blank, a
// quote or a sign of the shell. A blank in a name stands behind a backslash, but within quotes.
func completeFile(dir, typed string, pos int, foldersOnly bool) cell.Completion {
	from := strings.LastIndexAny(typed, " \t\"'=<>|;&(`") + 1
	quoted := from > 0 && strings.ContainsRune(`"'`, rune(typed[from-1]))
	word := typed[from:]
	out := cell.Completion{Start: pos - len(word), End: pos}
	for _, f := range files(dir, word) {
		if !strings.HasPrefix(f, word) || foldersOnly && !strings.HasSuffix(f, "/") {
			continue
		}
		if !quoted {
			f = strings.ReplaceAll(f, " ", `\ `)
		}
		out.Items = append(out.Items, cell.CompletionItem{Text: f, Kind: "file"})
	}
	return out
}

// completeWhole helps with a cell whose text is not Go: with the line of its command, and with
// files in the script of a shell.
func (a *assistant) completeWhole(code, name string, pos int) cell.Completion {
	lines, _ := commandLines(code, a.e.knows)
	if len(lines) > 0 && pos <= lines[0].end {
		return lines[0].complete(a.e, max(pos, lines[0].start))
	}
	if name == "sh" {
		return completeFile(a.e.packages.dir, code[strings.LastIndexByte(code[:pos], '\n')+1:pos], pos, false)
	}
	return cell.Completion{Start: pos, End: pos}
}

// describe says what a command is for, wherever the cursor is in its line.
func (c commandLine) describe() (display.Bundle, bool) {
	name, _, _ := strings.Cut(strings.TrimSpace(c.text), " ")
	m, ok := commandOf(name)
	if !ok {
		return display.Bundle{}, false
	}
	return display.Bundle{Data: display.MIMEMap{display.MIMETypeText: m.usage + "\n\n" + m.help}}, true
}
