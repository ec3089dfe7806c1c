package eval

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dtnotes/kernel/cell"
)

// placeholder stands where the cursor is.
const placeholder = "__cursor"

// Complete implements cell.Evaluator.
//
// It answers while a cell runs, since the mutex is free then. Code that is being written is wrong
// most of the time: what cannot be made out of it, even by a panic of go/types, means no
// proposals and no error.
func (s *Session) Complete(code string, pos int) (out cell.Completion) {
	pos = min(max(pos, 0), len(code))
	if h, script, ok := traceHelp(code, pos); ok {
		return completeTrace(h, code, script, pos)
	}
	start, end := wordAround(code, pos)
	out = cell.Completion{Start: start, End: end}
	defer func() { recover() }() // go/types may panic on code that is half written
	prefix := code[start:pos]
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, _, ok := isWholeCell(code); ok { // its text is no Go
		return s.assistant().completeWhole(code, name, pos)
	}
	c, in, code := s.assistant().commandAt(code, pos)
	if in {
		return c.complete(s.engine, pos)
	}
	if lit, inside := literalAt(code, pos); inside {
		return s.assistant().inLiteral(code, lit, pos, !s.runner.idle.Load())
	}
	out.Items = s.assistant().lookAt(code, start, end).fill(prefix)
	return out
}

func completeMagic(line string) []cell.CompletionItem {
	var items []cell.CompletionItem
	all := magics()
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix("%"+n, line) {
			items = append(items, cell.CompletionItem{Text: "%" + n, Kind: "magic", Signature: all[n].usage})
		}
	}
	if strings.HasPrefix("%%time", line) {
		items = append(items, cell.CompletionItem{Text: "%%time", Kind: "magic", Signature: "%%time"})
	}
	whole := wholeCells()
	for _, n := range slices.Sorted(maps.Keys(whole)) {
		if strings.HasPrefix("%%"+n, line) {
			items = append(items, cell.CompletionItem{Text: "%%" + n, Kind: "magic", Signature: whole[n].usage})
		}
	}
	return items
}

// wordAround is the name that a position is in, or at the end of.
//
// Positions are offsets in bytes, while letters may have several of them.
func wordAround(code string, pos int) (start, end int) {
	start, end = pos, pos
	for start > 0 {
		r, n := utf8.DecodeLastRuneInString(code[:start])
		if !isNameRune(r) {
			break
		}
		start -= n
	}
	for end < len(code) {
		r, n := utf8.DecodeRuneInString(code[end:])
		if !isNameRune(r) {
			break
		}
		end += n
	}
	return start, end
}

func isNameRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// An assistant helps with cells that are being written: it looks at them with what the engine
// knows, and changes nothing.
type assistant struct{ e *engine }

func (s *Session) assistant() *assistant { return &assistant{s.engine} }

// A view is what the checker knows of the place where the cursor is. The name at the cursor is
// replaced by a placeholder, which is undeclared wherever it stands: the checker goes on after
// that error and leaves the types of everything around it, which is what proposals are made of.
type view struct {
	e       *engine
	info    *types.Info
	pkg     *types.Package
	ident   *ast.Ident        // the placeholder
	imports map[string]string // of the cell
	path    []ast.Node        // what it is in, outermost first
	found   []proposal
	seen    map[string]bool
	want    types.Type                      // what is expected there
	near    *neighbors                      // the text around it
	spot    string                          // the role of what stands there
	like    string                          // the name of the parameter, field or variable for it
	twin    string                          // what it is compared with or assigned to
	noted   func(name string, of []feature) // is called with what is known of each proposal
}

// lookAt checks a cell, mistakes and all, with a placeholder for the name in [start, end).
// Brackets that are still open are closed, as those of f(g(x would be; inside of a string or
// comment there is nothing to see.
func (a *assistant) lookAt(code string, start, end int) *view {
	text := code[:start] + placeholder + code[end:]
	v := &view{e: a.e, seen: map[string]bool{}, near: neighborsOf(text)}
	closers, open := unclosed(text)
	if open {
		return v
	}
	return a.see(v, text+closers)
}

