// Names of Go's own that a program uses for itself.
package main

import (
	"fmt"
	"strings"
)

type string2 = string

func print(x ...any)   { fmt.Println(append([]any{"mine"}, x...)...) }
func println(x, y int) { fmt.Println("mine too", x, y) }

func nilAsInt() (n int) {
	nil := 1
	for range 2 {
		n += nil
	}
	for i := 0; i < 3; i++ {
		n += nil * i
	}
	return
}

func recoverAsInt() (s string) {
	recover := 2
	defer func() { s = fmt.Sprint(recover) }()
	return ""
}

func lenAsFunc() (n int64) {
	len := func(s []int) int64 { return 3 }
	for i := range len([]int{}) {
		n += i
	}
	for i := range len([]int{}) {
		n += i
		n++
	}
	return n + len([]int{})
}

func intAsVar() int8 {
	int := int8(5)
	for i := range int {
		if i == 3 {
			return i
		}
	}
	return int
}

func trueAsFalse() bool {
	true, false := false, true
	if true || !false {
		return true
	}
	return false
}

func deep(n int) int {
	uint := func(n int) int { return n - 1 }
	if n == 0 {
		return 0
	}
	return deep(uint(n)) + 1
}

type error interface{ M() }
type m struct{}

func (m) M() {}

func errorIsMine(x error) string { return fmt.Sprintf("%T", x) }

func appendIsMine() string {
	append := strings.Join
	return append([]string{"a", "b"}, "+")
}

func goAndDefer() {
	c := make(chan int, 3)
	close := func(c chan int) { c <- 9 }
	done := make(chan bool)
	go func() { close(c); done <- true }()
	<-done
	fmt.Println(<-c)
	panic := func(x ...interface{}) { fmt.Println("no panic", x) }
	defer panic(1)
	defer print("deferred")
	copy := []int{1}
	for _, new := range copy {
		fmt.Println(new)
	}
}

func builtinsInGo() {
	c, d := make(chan int), make(chan int)
	go close(c)
	<-c
	m := map[string]int{"a": 1, "b": 2}
	func() {
		defer delete(m, "a")
		defer clear(m)
		defer close(d)
	}()
	_, ok := <-d
	fmt.Println(len(m), ok)
}

func iota2() string {
	iota := "i"
	const a = 3
	for iota != "iii" {
		iota += "i"
	}
	return iota
}

func main() {
	print(1, "a")
	println(2, 3)
	fmt.Println(nilAsInt(), recoverAsInt(), lenAsFunc(), intAsVar(), trueAsFalse(), deep(5))
	fmt.Println(errorIsMine(m{}), appendIsMine(), iota2())
	goAndDefer()
	builtinsInGo()
	make := string2("made")
	fmt.Println(make)
}
