package eval

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/internal/process"
	"dtnotes/kernel/tracing"
)

// A segment is a part of a cell: Go code, or a line that is a command to the session.
type segment struct {
	code  string // with empty lines for what stands above, so that lines keep their number
	magic string
	late  bool // the command is for a whole cell and does not stand on top of it
	// left is what is left of the cell, where the session goes on elsewhere: what stands below a
	// command, or code and what stands below that.
	left string
}

var questionLine = lazily(`^(\?\s*[\pL_][\pL\pN_.]*|[\pL_][\pL\pN_.]*\s*\?)$`)

// lazily compiles an expression when it is first needed: classes of letters take long to compile,
// and would delay the start of every session.
func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// isMagic reports whether a line is a command by how it begins or ends: %, $ and ?, with none of
// which a line of Go can begin, or a name and a question mark.
func isMagic(line string) bool {
	line = strings.TrimRight(line, " \t\r")
	if line == "" {
		return false
	}
	first, last := line[0], line[len(line)-1]
	return first == '%' || first == '$' || (first == '?' || last == '?') && questionLine().MatchString(line)
}

// segments takes the commands out of a cell. A line inside a string, comment or brackets is none,
// which is why it matters whether the Go code above is closed. A command that begins with two
// percent signs and stands on top takes the whole rest as its text. Segments below a command
// begin with as many empty lines as stand above, so that errors in them have the lines of the
// cell. knows reports which names mean something in the session, see isBang.
func segments(code string, knows func(name string) bool) []segment {
	var out []segment
	var pending strings.Builder
	lines := strings.SplitAfter(code, "\n")
	from := func(i int) string { return strings.Repeat("\n", i) + strings.Join(lines[i:], "") }
	begin := 0 // of what is pending
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		text := strings.TrimRight(line, " \t\r\n")
		if isMain(text) && isClosed(pending.String()) {
			line = "\n" // what stands below runs as what stands above does
		} else if args, ok := mainArguments(text); ok {
			text = "%args " + args
		}
		if !isMagic(text) && !isBang(text, pending.String(), knows) || isMain(text) || !isClosed(pending.String()) {
			pending.WriteString(line)
			continue
		}
		if strings.HasPrefix(text, "%%") && strings.TrimSpace(pending.String()) == "" {
			return append(out, segment{magic: text, code: from(i + 1), left: from(i)})
		}
		if strings.TrimSpace(pending.String()) != "" {
			out = append(out, segment{code: pending.String(), left: from(begin)})
		}
		if strings.HasPrefix(text, "%%") {
			return append(out, segment{magic: text, late: true})
		}
		// The command goes on in the next line.
		for (text[0] == '$' || text[0] == '!') && strings.HasSuffix(text, "\\") && i+1 < len(lines) {
			i++
			text += "\n" + strings.TrimRight(lines[i], " \t\r\n")
		}
		out = append(out, segment{magic: text, left: from(i + 1)})
		pending.Reset()
		pending.WriteString(strings.Repeat("\n", i+1))
		begin = i + 1
	}
	if strings.TrimSpace(pending.String()) != "" {
		out = append(out, segment{code: pending.String(), left: from(begin)})
	}
	return out
}

// isGet reports whether the segment is the command that gets modules.
func (seg segment) isGet() bool {
	name, _, _ := strings.Cut(seg.magic, " ")
	return name == "%get"
}

// arguments are what stands behind the name of a command.
func (seg segment) arguments() string {
	_, arg, _ := strings.Cut(seg.magic, " ")
	return arg
}

// together joins commands that get modules and follow each other into one, so that at most one
// program is built.
func together(segs []segment) []segment {
	var out []segment
	for _, seg := range segs {
		if n := len(out); n > 0 && seg.isGet() && out[n-1].isGet() {
			seg.magic = "%get " + out[n-1].arguments() + "\n" + seg.arguments()
			out = out[:n-1]
		}
		out = append(out, seg)
	}
	return out
}

// isMain reports whether a line is the command by which other notebooks say that what stands
// below is the body of func main.
func isMain(line string) bool { return line == "%%" || line == "%main" }

// mainArguments are what stands behind such a command: in other notebooks the arguments of the
// program that they make of the cell.
func mainArguments(line string) (args string, ok bool) {
	if args, ok = strings.CutPrefix(line, "%% "); !ok {
		args, ok = strings.CutPrefix(line, "%main ")
	}
	return strings.TrimSpace(args), ok
}

