#include "textflag.h"
#include "repeat.h"

// The context of a closure is in R29; R24 is free at a call. One instruction takes numbers below 4096, so
// that each 4096 slots go by code that knows where their closures begin.
#define SLOT(n) OR $((n)&4095), R0, R29; JMP COMMON(SB);
#define CLOSURE \
	SLLV $3, R29; \
	ADDV R24, R29; \
	MOVV (R29), R29; \
	MOVV (R29), R24; \
	JMP  (R24)

TEXT ·stubs(SB), NOSPLIT|NOFRAME, $0-0
#define COMMON common0<>
	SLOTS(0)
#undef COMMON
#define COMMON common1<>
	SLOTS(4096)
#undef COMMON
#define COMMON common2<>
	SLOTS(8192)
#undef COMMON
#define COMMON common3<>
	SLOTS(12288)
#undef COMMON
#define COMMON common4<>
	SLOTS(16384)

TEXT common0<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVV $·closures(SB), R24
	CLOSURE

TEXT common1<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVV $·closures+32768(SB), R24
	CLOSURE

TEXT common2<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVV $·closures+65536(SB), R24
	CLOSURE

TEXT common3<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVV $·closures+98304(SB), R24
	CLOSURE

TEXT common4<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVV $·closures+131072(SB), R24
	CLOSURE

TEXT ·address(SB), NOSPLIT, $0-8
	MOVV $·stubs(SB), R4
	MOVV R4, ret+0(FP)
	RET
