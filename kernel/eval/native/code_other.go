//go:build !(amd64 || arm64) || race || !linux

package native

import (
	"errors"

	"dtnotes/kernel/eval/native/asm"
)

const machineKnown = false

// MachineProven says whether machine code has been run on real processors, and not on an emulator
// alone.
const MachineProven = false

func newAssembler() asm.Assembler { return nil }

func machineRun(vm *machine, enter uintptr) {}

func executable(code []byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func release(mem []byte) {}
