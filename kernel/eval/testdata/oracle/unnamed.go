// Interfaces without a name are types like others: the same wherever they are written, in generic
// functions and in those with types of their own, and known by what they are made of.
package main

import (
	"fmt"
	"reflect"
)

type V struct{ n int }

func (v V) Show() string   { return fmt.Sprint("V", v.n) }
func (v *V) Other(int)     {}
func (v V) Same(w V) bool  { return v == w }
func (v V) Sum(n ...int) V { return V{v.n + len(n)} }

type named interface {
	Show() string
	Other(int)
}

type holder struct {
	one  interface{ Show() string }
	list []interface{ Same(V) bool }
	f    func(interface{ Same(V) bool }) interface {
		Show() string
		fmt.Stringer
	}
}

type node struct {
	links []interface {
		Link(*node) interface{ Show() string }
	}
}

func (n *node) Link(m *node) interface{ Show() string } {
	n.links = append(n.links, m)
	return V{len(n.links)}
}

func try(f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Printf("%v (%T)\n", r, r)
		}
	}()
	f()
}

func generic[T any](list []interface{ Show() string }, x T) string {
	_, same := any(x).(map[string]interface{ Show() string })
	return fmt.Sprint(list[0].Show(), same, reflect.TypeFor[interface{ Get() T }]())
}

func local() []interface{ Show() string } {
	type t struct{ V }
	type u interface{ Show() string }
	var list []interface{ Show() string }
	list = append(list, t{V{7}}, u(V{8}))
	return list
}

func order(x any) string {
	switch x.(type) {
	case func(interface {
		B()
		A()
	}):
		return "function"
	case map[interface{ Show() string }]int:
		return "map"
	case chan interface{ Same(v V) bool }:
		return "channel"
	case []error:
		return "errors"
	case []interface{ Error() string }:
		return "like errors"
	}
	return fmt.Sprintf("%T", x)
}

func main() {
	t := reflect.TypeFor[holder]()
	for f := range t.Fields() {
		fmt.Println(f.Name, f.Type.Name() == "", f.Type.PkgPath() == "", f.Type.Kind())
	}
	fmt.Println(t.Field(0).Type, t.Field(1).Type, t.Field(2).Type)
	fmt.Println(t.Field(0).Type == reflect.TypeFor[interface{ Show() string }](), t.Field(1).Type.Elem() == reflect.TypeFor[interface{ Same(w V) bool }]())
	fmt.Printf("%#v\n", holder{})
	fmt.Println(generic([]interface{ Show() string }{V{1}}, 1), generic(local(), map[string]interface{ Show() string }{}))
	var list []interface{ Show() string } = local()
	list = append(list, V{9})
	for _, x := range list {
		fmt.Print(x.Show(), " ")
	}
	fmt.Println()
	for _, x := range []any{
		func(interface {
			A()
			B()
		}) {
		},
		map[interface{ Show() string }]int{V{1}: 1}, make(chan interface{ Same(V) bool }), []error{}, []interface{ Error() string }{}, list,
		[]interface{ Sum(...int) V }{V{1}}, struct{ X interface{ Show() string } }{},
	} {
		fmt.Println(order(x))
	}
	n := &node{}
	fmt.Println(n.Link(n).Show(), n.links[0].Link(n).Show(), len(n.links))
	fmt.Println(reflect.TypeFor[error]() == reflect.TypeFor[interface{ Error() string }]())
	try(func() { var x interface{ Show() string } = V{1}; _ = x.(named) })
	try(func() { var x interface{ Show() string } = V{1}; _ = x.(interface{ Zap() }) })
	try(func() { var x interface{ Show() string } = V{1}; _ = x.(*V) })
	try(func() { var x interface{ Show() string }; _ = x.(V) })
	try(func() { var x any = 3; _ = x.(interface{ Show() string }) })
	try(func() { var x interface{ Show() string } = V{1}; _ = any(x).(interface{ Show(int) string }) })
	try(func() { var x any = V{1}; _ = x.(interface{ Sum([]int) V }) })
	try(func() { var x *interface{ Show() string }; fmt.Printf("%T\n", x); _ = *x })
}
