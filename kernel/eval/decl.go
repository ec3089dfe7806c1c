package eval

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"
)

// A unit is one package as it was type-checked: a cell, or a package from source.
type unit struct {
	cell bool
	pkg  *types.Package
	info *types.Info
}

// A decl is one package-level declaration of a unit and what it needs to be compiled again.
//
// It outlives its cell as long as a name or other declarations lead to it. Three things are kept
// of it for three purposes: syntax, with the types of its unit, is what programs of later cells
// compile; src is what is checked again when a name that it uses gets another meaning; uses says
// which names these are. Syntax and uses are of one check; a declaration that is checked again is
// a new decl.
type decl struct {
	unit    *unit
	kind    token.Token // FUNC, TYPE, VAR, CONST
	name    string
	recv    string // of a method, the name of its type
	obj     types.Object
	syntax  ast.Decl // nil for constants, which leave no code
	src     snippet
	methods []*decl       // of a type
	memory  reflect.Value // of a variable: a pointer
	uses    map[types.Object]bool
	stale   string  // why it is not compiled with what its names mean now; empty if it is
	unfits  []*decl // of a type, methods that do not fit it, of which there is only the text
	unfit   bool    // it is one of these
	needs
}

// needs is what a piece of code refers to.
//
// Unlike uses it goes through types: a program has to hold the declaration of a type that it
// never names, as in x := f(), and of everything that the type is built of.
type needs struct {
	decls    map[*decl]bool
	packages map[*types.Package]bool // compiled-in ones
	calls    map[string]bool         // names of methods called through interfaces
}

// isCell reports whether p is the package of a cell: all of them have this path.
func isCell(p *types.Package) bool { return p != nil && p.Path() == "main" }

// owns reports whether p is the package of a cell or was imported from source, and so is
// interpreted.
func (s *scope) owns(p *types.Package) bool {
	return isCell(p) || p != nil && s.sources[p] != nil
}

func newNeeds() needs {
	return needs{map[*decl]bool{}, map[*types.Package]bool{}, map[string]bool{}}
}

func newInfo() *types.Info {
	return &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Implicits:  map[ast.Node]types.Object{},
		Scopes:     map[ast.Node]*types.Scope{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances:  map[*ast.Ident]types.Instance{},
	}
}

// all is the declaration with its methods.
func (d *decl) all() []*decl { return append([]*decl{d}, d.methods...) }

// declare makes decls of the declarations in files and enters them in s.decls. sources gives the
// text of declarations that can be checked again; it may be nil.
func (s *scope) declare(u *unit, files []*ast.File, sources map[ast.Node]snippet) []*decl {
	var out, methods []*decl
	byType := map[types.Object]*decl{}
	add := func(d *decl, root ast.Node) {
		d.unit = u
		out = append(out, d)
		if d.obj != nil {
			s.decls[d.obj] = d
		}
		defer func() { d.src = sources[root] }()
	}
	// What is scanned for needs once all declarations are entered, in the order of out. Scanning
	// at once would miss what is declared further down.
	var roots []ast.Node
	for _, f := range files {
		for _, top := range f.Decls {
			switch top := top.(type) {
			case *ast.FuncDecl:
				d := &decl{kind: token.FUNC, name: top.Name.Name, recv: receiverName(top), obj: u.info.Defs[top.Name], syntax: top}
				// These cannot be referred to by name, and belong to the program of their cell
				// alone.
				if d.name == "init" && d.recv == "" || strings.HasPrefix(d.name, keepPrefix) {
					continue
				}
				if d.recv != "" {
					methods = append(methods, d)
				}
				add(d, top)
				roots = append(roots, top)
			case *ast.GenDecl:
				for _, spec := range top.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						d := &decl{kind: token.TYPE, name: spec.Name.Name, obj: u.info.Defs[spec.Name],
							syntax: &ast.GenDecl{Tok: token.TYPE, TokPos: spec.Pos(), Specs: []ast.Spec{spec}}}
						byType[d.obj] = d
						add(d, spec)
						roots = append(roots, spec)
					case *ast.ValueSpec:
						for _, id := range spec.Names {
							obj := u.info.Defs[id]
							if obj == nil || id.Name == "_" {
								continue
							}
							d := &decl{kind: top.Tok, name: id.Name, obj: obj}
							root := ast.Node(id)
							// What stands in a group may repeat what stands above it.
							if top.Tok == token.CONST {
								root = top
							}
							if v, ok := obj.(*types.Var); ok {
								// A variable without its value: programs of later cells find its
								// memory and must not run its initializer again.
								d.syntax = &ast.GenDecl{Tok: token.VAR, TokPos: id.Pos(), Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id}}}}
								if checked := s.checkedVar[v]; checked != nil {
									s.decls[checked] = d
								}
							}
							add(d, spec)
							roots = append(roots, root)
						}
					}
				}
			}
		}
	}
	for _, m := range methods {
		if t := byType[u.pkg.Scope().Lookup(m.recv)]; t != nil {
			t.methods = append(t.methods, m)
		}
	}
	for i, d := range out {
		s.scan(d, roots[i])
	}
	return out
}

