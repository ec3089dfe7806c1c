package eval

import (
	"fmt"
	"go/types"
	"reflect"
	"strings"
)

// The description of a type, once package reflect has it, is there for good, and so is the room for
// its methods. So that a long session does not fill up with types that were declared again and
// again, those that no name leads to any more give up the programs of their methods, the oldest
// first, and are used again for new types that look the same.

// A releasedType is a type whose methods have been released.
type releasedType struct {
	shape string
	rt    reflect.Type
	slots map[string]*methodSlot
}

// release releases the methods of types. They still work while something else, such as a goroutine
// or a function value, holds their program.
func (t *typeTable) release(types []*types.Named) (out []*releasedType) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range types {
		r := &releasedType{shape: t.shape(n)}
		r.rt, _ = t.types.At(n).(reflect.Type)
		r.slots, _ = t.slots.At(n).(map[string]*methodSlot)
		out = append(out, r)
	}
	// Not in the loop above: the shape of a type is made of the run-time types of others, which
	// may be among those that are released.
	for i, n := range types {
		for _, m := range out[i].slots {
			m.mu.Lock()
			m.code = nil
			m.mu.Unlock()
		}
		t.slots.Delete(n)
		t.types.Delete(n)
		delete(t.back, out[i].rt)
	}
	return out
}

// recycle keeps a released type for a new one to use, if the programs of its methods are gone; it
// reports whether they are.
func (t *typeTable) recycle(r *releasedType) bool {
	for _, m := range r.slots {
		if m.from.value() != nil {
			return false
		}
	}
	for _, m := range r.slots {
		m.mu.Lock()
		m.fn = nil
		m.mu.Unlock()
	}
	if r.shape != "" && r.rt != nil {
		t.mu.Lock()
		t.unused[r.shape] = append(t.unused[r.shape], r)
		t.mu.Unlock()
	}
	return true
}

// gone reports whether a method was released and its program is gone.
func (m *methodSlot) gone() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.code == nil && m.from != (weakProgram{})
}

// reuse gives a new type the description of a released one of its shape; nil if there is none.
//
// Package reflect keeps every type that it was ever asked to make, so making another that looks
// the same would only add to what is there for good. Slots are taken over with the type: their
// addresses are in it.
func (t *typeTable) reuse(n *types.Named) reflect.Type {
	if len(t.unused) == 0 {
		return nil
	}
	shape := t.shape(n)
	list := t.unused[shape]
	if shape == "" || len(list) == 0 {
		return nil
	}
	r := list[len(list)-1]
	if t.unused[shape] = list[:len(list)-1]; len(list) == 1 {
		delete(t.unused, shape)
	}
	for sel := range types.NewMethodSet(types.NewPointer(n)).Methods() {
		fn := sel.Obj().(*types.Func)
		m := r.slots[fn.Name()]
		m.mu.Lock()
		m.fn, m.full, m.from = fn, fn.FullName(), weakProgram{}
		m.mu.Unlock()
	}
	t.slots.Set(n, r.slots)
	t.types.Set(n, r.rt)
	t.back[r.rt] = n
	return r.rt
}

// shape describes a type such that types of the same shape look the same to package reflect; it is
// empty for one that embeds what has methods, and for one that is built of types which are not
// known yet.
func (t *typeTable) shape(n *types.Named) string {
	if types.IsInterface(n) {
		return ""
	}
	var b strings.Builder
	known := true
	write := func(typ types.Type) {
		b.WriteString(types.TypeString(typ, nil))
		walkType(typ, func(part types.Type) bool {
			switch p := part.(type) {
			case *types.Named:
				if p != n && t.scope.owns(p.Obj().Pkg()) {
					rt := t.types.At(p)
					known = known && rt != nil
					fmt.Fprintf(&b, " %p", rt)
				}
			case *types.Interface: // walkType does not look into it
				known = known && p.NumMethods() == 0
			}
			return !known
		})
		b.WriteByte('\n')
	}
	write(n)
	write(n.Underlying())
	methods := types.NewMethodSet(types.NewPointer(n))
	for i := range methods.Len() {
		fn := methods.At(i).Obj().(*types.Func)
		_, pointer := fn.Signature().Recv().Type().(*types.Pointer)
		fmt.Fprint(&b, fn.Name(), pointer)
		write(fn.Signature())
		known = known && len(methods.At(i).Index()) == 1
	}
	if !known {
		return ""
	}
	return b.String()
}

// forget drops the types that no code which will be compiled can mention and that are behind no
// interface.
func (t *typeTable) forget(gone func(*types.Named) bool) {
	defer t.compact()
	t.mu.Lock()
	var dead []*types.Named
	for _, typ := range t.back {
		if n, ok := typ.(*types.Named); ok && gone(n) {
			dead = append(dead, n)
		}
	}
	t.forgetInterfaces(gone)
	t.mu.Unlock()
	for _, r := range t.release(dead) {
		t.recycle(r)
	}
}

func (t *typeTable) compact() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.types, t.slots = compact(t.types), compact(t.slots)
}
