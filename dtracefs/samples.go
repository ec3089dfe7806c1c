package dtracefs

import (
	"embed"
	"io/fs"
)

//go:embed samples
var embedded embed.FS

// Samples returns short real captures that come with the module, so that everything runs
// with no file at hand: one run of a machine on which a virtual machine starts, as three
// tracers printed it.
//
//	vm-start.dtrace.txt      DTrace 2.0, text
//	vm-start.bpftrace.txt    bpftrace 0.17, text
//	vm-start.bpftrace.jsonl  bpftrace 0.17, JSON
func Samples() fs.FS {
	sub, err := fs.Sub(embedded, "samples")
	if err != nil {
		return embedded
	}
	return sub
}
