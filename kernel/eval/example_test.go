package eval_test

import (
	"context"
	"fmt"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/eval"
)

// A screen keeps what cells print. It may not print it itself: a session takes what is printed in
// its process for output of cells.
type screen struct{ strings.Builder }

func (s *screen) Stream(_, text string)              { s.WriteString(text) }
func (*screen) Display(display.Bundle, string, bool) {}
func (*screen) Clear(bool)                           {}

// What a cell declares, the next ones know.
func Example() {
	session, err := eval.New(eval.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var out screen
	for i, code := range []string{
		"type point struct{ x, y int }",
		"func (p point) sum() int { return p.x + p.y }",
		"p := point{3, 4}; fmt.Println(\"made\", p)",
		"p.sum()",
		"p.sam()",
	} {
		result := session.Eval(context.Background(), cell.Cell{Code: code, Number: i + 1, Out: &out})
		if result.Err != nil {
			fmt.Fprintln(&out, result.Err.Message)
		} else if len(result.Values) > 0 {
			fmt.Fprintln(&out, result.Bundle.Text())
		}
	}
	session.Close()
	fmt.Print(out.String())
	// Output:
	// made {3 4}
	// 7
	// cell[5]:1:3: p.sam undefined (type point has no field or method sam); did you mean sum?
}
