package eval

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/goplus/ixgo"

	"dtnotes/dtracefs"
	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/internal/inner"
)

// frame is one call of a panic's stack, in a cell or a package from source.
type frame struct {
	function string
	pos      token.Position
}

// texts are the sources that errors quote; it knows how to describe errors with them.
type texts struct {
	mu         sync.Mutex
	cells      map[string]string // cell name -> source
	sourceDirs map[string]bool   // where packages from source are
}

func newTexts() *texts {
	return &texts{cells: map[string]string{}, sourceDirs: map[string]bool{}}
}

// add gives a cell its source.
func (t *texts) add(file, code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells[file] = code
}

// addDir notes the folder of a package from source, whose files may be in stacks.
func (t *texts) addDir(dir string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sourceDirs[dir] = true
}

// compileError describes everything that kept a cell from being compiled.
//
// Errors come from three sources: the parser, the checker, and what neither of them knows of.
// Each is shown with its line and a mark below the column.
func (e *engine) compileError(err error) *cell.Error {
	type problem struct {
		pos token.Position
		msg string
	}
	var list []problem
	var scan scanner.ErrorList
	var check checkErrors
	var source *sourceError
	switch {
	case errors.As(err, &scan):
		for _, x := range scan {
			list = append(list, problem{x.Pos, x.Msg})
		}
	case errors.As(err, &check):
		for _, x := range check {
			list = append(list, problem{x.Fset.Position(x.Pos), x.Msg})
		}
	case errors.As(err, &source):
		list = append(list, problem{e.fset.Position(source.pos), source.msg})
	default:
		list = append(list, problem{msg: err.Error()})
	}
	out := &cell.Error{Name: "compile error"}
	var messages []string
	for _, p := range list {
		at := ""
		if p.pos.IsValid() {
			at = p.pos.String() + ": "
		}
		msg := explain(tidy(p.msg))
		messages = append(messages, at+msg)
		out.Traceback = append(out.Traceback, cell.Headline(out.Name, at+msg))
		out.Traceback = append(out.Traceback, e.texts.marked(p.pos)...)
	}
	out.Message = strings.Join(messages, "\n")
	return out
}

// tidy takes the session's own names out of a message of the checker.
func tidy(msg string) string {
	for _, name := range []string{rtName + ".Show", rtName + ".Use"} {
		msg = inner.CutArgument(msg, name)
	}
	msg = inner.CutNumbered(msg, againPrefix)
	// go/types puts the package before types that share a name, and all are of main here.
	return inner.CutPackage(msg, "main")
}

// explain says what a message of the checker leaves out: that there are two types of one name.
func explain(msg string) string {
	name := inner.SameName(msg)
	if name == "" {
		return msg
	}
	again := " was declared again after this value was made, which keeps the type that it had"
	if !token.IsIdentifier(name) {
		return msg + ": a type in " + name + again
	}
	return msg + ": " + name + again
}

// marked is the line of a cell at a position, with a mark below the column.
//
// Tabs stay tabs in the line of the mark, so that it stands below the column however wide they
// are.
func (t *texts) marked(pos token.Position) []string {
	lines := strings.Split(t.text(pos.Filename), "\n")
	if pos.Line < 1 || pos.Line > len(lines) || pos.Filename == "" {
		return nil
	}
	number := strconv.Itoa(pos.Line)
	out := []string{cell.Dim + number + " | " + cell.Plain + lines[pos.Line-1]}
	if pos.Column > 0 && pos.Column <= len(lines[pos.Line-1])+1 {
		var pad strings.Builder
		for _, c := range lines[pos.Line-1][:pos.Column-1] {
			if c != '\t' {
				c = ' '
			}
			pad.WriteRune(c)
		}
		out = append(out, strings.Repeat(" ", len(number))+cell.Dim+" | "+cell.Plain+pad.String()+cell.Strong+"^"+cell.Plain)
	}
	return out
}

// text is the source of a cell.
func (t *texts) text(file string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cells[file]
}

// runError describes why a run failed: it was halted, it ended by os.Exit, or it panicked, in
// which case the message begins with the line of the innermost code of the user.
func (t *texts) runError(err error) *cell.Error {
	var halt *haltError
	if errors.As(err, &halt) {
		_, frames := panicText(halt.at)
		return &cell.Error{Name: halt.name, Message: halt.msg, Traceback: append([]string{cell.Headline(halt.name, halt.msg)}, t.trace(frames)...)}
	}
	v := thrown(err)
	if _, ok := v.(haltValue); ok { // another cell has reset the session
		return t.runError(interrupted())
	}
	if e, ok := v.(exitValue); ok {
		return t.runError(e.failure())
	}
	msg, frames := panicText(err)
	out := &cell.Error{Name: "panic", Message: msg}
	frames = t.ownFrames(frames)
	if len(frames) > 0 {
		out.Message = fmt.Sprintf("%s:%d: %s", frames[0].pos.Filename, frames[0].pos.Line, msg)
	}
	out.Traceback = append(out.Traceback, cell.Headline("panic", msg))
	out.Traceback = append(out.Traceback, t.trace(frames)...)
	return out
}

