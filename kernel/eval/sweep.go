package eval

import (
	"cmp"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

const (
	sweepEvery   = 64 // after how many cells declarations that nothing can use are looked for
	keepReplaced = 64 // of the types that no name leads to any more, so many keep their methods
)

// sweep forgets the declarations that no name leads to any more. Values, closures and goroutines
// that were made by them hold what they need themselves; types whose values may be behind
// interfaces keep what their methods need, until they have been replaced long ago.
//
// It is called between cells. What is live is a matter of names: from the names of the session
// and of packages from source, through everything that a declaration needs.
func (e *engine) sweep() {
	live := e.scope.reachable()
	e.builder.retireTypes(live)
	e.builder.table.forget(func(n *types.Named) bool {
		d := e.scope.decls[n.Origin().Obj()]
		return d != nil && !live[d]
	})
	e.scope.drop(live)
	e.dropTexts(live)
	e.context = types.NewContext() // it holds every instance of a generic type there ever was
}

// reachable are the declarations that a name leads to.
//
// Names of a package from source all count, whether anything uses them now: a cell may import it
// later.
func (s *scope) reachable() liveDecls {
	live := liveDecls{}
	for _, o := range s.names {
		live.mark(s.decls[o])
	}
	for _, u := range s.sources {
		for _, o := range u.info.Defs {
			live.mark(s.decls[o])
		}
	}
	return live
}

// drop forgets all other declarations.
func (s *scope) drop(live liveDecls) {
	for o, d := range s.decls {
		if !live[d] {
			delete(s.decls, o)
		}
	}
	for checked, program := range s.programVar {
		if s.decls[program] == nil {
			delete(s.programVar, checked)
			delete(s.checkedVar, program)
		}
	}
	s.earlierFunc = map[*types.Func]*types.Func{}
}

// liveDecls are the declarations that something leads to.
type liveDecls map[*decl]bool

// mark adds a declaration and all that it needs.
func (live liveDecls) mark(d *decl) {
	work := []*decl{d}
	for len(work) > 0 {
		d := work[len(work)-1]
		work = work[:len(work)-1]
		if d == nil || live[d] {
			continue
		}
		live[d] = true
		work = append(work, d.methods...)
		work = slices.AppendSeq(work, maps.Keys(d.needs.decls))
	}
}

// retireTypes releases the methods of types that were replaced, except those of the last ones.
// Nobody can know whether there still are values of a type behind interfaces, and a program is
// some 80 kB: in a long session in which types are declared again and again, these would be most
// of its memory.
func (b *builder) retireTypes(live liveDecls) {
	named := func(n *types.Named) bool {
		d := b.scope.decls[n.Origin().Obj()]
		return d == nil || live[d] // nil for one within a function
	}
	b.replaced = slices.DeleteFunc(b.replaced, named)
	known := map[*types.Named]bool{}
	for _, n := range b.replaced {
		known[n] = true
	}
	var more []*types.Named
	// Those that have no name since the last sweep, and whose values may be behind interfaces.
	b.dynamic.Iterate(func(t types.Type, _ any) {
		if n := t.(*types.Named); !named(n) && !known[n] {
			more = append(more, n)
		}
	})
	// The map gives them in any order; which of them are the oldest must not depend on that.
	slices.SortFunc(more, func(x, y *types.Named) int { return cmp.Compare(x.Obj().Pos(), y.Obj().Pos()) })
	b.replaced = append(b.replaced, more...)
	// All but the last ones are old. What the methods of the others need stays, too.
	old := b.replaced[:max(0, len(b.replaced)-keepReplaced)]
	isOld := map[types.Type]bool{}
	for _, n := range old {
		isOld[n] = true
	}
	b.dynamic.Iterate(func(t types.Type, _ any) {
		if !isOld[t] {
			for d := range b.scope.needsOf(t).decls {
				live.mark(d)
			}
		}
	})
	old = slices.DeleteFunc(slices.Clone(old), named) // a method of one that is kept needs it
	for _, r := range b.table.release(old) {
		b.released = append(b.released, r)
		// The next program that calls a method of this name through an interface must not call it
		// directly: a value of the released type may still come along, and has no code there.
		for name := range r.slots {
			b.lateMethods[name] = true
		}
	}
	for _, n := range old {
		b.dynamic.Delete(n)
		for name, ts := range b.behind {
			b.behind[name] = slices.DeleteFunc(ts, func(t types.Type) bool { return t == types.Type(n) })
		}
	}
	b.replaced = slices.Clone(b.replaced[max(0, len(b.replaced)-keepReplaced):])
	b.released = slices.DeleteFunc(b.released, b.table.recycle)
	b.dynamic = compact(b.dynamic)
}

// dropTexts forgets the text of cells, and the positions in it, of which no code is left.
func (e *engine) dropTexts(live liveDecls) {
	used := map[string]bool{}
	for d := range live {
		used[d.src.file] = true
	}
	e.builder.programs = slices.DeleteFunc(e.builder.programs, func(p compiledProgram) bool { return p.code.value() == nil })
	for _, p := range e.builder.programs {
		for _, f := range p.files {
			used[f] = true
		}
	}
	e.texts.mu.Lock()
	defer e.texts.mu.Unlock()
	var gone []*token.File
	e.fset.Iterate(func(f *token.File) bool {
		if _, isCell := e.texts.cells[f.Name()]; isCell && !used[f.Name()] {
			gone = append(gone, f)
		}
		return true
	})
	for _, f := range gone {
		e.fset.RemoveFile(f)
	}
	maps.DeleteFunc(e.texts.cells, func(file, _ string) bool { return !used[file] })
}

// compact copies a map, because a map whose keys come and go keeps something of each.
func compact(m typeutil.Map) (out typeutil.Map) {
	m.Iterate(func(key types.Type, value any) { out.Set(key, value) })
	return out
}
