// Every place where a nil or zero value may meet the interpreter's reflection.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

type node struct {
	next  *node
	any   any
	err   error
	m     map[string]any
	s     []any
	f     func() error
	c     chan error
	inner struct{ x any }
	arr   [2]error
}

type named map[any]error
type list []error
type stringer interface{ String() string }
type text string

func (t text) String() string { return string(t) }

func (n *node) String() string {
	if n == nil {
		return "no node"
	}
	return "node"
}

func null() any                { return nil }
func nullError() error         { return nil }
func two() (any, error)        { return nil, nil }
func pass(x any) any           { return x }
func count(xs ...any) int      { return len(xs) }
func each(xs ...error) []error { return xs }
func zero[T any]() (x T)       { return x }
func id[T any](x T) T          { return x }
func put[K comparable, V any](m map[K]V, k K, v V) int {
	m[k] = v
	return len(m)
}
func get[K comparable, V any](m map[K]V, k K) (V, bool) {
	v, ok := m[k]
	return v, ok
}

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Printf("%s: %T %v\n", name, r, r)
			if e, ok := r.(error); ok {
				fmt.Println(errors.Unwrap(e))
			}
		}
	}()
	f()
}

func maps() {
	m := map[string]any{"a": nil, "b": 1}
	fmt.Println(len(m), m)
	m["c"] = nil
	m["d"] = null()
	m["b"] = nil
	_, ok := m["c"]
	fmt.Println(len(m), ok, m["c"] == nil, m["nope"] == nil)
	e := map[string]error{"ok": nil}
	e["x"] = nullError()
	for k, v := range e {
		e[k+"!"] = v
		if len(e) > 3 {
			break
		}
	}
	fmt.Println(len(e) > 2)
	k := map[any]any{nil: nil, 1: 2}
	k[nil] = 3
	k[null()] = null()
	v, ok := k[nil]
	fmt.Println(len(k), v, ok, k[null()])
	delete(k, nil)
	fmt.Println(len(k))
	k[pass(nil)] = pass(nil)
	for key, val := range k {
		if key == nil {
			fmt.Println("nil key", val)
		}
	}
	defer func() { fmt.Println(len(k)) }()
	defer delete(k, null())
	n := named{nil: nil, "x": errors.New("x")}
	n[null()] = nullError()
	fmt.Println(len(n), n[nil])
	p := map[string]*node{"a": nil}
	p["b"] = nil
	fmt.Println(len(p), p["a"] == nil, p["a"])
	f := map[string]func(){"a": nil}
	f["b"] = nil
	fmt.Println(len(f), f["a"] == nil)
	nested := map[string]map[string]any{}
	nested["a"] = nil
	fmt.Println(len(nested), nested["a"]["b"], len(nested["a"]))
	try("nil map", func() { nested["a"]["b"] = nil })
	fmt.Println(put(map[string]any{}, "a", nil), put(map[any]any{}, nil, nil), put(map[string]error{}, "e", nullError()))
	fmt.Println(get(map[string]any{"a": nil}, "a"))
	fmt.Println(get(map[any]int{nil: 7}, nil))
	i := map[stringer]stringer{nil: nil}
	i[text("a")] = nil
	i[nil] = text("b")
	fmt.Println(len(i), i[nil], i[text("a")])
	st := map[struct{ x any }]int{{nil}: 1}
	st[struct{ x any }{nil}]++
	fmt.Println(len(st), st[struct{ x any }{}])
	ar := map[[2]any]any{{nil, nil}: nil}
	ar[[2]any{}] = nil
	fmt.Println(len(ar))
	a := map[string][]any{}
	a["x"] = append(a["x"], nil)
	fmt.Println(len(a["x"]), a)
	clear(m)
	fmt.Println(len(m))
	m["n"] = (*node)(nil)
	fmt.Println(m["n"] == nil, m["n"])
	try("unhashable", func() { k[[]int{1}] = nil })
	try("unhashable", func() { _ = k[map[string]int(nil)] })
	k["count"] = 1
	x, _ := k["count"].(int)
	fmt.Println(x)
	_, isErr := k["none"].(error)
	fmt.Println(isErr)
	m["op"] = nil
	if s, ok := m["op"].(string); !ok {
		fmt.Printf("%q\n", s)
	}
}

