// Methods of values that are called through nil pointers.
package main

import (
	"fmt"
	"io"
	"runtime"
	"sort"
)

type sounder interface{ sound() string }

type base struct{ name string }

func (b base) sound() string { return "..." }

type numbers []int

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i] < n[j] }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }

type reader struct{ n int }

func (r reader) Read(p []byte) (int, error) { return r.n, io.EOF }

type embeds struct{ *base }

func try(f func()) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		fmt.Println(r, isRuntime)
	}()
	f()
}

//go:noinline
func call(s sounder) string { return s.sound() }

func main() {
	var p *base
	try(func() { fmt.Println(call(p)) })
	try(func() { f := sounder.sound; fmt.Println(f(p)) })
	try(func() { f := p.sound; f() })
	try(func() { a := []sounder{p}; f := a[0].sound; f() })
	try(func() { a := []sounder{p}; defer a[0].sound() })
	try(func() { fmt.Println(call((*embeds)(nil))) })
	try(func() { f := (*embeds).sound; fmt.Println(f(nil)) })
	try(func() { f := (*base).sound; fmt.Println(f(nil)) })
	try(func() { sort.Sort((*numbers)(nil)) })
	try(func() { io.Copy(io.Discard, struct{ io.Reader }{(*reader)(nil)}) })
	try(func() { var s fmt.Stringer = (*stringer)(nil); fmt.Println(s) })
}

type stringer int

func (s stringer) String() string { return "stringer" }
