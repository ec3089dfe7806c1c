//go:build !race && linux

package native

import (
	"unsafe"

	"dtnotes/kernel/eval/native/asm"
)

func newAssembler() asm.Assembler { return asm.NewARM64() }

// MachineProven says whether machine code has been run on real processors, and not on an emulator
// alone.
const MachineProven = false

// flush makes the processor read instructions anew that were written as data.
func flush(code []byte) {
	from := uintptr(unsafe.Pointer(&code[0]))
	flushLines(from, from+uintptr(len(code)))
}

// flushLines writes the lines of the data cache back, and then drops those of the instruction
// cache.
func flushLines(from, to uintptr)
