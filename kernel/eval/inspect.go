package eval

import (
	"fmt"
	"go/ast"
	"go/types"
	"html"
	"strings"

	"dtnotes/kernel/display"
	"dtnotes/kernel/eval/bind"
)

// Inspect implements cell.Evaluator.
//
// Detail 0 is for a tool tip: the declaration and its comment. Detail 1 adds the source, methods
// or names.
func (s *Session) Inspect(code string, pos, detail int) (b display.Bundle, ok bool) {
	pos = min(max(pos, 0), len(code))
	if h, script, ok := traceHelp(code, pos); ok {
		return inspectTrace(h, code, script, pos)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if recover() != nil { // go/types may panic on code that is half written
			b, ok = display.Bundle{}, false
		}
	}()
	c, in, rest := s.assistant().commandAt(code, pos)
	if in {
		return c.describe()
	}
	if _, _, ok := isWholeCell(code); ok { // its text is no Go
		return display.Bundle{}, false
	}
	return s.assistant().describe(rest, pos, detail)
}

// describeName describes a name such as x, x.Method or pkg.Func.
func (a *assistant) describeName(name string, detail int) (display.Bundle, bool) {
	return a.describe(name, len(name), detail)
}

// describe looks a cell up at a position, as completion does: with a placeholder in the place of
// the name, because a cell that is being written may not have the name right, or be wrong
// elsewhere.
func (a *assistant) describe(code string, pos, detail int) (display.Bundle, bool) {
	start, end := wordAround(code, pos)
	word := code[start:end]
	if word == "" { // among the arguments of a call: its function
		if i := openCall(code[:pos]); i >= 0 {
			start, end = wordAround(code, i)
			word = code[start:end]
		}
	}
	if word == "" {
		return display.Bundle{}, false
	}
	d, ok := a.find(a.lookAt(code, start, end), word)
	if !ok {
		return display.Bundle{}, false
	}
	return d.bundle(a.e, detail), true
}

// openCall is where the innermost bracket stands that is open at the end of code; -1 if none is,
// or it is not that of a call. Brackets in strings are taken for brackets: the worst is no help,
// or that for another function.
func openCall(code string) int {
	depth := 0
	for i := len(code) - 1; i >= 0; i-- {
		switch code[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth == 0 && code[i] == '(' {
				return i
			}
			depth--
		}
	}
	return -1
}

// comment is what stands right above a declaration in its cell.
//
// It is read out of the text of the cell, since cells are parsed without their comments.
func (t *texts) comment(src snippet) string {
	lines := strings.Split(t.text(src.file), "\n")
	if src.line < 2 || src.line > len(lines) {
		return ""
	}
	first := src.line - 1
	for first > 0 && strings.HasPrefix(lines[first-1], "//") {
		first--
	}
	var out []string
	for _, l := range lines[first : src.line-1] {
		out = append(out, strings.TrimPrefix(strings.TrimPrefix(l, "//"), " "))
	}
	return strings.Join(out, "\n")
}

// description is what is known of a name.
type description struct {
	obj   types.Object // nil for a package
	pkg   *types.Package
	owner string // of a method or field, the type's name
}

// find looks a name up where the cursor is.
//
// The order is that of Go's scopes, and then that of chooseImports.
func (a *assistant) find(v *view, word string) (description, bool) {
	if sel := v.selector(); sel != nil {
		return v.findMember(sel.X, word)
	}
	if v.pkg != nil {
		for scope := v.innermost(); scope != nil; scope = scope.Parent() {
			switch o := scope.Lookup(word).(type) {
			case nil:
				continue
			case *types.PkgName:
				return description{pkg: o.Imported()}, true
			default:
				return description{obj: o}, true
			}
		}
	}
	if o := a.e.scope.names[word]; o != nil {
		return description{obj: o}, true
	}
	path, ok := a.e.scope.imports[word]
	if !ok {
		path, ok = ambient()[word]
	}
	if ok {
		if p, err := a.e.packages.importPackage(path); err == nil {
			return description{pkg: p}, true
		}
	}
	if o := a.e.packages.unqualifiedFunc(word); o != nil {
		return description{obj: o}, true
	}
	if o := types.Universe.Lookup(word); o != nil {
		return description{obj: o}, true
	}
	return description{}, false
}

// findMember looks up what x.word is.
//
// Methods of the pointer count, as a variable's are called so.
func (v *view) findMember(x ast.Expr, word string) (description, bool) {
	if id, ok := x.(*ast.Ident); ok {
		if p, ok := v.info.Uses[id].(*types.PkgName); ok {
			o := p.Imported().Scope().Lookup(word)
			return description{obj: o}, o != nil
		}
	}
	tv, ok := v.info.Types[x]
	if !ok || tv.Type == nil {
		return description{}, false
	}
	obj, _, _ := types.LookupFieldOrMethod(tv.Type, true, v.pkg, word)
	if obj == nil {
		return description{}, false
	}
	return description{obj: obj, owner: ownerName(obj, tv.Type)}, true
}

