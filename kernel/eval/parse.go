package eval

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"dtnotes/kernel/eval/internal/inner"
)

// A snippet is a piece of a cell with the place where it stands.
//
// The text is kept for as long as its declaration may have to be checked again, and it is what a
// syntax tree is made of each time: errors and stacks quote the cell by the directive that at
// gives.
type snippet struct {
	file      string // "cell[3]"
	line, col int
	text      string
}

func (s snippet) at() string { return fmt.Sprintf("/*line %s:%d:%d*/", s.file, s.line, s.col) }

// fileName is the name under which a file set has the text. That of a file of the system would
// become part of what at says, and is left out.
func (s snippet) fileName() string {
	if filepath.Base(s.file) != s.file {
		return ""
	}
	return s.file
}

// holds reports whether a position lies in the snippet or right behind it. Columns count, as
// several declarations may stand on one line.
func (s snippet) holds(pos token.Position) bool {
	lines := strings.Count(s.text, "\n")
	end := len(s.text) - strings.LastIndexByte(s.text, '\n') // the column behind the last line
	if lines == 0 {
		end += s.col - 1
	}
	at := pos.Line - s.line
	return pos.Filename == s.file && at >= 0 && at <= lines &&
		(at > 0 || pos.Column >= s.col) && (at < lines || pos.Column <= end)
}

type itemKind int

const (
	declItem  itemKind = iota // func, type, const
	varItem                   // var or :=
	stmtItem                  // runs, shows nothing
	valueItem                 // an expression that is evaluated and dropped
	showItem                  // the expression whose values are the result
	deferItem                 // runs when the cell has ended
)

// An item is a declaration, statement or expression at the top level of a cell.
//
// Exactly one of decls, stmts and expr says what it is, by its kind. A cell is cut into items
// because go/types knows declarations at the level of a package only; checker.code makes the rest
// into such.
type item struct {
	kind  itemKind
	src   snippet
	decls []ast.Decl
	stmts []ast.Stmt
	expr  ast.Expr
	rest  []ast.Expr // of an expression list that is shown
	names []string   // package-level names that it declares
	mark  int64      // of a variable: its run.progress once it has its value
	again bool       // assigns what an item before it computed, see repeatedNames

	watched      []int // sightings of errors that nothing looks at
	watchedNames []string
}

// each calls f for the syntax of an item.
func (it *item) each(f func(ast.Node)) {
	for _, d := range it.decls {
		f(d)
	}
	for _, st := range it.stmts {
		f(st)
	}
	if it.expr != nil && it.stmts == nil {
		f(it.expr)
	}
	for _, x := range it.rest {
		f(x)
	}
}

// parsed is a cell, taken apart.
type parsed struct {
	items   []*item
	imports []*ast.ImportSpec
	program bool // it has a package clause: func main is to be run
}

// names are those that the cell declares.
func (p *parsed) names() map[string]bool {
	names := map[string]bool{}
	for _, it := range p.items {
		for _, n := range it.names {
			names[n] = true
		}
	}
	return names
}

// chunk is the text between two semicolons outside all brackets.
//
// First is its first token, label whether that is followed by a colon; start and end are offsets.
type chunk struct {
	first token.Token
	label bool
	start int
	end   int
}

// split cuts a cell at the semicolons, written or implied, that are outside all brackets. The
// scanner puts them in by Go's own rule, which a search for line ends would have to repeat. A
// cell with mistakes is cut as well as it can be: each chunk is then parsed by itself, so that a
// mistake in one hides none of the others, and completion still knows the others.
func split(code string) []chunk {
	var s scanner.Scanner
	fset := token.NewFileSet()
	f := fset.AddFile("", -1, len(code))
	s.Init(f, []byte(code), func(token.Position, string) {}, 0)
	var out []chunk
	var toks []token.Token // the first tokens of the current chunk
	start, depth := -1, 0
	var h head
	for {
		pos, tok, _ := s.Scan()
		off := f.Offset(pos)
		if depth == 0 {
			h.token(tok)
		}
		switch tok {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
			if depth == 0 {
				h.last = tok
			}
		}
		if tok == token.EOF || tok == token.SEMICOLON && depth <= 0 {
			label := len(toks) >= 2 && toks[0] == token.IDENT && toks[1] == token.COLON
			// A label belongs to the statement below it; and in for i := 0; i < 3; i++ { the
			// semicolons do not end the statement.
			if tok != token.EOF && (label && len(toks) == 2 || headGoesOn(toks, label, h.done)) {
				continue
			}
			if start >= 0 {
				out = append(out, chunk{toks[0], label, start, off})
			}
			if tok == token.EOF {
				return out
			}
			start, toks, depth, h = -1, nil, 0, head{}
			continue
		}
		if start < 0 {
			start = off
		}
		if len(toks) < 3 {
			toks = append(toks, tok)
		}
	}
}

