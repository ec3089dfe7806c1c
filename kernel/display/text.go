package display

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// These are the limits of Text.
const (
	maxElems  = 120     // a longer slice or map is abbreviated
	headElems = 60      // elements shown of it first
	tailElems = 20      // and last (of a slice)
	maxDepth  = 64      // deeper values are left out
	maxText   = 1 << 18 // bytes of text in all
)

// Text returns v as fmt's %v prints it, except that long slices and maps are abbreviated and say
// how many elements they have, a value that contains itself ends where it meets itself, and text
// over 256 KiB is cut with a note.
func Text(v any) string {
	p := printer{limit: maxText}
	p.value(reflect.ValueOf(v), 0)
	return clip(p.b.String(), maxText)
}

// clip cuts s to about n bytes and says so.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "… (" + count(len(s)-n) + " more bytes)"
}

// count prints n with thousands separated: 1,234,567.
func count(n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if neg {
		s = "-" + s
	}
	return s
}

type printer struct {
	b        strings.Builder
	limit    int
	readable bool    // see readable
	path     []visit // slices and maps being printed
	typed    int     // readable: the depth down to which structs tell their type
}

type visit struct {
	ptr uintptr
	len int
	typ reflect.Type
}

func (p *printer) value(v reflect.Value, depth int) {
	if !v.IsValid() {
		p.b.WriteString("<nil>")
		return
	}
	// The limit is checked here, and not while writing: what goes beyond it is cut off at the end.
	if p.b.Len() > p.limit || depth > maxDepth {
		p.b.WriteString("…")
		return
	}
	if v.CanInterface() && formatsItself(v.Interface()) {
		p.leaf(v)
		return
	}
	switch v.Kind() {
	case reflect.Map:
		p.enter(v, depth, p.mapping)
	case reflect.Slice:
		p.enter(v, depth, p.list)
	case reflect.Array:
		p.list(v, depth)
	case reflect.Struct:
		if p.readable && depth <= p.typed {
			p.b.WriteString(typeName(v.Type()))
		}
		p.fields(v, depth)
	case reflect.Interface:
		typed := p.typed
		p.typed = depth + 1 // what is behind an interface is not known from around it
		p.value(v.Elem(), depth+1)
		p.typed = typed
	case reflect.Pointer:
		if depth == 0 && !v.IsNil() {
			switch v.Elem().Kind() {
			case reflect.Array, reflect.Slice, reflect.Struct, reflect.Map:
				p.b.WriteByte('&')
				p.typed++
				p.value(v.Elem(), depth+1)
				p.typed--
				return
			}
		}
		if v.IsNil() {
			p.b.WriteString("<nil>")
			return
		}
		// An address says nothing to a reader, and differs from run to run.
		if p.readable && v.Elem().Kind() == reflect.Struct {
			p.b.WriteString("&" + typeName(v.Type().Elem()) + "{…}")
			return
		}
		fmt.Fprintf(&p.b, "%#x", v.Pointer())
	case reflect.String:
		if p.readable && depth > 0 {
			p.b.WriteString(strconv.Quote(v.String()))
			return
		}
		p.leaf(v)
	case reflect.Func, reflect.Chan:
		if !p.readable || v.IsNil() {
			p.leaf(v)
			return
		}
		p.b.WriteString(typeName(v.Type()))
		if v.Kind() == reflect.Chan {
			fmt.Fprintf(&p.b, " (%d of %d)", v.Len(), v.Cap())
		}
	default:
		p.leaf(v)
	}
}

// leaf prints what fmt can print without going round in circles.
func (p *printer) leaf(v reflect.Value) { fmt.Fprintf(&p.b, "%v", v) }

func formatsItself(v any) bool {
	switch v.(type) {
	case fmt.Formatter, error, fmt.Stringer:
		return true
	}
	return false
}

func (p *printer) enter(v reflect.Value, depth int, body func(reflect.Value, int)) {
	here := visit{v.Pointer(), v.Len(), v.Type()}
	if v.Len() > 0 && slices.Contains(p.path, here) {
		p.b.WriteString("<contains itself>")
		return
	}
	p.path = append(p.path, here)
	body(v, depth)
	p.path = p.path[:len(p.path)-1]
}

func (p *printer) list(v reflect.Value, depth int) {
	n := v.Len()
	p.b.WriteByte('[')
	for i := 0; i < n && p.b.Len() <= p.limit; i++ {
		if i > 0 {
			p.b.WriteByte(' ')
		}
		if n > maxElems && i == headElems {
			p.b.WriteString("… ")
			i = n - tailElems
		}
		p.value(v.Index(i), depth+1)
	}
	p.b.WriteByte(']')
	p.length(n)
}

func (p *printer) length(n int) {
	if n > maxElems || p.b.Len() > p.limit {
		p.b.WriteString(" (" + count(n) + " elements)")
	}
}

func (p *printer) mapping(v reflect.Value, depth int) {
	keys := v.MapKeys()
	slices.SortFunc(keys, compareKeys)
	p.b.WriteString("map[")
	for i, key := range keys {
		if i > 0 {
			p.b.WriteByte(' ')
		}
		if len(keys) > maxElems && i == headElems || p.b.Len() > p.limit {
			p.b.WriteString("…")
			break
		}
		p.value(key, depth+1)
		p.b.WriteByte(':')
		p.value(v.MapIndex(key), depth+1)
	}
	p.b.WriteByte(']')
	p.length(len(keys))
}

func (p *printer) fields(v reflect.Value, depth int) {
	p.b.WriteByte('{')
	for i := range v.NumField() {
		if i > 0 && p.readable {
			p.b.WriteByte(',')
		}
		if i > 0 {
			p.b.WriteByte(' ')
		}
		f := v.Field(i)
		if p.readable {
			p.b.WriteString(v.Type().Field(i).Name + ": ")
			p.value(f, depth+1)
			continue
		}
		if f.Kind() == reflect.Interface && !f.IsNil() {
			f = f.Elem()
		}
		p.value(f, depth+1)
	}
	p.b.WriteByte('}')
}

// compareKeys orders map keys as fmt does: numbers by value, text by its bytes, false before true,
// arrays and structs element by element, values of different types of an interface by type.
func compareKeys(a, b reflect.Value) int {
	if a.Type() != b.Type() {
		return cmp.Compare(a.Type().String(), b.Type().String())
	}
	switch a.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cmp.Compare(a.Int(), b.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return cmp.Compare(a.Uint(), b.Uint())
	case reflect.String:
		return cmp.Compare(a.String(), b.String())
	case reflect.Float32, reflect.Float64:
		return cmp.Compare(a.Float(), b.Float())
	case reflect.Complex64, reflect.Complex128:
		return cmp.Or(cmp.Compare(real(a.Complex()), real(b.Complex())), cmp.Compare(imag(a.Complex()), imag(b.Complex())))
	case reflect.Bool:
		return cmp.Compare(btoi(a.Bool()), btoi(b.Bool()))
	case reflect.Pointer, reflect.UnsafePointer, reflect.Chan:
		return cmp.Compare(a.Pointer(), b.Pointer())
	case reflect.Struct:
		return compareEach(a.NumField(), a.Field, b.Field)
	case reflect.Array:
		return compareEach(a.Len(), a.Index, b.Index)
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return cmp.Compare(btoi(!a.IsNil()), btoi(!b.IsNil()))
		}
		return compareKeys(a.Elem(), b.Elem())
	}
	return 0
}

func compareEach(n int, a, b func(int) reflect.Value) int {
	for i := range n {
		if c := compareKeys(a(i), b(i)); c != 0 {
			return c
		}
	}
	return 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
