package eval

import "go/types"

// sweepEvery is after how many cells declarations that nothing can use are looked for.
const sweepEvery = 64

// sweep forgets the declarations that no name leads to any more. Values, closures and goroutines
// that were made by them hold what they need themselves; types whose values may be behind
// interfaces, which behind has by method name, keep what their methods need.
func (s *scope) sweep(behind map[string][]types.Type) {
	live := map[*decl]bool{}
	var work []*decl
	mark := func(d *decl) {
		if d != nil && !live[d] {
			live[d] = true
			work = append(work, d)
		}
	}
	for _, o := range s.names {
		mark(s.decls[o])
	}
	for _, types := range behind {
		for _, t := range types {
			for d := range s.needsOf(t).decls {
				mark(d)
			}
		}
	}
	for _, u := range s.sources {
		for _, o := range u.info.Defs {
			mark(s.decls[o])
		}
	}
	for len(work) > 0 {
		d := work[len(work)-1]
		work = work[:len(work)-1]
		for x := range d.needs.decls {
			mark(x)
		}
		for _, m := range d.methods {
			mark(m)
		}
	}
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
