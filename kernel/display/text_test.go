package display

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

type stringer struct{ n int }

func (s stringer) String() string { return fmt.Sprintf("<%d>", s.n) }

type node struct {
	Name string
	Next *node
	Kids []any
	Tags map[string]any
}

type formatted int

func (f formatted) Format(s fmt.State, verb rune) { fmt.Fprintf(s, "F%d%c", int(f), verb) }

func TestTextIsWhatFmtPrints(t *testing.T) {
	var nilMap map[string]int
	var nilErr error
	one := 1
	values := []any{
		nil, 1, -1.5, 1e21, "text", true, 'x', complex(1, 2), []byte("ab"), []string{"a", "b c"}, [2]bool{true},
		map[string]int{"b": 2, "a": 1}, nilMap, map[any]int{2: 1, 1: 3, nil: 4}, map[[2]int]string{{2, 1}: "x", {1, 9}: "y"},
		stringer{3}, &stringer{4}, []stringer{{1}, {2}}, struct {
			A stringer
			b stringer
		}{stringer{1}, stringer{2}},
		errors.New("bad"), []error{errors.New("a"), nil, nilErr}, formatted(3), []formatted{1},
		time.Duration(90) * time.Second, []any{1, "a", nil, []int{1}}, &[]int{1, 2}, &map[string]int{"a": 1},
		node{Name: "n"}, &node{Name: "n", Kids: []any{1}}, [][]int{{1}, {2, 3}}, struct{}{}, [0]int{}, map[bool]float64{true: 1, false: 0.5},
		struct{ P *int }{nil}, &one, map[float64]struct{}{1: {}, -1: {}}, []*int{nil},
	}
	for _, v := range values {
		if got, want := Text(v), fmt.Sprint(v); got != want {
			t.Errorf("%T: %q, fmt has %q", v, got, want)
		}
	}
	same := func(a map[string][]int8, b struct {
		X []float32
		Y map[int16]string
		Z *struct{ A, B string }
	}) bool {
		b.Z = nil
		return len(a) > maxElems || Text(a) == fmt.Sprint(a) && Text(&b) == fmt.Sprint(&b)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestTextOfCycles(t *testing.T) {
	s := []any{1, nil}
	s[1] = s
	m := map[string]any{"n": 1}
	m["self"] = []any{m}
	ring := &node{Name: "ring", Tags: map[string]any{}}
	ring.Next, ring.Tags["up"] = ring, ring.Tags
	for name, v := range map[string]any{"slice": s, "map": m, "pointers": ring, "both": []any{s, m}} {
		if got := Text(v); !strings.Contains(got, "<contains itself>") {
			t.Errorf("%s: %s", name, got)
		}
	}
	var deep any = 1
	for range 1000 {
		deep = []any{deep}
	}
	if got := Text(deep); !strings.Contains(got, "…") || len(got) > 1000 {
		t.Errorf("deep: %d bytes", len(got))
	}
	shared := []int{1, 2}
	if got := Text([][]int{shared, shared}); got != "[[1 2] [1 2]]" {
		t.Errorf("shared, not cyclic: %s", got)
	}
}

func TestTextIsAbbreviated(t *testing.T) {
	long := make([]int, 10000)
	m := map[int]int{}
	for i := range long {
		long[i], m[i] = i, i
	}
	got := Text(long)
	if !strings.HasPrefix(got, "[0 1 2 ") || !strings.HasSuffix(got, "58 59 … 9980 9981 9982 9983 9984 9985 9986 9987 9988 9989 9990 9991 9992 9993 9994 9995 9996 9997 9998 9999] (10,000 elements)") {
		t.Errorf("slice: %s", got)
	}
	if got := Text(m); !strings.HasPrefix(got, "map[0:0 1:1 ") || !strings.HasSuffix(got, " …] (10,000 elements)") {
		t.Errorf("map: %s", got)
	}
	cube := make([][][]string, 100)
	for i := range cube {
		cube[i] = make([][]string, 100)
		for j := range cube[i] {
			cube[i][j] = make([]string, 100)
			cube[i][j][0] = "word"
		}
	}
	if n := len(Text(cube)); n > maxText+1000 {
		t.Errorf("cube: %d bytes", n)
	}
	if got := Text(strings.Repeat("é", 1<<20)); !strings.HasSuffix(got, "é… (1,835,008 more bytes)") {
		t.Errorf("string ends in %q", got[len(got)-60:])
	}
}
