package figure_test

import (
	"bytes"
	"fmt"
	"image/png"
	"reflect"
	"strings"
	"testing"

	"dtnotes/analysis/figure"
)

// hostileNames are long, alike but for their middle, wide, from right to left, not to be seen, no
// text, and of characters that no font of a picture has.
var hostileNames = []string{
	strings.Repeat("a long name that goes on ", 5) + "1" + strings.Repeat(" and goes on", 9), strings.Repeat("a long name that goes on ", 5) + "2" + strings.Repeat(" and goes on", 9),
	strings.Repeat("W", 60), "", " ", "שלום עולם (קרנל) 42", "مرحبا بالعالم", "tab\tnew\nline\x1b[31mred\x00", "\U0001f980\U0001f525\U0001f469\u200d\U0001f467 crab",
	strings.Repeat("中文进程", 9), strings.Repeat("e\u0301", 50), "\u202eevil\u202c", `A&<b>"'`, "\xff\xfe bad", strings.Repeat("\U0001f600", 30),
}

// renamed returns a copy of v with the next of names in place of each text that is not empty.
func renamed(v reflect.Value, next func() string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(renamed(v.Field(i), next))
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			break
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(renamed(v.Index(i), next))
		}
	case reflect.String:
		if v.Len() > 0 {
			out.SetString(next())
		}
	}
	return out
}

// TestHostileNamesStayOnThePage looks at the edge of every figure: nothing may reach it.
func TestHostileNamesStayOnThePage(t *testing.T) {
	for _, xkcd := range []bool{false, true} {
		for name, f := range styled(figure.Dark, xkcd) {
			for _, wide := range []bool{false, true} {
				n := 0
				next := func() string {
					n++
					if wide {
						return fmt.Sprintf("%s%d", strings.Repeat("W", 40), n)
					}
					s := hostileNames[(n-1)%len(hostileNames)]
					if n > len(hostileNames) {
						s += fmt.Sprint(n)
					}
					return s
				}
				f := renamed(reflect.ValueOf(f), next).Interface().(shown)
				img, err := png.Decode(bytes.NewReader(f.PNG()))
				if err != nil {
					t.Fatal(err)
				}
				if s := f.String(); strings.HasPrefix(s, "no ") {
					t.Errorf("%s: %s", name, s)
				}
				b, paper := img.Bounds(), img.At(0, 0)
				for y := b.Min.Y; y < b.Max.Y; y++ {
					if img.At(b.Min.X, y) != paper || img.At(b.Max.X-1, y) != paper {
						t.Errorf("%s, by hand %v, wide %v: something reaches the edge at row %d of %d", name, xkcd, wide, y, b.Max.Y)
						break
					}
				}
				for x := b.Min.X; x < b.Max.X; x++ {
					if img.At(x, b.Min.Y) != paper || img.At(x, b.Max.Y-1) != paper {
						t.Errorf("%s, by hand %v, wide %v: something reaches the edge at column %d of %d", name, xkcd, wide, x, b.Max.X)
						break
					}
				}
			}
		}
	}
}