// isBang reports whether a line is a shell command after an exclamation mark, as !ls -l, and no
// expression, as !done. It is an expression if it parses as one and has a name that means
// something, in the session or above it in the cell.
func isBang(line, above string, knows func(name string) bool) bool {
	if len(line) < 2 || line[0] != '!' {
		return false
	}
	x, err := parser.ParseExpr(line)
	if err != nil {
		return true
	}
	command := true
	ast.Inspect(x, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			command = command && !knows(id.Name) && countWords(above)[id.Name] == 0
		}
		return command
	})
	return command
}

// knows reports whether a name means something without a declaration in the cell.
func (e *engine) knows(name string) bool {
	return e.scope.names[name] != nil || e.scope.imports[name] != "" || ambient()[name] != "" || types.Universe.Lookup(name) != nil
}

// isClosed reports whether code ends outside all brackets, strings and comments.
func isClosed(code string) bool {
	closers, open := unclosed(code)
	return closers == "" && !open
}

// unclosed gives what closes the brackets that are open at the end of code; open says that it
// ends in a string or comment. A bracket that closes too much is left to the parser.
func unclosed(code string) (closers string, open bool) {
	var sc scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(code))
	sc.Init(f, []byte(code), nil, scanner.ScanComments)
	var stack []byte
	for {
		_, tok, lit := sc.Scan()
		open = open || isOpen(tok, lit)
		switch tok {
		case token.EOF:
			slices.Reverse(stack)
			return string(stack), open
		case token.LPAREN:
			stack = append(stack, ')')
		case token.LBRACE:
			stack = append(stack, '}')
		case token.LBRACK:
			stack = append(stack, ']')
		case token.RPAREN, token.RBRACE, token.RBRACK:
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		}
	}
}

// countWords counts how often names occur in a cell.
func countWords(code string) map[string]int {
	count := map[string]int{}
	for _, w := range strings.FieldsFunc(code, func(r rune) bool { return !isNameRune(r) }) {
		count[w]++
	}
	return count
}

// isOpen reports whether a string, character or comment does not end. The scanner gives it up to
// where the line or text is over; a quote behind an odd number of backslashes is none.
func isOpen(tok token.Token, lit string) bool {
	switch {
	case tok == token.COMMENT:
		return strings.HasPrefix(lit, "/*") && (len(lit) < 4 || !strings.HasSuffix(lit, "*/"))
	case tok == token.STRING || tok == token.CHAR:
		return len(lit) < 2 || lit[len(lit)-1] != lit[0] || lit[0] != '`' && backslashes(lit[:len(lit)-1])%2 == 1
	}
	return false
}

// backslashes counts those at the end of a text.
func backslashes(s string) int { return len(s) - len(strings.TrimRight(s, "\\")) }

// asksExit reports whether the cell is a word that ends a console, unless it means something in
// the session.
func (s *Session) asksExit(code string) bool {
	name := strings.TrimSuffix(strings.TrimSpace(code), "()")
	return (name == "exit" || name == "quit") && s.engine.scope.names[name] == nil && s.engine.scope.imports[name] == ""
}

// A magic is a command. Its usage is how it is written: of a command of one line, a usage that is
// the name alone says that it takes no arguments, and it is refused with some. run gets what stands
// behind the name, and of a command for a whole cell the text below, and prints by printTo.
// complete proposes what may stand behind the name, given what stands there up to the cursor and
// where that is; it is nil if nothing is to be proposed.
type magic struct {
	usage, help string
	run         func(s *Session, ctx context.Context, r *run, arg, code string) cell.Result
	complete    func(e *engine, arg string, pos int) cell.Completion
}

// magics are the commands that begin with a percent sign.
func magics() map[string]magic {
	return map[string]magic{
		"help":   {"%help", "what a cell can be, and these commands", (*Session).help, nil},
		"who":    {"%who", "the variables, functions and types of the session", (*Session).who, nil},
		"ls":     {"%ls", "the same as %who", (*Session).who, nil},
		"list":   {"%list", "the same as %who", (*Session).who, nil},
		"rm":     {"%rm NAME ...", "forgets variables, functions, types and imports", (*Session).remove, completeRemovable},
		"time":   {"%time CODE", "runs a line, or with %%time the whole cell, and says how long it took", (*Session).timed, nil},
		"get":    {"%get PATH[@VERSION] ...", "gets modules, or packages of modules, to be imported; with -c before it compiles in what would run from source", get, nil},
		"args":   {"%args [ARGUMENT ...]", "sets what os.Args and package flag see; so do %% and %main with arguments", (*Session).setArguments, nil},
		"env":    {"%env NAME VALUE", "sets an environment variable", (*Session).setVariable, nil},
		"native": {"%native", "what executes the functions of the last cell, and why it is not the faster executor", (*Session).nativeTold, nil},
		"reset":  {"%reset", "forgets all variables, functions, types and imports", (*Session).forget, nil},
		"cd":     {"%cd [FOLDER]", "changes the folder that files and local packages are looked for in", (*Session).changeDir, completeFolder},
	}
}