// A head follows the tokens of a statement that are outside all brackets, to know which brace opens
// the block of an if, for or switch: the others are those of literals, as in
//
//	if n, ok := map[string]int{"a": 1}[s]; ok {
//	switch f := func() bool { return true }; f() {
type head struct {
	last  token.Token // the one before
	opens token.Token // what a brace that follows would belong to: func, or map for any other type
	done  bool        // the block is there
}

func (h *head) token(tok token.Token) {
	switch tok {
	case token.FUNC:
		h.opens = tok
	case token.MAP, token.STRUCT, token.INTERFACE:
		if h.opens == 0 {
			h.opens = token.MAP
		}
	case token.LBRACK: // of an array type, if there is nothing that could be indexed
		switch h.last {
		case token.IDENT, token.STRING, token.RPAREN, token.RBRACK, token.RBRACE:
		default:
			if h.opens == 0 {
				h.opens = token.MAP
			}
		}
	case token.LPAREN: // a conversion
		if h.opens == token.MAP {
			h.opens = 0
		}
	case token.LBRACE:
		switch {
		case h.last == token.STRUCT || h.last == token.INTERFACE:
		case h.opens != 0:
			h.opens = 0
		default:
			h.done = true
		}
	case token.ELSE:
		h.done = false // the next block is
	case token.SEMICOLON:
		h.opens = 0
	}
	h.last = tok
}

// headGoesOn reports whether a semicolon stands in the head of a for, if or switch, whose block
// has not come yet. toks are the first tokens of the chunk.
func headGoesOn(toks []token.Token, label, done bool) bool {
	if label && len(toks) > 2 {
		toks = toks[2:]
	}
	return len(toks) > 0 && !done && (toks[0] == token.FOR || toks[0] == token.IF || toks[0] == token.SWITCH)
}

