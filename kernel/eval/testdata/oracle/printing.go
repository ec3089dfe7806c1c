// Lists of values that functions print, one within another.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

type leaf struct{ a, b int }
type tree struct {
	left, right *tree
	n           int
}
type loud struct{ w *strings.Builder }

func (l leaf) String() string { return fmt.Sprint(l.a, "-", fmt.Sprintf("%d/%d/%d", l.b, l.a, l.b)) }

func (t *tree) String() string {
	if t == nil {
		return "."
	}
	return fmt.Sprintf("(%v %d %v)", t.left, t.n, t.right)
}

func (l loud) Write(b []byte) (int, error) {
	fmt.Fprint(l.w, "<", len(b), ">")
	return l.w.Write(b)
}

func grow(n int) *tree {
	if n == 0 {
		return nil
	}
	return &tree{grow(n / 2), grow(n / 3), n}
}

// kept keeps what it gets, as no function of package fmt does.
var lists [][]any

func keep(list ...any) int {
	lists = append(lists, list)
	return len(list)
}

func panics() (s string) {
	defer func() { s = fmt.Sprintln("recovered", recover(), leaf{1, 2}) }()
	var m map[string]int
	return fmt.Sprint(1, leaf{3, 4}, func() int { m["x"] = 1; return 2 }())
}

func main() {
	var b strings.Builder
	for i := range 5 {
		b.WriteString(fmt.Sprintf("%v %s %d|", leaf{i, i * i}, fmt.Sprint(i, leaf{2, i}), i))
		n, err := fmt.Fprintf(loud{&b}, "%v%v", leaf{i, 1}, errors.New("e"))
		b.WriteString(fmt.Sprintln(n, err))
		keep(i, leaf{i, 0}, fmt.Sprint(leaf{0, i}, i))
	}
	fmt.Println(b.String())
	fmt.Println(lists)
	fmt.Println(grow(30), panics())
	fmt.Print(fmt.Sprint(), fmt.Sprint(nil), fmt.Sprint([]any{1, nil, "x"}...), "\n")
	defer fmt.Println("deferred", leaf{8, 9}, 1)
	var wg sync.WaitGroup
	out := make([]string, 8)
	for i := range out {
		wg.Go(func() {
			for j := range 200 {
				out[i] = fmt.Sprintf("%v:%d:%v", leaf{i, j}, j, &tree{n: i})
			}
		})
	}
	wg.Wait()
	fmt.Fprintln(os.Stdout, strings.Join(out, " "))
	f := fmt.Sprint
	fmt.Println(f("a", 1, leaf{5, 6}), fmt.Sprintf("%[2]v %[1]v", leaf{1, 1}, leaf{2, 2}))
}
