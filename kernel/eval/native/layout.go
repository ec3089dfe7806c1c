package native

import (
	"reflect"
	"sync"
	"unsafe"
)

// A kind is how one piece of a value is kept in a slot and in memory.
type kind uint8

const (
	kPtr kind = iota
	k64       // int, uint and floats of 64 bits
	kI32
	kU32
	kI16
	kU16
	kI8
	kU8 // and bool
	kF32
	kF64
)

// size is what a piece takes in memory.
func (k kind) size() uintptr {
	switch k {
	case kI32, kU32, kF32:
		return 4
	case kI16, kU16:
		return 2
	case kI8, kU8:
		return 1
	}
	return 8
}

// float reports whether pieces of the kind are passed in floating-point registers.
func (k kind) float() bool { return k == kF32 || k == kF64 }

// A piece is one slot of a value.
type piece struct {
	kind kind
	off  uintptr // in memory
	slot int32   // bytes from the first slot of the value in its bank
}

// maxPieces is how many slots a value has at most before it is kept in memory.
const maxPieces = 12

// A layout is how the values of a type are kept. Slots are counted in bytes.
type layout struct {
	typ    reflect.Type // nil for a tuple
	boxed  bool         // one pointer slot, to memory that is never changed
	pieces []piece      // in the order of memory
	n, p   int32        // size in the banks
	zero   unsafe.Pointer
	fields []layoutField // of a struct or tuple that is not boxed
}

// A layoutField is where a field begins within the slots of the whole.
type layoutField struct {
	*layout
	atN, atP int32
}

// layouts remembers the layouts of types.
type layouts struct {
	mu sync.Mutex
	m  map[reflect.Type]*layout
}

func (ls *layouts) of(t reflect.Type) *layout {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.get(t)
}

func (ls *layouts) get(t reflect.Type) *layout {
	if l := ls.m[t]; l != nil {
		return l
	}
	l := &layout{typ: t}
	if ls.m == nil {
		ls.m = map[reflect.Type]*layout{}
	}
	switch t.Kind() {
	case reflect.Struct:
		ls.structure(l, t)
	case reflect.Array:
		if t.Size() > 0 {
			l.box()
		}
	default:
		for _, x := range scalars(t.Kind()) {
			l.add(x, 0)
		}
	}
	ls.m[t] = l
	return l
}

// scalars are the pieces of types without fields.
func scalars(k reflect.Kind) []kind {
	switch k {
	case reflect.Bool, reflect.Uint8:
		return []kind{kU8}
	case reflect.Int8:
		return []kind{kI8}
	case reflect.Int16:
		return []kind{kI16}
	case reflect.Uint16:
		return []kind{kU16}
	case reflect.Int32:
		return []kind{kI32}
	case reflect.Uint32:
		return []kind{kU32}
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return []kind{k64}
	case reflect.Float32:
		return []kind{kF32}
	case reflect.Float64:
		return []kind{kF64}
	case reflect.Complex64:
		return []kind{kF32, kF32}
	case reflect.Complex128:
		return []kind{kF64, kF64}
	case reflect.String:
		return []kind{kPtr, k64}
	case reflect.Slice:
		return []kind{kPtr, k64, k64}
	case reflect.Interface:
		return []kind{kPtr, kPtr}
	}
	return []kind{kPtr}
}

// add appends a piece behind those that are there.
func (l *layout) add(k kind, gap uintptr) {
	off := gap
	if n := len(l.pieces); n > 0 {
		off = l.pieces[n-1].off + l.pieces[n-1].kind.size() + gap
	}
	l.put(k, off)
}

func (l *layout) put(k kind, off uintptr) {
	x := piece{kind: k, off: off}
	if k == kPtr {
		x.slot = l.p
		l.p += 8
	} else {
		x.slot = l.n
		l.n += 8
	}
	l.pieces = append(l.pieces, x)
}

func (l *layout) box() {
	l.boxed, l.fields = true, nil
	l.pieces = []piece{{kind: kPtr}}
	l.n, l.p = 0, 8
	l.zero = reflect.New(l.typ).UnsafePointer()
}

func (ls *layouts) structure(l *layout, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		fl := ls.get(f.Type)
		l.fields = append(l.fields, layoutField{fl, l.n, l.p})
		if fl.boxed || len(l.pieces)+len(fl.pieces) > maxPieces {
			l.n, l.p, l.pieces = 0, 0, nil
			l.box()
			return
		}
		for _, x := range fl.pieces {
			l.put(x.kind, f.Offset+x.off)
		}
	}
}

// tuple is the layout of several values beside each other, which is never in memory.
func tuple(parts []*layout) *layout {
	l := &layout{}
	for _, x := range parts {
		l.fields = append(l.fields, layoutField{x, l.n, l.p})
		for _, y := range x.pieces {
			l.put(y.kind, 0)
		}
	}
	return l
}

