package eval

import "golang.org/x/tools/go/ssa"

// orderPhis makes it right to evaluate the φ-nodes of a block one after another, as ixgo does. They
// are meant to be evaluated all at once: where one reads another of its block that stands above it,
// as in a, b = b, a within a loop, it would see the new value. Such a node is split: a copy at the
// top of the block takes the old value, and the node takes it from there.
//
// For example, with a := φ(1, b) above b := φ(0, a), one after the other gives b the new a. With
// the copy b' := φ(0, a) on top, b takes b' on every edge, and b' was read before a changed.
func orderPhis(f *ssa.Function) {
	for _, b := range f.Blocks {
		var phis []*ssa.Phi
		for _, in := range b.Instrs {
			p, ok := in.(*ssa.Phi)
			if !ok {
				break
			}
			phis = append(phis, p)
		}
		var copies []ssa.Instruction
		above := map[ssa.Value]bool{}
		for _, p := range phis {
			if readsAny(p, above) {
				early := new(ssa.Phi)
				*early = *p
				copies = append(copies, early)
				p.Edges = make([]ssa.Value, len(early.Edges))
				for i := range p.Edges {
					p.Edges[i] = early
				}
			}
			above[p] = true
		}
		if copies != nil {
			b.Instrs = append(copies, b.Instrs...)
		}
	}
}

func readsAny(p *ssa.Phi, values map[ssa.Value]bool) bool {
	for _, e := range p.Edges {
		if values[e] {
			return true
		}
	}
	return false
}