func channels() {
	c := make(chan any, 3)
	c <- nil
	c <- null()
	c <- 1
	close(c)
	fmt.Println(<-c, <-c, len(c))
	for v := range c {
		fmt.Println(v)
	}
	v, ok := <-c
	fmt.Println(v, ok)
	e := make(chan error, 2)
	select {
	case e <- nil:
		fmt.Println("sent")
	default:
	}
	select {
	case e <- nullError():
	default:
		fmt.Println("full")
	}
	select {
	case v, ok := <-e:
		fmt.Println(v, ok)
	}
	close(e)
	fmt.Println(<-e)
	select {
	case v, ok := <-e:
		fmt.Println(v, ok)
	default:
		fmt.Println("nothing")
	}
	var none chan any
	select {
	case none <- nil:
	case v := <-none:
		fmt.Println(v)
	default:
		fmt.Println("nil channel")
	}
	p := make(chan *node, 1)
	p <- nil
	fmt.Println(<-p == nil)
	f := make(chan func(), 1)
	f <- nil
	fmt.Println(<-f == nil)
	try("close nil", func() { close(none) })
	try("send closed", func() { c <- nil })
	dir := func(c chan<- any) { c <- nil }
	g := make(chan any, 1)
	dir(g)
	fmt.Println(<-g)
}

func sequences() {
	s := []any{nil, 1, nil}
	s = append(s, nil)
	s = append(s, nil, null())
	s = append(s, []any(nil)...)
	s = append(s, s[:2]...)
	fmt.Println(len(s), s)
	s[1] = nil
	s[2], s[3] = null(), nil
	fmt.Println(s, slices.Index(s, nil), s[0] == nil)
	var n []any
	n = append(n)
	fmt.Println(n == nil, len(n), cap(n))
	n = append(n, n...)
	fmt.Println(n == nil)
	e := []error{nil, errors.New("e"), nil}
	e = append(e, nullError())
	fmt.Println(e, len(e), errors.Join(e...), errors.Join(nil, nil))
	var arr [3]any
	arr[1] = nil
	arr[2] = 3
	b := arr
	b[2] = nil
	fmt.Println(arr, b, arr == b, b == [3]any{})
	fmt.Println(copy(s, []any{nil, 5, nil}), s[:3])
	l := list{nil}
	l = append(l, nil)
	fmt.Println(len(l), l)
	for i, x := range l {
		fmt.Println(i, x == nil)
	}
	m := [][]any{nil, {}, {nil}}
	fmt.Println(len(m), m[0] == nil, m[1] == nil, m)
	p := &arr
	p[0] = nil
	for i := range p {
		fmt.Print(i)
	}
	fmt.Println()
	var np *[3]any
	fmt.Println(len(np))
	try("nil array", func() { _ = np[1] })
	try("nil array", func() { np[1] = nil })
	var bs []byte
	fmt.Println(string(bs) == "", append(bs, ""...) == nil, append(bs, "x"...))
	fmt.Println(slices.Contains(e, nil), slices.Equal([]any{nil}, []any{nil}))
	sl := make([]any, 2, 4)
	sl = sl[:3]
	fmt.Println(sl, sl[1:2:3])
	fn := []func(){nil}
	fn = append(fn, nil)
	fmt.Println(len(fn), fn[1] == nil)
	g := id([]any{nil})
	fmt.Println(g, zero[[]any]() == nil)
}

func structures() {
	n := node{any: nil, err: nil, m: nil, s: nil}
	n.any = nil
	n.err = nullError()
	n.arr[0] = nil
	n.inner.x = null()
	fmt.Println(n.any, n.err, n.m == nil, n.s == nil, n.f == nil, n.c == nil, n.inner, n.arr)
	n.any, n.err = two()
	n.next = nil
	n.m = map[string]any{"x": nil}
	fmt.Println(n.next, n.m, n.next == nil)
	var s fmt.Stringer = n.next
	fmt.Println(s == nil, s.String())
	try("nil field", func() { fmt.Println(n.next.any) })
	try("nil field", func() { n.next.any = nil })
	try("nil func", func() { n.f() })
	try("nil iface", func() { _ = n.err.Error() })
	x := struct {
		a any
		e error
	}{nil, nil}
	y := x
	y.a = 1
	fmt.Println(x == y, x == struct {
		a any
		e error
	}{}, x)
	p := &x
	p.e = nil
	*p = struct {
		a any
		e error
	}{}
	q := new(any)
	*q = nil
	fmt.Println(*q, p.a)
	*q = 5
	*q = null()
	fmt.Println(*q == nil)
	b, err := json.Marshal(map[string]any{"x": nil, "y": []any{nil}})
	fmt.Println(string(b), err)
	var into map[string]any
	fmt.Println(json.Unmarshal([]byte(`{"a":null,"b":[null,1]}`), &into), len(into), into)
	fmt.Println(reflect.DeepEqual(into, map[string]any{"a": nil, "b": []any{nil, 1.0}}))
}

