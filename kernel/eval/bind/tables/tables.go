// Package tables writes the tables of package bind: what packages export, as Go source that makes
// them importable by interpreted code where it is compiled in.
package tables

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/format"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Mode is what has to be known of a package to write its table.
const Mode = packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes |
	packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule

// File writes a Go file with the tables of packages that were loaded by Mode. It begins with
// header, which ends in the package clause; the names of package bind are those of the file. Left
// tells, a line each, what stays out and why.
func File(header, name string, pkgs []*packages.Package) (source []byte, left []string, err error) {
	var imports, tables, registers bytes.Buffer
	for i, p := range pkgs {
		alias := "p" + strconv.Itoa(i)
		g := &generator{pkg: p, alias: alias}
		tables.WriteString(g.table(name + strconv.Itoa(i)))
		if g.used {
			fmt.Fprintf(&imports, "\t%s %q\n", alias, p.PkgPath)
		} else {
			fmt.Fprintf(&imports, "\t_ %q\n", p.PkgPath)
		}
		fmt.Fprintf(&registers, "\tRegister(&%s%d)\n", name, i)
		left = append(left, g.left...)
		if g.err != nil {
			return nil, left, fmt.Errorf("print the generic declarations of %s: %w", p.PkgPath, g.err)
		}
	}
	text := header + "import (\n" + imports.String() + ")\n\nfunc init() {\n" + registers.String() + "}\n" + tables.String()
	source, err = format.Source([]byte(text))
	if err != nil {
		return nil, left, fmt.Errorf("format the tables of %s: %w", name, err)
	}
	return source, left, nil
}

// IsInternal tells a package that others cannot import.
func IsInternal(path string) bool {
	return strings.Contains("/"+path+"/", "/internal/")
}

type generator struct {
	pkg   *packages.Package
	alias string
	used  bool     // the alias occurs in the table
	left  []string // what stays out, and why
	err   error    // of declarations that cannot be printed

	types, aliases, vars, funcs, consts, untyped []string
	generic                                      []types.Object
}

func (g *generator) table(name string) string {
	g.addAll()
	var b strings.Builder
	fmt.Fprintf(&b, "\nvar %s = Table{\n\tPath: %q, Name: %q,\n", name, g.pkg.PkgPath, g.pkg.Name)
	if deps := g.deps(); deps != "" {
		fmt.Fprintf(&b, "\tDeps: %q,\n", deps)
	}
	list := func(field, typ string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(&b, "\t%s: []%s{\n\t\t%s,\n\t},\n", field, typ, strings.Join(items, ",\n\t\t"))
		}
	}
	list("Types", "any", g.types)
	list("Aliases", "Symbol", g.aliases)
	list("Vars", "Symbol", g.vars)
	list("Funcs", "Symbol", g.funcs)
	list("Consts", "Symbol", g.consts)
	list("Untyped", "Literal", g.untyped)
	if src := g.source(); src != "" {
		fmt.Fprintf(&b, "\tSource: %s,\n", strconv.Quote(src))
	}
	b.WriteString("}\n")
	return b.String()
}

// addAll enters all that the package exports.
func (g *generator) addAll() {
	scope := g.pkg.Types.Scope()
	for _, n := range scope.Names() {
		if o := scope.Lookup(n); o.Exported() {
			g.add(o)
		}
	}
}

func (g *generator) add(o types.Object) {
	ref := g.alias + "." + o.Name()
	symbol := func(value string) string {
		g.used = true
		return fmt.Sprintf("{%q, %s}", o.Name(), value)
	}
	switch o := o.(type) {
	case *types.Func:
		if o.Signature().TypeParams().Len() > 0 {
			g.generic = append(g.generic, o)
			return
		}
		g.funcs = append(g.funcs, symbol(ref))
	case *types.Var:
		g.vars = append(g.vars, symbol("&"+ref))
	case *types.TypeName:
		g.addType(o, ref, symbol)
	case *types.Const:
		basic, isBasic := o.Type().(*types.Basic)
		if !isBasic || basic.Info()&types.IsUntyped == 0 {
			g.consts = append(g.consts, symbol(ref))
			return
		}
		kind := strings.TrimPrefix(basic.Name(), "untyped ")
		if kind == "complex" {
			g.consts = append(g.consts, symbol(ref))
			return
		}
		g.untyped = append(g.untyped, fmt.Sprintf("{%q, %q, %q}", o.Name(), kind, exact(o.Val())))
	}
}

