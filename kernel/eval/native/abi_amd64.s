//go:build !race

#include "textflag.h"
#include "funcdata.h"

// A result goes to ptrs if its bit in R12 is set, else to ints.
#define RESULT(reg, i) \
	BTQ $i, R12 \
	JCS 3(PC) \
	MOVQ reg, (8*i)(R13) \
	JMP 2(PC) \
	MOVQ reg, (72+8*i)(R13)

// func abiCall(code unsafe.Pointer, r *regs)
//
// The frame has room for what the callee keeps of its arguments: 9 integer and 8 floating-point
// words.
// WRAPPER says that this frame does not count where recover looks who called a deferred function.
TEXT ·abiCall(SB), NOSPLIT|WRAPPER, $200-16
	NO_LOCAL_POINTERS
	MOVQ r+8(FP), R13
	// DX points to the function value, in which a closure finds its variables.
	MOVQ code+0(FP), DX
	MOVQ 144(R13), X0
	MOVQ 152(R13), X1
	MOVQ 160(R13), X2
	MOVQ 168(R13), X3
	MOVQ 176(R13), X4
	MOVQ 184(R13), X5
	MOVQ 192(R13), X6
	MOVQ 200(R13), X7
	MOVQ 0(R13), AX
	MOVQ 8(R13), BX
	MOVQ 16(R13), CX
	MOVQ 24(R13), DI
	MOVQ 32(R13), SI
	MOVQ 40(R13), R8
	MOVQ 48(R13), R9
	MOVQ 56(R13), R10
	MOVQ 64(R13), R11
	// Go's convention wants the goroutine in R14 and zero in X15.
	MOVQ (TLS), R14
	XORPS X15, X15
	MOVQ (DX), R12
	CALL R12
	MOVQ r+8(FP), R13 // the stack may have moved, and r with it
	MOVQ 208(R13), R12
	RESULT(AX, 0)
	RESULT(BX, 1)
	RESULT(CX, 2)
	RESULT(DI, 3)
	RESULT(SI, 4)
	RESULT(R8, 5)
	RESULT(R9, 6)
	RESULT(R10, 7)
	RESULT(R11, 8)
	MOVQ X0, 144(R13)
	MOVQ X1, 152(R13)
	MOVQ X2, 160(R13)
	MOVQ X3, 168(R13)
	MOVQ X4, 176(R13)
	MOVQ X5, 184(R13)
	MOVQ X6, 192(R13)
	MOVQ X7, 200(R13)
	RET