// scan finds what the syntax below root needs.
//
// Of a struct that embeds a compiled-in type it needs the packages of the promoted methods as
// well, though no syntax names them.
func (s *scope) scan(d *decl, root ast.Node) {
	w := &needsWalker{s: s, needs: newNeeds(), uses: map[types.Object]bool{}, seen: map[types.Type]bool{}}
	w.syntax(d.unit.info, root)
	if d.kind == token.TYPE && d.obj != nil {
		if _, ok := d.obj.Type().Underlying().(*types.Struct); ok {
			w.promoted(d.obj.Type())
		}
	}
	delete(w.decls, d)
	d.needs, d.uses = w.needs, w.uses
}

// needsOf finds what a type needs.
func (s *scope) needsOf(t types.Type) needs {
	w := &needsWalker{s: s, needs: newNeeds(), uses: map[types.Object]bool{}, seen: map[types.Type]bool{}}
	w.typ(t)
	return w.needs
}

type needsWalker struct {
	s *scope
	needs
	uses map[types.Object]bool
	seen map[types.Type]bool
}

// syntax takes in whatever the syntax below root refers to, by name or by the type of an
// expression.
func (w *needsWalker) syntax(info *types.Info, root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			w.object(info.Uses[n])
			if o := info.Defs[n]; o != nil {
				w.typ(o.Type())
			}
			if in, ok := info.Instances[n]; ok {
				for t := range in.TypeArgs.Types() {
					w.typ(t)
				}
				w.typ(in.Type)
			}
		case *ast.CaseClause:
			if o := info.Implicits[n]; o != nil {
				w.typ(o.Type())
			}
		}
		if x, ok := n.(ast.Expr); ok {
			if tv, ok := info.Types[x]; ok {
				w.typ(tv.Type)
			}
		}
		return true
	})
}

// object takes in what a name refers to. A call through an interface may reach any type that is
// behind one, so the method's name is noted: outlineOf adds the types that have such a method. Of
// a generic function or a field of a generic type it is the origin that was declared.
func (w *needsWalker) object(o types.Object) {
	switch x := o.(type) {
	case nil:
		return
	case *types.Func:
		if r := x.Signature().Recv(); r != nil && types.IsInterface(r.Type()) {
			w.calls[x.Name()] = true
		}
		o = x.Origin()
	case *types.Var:
		o = x.Origin()
	}
	if o.Pkg() == nil {
		return
	}
	w.uses[w.s.original(o)] = true
	if d := w.s.decls[o]; d != nil {
		w.decls[d] = true
	} else if !w.s.owns(o.Pkg()) && o.Pkg() != types.Unsafe {
		w.packages[o.Pkg()] = true
	}
	w.typ(o.Type())
}

// typ takes in a type with all that it is built of. Types are cyclic; seen ends the walk.
func (w *needsWalker) typ(t types.Type) {
	if t == nil || w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		w.named(t)
	case *types.Alias:
		w.typ(types.Unalias(t))
	case *types.Pointer:
		w.typ(t.Elem())
	case *types.Slice:
		w.typ(t.Elem())
	case *types.Array:
		w.typ(t.Elem())
	case *types.Chan:
		w.typ(t.Elem())
	case *types.Map:
		w.typ(t.Key())
		w.typ(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			w.typ(v.Type())
		}
	case *types.Signature:
		w.typ(t.Params())
		w.typ(t.Results())
		if r := t.Recv(); r != nil {
			w.typ(r.Type())
		}
		for p := range t.TypeParams().TypeParams() {
			w.typ(p.Constraint())
		}
	case *types.Struct:
		w.structure(t)
	case *types.Interface:
		for m := range t.Methods() {
			w.typ(m.Type())
		}
		for e := range t.EmbeddedTypes() {
			w.typ(e)
		}
	case *types.Union:
		for term := range t.Terms() {
			w.typ(term.Type())
		}
	case *types.TypeParam:
		w.typ(t.Constraint())
	}
}

