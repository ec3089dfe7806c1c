//go:build !race

#include "textflag.h"
#include "funcdata.h"

// A result goes to ptrs if its bit in R20 is set, else to ints.
#define RESULT(reg, i) \
	TBNZ $i, R20, 3(PC) \
	MOVD reg, (8*i)(R19) \
	B 2(PC) \
	MOVD reg, (72+8*i)(R19)

// func abiCall(code unsafe.Pointer, r *regs)
//
// The frame has room for what the callee keeps of its arguments: 9 integer and 8 floating-point
// words.
// WRAPPER says that this frame does not count where recover looks who called a deferred function.
TEXT ·abiCall(SB), NOSPLIT|WRAPPER, $200-16
	NO_LOCAL_POINTERS
	MOVD r+8(FP), R19
	// R26 points to the function value, in which a closure finds its variables.
	MOVD code+0(FP), R26
	FMOVD 144(R19), F0
	FMOVD 152(R19), F1
	FMOVD 160(R19), F2
	FMOVD 168(R19), F3
	FMOVD 176(R19), F4
	FMOVD 184(R19), F5
	FMOVD 192(R19), F6
	FMOVD 200(R19), F7
	MOVD 0(R19), R0
	MOVD 8(R19), R1
	MOVD 16(R19), R2
	MOVD 24(R19), R3
	MOVD 32(R19), R4
	MOVD 40(R19), R5
	MOVD 48(R19), R6
	MOVD 56(R19), R7
	MOVD 64(R19), R8
	MOVD (R26), R20
	CALL (R20)
	MOVD r+8(FP), R19 // the stack may have moved, and r with it
	MOVD 208(R19), R20
	RESULT(R0, 0)
	RESULT(R1, 1)
	RESULT(R2, 2)
	RESULT(R3, 3)
	RESULT(R4, 4)
	RESULT(R5, 5)
	RESULT(R6, 6)
	RESULT(R7, 7)
	RESULT(R8, 8)
	FMOVD F0, 144(R19)
	FMOVD F1, 152(R19)
	FMOVD F2, 160(R19)
	FMOVD F3, 168(R19)
	FMOVD F4, 176(R19)
	FMOVD F5, 184(R19)
	FMOVD F6, 192(R19)
	FMOVD F7, 200(R19)
	RET
