// Panics that deferred functions recover which are called through others: interfaces, and what package reflect
// makes. The interpreter does not tell these from functions that call others themselves.
package main

import (
	"fmt"
	"reflect"
	"sort"
)

type small int

func (s small) Caught() { fmt.Println("caught", s, recover()) }
func (s small) Deep()   { deeper() }

type pair struct{ a, b string }

func (p pair) Caught() { fmt.Println("caught", p, recover()) }

type large [100]int

func (l large) Caught() { fmt.Println("caught", l[99], recover()) }

type caught interface{ Caught() }

func deeper() { fmt.Println("deeper", recover()) }

func recovering(name string, f func()) {
	defer func() { fmt.Println(name, "leaves", recover()) }()
	defer f()
	panic(name)
}

func deferred() {
	for _, x := range []caught{small(1), new(small), pair{"a", "b"}, &pair{"c", "d"}, large{99: 5}, &large{}} {
		v := reflect.ValueOf(x)
		recovering(fmt.Sprintf("%T", x), v.MethodByName("Caught").Interface().(func()))
		m, _ := v.Type().MethodByName("Caught")
		recovering(m.Name, reflect.MakeFunc(reflect.TypeFor[func()](), func([]reflect.Value) []reflect.Value {
			fmt.Println("made", recover())
			return nil
		}).Interface().(func()))
		recovering("interface", x.Caught)
	}
	recovering("one too deep", reflect.ValueOf(small(1)).MethodByName("Deep").Interface().(func()))
	recovering("not a wrapper", func() { sort.Slice(make([]int, 3), func(i, j int) bool { return recover() != nil }) })
	defer func() { fmt.Println("function of a method leaves", recover()) }()
	m, _ := reflect.TypeOf(pair{}).MethodByName("Caught")
	defer m.Func.Interface().(func(pair))(pair{"e", "f"})
	panic("function of a method")
}

func sorted() {
	defer func() { fmt.Println("sorted leaves", recover()) }()
	defer sort.Slice(make([]int, 3), func(i, j int) bool { return recover() != nil })
	panic("sorted")
}

func main() {
	deferred()
	sorted()
}