// ownerName is the name of the type that declares a method, or has a field.
func ownerName(o types.Object, t types.Type) string {
	if f, ok := o.(*types.Func); ok && f.Signature().Recv() != nil {
		t = f.Signature().Recv().Type()
	}
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Obj().Name()
	}
	return ""
}

// bundle shows a description: the declaration and the comment, and with detail more of it.
//
// Both forms have the text as it is, since documentation of Go is made to be read as plain text.
func (d description) bundle(e *engine, detail int) display.Bundle {
	decl, doc := d.text(e)
	if detail > 0 {
		if more := d.more(e.scope); more != "" {
			doc = strings.TrimSpace(doc + "\n\n" + more)
		}
	}
	text := decl
	page := "<pre>" + html.EscapeString(decl) + "</pre>"
	if doc != "" {
		text += "\n\n" + doc
		page += "<pre>" + html.EscapeString(doc) + "</pre>"
	}
	return display.Bundle{Data: display.MIMEMap{"text/plain": text, "text/html": page}}
}

// text is the declaration and the comment of what is described: out of the cell that declared it,
// or of the documentation of its package. That of a function is as the source has it, with the
// names of its parameters, which the compiled-in packages have lost: package reflect does not
// keep them.
func (d description) text(e *engine) (decl, doc string) {
	if d.obj == nil {
		doc := e.packages.documentation(d.pkg.Path())[""]
		return fmt.Sprintf("package %s // import %q", d.pkg.Name(), d.pkg.Path()), doc.Text
	}
	o := d.obj
	decl = declaration(o)
	if o.Pkg() == nil {
		known := bind.Documentation("builtin")[o.Name()]
		if known.Decl != "" {
			decl = known.Decl
		}
		return decl, known.Text
	}
	if own := e.scope.decls[e.scope.original(o)]; own != nil && own.src.file != "" {
		return decl, e.texts.comment(own.src)
	}
	key := o.Name()
	if d.owner != "" {
		key = d.owner + "." + key
	}
	known := e.packages.documentation(o.Pkg().Path())[key]
	if strings.HasPrefix(known.Decl, "func") {
		decl = known.Decl
	}
	return decl, known.Text
}

// declaration writes an object as Go would declare it.
func declaration(o types.Object) string {
	if t, ok := o.(*types.TypeName); ok && !t.IsAlias() {
		under := types.TypeString(o.Type().Underlying(), shortName)
		if st, ok := o.Type().Underlying().(*types.Struct); ok {
			under = structText(st)
		}
		return "type " + qualified(o) + " " + under
	}
	if v, ok := o.(*types.Var); ok && !v.IsField() {
		return "var " + qualified(o) + " " + types.TypeString(o.Type(), shortName)
	}
	return types.ObjectString(o, shortName)
}

func qualified(o types.Object) string {
	if o.Pkg() == nil || o.Pkg().Path() == "main" {
		return o.Name()
	}
	return o.Pkg().Name() + "." + o.Name()
}

// structText writes a struct, one line for each field that can be used.
func structText(st *types.Struct) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	hidden := false
	for f := range st.Fields() {
		if !f.Exported() && f.Pkg() != nil && f.Pkg().Path() != "main" {
			hidden = true
			continue
		}
		b.WriteString("\t")
		if !f.Embedded() {
			b.WriteString(f.Name() + " ")
		}
		b.WriteString(types.TypeString(f.Type(), shortName) + "\n")
	}
	if hidden {
		b.WriteString("\t// and unexported fields\n")
	}
	b.WriteString("}")
	return b.String()
}

// more is the source of what a cell declared, the methods of a type, and the names of a package.
func (d description) more(s *scope) string {
	var b strings.Builder
	if d.obj == nil {
		for _, n := range d.pkg.Scope().Names() {
			if o := d.pkg.Scope().Lookup(n); o.Exported() {
				b.WriteString(declarationLine(o) + "\n")
			}
		}
		return b.String()
	}
	if own := s.decls[s.original(d.obj)]; own != nil {
		for _, x := range own.all() {
			if x.src.text != "" {
				fmt.Fprintf(&b, "%s\n", x.src.text)
			}
		}
	}
	if t, ok := d.obj.(*types.TypeName); ok && (d.obj.Pkg() == nil || d.obj.Pkg().Path() != "main") {
		mt := t.Type()
		if !types.IsInterface(mt) {
			mt = types.NewPointer(mt)
		}
		for sel := range types.NewMethodSet(mt).Methods() {
			if sel.Obj().Exported() {
				b.WriteString(declarationLine(sel.Obj()) + "\n")
			}
		}
	}
	return b.String()
}

func declarationLine(o types.Object) string {
	line, _, _ := strings.Cut(declaration(o), "\n")
	return strings.TrimSuffix(line, " {")
}
