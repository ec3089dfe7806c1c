package slots

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"unsafe"

	"github.com/goplus/reflectx/abi"
)

type point struct{ x, y float64 }

// call calls the code of a slot as an interface calls a method: with the receiver's word, and
// without a closure's context that would mean anything.
func call[F any](code unsafe.Pointer) F {
	closure := &code
	return *(*F)(unsafe.Pointer(&closure))
}

func TestSlots(t *testing.T) {
	p := &provider{second: map[int]int{}}
	defer p.Clear()
	codes := map[int]unsafe.Pointer{}
	for i := range count {
		f := func(p *point, more ...string) (int, string) { return i, fmt.Sprint(p.x, p.y, more) }
		code, slot := p.Insert(&abi.MethodInfo{Func: reflect.ValueOf(f), Type: reflect.TypeFor[point](), Pointer: true, Variadic: true})
		if slot < 0 || codes[slot] != nil {
			t.Fatalf("method %d has slot %d", i, slot)
		}
		codes[slot] = code
	}
	if _, slot := p.Insert(&abi.MethodInfo{}); slot != -1 || p.Available() != 0 || p.Used() != count {
		t.Errorf("slot %d of %d, %d free", slot, p.Used(), p.Available())
	}
	for slot, code := range codes {
		if n, text := call[func(*point, ...string) (int, string)](code)(&point{1, 2}, "a", "b"); n != slot || text != "1 2 [a b]" {
			t.Fatalf("slot %d calls method %d, which returns %s", slot, n, text)
		}
	}
	p.Remove([]int{5, 5, 7})
	if p.Available() != 2 {
		t.Errorf("%d are free", p.Available())
	}
}

// TestReceivers has receivers that an interface holds by their address and as they are, and more
// arguments than there are registers.
func TestReceivers(t *testing.T) {
	p := &provider{second: map[int]int{}}
	defer p.Clear()
	sum := func(p point, s ...float64) float64 {
		runtime.GC()
		for _, v := range s {
			p.x += v * p.y
		}
		return p.x
	}
	code, _ := p.Insert(&abi.MethodInfo{Func: reflect.ValueOf(sum), Type: reflect.TypeFor[point](), Pointer: true, Indirect: true, Variadic: true})
	if got := call[func(*point, ...float64) float64](code)(&point{1, 10}, 2, 3); got != 51 {
		t.Errorf("got %v", got)
	}
	type one struct{ p *point }
	x := func(o one, a, b, c, d, e, f, g, h, i, j, k, l string, v float64) string {
		runtime.GC()
		return fmt.Sprint(o.p.x, a, b, c, d, e, f, g, h, i, j, k, l, v)
	}
	code, _ = p.Insert(&abi.MethodInfo{Func: reflect.ValueOf(x), Type: reflect.TypeFor[one](), OnePtr: true})
	s := func(c string) string { return string([]byte(c)) } // of the heap
	got := call[func(*point, string, string, string, string, string, string, string, string, string, string, string, string, float64) string](code)(
		&point{7, 8}, s("a"), s("b"), s("c"), s("d"), s("e"), s("f"), s("g"), s("h"), s("i"), s("j"), s("k"), s("l"), 1.5)
	if got != "7abcdefghijkl1.5" {
		t.Errorf("got %s", got)
	}
	made := reflect.MakeFunc(reflect.TypeFor[func(*point) error](), func(args []reflect.Value) []reflect.Value {
		panic(args[0].Elem().Field(0).Float())
	})
	code, _ = p.Insert(&abi.MethodInfo{Func: made, Type: reflect.TypeFor[point](), Pointer: true})
	defer func() {
		if r := recover(); r != 3.0 {
			t.Errorf("recovered %v", r)
		}
	}()
	call[func(*point) error](code)(&point{x: 3})
}

// BenchmarkCall is the call of a method that an interface makes.
func BenchmarkCall(b *testing.B) {
	p := &provider{second: map[int]int{}}
	defer p.Clear()
	code, _ := p.Insert(&abi.MethodInfo{Func: reflect.ValueOf(func(p *point) float64 { return p.x }), Type: reflect.TypeFor[point](), Pointer: true})
	f, v := call[func(*point) float64](code), &point{x: 1}
	for b.Loop() {
		f(v)
	}
}

// TestDirect holds what is assumed of how interfaces hold values, and of types' tables, against Go.
func TestDirect(t *testing.T) {
	type inMap struct{ M map[string]int }
	type nested struct{ X [1]inMap }
	type empty struct{}
	for _, c := range []struct {
		t    reflect.Type
		want bool
	}{
		{reflect.TypeFor[inMap](), true}, {reflect.TypeFor[nested](), true}, {reflect.TypeFor[[1]chan int](), true},
		{reflect.TypeFor[struct{ f func() }](), true}, {reflect.TypeFor[struct {
			_ empty
			p *int
		}](), true}, {reflect.TypeFor[struct{ n uintptr }](), false},
	} {
		if got := direct(c.t); got != c.want {
			t.Errorf("%v is held as it is: %v", c.t, got)
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[withMethods](), reflect.TypeFor[arrayWithMethods]()} {
		if got := len(table(typ)); got != typ.NumMethod()+1 { // and one that is not exported
			t.Errorf("%v has %d methods", typ, got)
		}
	}
}

type withMethods struct{ M map[string]int }

// Each has a method that is not exported, which is in the table of a type as those that are.
var _, _ interface{ hidden() } = withMethods{}, arrayWithMethods{}

func (withMethods) A()      {}
func (withMethods) hidden() {}

type arrayWithMethods [1]func()

func (arrayWithMethods) A()      {}
func (arrayWithMethods) B()      {}
func (arrayWithMethods) hidden() {}