func (g *generator) addType(o *types.TypeName, ref string, symbol func(string) string) {
	switch t := o.Type().(type) {
	case *types.Alias:
		if t.TypeParams().Len() > 0 || isConstraint(t) {
			g.generic = append(g.generic, o)
			return
		}
		g.aliases = append(g.aliases, symbol("(*"+ref+")(nil)"))
	case *types.Named:
		if t.TypeParams().Len() > 0 {
			g.generic = append(g.generic, o)
			return
		}
		if isConstraint(t) {
			g.generic = append(g.generic, o)
			return
		}
		g.used = true
		g.types = append(g.types, "(*"+ref+")(nil)")
	}
}

// isConstraint tells an interface that no variable can have.
func isConstraint(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && !i.IsMethodSet()
}

// exact writes a constant so that nothing of it is lost: integers in decimal, floats as a fraction.
func exact(v constant.Value) string {
	switch v.Kind() {
	case constant.String:
		return constant.StringVal(v)
	case constant.Float:
		return constant.ToFloat(v).ExactString()
	default:
		return v.ExactString()
	}
}

// deps lists the packages that the package imports: its API can mention no other ones directly.
func (g *generator) deps() string {
	var lines []string
	for _, p := range g.pkg.Types.Imports() {
		if p.Path() != "unsafe" && !IsInternal(p.Path()) {
			lines = append(lines, p.Path()+" "+p.Name())
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// source gives the generic declarations with everything unexported that they need. A declaration
// that needs more than source can give (an unexported variable or type that is not generic, or an
// unexported field or method of a compiled type) is left out, with a message.
func (g *generator) source() string {
	if len(g.generic) == 0 {
		return ""
	}
	s := newSources(g)
	want := map[types.Object]bool{}
	for _, o := range g.generic {
		need := map[types.Object]bool{}
		if why := s.collect(o, need); why != "" {
			g.left = append(g.left, fmt.Sprintf("%s.%s is generic and stays out: %s", g.pkg.PkgPath, o.Name(), why))
			continue
		}
		for n := range need {
			want[n] = true
		}
	}
	return s.print(want)
}

type sources struct {
	g       *generator
	decls   map[types.Object][]ast.Node // syntax of package-level objects; of types also methods
	imports map[string]string
	others  map[*packages.Package]*sources
}

func newSources(g *generator) *sources {
	s := &sources{g: g, decls: map[types.Object][]ast.Node{}, imports: map[string]string{}, others: map[*packages.Package]*sources{}}
	s.index()
	return s
}

func (s *sources) index() {
	info := s.g.pkg.TypesInfo
	for _, f := range s.g.pkg.Syntax {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				o := info.Defs[d.Name]
				if d.Recv != nil {
					o = receiver(info, d)
				}
				if o != nil {
					s.decls[o] = append(s.decls[o], d)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						s.decls[info.Defs[spec.Name]] = append(s.decls[info.Defs[spec.Name]], spec)
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							s.decls[info.Defs[n]] = append(s.decls[info.Defs[n]], spec)
						}
					}
				}
			}
		}
	}
}

func receiver(info *types.Info, d *ast.FuncDecl) types.Object {
	f, ok := info.Defs[d.Name].(*types.Func)
	if !ok {
		return nil
	}
	t := f.Signature().Recv().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := t.(*types.Named); ok {
		return n.Origin().Obj()
	}
	return nil
}

// collect adds o and what it needs as source to need, or says why that cannot be.
func (s *sources) collect(o types.Object, need map[types.Object]bool) string {
	if need[o] {
		return ""
	}
	need[o] = true
	why := ""
	for _, decl := range s.decls[o] {
		ast.Inspect(decl, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || why != "" {
				return why == ""
			}
			why = s.use(id, need)
			return true
		})
	}
	return why
}

func (s *sources) use(id *ast.Ident, need map[types.Object]bool) string {
	info := s.g.pkg.TypesInfo
	u := info.Uses[id]
	switch u := u.(type) {
	case nil:
		return ""
	case *types.PkgName:
		if path := u.Imported().Path(); IsInternal(path) {
			return "it needs the internal package " + path
		}
		s.imports[u.Name()] = u.Imported().Path()
		return ""
	}
	if u.Pkg() != s.g.pkg.Types {
		return s.elsewhere(u)
	}
	if f, ok := u.(*types.Func); ok {
		if f.Signature().Recv() == nil {
			u = f.Origin()
		} else if !f.Exported() && f.Origin().Signature().RecvTypeParams().Len() == 0 {
			return "it calls the unexported method " + f.Name()
		} else {
			return ""
		}
	}
	if v, ok := u.(*types.Var); ok && v.IsField() {
		if o := s.declaring(v.Origin()); o != nil && !v.Exported() && !s.isGeneric(o) {
			return "it uses the unexported field " + v.Name() + " of " + o.Name()
		}
		return ""
	}
	if u.Parent() != s.g.pkg.Types.Scope() {
		return ""
	}
	if s.isGeneric(u) {
		return s.collect(u, need)
	}
	if u.Exported() {
		return ""
	}
	switch u.(type) {
	case *types.Func, *types.Const:
		return s.collect(u, need)
	}
	return "it needs the unexported " + u.Name()
}

