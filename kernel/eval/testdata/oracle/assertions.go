// What is nil fails an assertion in one way and a method value in another, and what lacks a method
// names it, whoever declared its type.
package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

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

type further interface {
	Close() error
	more()
}

func toFurther(x any) any         { return x.(further) }
func errorToStringer(x error) any { return x.(fmt.Stringer) }

func main() {
	caught(func() { toFurther(fmt.Errorf("a %w", io.EOF)) })
	caught(func() { toFurther(3) })
	caught(func() { toFurther(time.Time{}) })
	caught(func() { toFurther(new(io.PipeReader)) })
	caught(func() { errorToStringer(errors.New("x")) })
	caught(func() { toAny(nil) })
	caught(func() { errorToAny(nil) })
	caught(func() { toStringer(nil) })
	caught(func() { methodOf(nil) })
	caught(func() { methodIn[fmt.Stringer](nil) })
	caught(func() { dropped(nil) })
	fmt.Println(toAny(1), toAny("x"))
}
