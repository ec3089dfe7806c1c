package eval

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A scope is what the cells of a session have declared: what a name means now, and for everything
// that a name has meant, as long as something needs it, the declaration and what that refers to.
//
// A name leads to the object that it means now; an object leads to its declaration, also when its
// name means another by now, since functions compiled before still use it. sweep forgets the
// declarations that nothing leads to.
type scope struct {
	names   map[string]types.Object // what a name means now
	imports map[string]string       // import names to paths
	decls   map[types.Object]*decl
	sources map[*types.Package]*unit // packages from source

	programVar  map[*types.Var]*types.Var // checked variable -> its object in programs
	checkedVar  map[*types.Var]*types.Var // and back
	earlierFunc map[*types.Func]*types.Func
	vars        int
}

func newScope() *scope {
	return &scope{
		names:       map[string]types.Object{},
		imports:     map[string]string{},
		decls:       map[types.Object]*decl{},
		sources:     map[*types.Package]*unit{},
		programVar:  map[*types.Var]*types.Var{},
		checkedVar:  map[*types.Var]*types.Var{},
		earlierFunc: map[*types.Func]*types.Func{},
	}
}

// empty reports whether no cell has declared or imported anything.
func (s *scope) empty() bool { return len(s.names)+len(s.imports) == 0 }

// removable are the names that %rm takes.
func (s *scope) removable() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(s.names)), maps.Keys(s.imports))
	return slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "__") })
}

// typeDecl returns the declaration of the type that a name means now; nil if it means something
// else.
func (s *scope) typeDecl(name string) *decl {
	if d := s.decls[s.names[name]]; d != nil && d.kind == token.TYPE {
		return d
	}
	return nil
}

// methodsBeside are the methods of a type that other cells declared than the one that declared the
// type. They are there for a new declaration of the type, too, as they would be if it had been the
// first.
func (s *scope) methodsBeside(name string) (methods []*decl) {
	d := s.typeDecl(name)
	if d == nil {
		return nil
	}
	for _, m := range d.methods {
		if m.src.file != d.src.file {
			methods = append(methods, m)
		}
	}
	return append(methods, d.unfits...)
}

// earlier stands for what a name meant before the cell, under a name of its own.
//
// The alias is an object of its own, because the checker enters objects under the name they
// carry. What it stands for is kept beside: the program has to find the memory of the variable,
// or the code of the function, that the alias was made for.
func (s *scope) earlier(alias string) types.Object {
	o := s.names[strings.TrimPrefix(alias, earlierPrefix)]
	switch x := o.(type) {
	case *types.Var:
		v := types.NewVar(x.Pos(), x.Pkg(), alias, x.Type())
		s.programVar[v] = s.programVar[x]
		return v
	case *types.Func:
		f := types.NewFunc(x.Pos(), x.Pkg(), alias, x.Signature())
		s.earlierFunc[f] = x
		return f
	case *types.Const:
		return types.NewConst(x.Pos(), x.Pkg(), alias, x.Type(), x.Val())
	case *types.TypeName:
		return types.NewTypeName(x.Pos(), x.Pkg(), alias, x.Type())
	}
	return nil
}

// uniqueVars gives the package-level variables of a unit objects of their own name for the program:
// ixgo finds the memory of a variable by package and name, and all cells are package main.
//
// After it, the type information names the objects of the program and not those that were
// checked, in definitions, uses and the order of initialization alike. original goes the other
// way. It is called once for each unit, when nothing is left to check.
func (s *scope) uniqueVars(u *unit) {
	for id, o := range u.info.Defs {
		v, ok := o.(*types.Var)
		if !ok || v.IsField() || v.Pkg() != u.pkg || v.Parent() != u.pkg.Scope() {
			continue
		}
		if s.programVar[v] == nil {
			s.vars++
			x := types.NewVar(v.Pos(), v.Pkg(), v.Name()+"·"+strconv.Itoa(s.vars), v.Type())
			s.programVar[v], s.checkedVar[x] = x, v
		}
		u.info.Defs[id] = s.programVar[v]
	}
	for id, o := range u.info.Uses {
		switch o := o.(type) {
		case *types.Var:
			if x := s.programVar[o]; x != nil {
				u.info.Uses[id] = x
			}
		case *types.Func:
			if x := s.earlierFunc[o]; x != nil {
				u.info.Uses[id] = x
			}
		}
	}
	for _, in := range u.info.InitOrder {
		for i, v := range in.Lhs {
			if x := s.programVar[v]; x != nil {
				in.Lhs[i] = x
			}
		}
	}
}

