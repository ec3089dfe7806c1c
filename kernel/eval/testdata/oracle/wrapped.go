// Methods that package reflect gives, fields without a name, and what the collector sees.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"unsafe"
)

type small int

func (s small) Plus(n int) int { return int(s) + n }
func (s small) Caught()        { fmt.Println("caught", s, recover()) }
func (s *small) Set(n int)     { *s = small(n) }
func (s small) Deep()          { deeper() }

type pair struct{ a, b string }

func (p pair) Caught()  { fmt.Println("caught", p, recover()) }
func (p *pair) Forgot() { fmt.Println("forgot", p.a) }

func deeper() { fmt.Println("deeper", recover()) }

// lister and finder have what a reflect.Type has.
type (
	lister interface{ Method(int) reflect.Method }
	finder interface {
		MethodByName(string) (reflect.Method, bool)
	}
)

// own has a method of that name and signature, too.
type own struct{}

func (own) Method(i int) reflect.Method {
	return reflect.Method{Name: fmt.Sprint("own ", i)}
}

func methods() {
	t := reflect.TypeOf(small(40))
	for i := range t.NumMethod() {
		fmt.Println(t.Method(i).Name, t.Method(i).Type.NumIn())
	}
	plus := t.Method(2)
	fmt.Println(plus.Func.Interface().(func(small, int) int)(40, 2))
	var l lister = t
	fmt.Println(l.Method(2).Func.Call([]reflect.Value{reflect.ValueOf(small(1)), reflect.ValueOf(2)})[0].Int())
	var f finder = reflect.PointerTo(t)
	set, ok := f.MethodByName("Set")
	x := small(1)
	set.Func.Interface().(func(*small, int))(&x, 7)
	_, none := f.MethodByName("None")
	fmt.Println(ok, x, none)
	find, get := t.MethodByName, t.Method
	m, ok := find("Plus")
	fmt.Println(m.Name, ok, get(0).Name, lister(own{}).Method(3).Name)
	defer func() { fmt.Println("nil:", recover()) }()
	l = nil
	l.Method(0)
}

func expressions() {
	byName, byIndex := reflect.Type.MethodByName, reflect.Type.Method
	m, _ := byName(reflect.TypeOf(&pair{}), "Forgot")
	fmt.Println(m.Name, byIndex(reflect.TypeOf(&pair{}), 1).Name)
	defer func() { recover() }()
	defer m.Func.Call([]reflect.Value{reflect.ValueOf(&pair{"x", "y"})})
	defer reflect.TypeOf(small(0)).Method(99)
}

var blank = struct{ a, _, c int }{1, 2, 3}

func blanks() {
	local := struct {
		_ string
		x int
		_ float64
	}{"lost", 4, 2}
	list := []struct{ _, y int }{{1, 2}, {3, 4}}
	fmt.Println(blank, local, list, reflect.ValueOf(local).Field(0).String() == "")
}

func kept() unsafe.Pointer {
	s := "kept"
	runtime.SetFinalizer(&s, func(p *string) { *p = "collected" })
	return unsafe.Pointer(&s)
}

//go:uintptrescapes
func read(a, b uintptr, more ...uintptr) {
	runtime.GC()
	runtime.GC()
	fmt.Println(*(*string)(unsafe.Pointer(a)), *(*string)(unsafe.Pointer(b)), *(*string)(unsafe.Pointer(more[0])))
}

func main() {
	methods()
	expressions()
	blanks()
	read(uintptr(kept()), uintptr(kept()), uintptr(kept()))
	func() { defer read(uintptr(kept()), uintptr(kept()), uintptr(kept())) }()
}
