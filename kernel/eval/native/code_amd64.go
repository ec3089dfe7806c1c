//go:build !race && linux

package native

import "dtnotes/kernel/eval/native/asm"

func newAssembler() asm.Assembler { return asm.NewAMD64() }

// flush has nothing to do: the processor sees what is written.
func flush([]byte) {}
