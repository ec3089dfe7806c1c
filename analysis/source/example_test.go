package source_test

import (
	"fmt"

	"dtnotes/analysis/source"
)

func Example() {
	for _, o := range source.Origins() {
		fmt.Println(o)
	}
	// Output:
	// process
	// zone process
	// platform
	// I/O
	// network
}
