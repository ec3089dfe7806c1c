// What is nil fails an assertion in one way and a method value in another.
package main

import "fmt"

func caught(f func()) {
	defer func() {
		r := recover()
		fmt.Printf("%v %T\n", r, r)
	}()
	f()
}

func toAny(x any) any                            { return x.(any) }
func errorToAny(x error) any                     { return x.(any) }
func toStringer(x fmt.Stringer) any              { return x.(fmt.Stringer) }
func methodOf(x fmt.Stringer) func() string      { return x.String }
func methodIn[T fmt.Stringer](x T) func() string { return x.String }
func dropped(x any)                              { _ = x.(any) }

func main() {
	caught(func() { toAny(nil) })
	caught(func() { errorToAny(nil) })
	caught(func() { toStringer(nil) })
	caught(func() { methodOf(nil) })
	caught(func() { methodIn[fmt.Stringer](nil) })
	caught(func() { dropped(nil) })
	fmt.Println(toAny(1), toAny("x"))
}
