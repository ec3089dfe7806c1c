//go:build !race && linux

package native

import "dtnotes/kernel/eval/native/asm"

func newAssembler() asm.Assembler { return asm.NewAMD64() }

// MachineProven tells that machine code has been run by processors, and not by an emulator alone.
const MachineProven = true

// flush has nothing to do: the processor sees what is written.
func flush([]byte) {}
