#include "textflag.h"
#include "repeat.h"

// The context of a closure is in DX.
#define SLOT(n) MOVL $(n), DX; JMP common<>(SB);

TEXT ·stubs(SB), NOSPLIT|NOFRAME, $0-0
	SLOTS(0)
	SLOTS(4096)
	SLOTS(8192)
	SLOTS(12288)
	SLOTS(16384)

TEXT common<>(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ ·closures(SB), R12
	MOVQ (R12)(DX*8), DX
	MOVQ (DX), R12
	JMP  R12

TEXT ·address(SB), NOSPLIT, $0-8
	LEAQ ·stubs(SB), AX
	MOVQ AX, ret+0(FP)
	RET