// parse takes a cell apart. The positions of the syntax are those in the cell.
//
// All chunks are parsed before it fails, so that the user sees every mistake at once, one for
// each chunk.
func (e *engine) parse(file, code string) (*parsed, error) {
	p := &parsed{}
	if err := e.directives(file, code); err != nil {
		return nil, err
	}
	hasLabel := false
	var errs scanner.ErrorList
	line, col, at := 1, 1, 0
	chunks := split(code)
	for i, c := range chunks {
		for ; at < c.start; at++ {
			if col++; code[at] == '\n' {
				line, col = line+1, 1
			}
		}
		hasLabel = hasLabel || c.label || c.first == token.GOTO
		src := snippet{file, line, col, code[c.start:c.end]}
		if err := e.parseChunk(p, c.first, src, i == len(chunks)-1); err != nil {
			var list scanner.ErrorList
			if !errors.As(err, &list) {
				return nil, err
			}
			errs = append(errs, list[0])
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if hasLabel {
		p.joinStatements()
	}
	return p, nil
}

// directives refuses the comments that tell the compiler something a cell cannot have. They are
// looked for as comments, since the same text may stand in a string.
func (e *engine) directives(file, code string) error {
	const embed = "//go:embed"
	if !strings.Contains(code, embed) {
		return nil
	}
	var s scanner.Scanner
	f := token.NewFileSet().AddFile(file, -1, len(code))
	f.SetLinesForContent([]byte(code))
	s.Init(f, []byte(code), nil, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return nil
		case tok == token.COMMENT && (strings.HasPrefix(lit, embed+" ") || strings.HasPrefix(lit, embed+"\t")):
			var list scanner.ErrorList
			list.Add(f.Position(pos), "a cell embeds no files: it is not built into a program; read them with os.ReadFile or os.DirFS")
			return list
		}
	}
}

// parseChunk adds what a chunk holds to p; last says that it is the last of the cell, whose value
// is the result. What begins with func may be a declaration or an expression, as func() { … }()
// is one: if it parses as neither, the error is that of the declaration.
func (e *engine) parseChunk(p *parsed, first token.Token, src snippet, last bool) error {
	switch first {
	case token.PACKAGE:
		p.program = true
		return nil
	case token.IMPORT:
		f, err := e.parseFile(src, parser.ImportsOnly)
		if err == nil {
			p.imports = append(p.imports, f.Imports...)
		}
		return err
	case token.FUNC, token.TYPE, token.VAR, token.CONST:
		f, err := e.parseFile(src, 0)
		if err == nil {
			p.items = append(p.items, declarations(src, f.Decls))
			return nil
		}
		if _, exprErr := parser.ParseExpr(src.text); first != token.FUNC || exprErr != nil {
			return err
		}
	}
	stmts, err := e.parseBody(src)
	// A list of expressions, as in x, err, is no statement of Go, but may end a cell.
	if err != nil && last {
		if list := e.parseList(src); list != nil {
			p.items = append(p.items, &item{kind: showItem, src: src, expr: list[0], rest: list[1:]})
			return nil
		}
	}
	if err != nil || len(stmts) == 0 {
		return err
	}
	it := &item{kind: stmtItem, src: src, stmts: stmts}
	if len(stmts) == 1 {
		if err := it.classify(stmts[0], last); err != nil {
			return err
		}
	}
	p.items = append(p.items, it)
	return nil
}

// parseFile parses a chunk as the only declaration of a file. The file begins with a directive
// that gives its positions those of the cell, so nobody has to count lines again.
func (e *engine) parseFile(src snippet, mode parser.Mode) (*ast.File, error) {
	return parser.ParseFile(e.fset, src.fileName(), "package main;"+src.at()+src.text, mode|parser.SkipObjectResolution)
}

// parseBody parses a chunk as the body of a function. The line end before the closing bracket
// keeps a comment at the end of the chunk from taking the bracket in.
func (e *engine) parseBody(src snippet) ([]ast.Stmt, error) {
	f, err := parser.ParseFile(e.fset, src.fileName(), "package main;func _(){"+src.at()+src.text+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return nil, src.atEnd(err)
	}
	return f.Decls[0].(*ast.FuncDecl).Body.List, nil
}

// parseList reads a list of two expressions or more as the arguments of a call; nil if it is
// none, or ends in dots, which a call may and a list may not.
func (e *engine) parseList(src snippet) []ast.Expr {
	f, err := parser.ParseFile(e.fset, "", "package main;var _ = _("+src.at()+withoutComment(src.text)+")", parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return nil
	}
	call, ok := f.Decls[0].(*ast.GenDecl).Specs[0].(*ast.ValueSpec).Values[0].(*ast.CallExpr)
	if !ok || len(call.Args) < 2 || call.Ellipsis.IsValid() {
		return nil
	}
	return call.Args
}

// withoutComment cuts off what stands behind the last token of a text, as a comment there would
// take in the bracket that parseList puts behind it.
func withoutComment(text string) string {
	var s scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(f, []byte(text), nil, 0)
	end := 0
	for {
		pos, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return text[:end]
		case tok == token.SEMICOLON && lit != ";":
			continue
		case lit == "":
			lit = tok.String()
		}
		end = min(f.Offset(pos)+len(lit), len(text))
	}
}

// atEnd takes the bracket that parseBody put behind a snippet out of an error about it: the user
// has not written it, so the error is at the end of the snippet, where something is missing.
func (s snippet) atEnd(err error) error {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return err
	}
	lines := strings.Split(s.text, "\n")
	for _, e := range list {
		if e.Pos.Line < s.line+len(lines) {
			continue
		}
		e.Pos.Line, e.Pos.Column = s.line+len(lines)-1, len(lines[len(lines)-1])+1
		if len(lines) == 1 {
			e.Pos.Column += s.col - 1
		}
		e.Msg = inner.FoundEnd(e.Msg)
	}
	return list
}

// declarations makes the item of a func, type, var or const chunk.
func declarations(src snippet, decls []ast.Decl) *item {
	it := &item{kind: declItem, src: src, decls: decls}
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name != "init" {
				it.declare(d.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				it.kind = varItem
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					it.declare(spec.Name)
				case *ast.ValueSpec:
					it.declare(spec.Names...)
				}
			}
		}
	}
	return it
}

func (it *item) declare(names ...*ast.Ident) {
	for _, n := range names {
		if n.Name != "_" {
			it.names = append(it.names, n.Name)
		}
	}
}