// see checks a text as far as it can be. It uses one round of the checker and adapts nothing:
// what it finds in a cell with mistakes is a guess anyway, and no code may be run for it.
func (a *assistant) see(v *view, text string) *view {
	defer func() { recover() }()
	p := a.parseTolerant(text)
	p.repeatedNames()
	c := &checker{e: a.e, file: "cell", p: p, imports: map[string]string{}, user: map[string]bool{},
		methods: map[string]map[string]bool{}, extend: map[string]bool{}, skip: map[string]string{}}
	for _, spec := range p.imports {
		if name, path, ok := a.e.packages.knownImport(spec); ok {
			c.imports[name] = path
		}
	}
	v.imports = c.imports
	c.user = p.names()
	out, _ := c.once()
	v.info, v.pkg = out.unit.info, out.unit.pkg
	var path []ast.Node
	ast.Inspect(out.file, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		path = append(path, n)
		if id, ok := n.(*ast.Ident); ok && id.Name == placeholder && v.ident == nil {
			v.ident, v.path = id, slices.Clone(path)
		}
		return true
	})
	return v
}

// parseTolerant takes a cell apart as far as it can be. Where a chunk has mistakes, the parser
// still returns the statements that it could read, within a function: that is enough for the
// names in scope.
func (a *assistant) parseTolerant(text string) *parsed {
	p := &parsed{}
	for _, c := range split(text) {
		src := snippet{"cell", 1, 1, text[c.start:c.end]}
		if err := a.e.parseChunk(p, c.first, src, false); err == nil {
			continue
		}
		f, _ := parser.ParseFile(a.e.fset, "", "package main;func _(){"+src.text+"\n}", parser.SkipObjectResolution)
		if f == nil || len(f.Decls) == 0 {
			continue
		}
		if d, ok := f.Decls[0].(*ast.FuncDecl); ok && d.Body != nil {
			p.items = append(p.items, &item{kind: stmtItem, src: src, stmts: d.Body.List})
		}
	}
	return p
}

// fill collects the proposals that fit prefix, the best first.
//
// What can stand at the cursor depends on the syntax: after a dot members, in a struct literal
// its fields, in an import declaration nothing, as its strings are completed elsewhere, else any
// name.
func (v *view) fill(prefix string) []cell.CompletionItem {
	v.want = v.expectedType()
	v.describeSpot()
	if sel := v.selector(); sel != nil {
		v.members(sel.X, prefix)
	} else if v.importPath() == nil && !v.fieldNames(prefix) {
		v.names(prefix)
	}
	slices.SortFunc(v.found, compareProposals)
	items := make([]cell.CompletionItem, len(v.found))
	for i, p := range v.found {
		items[i] = p.item
	}
	return items
}

// selector is the expression x.placeholder, if the cursor is in one.
func (v *view) selector() *ast.SelectorExpr {
	if n := len(v.path); n > 1 {
		if sel, ok := v.path[n-2].(*ast.SelectorExpr); ok && sel.Sel == v.ident {
			return sel
		}
	}
	return nil
}

// importPath is the import declaration that the cursor is in; nil if it is in none.
func (v *view) importPath() *ast.ImportSpec {
	for _, n := range v.path {
		if spec, ok := n.(*ast.ImportSpec); ok {
			return spec
		}
	}
	return nil
}

// members proposes what can follow x and a dot.
//
// Of a package these are the exported names; of a value its methods and fields.
func (v *view) members(x ast.Expr, prefix string) {
	if id, ok := x.(*ast.Ident); ok {
		if name, ok := v.info.Uses[id].(*types.PkgName); ok {
			scope := name.Imported().Scope()
			for _, n := range scope.Names() {
				if token.IsExported(n) {
					v.add(scope.Lookup(n), prefix, memberFar)
				}
			}
			return
		}
	}
	tv, ok := v.info.Types[x]
	if !ok || tv.Type == nil {
		return
	}
	v.methodsAndFields(tv.Type, prefix)
}

// methodsAndFields proposes the methods of a type, with those of its pointer, since a variable's
// address is taken where a call needs it, and its fields.
func (v *view) methodsAndFields(t types.Type, prefix string) {
	mt := t
	if _, isPtr := t.Underlying().(*types.Pointer); !isPtr && !types.IsInterface(t) {
		mt = types.NewPointer(t)
	}
	for sel := range types.NewMethodSet(mt).Methods() {
		v.addMember(sel.Obj(), prefix)
	}
	v.fields(t, prefix, map[types.Type]bool{})
}

// fields proposes fields, those of embedded structs too.
func (v *view) fields(t types.Type, prefix string, seen map[types.Type]bool) {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok || seen[t] {
		return
	}
	seen[t] = true
	for f := range st.Fields() {
		v.addMember(f, prefix)
	}
	for f := range st.Fields() {
		if f.Embedded() {
			v.fields(f.Type(), prefix, seen)
		}
	}
}

