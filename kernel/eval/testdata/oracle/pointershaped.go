// Methods of types that are one pointer in memory, called through interfaces: such a value stands in
// an interface itself, and not behind a pointer.
package main

import "fmt"

type array [1]*int

func (a array) get() int             { return *a[0] }
func (a array) Get() int             { return *a[0] }
func (a array) name(s string) string { return fmt.Sprint(s, *a[0]) }

type inner struct{ a [1]*int }

func (i inner) get() int             { return *i.a[0] }
func (i inner) Get() int             { return *i.a[0] }
func (i inner) name(s string) string { return fmt.Sprint(s, *i.a[0]) }

type maps [1]map[string]int

func (m maps) get() int             { return m[0]["x"] }
func (m maps) Get() int             { return m[0]["x"] }
func (m maps) name(s string) string { return fmt.Sprint(s, len(m[0])) }

type blank struct {
	_ struct{}
	p *int
}

func (b blank) get() int             { return *b.p }
func (b blank) Get() int             { return *b.p }
func (b blank) name(s string) string { return fmt.Sprint(s, *b.p) }

type plain struct{ p *int }

func (p plain) get() int             { return *p.p }
func (p plain) Get() int             { return *p.p }
func (p plain) name(s string) string { return fmt.Sprint(s, *p.p) }

type outer struct{ inner }

type function func() int

func (f function) get() int             { return f() }
func (f function) Get() int             { return f() }
func (f function) name(s string) string { return fmt.Sprint(s, f()) }

type hidden interface {
	get() int
	name(string) string
}

type shown interface{ Get() int }

type both interface {
	hidden
	shown
}

func call(h hidden) string { return fmt.Sprint(h.get(), h.name("n")) }

func main() {
	x := 42
	all := []both{array{&x}, inner{[1]*int{&x}}, maps{{"x": 42}}, blank{p: &x}, plain{&x}, outer{inner{[1]*int{&x}}}, function(func() int { return x })}
	for i := range 3 {
		for _, b := range all {
			fmt.Printf("%d %T %v %v %v\n", i, b, b.get(), b.Get(), b.name("a"))
			fmt.Println(call(b))
			f, g, h := b.get, b.Get, b.name
			fmt.Println(f(), g(), h("v"))
		}
		x++
	}
	for _, b := range all {
		func() {
			defer fmt.Println("after", b.get())
			defer b.name("unused")
		}()
		done := make(chan int)
		go func() { done <- b.get() }()
		fmt.Println(<-done)
	}
	var a hidden = array{&x}
	if s, ok := a.(shown); ok {
		fmt.Println(s.Get(), a.(array).get(), hidden.get(a), array.get(array{&x}))
	}
}
