package eval

import (
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/eval/modules"
)

// A literal is a string, character or comment of a cell, from its first byte to behind its last.
type literal struct {
	tok        token.Token
	start, end int
}

// literalAt is the literal that a position is inside of. At the end of a closed string one is
// behind it, while a line comment, and a string that is still open, go on.
func literalAt(code string, pos int) (literal, bool) {
	var sc scanner.Scanner
	f := token.NewFileSet().AddFile("", -1, len(code))
	sc.Init(f, []byte(code), nil, scanner.ScanComments)
	for {
		p, tok, lit := sc.Scan()
		if tok == token.EOF {
			return literal{}, false
		}
		start := f.Offset(p)
		end := start + len(lit)
		switch {
		case start >= pos:
			return literal{}, false
		case tok == token.COMMENT && (pos < end || pos == end && (strings.HasPrefix(lit, "//") || isOpen(tok, lit))):
			return literal{tok, start, end}, true
		case tok == token.STRING || tok == token.CHAR:
			if pos < end || pos == end && isOpen(tok, lit) {
				return literal{tok, start, end}, true
			}
		}
	}
}

// inLiteral proposes what may stand in a string: paths of packages, keys of maps, columns of
// frames, names of files. Values are not looked at while cells run, which may change them.
//
// The literal as a whole takes the place of the name that lookAt replaces, so that its parent in
// the syntax says what the string is for.
func (a *assistant) inLiteral(code string, lit literal, pos int, running bool) cell.Completion {
	out := cell.Completion{Start: pos, End: pos}
	if lit.tok != token.STRING {
		return out
	}
	quote := code[lit.start]
	end := lit.end
	// A string that is not closed runs to the end of its line for the scanner; what stands behind
	// the cursor then is more likely code than text.
	if isOpen(lit.tok, code[lit.start:lit.end]) {
		end = pos
	}
	typed := code[lit.start+1 : pos]
	out.Start = lit.start + 1
	if end > pos {
		out.End = end - 1
	}
	line := code[strings.LastIndexByte(code[:lit.start], '\n')+1 : lit.start]
	if isImportLine(code[:lit.start], line) {
		out.Items = itemsOf(a.e.packages.importable(), typed, "package")
		return out
	}
	v := a.lookAt(code, lit.start, end)
	var found []string
	kind := "variable"
	switch n := v.parent().(type) {
	case *ast.IndexExpr:
		if n.Index == v.ident && !running {
			found = v.mapKeys(n.X)
		}
	case *ast.CallExpr:
		if sel, ok := n.Fun.(*ast.SelectorExpr); ok && !running {
			found = v.columns(sel.X)
		}
		if found == nil && v.takesFile(n) {
			found, kind = files(a.e.packages.dir, typed), "file"
		}
	}
	// Between double quotes a key with a quote or a backslash in it has to be written as Go
	// writes it; between back quotes it stands as it is.
	if quote == '"' {
		for i, f := range found {
			q := strconv.Quote(f)
			found[i] = q[1 : len(q)-1]
		}
	}
	out.Items = itemsOf(found, typed, kind)
	return out
}

// isImportLine reports whether a string stands in an import declaration. It looks at the text, as
// the syntax of a declaration that is being written is often not there.
func isImportLine(before, line string) bool {
	f := strings.Fields(line)
	if len(f) > 0 && f[0] == "import" {
		return true
	}
	i := strings.LastIndex(before, "import (")
	return i >= 0 && !strings.Contains(before[i:], ")")
}

// importable are the paths of what is compiled in and of what has been got.
func (ps *packages) importable() []string {
	var paths []string
	if ps.got != nil {
		for _, p := range ps.got.Packages {
			if p.Name != "main" && p.Failure == "" && !modules.IsInternal(p.ImportPath) && !compiledIn(p.ImportPath) {
				paths = append(paths, p.ImportPath)
			}
		}
	}
	for p := range compiledPaths() {
		if !strings.Contains(p, "goplus") && !strings.Contains(p, "internal") && !strings.HasPrefix(p, "dtnotes/kernel/eval") {
			paths = append(paths, p)
		}
	}
	return paths
}

// itemsOf proposes texts that begin with what has been written first, then those that hold it
// anywhere and in any case.
func itemsOf(texts []string, prefix, kind string) []cell.CompletionItem {
	sort.Strings(texts)
	var items []cell.CompletionItem
	for _, exact := range []bool{true, false} {
		for _, t := range texts {
			has := strings.HasPrefix(t, prefix)
			if has == exact && (has || strings.Contains(strings.ToLower(t), strings.ToLower(prefix))) {
				items = append(items, cell.CompletionItem{Text: t, Kind: kind})
			}
		}
	}
	return items
}

func (v *view) parent() ast.Node {
	if n := len(v.path); n > 1 {
		return v.path[n-2]
	}
	return nil
}

// value is that of a variable of the session.
//
// It is the value itself and no copy: the caller only reads it, and only while no cell runs.
func (v *view) value(x ast.Expr) reflect.Value {
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok {
		return reflect.Value{}
	}
	d := v.e.scope.decls[v.e.scope.names[id.Name]]
	if d == nil || !d.memory.IsValid() {
		return reflect.Value{}
	}
	return d.memory.Elem()
}

// mostKeys is how many keys are proposed.
const mostKeys = 200

func (v *view) mapKeys(x ast.Expr) []string {
	m := v.value(x)
	if m.Kind() != reflect.Map || m.Type().Key().Kind() != reflect.String {
		return nil
	}
	var keys []string
	for it := m.MapRange(); it.Next() && len(keys) < mostKeys; {
		keys = append(keys, it.Key().String())
	}
	return keys
}

// columns are the names of what x has by name, as a method Names returns them: data frames of
// gota do. The method is compiled code or that of a type of a cell; the caller has seen to it
// that no cell runs.
func (v *view) columns(x ast.Expr) []string {
	value := v.value(x)
	if !value.IsValid() || !value.CanInterface() {
		return nil
	}
	if frame, ok := value.Interface().(interface{ Names() []string }); ok {
		return slices.Clone(frame.Names())
	}
	return nil
}

// takesFile reports whether a call is of a function of a package that works with files, or of one
// of dtnotes that loads them.
func (v *view) takesFile(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	f, ok := v.info.Uses[sel.Sel].(*types.Func)
	if !ok || f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "os", "io/ioutil", "path/filepath", "io/fs", "embed":
		return !strings.Contains(f.Name(), "env") && !strings.Contains(f.Name(), "Env")
	case "dtnotes/dtracefs", "dtnotes/kernel/display", "github.com/go-gota/gota/dataframe", "archive/zip", "debug/elf":
		return true
	}
	return false
}

// files are those of the folder that has been written so far; folders end in a slash.
func files(dir, typed string) []string {
	folder := typed[:strings.LastIndexByte(typed, '/')+1]
	look := folder
	if !filepath.IsAbs(look) {
		look = filepath.Join(dir, look)
	}
	if look == "" {
		look = "."
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		name := folder + e.Name()
		if e.IsDir() {
			name += "/"
		}
		if !strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(typed[len(folder):], ".") {
			out = append(out, name)
		}
	}
	return out
}
