// The text of interfaces without a name that have methods which are not exported.
package main

import "fmt"

type number int

func (n number) M() {}

type holder[T any] struct{ x T }

func try(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}

func main() {
	var x interface{ m() }
	fmt.Printf("%T\n", &x)
	fmt.Printf("%T\n", []interface {
		m(x int) string
		A()
		error
		fmt.Stringer
		Z(a ...int) (number, error)
		b(func())
	}{})
	fmt.Printf("%T\n", map[string]func(interface {
		private(interface{ q() number }) bool
	}){})
	fmt.Printf("%T\n", struct {
		a interface{ m() }
		B interface{ M() }
		c interface{ M2(interface{ n() }) }
	}{})
	fmt.Printf("%T\n", holder[interface{ m() }]{})
	fmt.Printf("%T\n", new(chan interface{ m() }))
	fmt.Printf("%#v\n", []interface{ m() }{nil})
	var any any = number(1)
	try(func() { _ = any.(interface{ m() }) })
	try(func() {
		_ = any.(interface {
			M()
			other(interface{ q() }) int
		})
	})
	try(func() { _ = any.(fmt.Stringer).(interface{ m() }) })
	try(func() { _ = any.(interface{ M() }).(interface{ m() }) })
	try(func() { var e error; _ = e.(interface{ m() }) })
	try(func() { x.m() })
	try(func() {
		any = &x
		_ = any.(*interface{ n() })
	})
	try(func() {
		any = x
		_ = any.(interface{ m() })
	})
}
