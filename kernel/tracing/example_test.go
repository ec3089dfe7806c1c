package tracing_test

import (
	"fmt"

	"dtnotes/kernel/tracing"
)

// The line of a cell that begins with %%bpftrace.
func ExampleParseLine() {
	options, variable, err := tracing.ParseLine("bpftrace", "--for 30s --as calls -p 1234")
	fmt.Println(options.For, variable, err)
	// Output: 30s calls <nil>
}
