package inner

import (
	"fmt"
	"go/types"
	"reflect"
	"testing"

	"github.com/goplus/ixgo"
	_ "github.com/goplus/ixgo/pkg/fmt"
	"golang.org/x/tools/go/ssa"
)

// TestFaults has ixgo and Go do the same wrong things, and compares the type and the words of what
// they throw.
func TestFaults(t *testing.T) {
	s, arr, str := []int{1, 2, 3}, &[3]int{}, "abc"
	u, n, big := uint64(1<<64-1), -1, 7
	var x any = 3
	var none any
	var failure error
	var str2 fmt.Stringer
	for body, want := range map[string]func(){
		"_ = s[u]":              func() { _ = s[u] },
		"_ = s[n]":              func() { _ = s[n] },
		"s[big] = 1":            func() { s[big] = 1 },
		"_ = arr[big]":          func() { _ = arr[big] },
		"_ = s[big:]":           func() { _ = s[big:] },
		"_ = s[:u]":             func() { _ = s[:u] },
		"_ = s[n:]":             func() { _ = s[n:] },
		"_ = s[2:big-6]":        func() { _ = s[2 : big-6] },
		"_ = s[:2:big]":         func() { _ = s[:2:big] },
		"_ = s[:big:3]":         func() { _ = s[:big:3] },
		"_ = s[big-4:2:3]":      func() { _ = s[big-4 : 2 : 3] },
		"_ = s[n:2:3]":          func() { _ = s[n:2:3] },
		"_ = s[:n:n]":           func() { _ = s[:n:n] },
		"_ = arr[:big]":         func() { _ = arr[:big] },
		"_ = arr[:2:big]":       func() { _ = arr[:2:big] },
		"_ = str[big:]":         func() { _ = str[big:] },
		"_ = str[:u]":           func() { _ = str[:u] },
		"_ = str[2:big-6]":      func() { _ = str[2 : big-6] },
		"_ = [4]int(s)":         func() { _ = [4]int(s) },
		"_ = (*[5]int)(s)":      func() { _ = (*[5]int)(s) },
		"_ = make([]int, n)":    func() { _ = make([]int, n) },
		"_ = make(chan int, n)": func() { _ = make(chan int, n) },
		"_ = failure.(interface{ String() string })": func() { _ = failure.(interface{ String() string }) },
		"_ = str2.String":                         func() { _ = str2.String },
		"_ = x.(string)":                          func() { _ = x.(string) },
		"_ = none.(string)":                       func() { _ = none.(string) },
		"_ = x.(interface{ String() string })":    func() { _ = x.(interface{ String() string }) },
		"_ = none.(interface{ String() string })": func() { _ = none.(interface{ String() string }) },
	} {
		p := program(t, "package main\nvar s, arr, str = []int{1, 2, 3}, &[3]int{}, \"abc\"\nvar u, n, big = uint64(1<<64-1), -1, 7\n"+
			"var x any = 3\nvar none any\nvar failure error\nvar str2 interface{ String() string }\nfunc f() (r any) { defer func() { r = recover() }(); "+body+"; return nil }\nfunc main() {}")
		ctx := ixgo.NewContext(0)
		types := map[string]reflect.Type{"error": reflect.TypeFor[error](), "any": reflect.TypeFor[any](), "string": reflect.TypeFor[string](),
			"interface{String() string}": reflect.TypeFor[interface{ String() string }]()}
		ctx.SetPanic(func(info *ixgo.PanicInfo) {
			if err := Fault(info, func(in *ssa.TypeAssert) (x, asserted reflect.Type) {
				return types[in.X.Type().String()], types[in.AssertedType.String()]
			}); err != nil {
				info.Error = err
			}
		})
		interp, err := ixgo.NewInterp(ctx, p)
		if err != nil {
			t.Fatal(body, err)
		}
		if err := interp.RunInit(); err != nil {
			t.Fatal(body, err)
		}
		got, err := interp.RunFunc("f")
		if goes := thrown(want); err != nil || fmt.Sprintf("%T %v", got, got) != fmt.Sprintf("%T %v", goes, goes) {
			t.Errorf("%s: %T %v (%v), want %T %v", body, got, got, err, goes, goes)
		}
	}
}

// TestKnown has errors that ixgo throws without telling where.
func TestKnown(t *testing.T) {
	n := -1
	want := thrown(func() { _ = 1 << n })
	if got := Known(ixgo.RuntimeError("negative shift amount")); reflect.TypeOf(got) != reflect.TypeOf(want) && got.Error() != want.(error).Error() {
		t.Errorf("%T %v, want %T %v", got, got, want, want)
	}
	want = thrown(func() { close((chan int)(nil)) })
	if got := Known(ixgo.PlainError("close of nil channel")); !reflect.DeepEqual(got, want) {
		t.Errorf("%T %v, want %T %v", got, got, want, want)
	}
	if got := Known(types.Error{Msg: "x"}); got.Error() == "" {
		t.Errorf("%v", got)
	}
}