func calls() {
	fmt.Println(nil, null(), pass(nil), count(nil), count(nil, nil), count(), count(nil...), count([]any{nil}...))
	fmt.Println(len(each(nil)), each(nil, nullError()), each() == nil)
	fmt.Println(two())
	fmt.Println(fmt.Sprint(nil), fmt.Sprintf("%v %T", nil, nil), strings.Repeat("", 0))
	f := func(x any, e error) (any, error) { return x, e }
	fmt.Println(f(nil, nil))
	fmt.Println(f(two()))
	g := pass
	fmt.Println(g(nil))
	var h func(any) any = func(x any) any { return x }
	fmt.Println(h(nil), func(x ...any) bool { return x == nil }())
	m := errors.Is
	fmt.Println(m(nil, nil), errors.As(errors.New("x"), new(*json.SyntaxError)))
	fmt.Println(reflect.ValueOf(pass).Call([]reflect.Value{reflect.Zero(reflect.TypeFor[any]())})[0])
	fmt.Println(zero[any](), zero[error](), zero[*node](), id[any](nil), id(error(nil)))
	defer fmt.Println(nil, null())
	defer func(x any, e error) { fmt.Println(x, e) }(nil, nil)
	done := make(chan any)
	go func(x any) { done <- x }(nil)
	fmt.Println(<-done)
	slices.SortFunc([]any{nil, nil}, func(a, b any) int { fmt.Println(a, b); return 0 })
	bound := (*node).String
	fmt.Println(bound(nil))
	var nn *node
	meth := nn.String
	fmt.Println(meth())
	try("nil method", func() { var s stringer; _ = s.String })
	try("value method", func() { var t *text; _ = t.String() })
	var nf func(int) int
	try("nil func", func() { fmt.Println(nf(1)) })
	try("defer nil", func() { defer nf(1) })
	try("panic nil", func() { panic(nil) })
	try("panic typed nil", func() { panic(error(nil)) })
}

func kinds(x any) string {
	switch v := x.(type) {
	case nil:
		return "nil"
	case error:
		return fmt.Sprint("error ", v)
	case *node:
		return fmt.Sprint("node ", v == nil)
	case func():
		return fmt.Sprint("func ", v == nil)
	case []any:
		return fmt.Sprint("slice ", v == nil)
	case map[string]any:
		return fmt.Sprint("map ", v == nil)
	case stringer:
		return "stringer"
	default:
		return fmt.Sprintf("%T", v)
	}
}

func assertions() {
	for _, x := range []any{nil, 0, "", (*node)(nil), (func())(nil), []any(nil), map[string]any(nil), error(nil), text(""), struct{}{}, [0]int{}} {
		fmt.Println(kinds(x))
	}
	var e error
	switch e {
	case nil:
		fmt.Println("nil error")
	default:
		fmt.Println("not nil")
	}
	_, ok := any(nil).(error)
	_, ok2 := any(e).(any)
	_, ok3 := e.(fmt.Stringer)
	fmt.Println(ok, ok2, ok3)
	try("nil to string", func() { _ = any(nil).(string) })
	try("nil to error", func() { _ = any(nil).(error) })
	try("error to", func() { _ = e.(*json.SyntaxError) })
	try("int to string", func() { var x any = 3; _ = x.(string) })
	try("missing", func() { var x any = 3; _ = x.(stringer) })
	try("local", func() { var x any = node{}; _ = x.(stringer) })
	var a, b any
	fmt.Println(a == b, a == nil, a == (*node)(nil), any((*node)(nil)) == any((*node)(nil)), e == nil, a == any(e))
	a = (*node)(nil)
	fmt.Println(a == nil, a != nil, a == b)
	try("compare", func() { var x, y any = []int{}, []int{}; fmt.Println(x == y) })
	var s stringer
	a = s
	fmt.Println(a == nil, a == any(s))
	if v, ok := a.(stringer); ok {
		fmt.Println(v)
	}
}

func main() {
	maps()
	channels()
	sequences()
	structures()
	calls()
	assertions()
}
