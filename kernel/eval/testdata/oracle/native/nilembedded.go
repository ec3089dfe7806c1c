// Methods of values that are called through a nil pointer that is embedded. The interpreter fails in
// package reflect.
package main

import "fmt"

type sounder interface{ sound() string }

type base struct{ name string }

func (b base) sound() string { return "..." }

type embeds struct{ *base }

func try(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}

//go:noinline
func call(s sounder) string { return s.sound() }

func main() {
	try(func() { fmt.Println(call(embeds{})) })
	try(func() { fmt.Println(call(&embeds{})) })
}