// addMember proposes a member if it can be used here: all cells are one package to the user.
func (v *view) addMember(o types.Object, prefix string) {
	if o.Exported() || o.Pkg() == nil || o.Pkg().Path() == "main" {
		v.add(o, prefix, memberFar)
	}
}

// fieldNames proposes the keys of the struct literal that the cursor is in; false if it is in none,
// or where a value stands.
//
// A literal whose first value has no key goes on without keys, so there nothing is proposed as
// one.
func (v *view) fieldNames(prefix string) bool {
	n := len(v.path)
	if n < 2 {
		return false
	}
	lit, ok := v.path[n-2].(*ast.CompositeLit)
	if kv, isKey := v.path[n-2].(*ast.KeyValueExpr); isKey && kv.Key == v.ident && n > 2 {
		lit, ok = v.path[n-3].(*ast.CompositeLit)
	}
	if !ok || lit.Type == v.ident || v.info.Types[lit].Type == nil {
		return false
	}
	t := v.info.Types[lit].Type.Underlying()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem().Underlying()
	}
	st, ok := t.(*types.Struct)
	if !ok {
		return false
	}
	set := map[string]bool{}
	for _, x := range lit.Elts {
		kv, ok := x.(*ast.KeyValueExpr)
		if !ok && x != v.ident {
			return false // the literal has values without keys
		}
		if ok && kv.Key != v.ident {
			if id, ok := kv.Key.(*ast.Ident); ok {
				set[id.Name] = true
			}
		}
	}
	v.want = nil
	for f := range st.Fields() {
		if !set[f.Name()] {
			v.addMember(f, prefix)
		}
	}
	return true
}

// names proposes what is in scope.
//
// Scopes are walked from the inside out and the first proposal of a name stays, so that what is
// hidden is not proposed. The distance grows with each scope, by which near names rank before far
// ones.
func (v *view) names(prefix string) {
	if v.pkg != nil {
		far := 0
		for scope := v.innermost(); scope != nil && scope != types.Universe; scope = scope.Parent() {
			for _, n := range scope.Names() {
				// At the level of a package order does not matter; within a function a name
				// counts from its declaration.
				if o := scope.Lookup(n); scope == v.pkg.Scope() || scope.Parent() == types.Universe || v.isDeclaredHere(scope, o) {
					v.add(o, prefix, far)
				}
			}
			far++
		}
	}
	for n, o := range v.e.scope.names {
		if !v.seen[n] {
			v.add(o, prefix, sessionFar)
		}
	}
	for n, path := range v.imports { // what the cell imports and does not use yet
		if p, err := v.e.packages.importPackage(path); err == nil {
			v.add(types.NewPkgName(token.NoPos, v.pkg, n, p), prefix, sessionFar)
		}
	}
	for _, imports := range []map[string]string{v.e.scope.imports, ambient()} {
		for n, path := range imports {
			if !strings.HasPrefix(n, "_") {
				v.put(cell.CompletionItem{Text: n, Kind: "package", Signature: path}, nil, prefix, packageFar)
			}
		}
	}
	for _, n := range types.Universe.Names() {
		v.add(types.Universe.Lookup(n), prefix, universeFar)
	}
	if prefix == "" {
		return // the rest is only noise
	}
	for n := range unqualified {
		if match(n, prefix) != noMatch {
			v.add(v.e.packages.unqualifiedFunc(n), prefix, universeFar)
		}
	}
	for t := token.BREAK; t <= token.VAR; t++ {
		if strings.HasPrefix(t.String(), prefix) {
			v.put(cell.CompletionItem{Text: t.String(), Kind: "keyword"}, nil, prefix, keywordFar)
		}
	}
}

// innermost is the scope of the innermost node around the cursor that has one.
//
// go/types notes the scope of a function at its type, where the parameters are.
func (v *view) innermost() *types.Scope {
	for _, n := range slices.Backward(v.path) {
		if f, ok := n.(*ast.FuncDecl); ok {
			n = f.Type
		}
		if f, ok := n.(*ast.FuncLit); ok {
			n = f.Type
		}
		if scope := v.info.Scopes[n]; scope != nil {
			return scope
		}
	}
	return v.pkg.Scope()
}

// isDeclaredHere reports whether a local declaration reaches the cursor: it stands above it, and
// nothing between hides it.
func (v *view) isDeclaredHere(scope *types.Scope, o types.Object) bool {
	_, got := scope.LookupParent(o.Name(), v.ident.Pos())
	return got == o
}

