package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestSplitCells(t *testing.T) {
	got := SplitCells("a := 1\n=> (no value)\n---\n\nb\nc\n=> 2 :: int\n---\n\n---\nlast")
	if want := []string{"a := 1", "b\nc", "last"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

const cellFile = `x := 20
fmt.Println("out")
println("err")
---
nope
---
x + 1
---
strconv.Atoi("7")
`

func TestRunCellsJSON(t *testing.T) {
	s := newSession(t)
	s.tellAll()
	var b bytes.Buffer
	failed, err := RunCells(context.Background(), s, cellFile, &b, true)
	if err != nil || failed != 1 {
		t.Errorf("%d failed, error %v", failed, err)
	}
	var got []outcome
	for dec := json.NewDecoder(&b); dec.More(); {
		var o outcome
		if err := dec.Decode(&o); err != nil {
			t.Fatal(err)
		}
		got = append(got, o)
	}
	if len(got) != 4 {
		t.Fatalf("%d outcomes", len(got))
	}
	if o := got[0]; o.Stdout != "out\n" || o.Stderr != "err\n" || o.Error != nil || len(o.Results) != 0 {
		t.Errorf("first cell: %+v", o)
	}
	if e := got[1].Error; e == nil || e.Name != "compile error" || e.Message != "cell[2]:1:1: undefined: nope" {
		t.Errorf("second cell: %+v", e)
	}
	if r := got[2].Results; !slices.Equal(r, []valueText{{"21", "int"}}) {
		t.Errorf("third cell: %+v", r)
	}
	if r := got[3].Results; !slices.Equal(r, []valueText{{"7", "int"}, {"<nil>", "<nil>"}}) {
		t.Errorf("fourth cell: %+v", r)
	}
}

func TestRunCellsText(t *testing.T) {
	s := newSession(t)
	var b bytes.Buffer
	if _, err := RunCells(context.Background(), s, cellFile+"---\n?strconv.Itoa\n", &b, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"out\n", "err\n", "compile error: cell[2]:1:1: undefined: nope\n", "21\n", "7\n", "func Itoa(i int) string\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in %q", want, b.String())
		}
	}
}

// A failure may name a process or a file, whose name must not reach a terminal as it is.
func TestFailuresAreShown(t *testing.T) {
	s := newSession(t)
	var b bytes.Buffer
	file := "evil := \"\\x1b]0;x\\a\\u202e\"\n---\npanic(evil)\n---\npanic(errors.New(evil))\n---\nerrors.New(evil)"
	if _, err := RunCells(context.Background(), s, file, &b, false); err != nil {
		t.Fatal(err)
	}
	if out := b.String(); strings.ContainsAny(out, "\x1b\a\u202e") || strings.Count(out, `\x1b]0;x\x07\u202e`) != 3 {
		t.Errorf("shown: %q", out)
	}
}
