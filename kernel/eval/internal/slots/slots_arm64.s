#include "textflag.h"
#include "repeat.h"

// The context of a closure is in R26; R19 is free at a call.
#define SLOT(n) MOVD $(n), R26; B common<>(SB);

TEXT ·stubs(SB), NOSPLIT|NOFRAME, $0-0
	SLOTS(0)
	SLOTS(4096)
	SLOTS(8192)
	SLOTS(12288)
	SLOTS(16384)

TEXT common<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $·closures(SB), R19
	MOVD (R19)(R26<<3), R26
	MOVD (R26), R19
	JMP  (R19)

TEXT ·address(SB), NOSPLIT, $0-8
	MOVD $·stubs(SB), R0
	MOVD R0, ret+0(FP)
	RET