// named takes in a type that has a name. Its underlying type is not walked if it has a
// declaration of its own, which knows its needs; a type declared within a function has none.
func (w *needsWalker) named(t *types.Named) {
	for a := range t.TypeArgs().Types() {
		w.typ(a)
	}
	o := t.Origin().Obj()
	switch {
	case o.Pkg() == nil:
	case w.s.decls[o] != nil:
		w.decls[w.s.decls[o]] = true
	case w.s.owns(o.Pkg()):
		w.typ(t.Underlying()) // a local type
	default:
		w.packages[o.Pkg()] = true
	}
}

func (w *needsWalker) structure(t *types.Struct) {
	embeds := false
	for f := range t.Fields() {
		w.typ(f.Type())
		if !f.Embedded() {
			continue
		}
		embeds = true
		// The promoted methods call through it.
		if it, ok := f.Type().Underlying().(*types.Interface); ok {
			for m := range it.Methods() {
				w.calls[m.Name()] = true
			}
		}
	}
	if embeds {
		w.promoted(t)
	}
}

// promoted adds the compiled-in packages whose methods a type has by embedding: go/ssa makes
// wrappers for them, for which the package has to be in the program.
func (w *needsWalker) promoted(t types.Type) {
	for sel := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		if p := sel.Obj().Pkg(); p != nil && !w.s.owns(p) {
			w.packages[p] = true
		}
	}
}

// original maps the object that stands for a variable in a program to the one that was checked.
func (s *scope) original(o types.Object) types.Object {
	if v, ok := o.(*types.Var); ok {
		if x := s.checkedVar[v]; x != nil {
			return x
		}
	}
	return o
}

// mentions reports whether a type is built of one of the types in.
func mentions(t types.Type, in map[*types.TypeName]bool) bool {
	return walkType(t, func(t types.Type) bool {
		n, ok := t.(*types.Named)
		return ok && in[n.Origin().Obj()]
	})
}

// hasTypeParam reports whether a type is not concrete. No program can have a value of it.
func hasTypeParam(t types.Type) bool {
	return walkType(t, func(t types.Type) bool {
		switch t := t.(type) {
		case *types.TypeParam:
			return true
		case *types.Named:
			return t.TypeParams().Len() > 0 && t.TypeArgs().Len() == 0
		}
		return false
	})
}

// walkType reports whether found holds for a type or a part of it, without looking behind names:
// what a named type is built of is a matter of its own declaration. Interfaces are not looked
// into either.
func walkType(t types.Type, found func(types.Type) bool) bool {
	seen := map[types.Type]bool{}
	var walk func(t types.Type) bool
	tuple := func(t *types.Tuple) bool {
		for v := range t.Variables() {
			if walk(v.Type()) {
				return true
			}
		}
		return false
	}
	walk = func(t types.Type) bool {
		if seen[t] {
			return false
		}
		seen[t] = true
		if found(t) {
			return true
		}
		switch t := t.(type) {
		case *types.Named:
			for a := range t.TypeArgs().Types() {
				if walk(a) {
					return true
				}
			}
		case *types.Alias:
			return walk(types.Unalias(t))
		case *types.Pointer:
			return walk(t.Elem())
		case *types.Slice:
			return walk(t.Elem())
		case *types.Array:
			return walk(t.Elem())
		case *types.Chan:
			return walk(t.Elem())
		case *types.Map:
			return walk(t.Key()) || walk(t.Elem())
		case *types.Signature:
			return tuple(t.Params()) || tuple(t.Results())
		case *types.Struct:
			for f := range t.Fields() {
				if walk(f.Type()) {
					return true
				}
			}
		}
		return false
	}
	return walk(t)
}

// isGenericDecl reports whether a function or the receiver of a method has type parameters.
func isGenericDecl(d *ast.FuncDecl) bool {
	if d.Type.TypeParams != nil {
		return true
	}
	if d.Recv == nil || len(d.Recv.List) != 1 {
		return false
	}
	t := d.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t = s.X
	}
	switch t.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}