// declaring is the type or variable of the package whose declaration a field stands in; nil if it
// is within a function, which is given as source as a whole.
func (s *sources) declaring(field *types.Var) types.Object {
	for o, decls := range s.decls {
		if _, isFunc := o.(*types.Func); isFunc {
			continue
		}
		for _, d := range decls {
			if _, isMethod := d.(*ast.FuncDecl); !isMethod && d.Pos() <= field.Pos() && field.Pos() < d.End() {
				return o
			}
		}
	}
	return nil
}

// elsewhere says why something of another package cannot be had, if that was loaded as well: what
// stays out there can be used nowhere.
func (s *sources) elsewhere(u types.Object) string {
	if u.Pkg() == nil {
		return ""
	}
	p := s.g.pkg.Imports[u.Pkg().Path()]
	if p == nil || len(p.Syntax) == 0 {
		return ""
	}
	o := p.Types.Scope().Lookup(u.Name())
	if f, ok := u.(*types.Func); o == nil || ok && f.Signature().Recv() != nil {
		return ""
	}
	other := s.others[p]
	if other == nil {
		g := &generator{pkg: p}
		g.addAll()
		other = newSources(g)
		s.others[p] = other
	}
	if !other.isGeneric(o) {
		return ""
	}
	if why := other.collect(o, map[types.Object]bool{}); why != "" {
		return fmt.Sprintf("it needs %s.%s, and %s", p.PkgPath, o.Name(), why)
	}
	return ""
}

func (s *sources) isGeneric(o types.Object) bool {
	for _, g := range s.g.generic {
		if g == o {
			return true
		}
	}
	switch t := o.Type().(type) {
	case *types.Named:
		if _, isType := o.(*types.TypeName); isType {
			return t.TypeParams().Len() > 0 || isConstraint(t)
		}
	case *types.Alias:
		return t.TypeParams().Len() > 0
	case *types.Signature:
		return t.TypeParams().Len() > 0
	}
	return false
}

// print writes the wanted declarations as a patch: a package beside the real one, importing it.
func (s *sources) print(want map[types.Object]bool) string {
	if len(want) == 0 {
		return ""
	}
	var objs []types.Object
	for o := range want {
		objs = append(objs, o)
	}
	sort.Slice(objs, func(i, j int) bool { return objs[i].Name() < objs[j].Name() })
	var body strings.Builder
	for _, o := range objs {
		for _, d := range s.decls[o] {
			s.qualify(d, want)
			switch d := d.(type) {
			case *ast.TypeSpec:
				d.Doc, d.Comment = nil, nil
				s.g.printNode(&body, &ast.GenDecl{Tok: token.TYPE, Specs: []ast.Spec{d}})
			case *ast.FuncDecl:
				d.Doc = nil
				s.g.printNode(&body, d)
			case *ast.ValueSpec:
				c := o.(*types.Const)
				fmt.Fprintf(&body, "const %s = %s", c.Name(), c.Val().ExactString())
			}
			body.WriteString("\n")
		}
	}
	text := body.String()
	var head strings.Builder
	fmt.Fprintf(&head, "package %s\n", s.g.pkg.Name)
	if strings.Contains(text, self+".") {
		fmt.Fprintf(&head, "import %s %q\n", self, s.g.pkg.PkgPath)
	}
	var names []string
	for n := range s.imports {
		if strings.Contains(text, n+".") {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Fprintf(&head, "import %s %q\n", n, s.imports[n])
	}
	return head.String() + text
}

const self = "compiled_"

// qualify makes exported names that are compiled in refer to the real package.
func (s *sources) qualify(root ast.Node, want map[types.Object]bool) {
	info := s.g.pkg.TypesInfo
	scope := s.g.pkg.Types.Scope()
	ast.Inspect(root, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			u := info.Uses[id]
			if f, ok := u.(*types.Func); ok {
				u = f.Origin()
			}
			if u != nil && u.Pkg() == s.g.pkg.Types && u.Parent() == scope && !want[u] {
				id.Name = self + "." + id.Name
			}
		}
		return true
	})
}

func (g *generator) printNode(b *strings.Builder, n ast.Node) {
	g.err = errors.Join(g.err, format.Node(b, g.pkg.Fset, n))
	b.WriteString("\n")
}