// add proposes an object under its name. Names that begin with two underscores are the session's
// own.
func (v *view) add(o types.Object, prefix string, far int) {
	if o == nil || o.Name() == "_" || strings.HasPrefix(o.Name(), "__") || v.seen[o.Name()] || match(o.Name(), prefix) == noMatch {
		return
	}
	kind, sig := kindOf(o), signature(o)
	if p, ok := o.(*types.PkgName); ok {
		sig = p.Imported().Path()
	}
	v.put(cell.CompletionItem{Text: o.Name(), Kind: kind, Signature: sig}, o, prefix, far)
}

// put adds a proposal, if it fits and there is none of its name yet; o is what it stands for, nil
// for packages that are not imported and keywords.
func (v *view) put(item cell.CompletionItem, o types.Object, prefix string, far int) {
	m := match(item.Text, prefix)
	if m == noMatch || v.seen[item.Text] {
		return
	}
	v.seen[item.Text] = true
	known := v.features(item, o, far)
	v.found = append(v.found, proposal{item, m, scoreOf(known)})
	if v.noted != nil {
		v.noted(item.Text, known)
	}
}

// kindOf is what a front end shows beside a proposal; features build on it, too.
func kindOf(o types.Object) string {
	switch o := o.(type) {
	case *types.Func:
		if o.Signature().Recv() != nil {
			return "method"
		}
		return "function"
	case *types.Builtin:
		return "function"
	case *types.Var:
		if o.IsField() {
			return "field"
		}
		return "variable"
	case *types.Const, *types.Nil:
		return "constant"
	case *types.TypeName:
		return "type"
	case *types.PkgName:
		return "package"
	}
	return "variable"
}

// signature is the type of a proposal, or the path of a package. It is short: the names of
// packages, not their paths, qualify types.
func signature(o types.Object) string {
	switch o := o.(type) {
	case *types.TypeName:
		if _, basic := o.Type().(*types.Basic); basic {
			return ""
		}
		return types.TypeString(o.Type().Underlying(), shortName)
	case *types.Builtin, *types.Nil, *types.PkgName:
		return ""
	}
	return types.TypeString(o.Type(), shortName)
}

// IsComplete implements cell.Evaluator. Lines that are commands are complete, whatever they hold.
//
// A console asks this at each line end, to run the cell or to begin another line with the given
// indent.
func (s *Session) IsComplete(code string) (cell.Status, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range segments(code, s.engine.knows) {
		if seg.late {
			return cell.Invalid, ""
		}
		// What stands under these is no Go, but has brackets.
		foreign := strings.HasPrefix(seg.magic, "%%") && !strings.HasPrefix(seg.magic, "%%time")
		if status, indent := s.assistant().status(seg.code, foreign); status != cell.Complete {
			return status, indent
		}
	}
	return cell.Complete, ""
}

// status is that of Go code, or of foreign code, of which no more is known than that brackets
// close. Code with a mistake that no further line can mend is invalid and not incomplete: the
// console runs it, and the error is shown.
func (a *assistant) status(code string, foreign bool) (cell.Status, string) {
	var sc scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(code))
	open := false // in a raw string or comment
	sc.Init(f, []byte(code), nil, scanner.ScanComments)
	depth, last := 0, token.EOF
	for {
		_, tok, lit := sc.Scan()
		open = open || isOpen(tok, lit) && (tok == token.COMMENT || lit[0] == '`')
		switch tok {
		case token.COMMENT:
			continue
		case token.EOF:
			switch {
			case open:
				return cell.Incomplete, ""
			case depth > 0:
				return cell.Incomplete, strings.Repeat("\t", depth)
			case depth < 0 && !foreign:
				return cell.Invalid, ""
			case goesOn(last) && !foreign:
				return cell.Incomplete, "\t"
			}
			if _, err := a.e.parse("cell", code); err != nil && !foreign {
				return cell.Invalid, ""
			}
			return cell.Complete, ""
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		}
		if tok != token.SEMICOLON || lit == ";" {
			last = tok
		}
	}
}

// goesOn reports whether a line cannot end after a token: it is an operator, a comma or a dot.
func goesOn(t token.Token) bool {
	switch t {
	case token.INC, token.DEC:
		return false
	}
	return t.Precedence() > token.LowestPrec || t >= token.ADD_ASSIGN && t <= token.AND_NOT_ASSIGN ||
		t == token.ASSIGN || t == token.DEFINE || t == token.COMMA || t == token.PERIOD
}