// dropUnchanged removes the type declarations, with their methods, that an earlier cell already
// made with the same text: running a cell again keeps the identity of its types.
//
// Without it, running a cell with type T struct{…} once more would make a second T, and the
// variables of earlier cells would be of the first: assigning between them would be an error with
// the same name on both sides. A type goes on only if what it is built of goes on as well.
func (s *scope) dropUnchanged(p *parsed) {
	methods := map[string]map[string]string{}
	declares := map[string]bool{}
	for _, it := range p.items {
		for _, d := range it.decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				r := receiverName(f)
				if methods[r] == nil {
					methods[r] = map[string]string{}
				}
				methods[r][f.Name.Name] = it.src.text
			}
		}
		for _, n := range it.names {
			declares[n] = true
		}
	}
	same := map[string]*decl{}
	for _, it := range p.items {
		if name := onlyType(it); name != "" {
			if d := s.typeDecl(name); d != nil && d.src.text == it.src.text && d.hasMethods(methods[name]) {
				same[name] = d
			}
		}
	}
	// A type with the same text means another one where a type that it mentions is declared anew,
	// so it is not the same; and then what mentions it is not, and so on.
	for changed := len(same) > 0; changed; {
		changed = false
		for name, d := range same {
			if s.usesChanged(d, same, declares) {
				delete(same, name)
				changed = true
			}
		}
	}
	p.items = slices.DeleteFunc(p.items, func(it *item) bool {
		if len(it.decls) != 1 {
			return false
		}
		if f, ok := it.decls[0].(*ast.FuncDecl); ok && f.Recv != nil {
			return same[receiverName(f)] != nil
		}
		return same[onlyType(it)] != nil
	})
}

// usesChanged reports whether d refers to a name of the session that means something else by now,
// or gets a new meaning by the cell, but for the types that stay the same.
func (s *scope) usesChanged(d *decl, same map[string]*decl, declares map[string]bool) bool {
	for _, x := range d.all() {
		for o := range x.uses {
			if !isCell(o.Pkg()) || o.Parent() != o.Pkg().Scope() || same[o.Name()] != nil {
				continue
			}
			if declares[o.Name()] || s.names[o.Name()] != o {
				return true
			}
		}
	}
	return false
}

// commit gives the names of a cell their new meaning and returns what they meant before, for
// rollBack. It runs before the cell does: cells may run beside each other, and one that is
// compiled while this one runs sees its names. An import and a declaration of one name replace
// each other.
func (s *scope) commit(c *checked) map[string]types.Object {
	for name, path := range c.imports {
		if name != "_" && name != "." {
			s.imports[name] = path
			if !c.declared[name] {
				delete(s.names, name)
			}
		}
	}
	for name, why := range c.stale {
		if d := s.decls[s.names[name]]; d != nil {
			d.stale = why
		}
	}
	before := map[string]types.Object{}
	for name := range c.declared {
		if o := c.unit.pkg.Scope().Lookup(name); o != nil && o.Pkg() == c.unit.pkg {
			before[name] = s.names[name]
			s.names[name] = o
			delete(s.imports, name)
		}
	}
	return before
}

// rollBack takes back the variables that got no value because the cell failed before, and what
// uses them: in x := 1; y := fail(); z := 2, x stays, and y and z mean what they meant before the
// cell. A variable that has its value stays, although the cell failed, as it would in a console.
func (s *scope) rollBack(r *run, c *checked, before map[string]types.Object) {
	gone := map[types.Object]bool{}
	for _, it := range c.items {
		if it.kind == varItem && r.progress.Load() < it.mark {
			for _, n := range it.names {
				gone[s.names[n]] = true
			}
		}
	}
	// A function of the cell that reads a variable without a value would read zero; it goes, and
	// so does what calls it.
	for changed := len(gone) > 0; changed; {
		changed = false
		for name := range before {
			if o := s.names[name]; !gone[o] && s.decls[o] != nil && usesAny(s.decls[o], gone) {
				gone[o], changed = true, true
			}
		}
	}
	for name, old := range before {
		if !gone[s.names[name]] {
			continue
		}
		if old != nil {
			s.names[name] = old
		} else {
			delete(s.names, name)
		}
	}
	// The meaning that a dependent did not fit may be gone again, and then it is up to date.
	for name := range c.stale {
		if d := s.decls[s.names[name]]; d != nil && !s.outdated(d) {
			d.stale = ""
		}
	}
}

// outdated reports whether a declaration refers to what its names do not mean any more.
func (s *scope) outdated(d *decl) bool {
	for _, x := range d.all() {
		for o := range x.uses {
			if isCell(o.Pkg()) && o.Parent() == o.Pkg().Scope() && s.names[o.Name()] != o {
				return true
			}
		}
	}
	return false
}

// onlyType is the name that an item declares if it is one type.
func onlyType(it *item) string {
	if len(it.decls) == 1 && len(it.names) == 1 {
		if g, ok := it.decls[0].(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) == 1 {
			return it.names[0]
		}
	}
	return ""
}

// hasMethods reports whether a type has the given methods with these very texts, by name, and no
// others of its own cell. Methods of other cells may be there beside them.
func (d *decl) hasMethods(texts map[string]string) bool {
	found := 0
	for _, m := range d.methods {
		text, ok := texts[m.name]
		if ok && text != m.src.text || !ok && m.src.file == d.src.file {
			return false
		}
		if ok {
			found++
		}
	}
	return found == len(texts)
}

// usesAny reports whether a declaration or one of its methods refers to one of the objects.
func usesAny(d *decl, objs map[types.Object]bool) bool {
	for _, x := range d.all() {
		for o := range x.uses {
			if objs[o] {
				return true
			}
		}
	}
	return false
}
