package cell_test

import (
	"fmt"
	"strings"

	"dtnotes/kernel/cell"
)

// The first line of a failure names what kind it is in a strong face.
func ExampleHeadline() {
	line := cell.Headline("CompileError", "undefined: x")
	fmt.Println(strings.HasPrefix(line, cell.Strong), strings.HasSuffix(line, "undefined: x"))
	// Output: true true
}
