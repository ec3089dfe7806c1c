// Structs that are a pointer and a number in memory, as a string is, may hold any number.
package main

import "fmt"

type counted struct {
	at *int
	n  uint64
}

func (c counted) String() string { return fmt.Sprint("counted ", c.at == nil, " ", c.n) }

type keyed struct {
	m map[string]int
	n int
}

func boxed(c counted) any { return c }

func main() {
	for _, n := range []uint64{0, 1, 1 << 63, 1<<64 - 1} {
		c := counted{n: n}
		fmt.Println(c, boxed(c) == any(c), boxed(c))
		fmt.Printf("%v %+v\n", keyed{n: int(n)}, []keyed{{nil, -1}})
	}
	one := 1
	fmt.Println(counted{&one, 1 << 62})
}
