//go:build !race && linux

#include "textflag.h"
#include "funcdata.h"
#include "go_asm.h"

// func machineRun(vm *machine, enter uintptr)
//
// The code at enter keeps where it was called from, and comes back there whenever it leaves, with
// the stack and the goroutine in their registers. Nothing stops the goroutine between the look at
// the flag and machine code, so that the collector cannot begin to mark in between.
TEXT ·machineRun(SB), NOSPLIT, $40-16
	NO_LOCAL_POINTERS
	MOVD vm+0(FP), R23
	ADD $16, g, R3 // stackguard0, which tells that the goroutine is to give way
	MOVD R3, (machine_context+context_guard)(R23)
	MOVD enter+8(FP), R2
	B look
enter:
	CALL (R2)
	MOVD vm+0(FP), R23
	MOVD (machine_context+context_at)(R23), R3
	CMP $1, R3 // asm.WhyLeave: the function at the bottom has returned
	BEQ done
	MOVD R23, 8(RSP)
	CALL ·machineExit(SB)
	MOVBU 16(RSP), R3
	CBNZ R3, done
	MOVD ·shared+stubs_resume(SB), R2
look:
	// Go may have changed what these words say whenever the goroutine was not in machine code, so
	// that they are looked at before each entry. If the collector marks, the bank of pointers must
	// have been shaded since the marking began, since slots are written without a write barrier.
	MOVD vm+0(FP), R23
	MOVBU runtime·writeBarrier(SB), R3
	MOVD R3, (machine_context+context_barrier)(R23)
	CBZ R3, go
	MOVD ·cycles+cycleCounter_local(SB), R3
	MOVD (R3), R3
	// An empty pool means that a collection has begun which nobody has counted yet.
	CBZ R3, shade
	MOVD ·cycles+cycleCounter_count(SB), R3
	MOVD (machine_context+context_cycle)(R23), R4
	CMP R4, R3
	BEQ go
shade:
	// The call into Go may change all registers, so that the way in is kept in the frame.
	MOVD R2, 24(RSP)
	MOVD R23, 8(RSP)
	CALL ·machineShade(SB)
	MOVD 24(RSP), R2
	B look
go:
	// The first time, the code is called; later it goes on where it was, and needs no new return
	// address.
	MOVD enter+8(FP), R3
	CMP R2, R3
	BEQ enter
	B (R2)
done:
	RET

// func flushLines(from, to uintptr)
TEXT ·flushLines(SB), NOSPLIT, $0-16
	MOVD to+8(FP), R1
	MRS CTR_EL0, R2
	UBFX $16, R2, $4, R3 // the smallest lines, as powers of two words
	MOVD $4, R4
	LSL R3, R4, R3
	AND $15, R2, R5
	LSL R5, R4, R5
	MOVD from+0(FP), R0
	SUB $1, R3, R6
	BIC R6, R0
data:
	DC CVAU, R0
	ADD R3, R0
	CMP R1, R0
	BLO data
	WORD $0xd5033b9f // dsb ish
	MOVD from+0(FP), R0
	SUB $1, R5, R6
	BIC R6, R0
code:
	WORD $0xd50b7520 // ic ivau, x0
	ADD R5, R0
	CMP R1, R0
	BLO code
	WORD $0xd5033b9f // dsb ish
	ISB $15
	RET
