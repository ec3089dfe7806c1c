// Methods that package reflect gives are functions, also where the interpreter has to run the
// program, which wants the stack here.
package main

import (
	"fmt"
	"reflect"
	"runtime"
)

type user struct{ name string }

func (u *user) Pointer(a int, b ...string) string { return fmt.Sprint(u.name, a, b) }
func (u user) Value(a string) string              { return a + u.name }

type holder struct{ *user }

func call(t reflect.Type, name string, args ...any) {
	m, ok := t.MethodByName(name)
	var in []reflect.Value
	for _, a := range args {
		in = append(in, reflect.ValueOf(a))
	}
	fmt.Println(m.Name, m.Type, ok, m.Func.Call(in)[0], t.Method(m.Index).Func.Call(in)[0])
}

func main() {
	u := &user{"u"}
	for _, f := range []func(){
		func() { call(reflect.TypeOf(u), "Pointer", u, 1, "a", "b") },
		func() { call(reflect.TypeOf(u), "Value", u, "v") },
		func() { call(reflect.TypeOf(*u), "Value", *u, "v") },
		func() { call(reflect.TypeOf(holder{u}), "Pointer", holder{u}, 2) },
	} {
		f()
	}
	for _, f := range []func() reflect.Type{func() reflect.Type { return reflect.TypeFor[user]() }} {
		m := f().Method(0)
		fmt.Println(m.Func.Interface().(func(user, string) string)(user{"x"}, "y"))
	}
	_, _, _, ok := runtime.Caller(0)
	fmt.Println(ok)
}