// trace is where a run was, with the innermost line of a cell marked.
func (t *texts) trace(frames []frame) []string {
	var out []string
	for i, f := range t.ownFrames(frames) {
		out = append(out, fmt.Sprintf("%s:%d%s", f.pos.Filename, f.pos.Line, inFunction(f.function)))
		if i == 0 {
			out = append(out, t.marked(f.pos)...)
		}
	}
	return out
}

func inFunction(name string) string {
	if name == "" {
		return ""
	}
	return " in " + name
}

// thrown is the value of the panic behind an error of the interpreter.
//
// Panics come wrapped, in one or more of ixgo's errors and of our own that know where it was.
func thrown(err any) any {
	switch x := err.(type) {
	case ixgo.PanicError:
		return x.Value
	case ixgo.FatalError:
		return thrown(x.Value)
	case located:
		return thrown(x.value)
	}
	return inGoWords(err)
}

// What package reflect throws when interpreted code itself calls these methods of a value that is
// none.
var (
	zeroSet  = &reflect.ValueError{Method: "reflect.Value.Set"}
	zeroType = &reflect.ValueError{Method: "reflect.Value.Type"}
)

var nilDereference = inner.Known(ixgo.RuntimeError("invalid memory address or nil pointer dereference"))

// inGoWords is a value that was recovered, as Go itself would have thrown it: the interpreter
// stores through a pointer by reflection, which has words of its own for one that is nil.
//
// Code that recovers may compare or print it, and the words of package reflect would mean nothing
// to a reader of the cell. zeroSet and zeroType are those that the user's own use of reflection
// threw: these stay.
func inGoWords(v any) any {
	if e, ok := v.(error); ok {
		v = inner.Known(e)
	}
	if text, ok := v.(string); ok && strings.HasPrefix(text, "reflect.Value.Call") && strings.HasSuffix(text, ": call of nil function") {
		v = nilDereference
	} else if ok && text == "reflect.MakeSlice: len > cap" {
		v = inner.Known(ixgo.RuntimeError("makeslice: cap out of range"))
	}
	if e, ok := v.(*reflect.ValueError); ok && e.Kind == reflect.Invalid && e != zeroSet && e != zeroType &&
		(e.Method == zeroSet.Method || e.Method == zeroType.Method) {
		return nilDereference
	}
	return v
}

// caught is recover in the code of a cell, of what was recovered. What is thrown to end the code
// cannot be recovered.
func caught(v any) any {
	switch v.(type) {
	case haltValue, exitValue, endValue:
		panic(v)
	}
	return inGoWords(v)
}

// panicText is the message of a panic as Go prints it, and the stack if it is known.
//
// The stack is that of the interpreted calls.
func panicText(v any) (string, []frame) {
	var stack []byte
	switch x := v.(type) {
	case nil:
		return "", nil
	case ixgo.PanicError:
		stack = x.Stack()
	case ixgo.FatalError:
		stack = x.Stack()
		switch inner := x.Value.(type) {
		case ixgo.PanicError:
			return panicText(inner)
		case located:
			return describe(thrown(inner)), inner.frames
		}
	}
	frames := parseStack(string(stack))
	if frames == nil {
		frames = traceOf(thrown(v))
	}
	return describe(thrown(v)), frames
}

// describe is the text of a value that was thrown or returned. Its methods are the user's and may
// panic. It may name a process or a file, so that it is spelled as foreign names are.
func describe(v any) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprintf("(%T, whose Error method panics: %v)", v, r)
		}
		text = dtracefs.PrintableLines(text)
	}()
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case string:
		return v
	}
	return fmt.Sprint(v)
}

// parseStack reads a stack in the form of runtime.Stack.
//
// Each call has two lines: the function, and below it the place, with an offset that is cut off.
func parseStack(stack string) []frame {
	var out []frame
	lines := strings.Split(stack, "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		place, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " +")
		file, line, ok := cutLast(place, ":")
		n, err := strconv.Atoi(line)
		if !ok || err != nil {
			continue
		}
		out = append(out, frame{strings.TrimSuffix(lines[i], "()"), token.Position{Filename: file, Line: n}})
	}
	return out
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// ownFrames leaves the frames of cells and source packages, under the names that the user gave:
// functions without package main before them, and the top level of a cell, which is an
// initializer, without a name.
func (t *texts) ownFrames(frames []frame) []frame {
	var out []frame
	for _, f := range frames {
		if f.pos.Line < 1 || f.pos.Filename == "" || strings.HasPrefix(f.pos.Filename, "<") {
			continue
		}
		if t.text(f.pos.Filename) == "" && !t.isSource(f.pos.Filename) {
			continue
		}
		f.function = strings.TrimPrefix(f.function, "main.")
		if strings.HasPrefix(f.function, "init.func") || f.function == "init" {
			f.function = ""
		}
		if n := len(out); n > 0 && out[n-1] == f {
			continue
		}
		out = append(out, f)
	}
	return out
}

// isSource reports whether a file belongs to a package that was imported from source.
func (t *texts) isSource(file string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sourceDirs[filepath.Dir(file)]
}

// frameLines prints frames for a message in a stream.
func (t *texts) frameLines(frames []frame) string {
	var b strings.Builder
	for _, f := range t.ownFrames(frames) {
		fmt.Fprintf(&b, "\t%s:%d%s\n", f.pos.Filename, f.pos.Line, inFunction(f.function))
	}
	return b.String()
}
