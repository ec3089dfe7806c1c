//go:build !race && linux

#include "textflag.h"
#include "funcdata.h"
#include "go_asm.h"

// func machineRun(vm *machine, enter uintptr)
//
// The code at enter keeps where it was called from, and comes back there whenever it leaves, with
// the stack as it was. Nothing stops the goroutine between the look at the flag and machine code,
// so that the collector cannot begin to mark in between.
TEXT ·machineRun(SB), NOSPLIT, $24-16
	NO_LOCAL_POINTERS
	MOVQ vm+0(FP), R15
	MOVQ (TLS), CX
	LEAQ 16(CX), CX // stackguard0, which tells that the goroutine is to give way
	MOVQ CX, (machine_context+context_guard)(R15)
	MOVQ enter+8(FP), DX
	JMP look
enter:
	CALL DX
	CMPQ (machine_context+context_at)(R15), $1 // asm.WhyLeave: the function at the bottom has returned
	JEQ done
	MOVQ vm+0(FP), AX
	MOVQ AX, 0(SP)
	CALL ·machineExit(SB)
	CMPB 8(SP), $0
	JNE done
	MOVQ ·shared+stubs_resume(SB), DX
look:
	// Go may have changed what these words say whenever the goroutine was not in machine code, so
	// that they are looked at before each entry. If the collector marks, the bank of pointers must
	// have been shaded since the marking began, since slots are written without a write barrier.
	MOVQ vm+0(FP), R15
	MOVBLZX runtime·writeBarrier(SB), CX
	MOVQ CX, (machine_context+context_barrier)(R15)
	TESTQ CX, CX
	JEQ go
	MOVQ ·cycles+cycleCounter_local(SB), CX
	// An empty pool means that a collection has begun which nobody has counted yet.
	CMPQ (CX), $0
	JEQ shade
	MOVQ ·cycles+cycleCounter_count(SB), CX
	CMPQ CX, (machine_context+context_cycle)(R15)
	JEQ go
shade:
	// The call into Go may change all registers, so that the way in is kept in the frame.
	MOVQ DX, 16(SP)
	MOVQ R15, 0(SP)
	CALL ·machineShade(SB)
	MOVQ 16(SP), DX
	JMP look
go:
	// The first time, the code is called; later it goes on where it was, and needs no new return
	// address.
	CMPQ DX, enter+8(FP)
	JEQ enter
	JMP DX
done:
	RET
