//go:build !(amd64 || arm64) || race || !linux

package native

import (
	"errors"

	"dtnotes/kernel/eval/native/asm"
)

const machineKnown = false

func newAssembler() asm.Assembler { return nil }

func machineRun(vm *machine, enter uintptr) {}

func executable(code []byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func release(mem []byte) {}