// A loc is the slots of a value: where they begin in the banks, in bytes from the frame's.
type loc struct {
	*layout
	atN, atP int32
}

// part is the slots of field i.
func (l loc) part(i int) loc {
	f := l.fields[i]
	return loc{f.layout, l.atN + f.atN, l.atP + f.atP}
}

// direct reports whether interface values hold values of a type in the data word itself. That is so
// for types that are one pointer and nothing else, apart from fields that have no size.
func direct(t reflect.Type) bool { return t.Size() == unsafe.Sizeof(uintptr(0)) && hasPointers(t) }

// typeWord is the pointer that stands for a type in the first word of an empty interface.
func typeWord(t reflect.Type) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] }

// hasPointers reports whether the collector looks into the memory of a type.
func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return true
}

// load takes a value from memory to slots, one piece at a time.
func (l *layout) load(np, pp, mem unsafe.Pointer) {
	if l.boxed {
		*ptr(pp, 0) = clone(l.typ, mem)
		return
	}
	for _, x := range l.pieces {
		m := unsafe.Add(mem, x.off)
		if x.kind == kPtr {
			*ptr(pp, x.slot) = *(*unsafe.Pointer)(m)
		} else {
			*num(np, x.slot) = loadKind(x.kind, m)
		}
	}
}

// store puts a value from slots to memory.
func (l *layout) store(np, pp, mem unsafe.Pointer) {
	if l.boxed {
		typedmemmove(typeWord(l.typ), mem, *ptr(pp, 0))
		return
	}
	for _, x := range l.pieces {
		m := unsafe.Add(mem, x.off)
		if x.kind == kPtr {
			*(*unsafe.Pointer)(m) = *ptr(pp, x.slot)
		} else {
			storeKind(x.kind, m, *num(np, x.slot))
		}
	}
}

func (l loc) load(np, pp, mem unsafe.Pointer) {
	l.layout.load(unsafe.Add(np, l.atN), unsafe.Add(pp, l.atP), mem)
}

func (l loc) store(np, pp, mem unsafe.Pointer) {
	l.layout.store(unsafe.Add(np, l.atN), unsafe.Add(pp, l.atP), mem)
}

// clear makes a value zero.
func (l loc) clear(np, pp unsafe.Pointer) {
	if l.boxed {
		*ptr(pp, l.atP) = l.zero
		return
	}
	for i := int32(0); i < l.n; i += 8 {
		*num(np, l.atN+i) = 0
	}
	for i := int32(0); i < l.p; i += 8 {
		*ptr(pp, l.atP+i) = nil
	}
}

// memory is a new place that holds the value.
func (l loc) memory(np, pp unsafe.Pointer) unsafe.Pointer {
	m := mallocgc(l.typ.Size(), typeWord(l.typ), true)
	l.store(np, pp, m)
	return m
}

// value is the value as package reflect has it.
func (l loc) value(np, pp unsafe.Pointer) reflect.Value {
	return reflect.NewAt(l.typ, l.memory(np, pp)).Elem()
}

// set takes a value of package reflect.
func (l loc) set(np, pp unsafe.Pointer, v reflect.Value) {
	m := reflect.New(l.typ)
	m.Elem().Set(v)
	l.load(np, pp, m.UnsafePointer())
}

func loadKind(k kind, m unsafe.Pointer) uint64 {
	switch k {
	case kI32:
		return uint64(*(*int32)(m))
	case kU32, kF32:
		return uint64(*(*uint32)(m))
	case kI16:
		return uint64(*(*int16)(m))
	case kU16:
		return uint64(*(*uint16)(m))
	case kI8:
		return uint64(*(*int8)(m))
	case kU8:
		return uint64(*(*uint8)(m))
	}
	return *(*uint64)(m)
}

func storeKind(k kind, m unsafe.Pointer, v uint64) {
	switch k {
	case kI32, kU32, kF32:
		*(*uint32)(m) = uint32(v)
	case kI16, kU16:
		*(*uint16)(m) = uint16(v)
	case kI8, kU8:
		*(*uint8)(m) = uint8(v)
	default:
		*(*uint64)(m) = v
	}
}

// narrow is a number cut down to what a piece holds.
func narrow(k kind, v uint64) uint64 {
	switch k {
	case kI32:
		return uint64(int32(v))
	case kU32, kF32:
		return uint64(uint32(v))
	case kI16:
		return uint64(int16(v))
	case kU16:
		return uint64(uint16(v))
	case kI8:
		return uint64(int8(v))
	case kU8:
		return uint64(uint8(v))
	}
	return v
}

func clone(t reflect.Type, mem unsafe.Pointer) unsafe.Pointer {
	m := mallocgc(t.Size(), typeWord(t), true)
	typedmemmove(typeWord(t), m, mem)
	return m
}
