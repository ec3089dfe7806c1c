//go:build !race && linux

package native

import "dtnotes/kernel/eval/native/asm"

func newAssembler() asm.Assembler { return asm.NewAMD64() }

// MachineProven says whether machine code has been run on real processors, and not on an emulator
// alone.
const MachineProven = true

// flush has nothing to do: on amd64 the processor itself notices that instructions were written.
func flush([]byte) {}
