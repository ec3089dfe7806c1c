//go:build !race && linux

#include "textflag.h"
#include "funcdata.h"
#include "go_asm.h"

// func machineRun(vm *machine, enter uintptr)
//
// The code at enter keeps where it was called from, and comes back there whenever it leaves, with the stack
// as it was. Nothing stops the goroutine between the look at the flag and machine code.
TEXT ·machineRun(SB), NOSPLIT, $24-16
	NO_LOCAL_POINTERS
	MOVQ vm+0(FP), R15
	MOVQ enter+8(FP), AX
	MOVQ (TLS), CX
	LEAQ 16(CX), CX // stackguard0, which tells that the goroutine is to give way
	MOVQ CX, (machine_context+context_guard)(R15)
	CMPB runtime·writeBarrier(SB), $0
	JNE done
	CALL AX
	MOVQ vm+0(FP), AX
	MOVQ AX, 0(SP)
	CALL ·machineExit(SB)
	CMPB 8(SP), $0
	JNE done
	CMPB runtime·writeBarrier(SB), $0
	JNE leave
	MOVQ vm+0(FP), R15
	MOVQ ·stubResume(SB), AX
	JMP AX
leave:
	MOVQ vm+0(FP), AX
	MOVQ AX, 0(SP)
	CALL ·machineLeave(SB)
done:
	RET