// commandOf is the command that a name with its percent signs is of. %%time alone is both.
func commandOf(name string) (m magic, ok bool) {
	if bare, whole := strings.CutPrefix(name, "%%"); whole && bare != "time" {
		m, ok = wholeCells()[bare]
		return m, ok
	}
	bare := strings.TrimLeft(name, "%")
	m, ok = magics()[bare]
	return m, ok && bare != name
}

// command runs one command line.
//
// Code is what stands below a command for the whole cell, and empty for others.
func (s *Session) command(ctx context.Context, r *run, seg segment) cell.Result {
	line := strings.TrimSpace(seg.magic)
	switch line[0] {
	case '$', '!':
		// Notebooks of GoNB write !* for a command in the folder of the module, which here is the
		// folder of the session.
		return s.shell(ctx, strings.TrimSpace(strings.TrimPrefix(line[1:], "*")))
	case '%':
		name, arg, _ := strings.Cut(line, " ")
		arg = strings.TrimSpace(arg)
		if m, ok := commandOf(name); ok {
			if arg != "" && m.usage == name && !strings.HasPrefix(name, "%%") {
				return failure("error", fmt.Sprintf("%s: it takes nothing, and there is %q; a shell command begins with $ or !", m.usage, arg))
			}
			return m.run(s, ctx, r, arg, seg.code)
		}
		meant := ""
		if best := nearest(name, commandNames()); best != "" {
			meant = "; did you mean " + best + "?"
		}
		return failure("unknown command", fmt.Sprintf("no command %s; there are %s, $ SHELL COMMAND, ?NAME and NAME?%s",
			name, strings.Join(commandNames(), ", "), meant))
	}
	name := strings.Trim(line, "? \t")
	b, ok := s.assistant().describeName(name, 1)
	if !ok {
		return failure("not found", "nothing known of "+name)
	}
	return cell.Result{Page: b}
}

// commandNames are the commands with their percent signs, those of whole cells last.
func commandNames() []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(magics())) {
		out = append(out, "%"+n)
	}
	out = append(out, "%%time")
	for _, n := range slices.Sorted(maps.Keys(wholeCells())) {
		out = append(out, "%%"+n)
	}
	return out
}

func failure(name, message string) cell.Result {
	return cell.Result{Err: &cell.Error{Name: name, Message: message, Traceback: []string{cell.Headline(name, message)}}}
}

func (s *Session) help(_ context.Context, _ *run, _, _ string) cell.Result {
	var b strings.Builder
	b.WriteString(`A cell is Go: declarations, statements and expressions in any order. The value of the last expression
is the result. Variables, functions, types and imports stay; declare them again to change them.
Packages of the standard library, gonum, plot, gota and dtnotes need no import: dtracefs.Load(…)

An error that nobody looks at fails the cell when it has ended: one that a call gives to a variable at
the top level of the cell (f, err := os.Open(…)) which nothing in the cell reads before it is assigned
again; or the last result of a call that stands alone (os.Remove(…)), as the last line too. Values stay
set. Read err, or write _ in its place, if it does not matter. What package errors and fmt.Errorf make
are values like others, and so is what methods Err and Unwrap give.

`)
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	all := magics()
	for _, n := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(w, "%s\t%s\n", all[n].usage, all[n].help)
	}
	whole := wholeCells()
	for _, n := range slices.Sorted(maps.Keys(whole)) {
		fmt.Fprintf(w, "%s\t%s\n", whole[n].usage, whole[n].help)
	}
	fmt.Fprintln(w, "$ COMMAND or !COMMAND\truns a shell command")
	fmt.Fprintln(w, "%% or %main [ARGUMENT ...]\tin other notebooks what stands below is the body of func main; here it only sets arguments")
	fmt.Fprintln(w, "?NAME or NAME?\tdocumentation of a name")
	fmt.Fprintln(w, "exit or quit\tends a console")
	w.Flush()
	printTo(0, []byte(b.String()))
	return cell.Result{}
}

func (s *Session) who(_ context.Context, _ *run, _, _ string) cell.Result {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(s.engine.scope.names)) {
		if strings.HasPrefix(name, "__") {
			continue
		}
		switch o := s.engine.scope.names[name].(type) {
		case *types.Func:
			fmt.Fprintf(w, "%s\tfunc\t%s\n", name, strings.TrimPrefix(types.TypeString(o.Type(), shortName), "func"))
		case *types.TypeName:
			fmt.Fprintf(w, "%s\ttype\t%s\n", name, types.TypeString(o.Type().Underlying(), shortName))
		case *types.Const:
			fmt.Fprintf(w, "%s\tconst\t%s = %s\n", name, types.TypeString(o.Type(), shortName), o.Val())
		case *types.Var:
			fmt.Fprintf(w, "%s\tvar\t%s\n", name, types.TypeString(o.Type(), shortName))
		}
	}
	w.Flush()
	if b.Len() == 0 {
		b.WriteString("nothing is declared\n")
	}
	printTo(0, []byte(b.String()))
	return cell.Result{}
}

