package inner

import (
	"fmt"
	"testing"

	"github.com/goplus/ixgo"
)

// TestPromoted has ixgo make types that embed another at the same path in different places.
func TestPromoted(t *testing.T) {
	types := `package main
type t struct{ n int }
func (x t) Get() int { return x.n }
type a struct { x int8; t }
type b struct { x [5]string; t }
type getter interface{ Get() int }
func get(x getter) int { return x.Get() }
`
	run := func() string {
		ctx := ixgo.NewContext(ixgo.SupportMultipleInterp)
		p, err := ctx.LoadFile("main.go", types+"func f() (int, int) { return get(a{t: t{1}}), get(b{t: t{2}}) }\nfunc main() {}")
		if err != nil {
			t.Fatal(err)
		}
		ForgetAlways(ctx)
		interp, err := ctx.NewInterp(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := interp.RunFunc("f")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got)
	}
	if got := run(); got != "(1, 2)" && got != "[1 2]" {
		t.Errorf("got %s", got)
	}
	promoted.Range(func(key, _ any) bool { t.Errorf("%v is still known", key); return true })
}