// classify finds out what a single statement is at the top level of a cell: := declares variables
// of the session; defer waits for the end of the cell; an expression is a result if it is last.
// Calls and receives are statements of Go by themselves and are left so where nobody wants their
// value. Any other expression, which Go refuses as a statement, is evaluated and dropped.
func (it *item) classify(stmt ast.Stmt, last bool) error {
	switch st := stmt.(type) {
	case *ast.AssignStmt:
		if st.Tok != token.DEFINE {
			return nil
		}
		spec := &ast.ValueSpec{Values: st.Rhs}
		for _, l := range st.Lhs {
			id, ok := l.(*ast.Ident)
			if !ok {
				return &sourceError{pos: l.Pos(), msg: "non-name on left side of :="}
			}
			spec.Names = append(spec.Names, id)
		}
		it.declare(spec.Names...)
		it.kind, it.stmts = varItem, nil
		it.decls = []ast.Decl{&ast.GenDecl{Tok: token.VAR, TokPos: st.Pos(), Specs: []ast.Spec{spec}}}
	case *ast.DeferStmt:
		it.kind = deferItem
	case *ast.ExprStmt:
		switch x := ast.Unparen(st.X).(type) {
		case *ast.CallExpr:
			if !last || isPrint(x) {
				return nil
			}
		case *ast.UnaryExpr:
			if !last {
				return nil
			}
		}
		it.kind, it.expr, it.stmts = valueItem, st.X, nil
		if last {
			it.kind = showItem
		}
	}
	return nil
}

// isPrint reports whether c calls fmt.Println or one of its likes, whose results nobody wants to
// see. It goes by the names alone, as there are no types yet.
func isPrint(c *ast.CallExpr) bool {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !isIdent(sel.X, "fmt") {
		return false
	}
	return strings.HasPrefix(sel.Sel.Name, "Print") || strings.HasPrefix(sel.Sel.Name, "Fprint")
}

// joinStatements puts neighboring statements into one body, so that labels and goto reach them.
//
// Such a body runs as one item: how far a failed cell has come is less exactly known, and calls
// in it are not watched for errors. So it is only done where the cell has a label.
func (p *parsed) joinStatements() {
	var out []*item
	for _, it := range p.items {
		if n := len(out); n > 0 && it.kind == stmtItem && out[n-1].kind == stmtItem {
			out[n-1].stmts = append(out[n-1].stmts, it.stmts...)
			continue
		}
		out = append(out, it)
	}
	p.items = out
}

// againPrefix, a number and _ stand before the names of the variables that repeatedNames makes.
const againPrefix = "__again"

// repeatedNames turns a second x := … of a cell into an assignment to the first, since a
// package-level name can be declared only once. In x, y := f() with an x that is there already
// and a y that is new, a variable that no code can name takes f's first value on its way to x: :=
// on both sides of one call cannot be split. The second x must be of the first's type, as in a
// function.
func (p *parsed) repeatedNames() {
	seen := map[string]bool{}
	var out []*item
	for i, it := range p.items {
		out = append(out, it)
		spec := shortVar(it)
		if spec == nil {
			for _, n := range it.names {
				seen[n] = true
			}
			continue
		}
		var again []ast.Stmt
		it.names = nil
		for k, id := range spec.Names {
			if id.Name != "_" && seen[id.Name] {
				tmp := &ast.Ident{NamePos: id.Pos(), Name: againPrefix + strconv.Itoa(i) + "_" + id.Name}
				spec.Names[k] = tmp
				value := &ast.Ident{NamePos: id.Pos(), Name: tmp.Name}
				again = append(again, &ast.AssignStmt{Lhs: []ast.Expr{id}, TokPos: id.Pos(), Tok: token.ASSIGN, Rhs: []ast.Expr{value}})
				continue
			}
			it.declare(id)
			seen[id.Name] = true
		}
		if again != nil {
			out = append(out, &item{kind: stmtItem, src: it.src, stmts: again, again: true})
		}
	}
	p.items = out
}

// shortVar is the specification behind a := item.
func shortVar(it *item) *ast.ValueSpec {
	if it.kind != varItem || strings.HasPrefix(it.src.text, "var") || len(it.decls) != 1 {
		return nil
	}
	g := it.decls[0].(*ast.GenDecl)
	if len(g.Specs) != 1 {
		return nil
	}
	return g.Specs[0].(*ast.ValueSpec)
}

// receiverName is the name of the type that a method is declared on.
func receiverName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func ident(name string) *ast.Ident { return &ast.Ident{Name: name} }

// sourceError is an error at a place in a cell that neither the parser nor the checker found.
type sourceError struct {
	ungotten []string // the imports that it is about, if getting them by their own paths would help
	pos      token.Pos
	msg      string
}

func (e *sourceError) Error() string { return e.msg }