// shortName qualifies names as a cell does.
func shortName(p *types.Package) string {
	if p.Path() == "main" {
		return ""
	}
	return p.Name()
}

func (s *Session) timed(ctx context.Context, r *run, arg, code string) cell.Result {
	if code == "" {
		code = arg
	}
	start := time.Now()
	res := s.goCode(ctx, r, code)
	if res.Next != nil { // it has not run yet
		return res
	}
	printTo(0, fmt.Appendf(nil, "took %v\n", time.Since(start).Round(10*time.Microsecond)))
	return res
}

func (s *Session) nativeTold(_ context.Context, _ *run, _, _ string) cell.Result {
	printTo(0, []byte(s.engine.builder.native.tell()))
	return cell.Result{}
}

func (s *Session) forget(_ context.Context, _ *run, _, _ string) cell.Result {
	s.reset()
	return cell.Result{}
}

// remove is %rm. All names are looked at before any is forgotten. Functions that use a name go on
// with what it meant.
func (s *Session) remove(_ context.Context, _ *run, arg, _ string) cell.Result {
	sc := s.engine.scope
	names := strings.Fields(arg)
	if len(names) == 0 {
		return failure("error", "%rm: which names?")
	}
	for _, n := range names {
		if sc.names[n] == nil && sc.imports[n] == "" {
			msg := "%rm: nothing is called " + n
			if best := nearest(n, slices.Collect(maps.Keys(sc.names))); best != "" {
				msg += "; did you mean " + best + "?"
			}
			return failure("error", msg)
		}
	}
	for _, n := range names {
		delete(sc.names, n)
		delete(sc.imports, n)
	}
	return cell.Result{}
}

// setArguments is %args. They stay until they are set again; %reset keeps them, as it does the
// folder.
func (s *Session) setArguments(_ context.Context, _ *run, arg, _ string) cell.Result {
	words, err := tracing.Split(arg)
	if err != nil {
		return failure("error", fmt.Sprintf("%%args: %v", err))
	}
	os.Args = append(os.Args[:1:1], words...)
	return cell.Result{}
}

// setVariable is %env. The value goes to the end of the line, and = may stand before it.
func (s *Session) setVariable(_ context.Context, _ *run, arg, _ string) cell.Result {
	name, value, ok := strings.Cut(arg, "=")
	if blank, after, found := strings.Cut(arg, " "); found && (!ok || len(blank) < len(name)) {
		name, value, ok = blank, strings.TrimSpace(after), true
	}
	if !ok {
		return failure("error", "%env NAME VALUE: the value is missing")
	}
	if err := os.Setenv(name, value); err != nil {
		return failure("error", fmt.Sprintf("%%env: %v", err))
	}
	return cell.Result{}
}

// changeDir is %cd. The folder is the process's, as files are opened relative to that.
func (s *Session) changeDir(_ context.Context, _ *run, arg, _ string) cell.Result {
	dir := arg
	if dir == "" || dir == "~" || strings.HasPrefix(dir, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return failure("error", fmt.Sprintf("change folder: %v", err))
		}
		dir = filepath.Join(home, strings.TrimPrefix(dir, "~"))
	}
	if err := os.Chdir(dir); err != nil {
		return failure("error", fmt.Sprintf("change folder: %v", err))
	}
	wd, err := os.Getwd()
	if err != nil {
		return failure("error", fmt.Sprintf("change folder: %v", err))
	}
	s.opts.Dir, s.engine.packages.dir = wd, wd
	printTo(0, []byte(wd+"\n"))
	return cell.Result{}
}

// shell runs a command; its processes end with the context.
func (s *Session) shell(ctx context.Context, line string) cell.Result {
	return s.runCommand(ctx, s.runner.current, process.Shell(ctx, line), line)
}

// runWriter writes to a stream of a certain cell.
type runWriter struct {
	r      *run
	stream int
}

var _ io.Writer = runWriter{}

func (w runWriter) Write(b []byte) (int, error) {
	console.mu.Lock()
	defer console.mu.Unlock()
	drain()
	w.r.out.Stream(streamNames[w.stream], string(bytes.Clone(b)))
	return len(b), nil
}
