// Package slots is room for the methods of interpreted types: code that an interface can call
// without knowing that there is a closure behind it.
//
// Go finds a method by the address of its code alone, so that every method needs code of its own,
// which has to be there when the program is linked. A slot is two instructions: it puts its number
// into the register in which calls of closures have their context, and jumps to what all slots have
// in common, which takes the closure of that number and jumps to its code with the arguments as
// they are. The packages icall of reflectx do the same with a whole function for each method: 20480
// of them are a third of all functions of the program and a twelfth of its size, and hide pointers
// from the collector while they prepare a call.
package slots

import (
	"reflect"
	"unsafe"

	"github.com/goplus/reflectx/abi"

	"dtnotes/kernel/eval/internal/inner"
)

// count is how many methods there may be at a time, and so many slots the assembler files have.
const count = 20480

// closures are the closures behind the slots; the assembler files read them.
var closures [count]unsafe.Pointer

// stubs is the code of all slots, one after the other, size bytes each. It is not called as a
// whole.
//
//lint:ignore U1000 the assembler files define it and name it
func stubs()

// Stubs is the name that Go has for the code of all slots.
const Stubs = "dtnotes/kernel/eval/internal/slots.stubs"

// address returns where stubs begins: the name in Go is that of code that adapts its calls.
func address() uintptr

// A provider gives methods their slots, two to one of a misjudged type, see direct.go.
type provider struct {
	used   int
	next   int         // where to look for a free slot first
	second map[int]int // slots of a method, to those of the same for receivers as they are
}

// Other room, which reflectx brings itself, is used when this is full.
func init() {
	others := abi.Default.List()
	abi.Default = &abi.MethodProviderList{}
	abi.AddMethodProvider(&provider{second: map[int]int{}})
	for _, p := range others {
		abi.AddMethodProvider(p)
	}
}

// Insert implements abi.MethodProvider. The function of a method has the receiver as first
// argument; an interface holds a receiver by its address, unless it is a pointer itself.
func (p *provider) Insert(m *abi.MethodInfo) (code unsafe.Pointer, slot int) {
	proper := misjudged(m)
	if p.used == count || proper && p.used+1 == count {
		return nil, -1
	}
	f := m.Func
	if m.Indirect || !m.Pointer && !m.OnePtr {
		f = byAddress(m)
	}
	code, slot = p.insert(f)
	if proper {
		own, second := p.insert(m.Func)
		p.second[slot] = second
		corrections.Lock()
		defer corrections.Unlock()
		corrections.list = append(corrections.list, correction{m.Type, code, own})
	}
	return code, slot
}

// insert gives a function a slot. Those of methods that are removed are used again, so the search
// goes around.
func (p *provider) insert(f reflect.Value) (code unsafe.Pointer, slot int) {
	for closures[p.next] != nil {
		p.next = (p.next + 1) % count
	}
	slot = p.next
	f2 := f.Interface()
	// The word of an interface that holds a function is its closure.
	closures[slot] = (*[2]unsafe.Pointer)(unsafe.Pointer(&f2))[1]
	p.used++
	return pointer(address() + uintptr(slot)*size), slot
}

// pointer returns an address of code, which the collector has nothing to do with, as a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// byAddress returns the method's function with the receiver's address in place of the receiver.
func byAddress(m *abi.MethodInfo) reflect.Value {
	t := m.Func.Type()
	in := []reflect.Type{reflect.PointerTo(m.Type)}
	for i := 1; i < t.NumIn(); i++ {
		in = append(in, t.In(i))
	}
	var out []reflect.Type
	for i := range t.NumOut() {
		out = append(out, t.Out(i))
	}
	call := m.Func.Call
	if m.Variadic {
		call = m.Func.CallSlice
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, m.Variadic), func(args []reflect.Value) []reflect.Value {
		if args[0].IsNil() {
			panic(inner.NilReceiver(m.Type, m.Name))
		}
		args[0] = args[0].Elem()
		return call(args)
	})
}

// Remove implements abi.MethodProvider.
func (p *provider) Remove(slots []int) {
	for _, i := range slots {
		if closures[i] != nil {
			closures[i] = nil
			p.used--
		}
		if second, ok := p.second[i]; ok {
			delete(p.second, i)
			p.Remove([]int{second})
		}
	}
}

// Available implements abi.MethodProvider.
func (p *provider) Available() int { return count - p.used }

// Used implements abi.MethodProvider.
func (p *provider) Used() int { return p.used }

// Cap implements abi.MethodProvider.
func (p *provider) Cap() int { return count }

// Clear implements abi.MethodProvider.
func (p *provider) Clear() {
	clear(closures[:])
	clear(p.second)
	p.used = 0
}
