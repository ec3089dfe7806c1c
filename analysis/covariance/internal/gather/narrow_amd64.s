#include "textflag.h"
#include "zero_amd64.h"

// func narrow(dst, a, b *float32, n int)
//
// Four rows of sixteen numbers, summed in registers over all n rows of b. All rows are 128 bytes
// apart.
TEXT ·narrow(SB), NOSPLIT, $0-32
	MOVQ   dst+0(FP), DI
	MOVQ   a+8(FP), SI
	MOVQ   b+16(FP), DX
	MOVQ   n+24(FP), CX
	ZERO

next:
	VMOVUPS      (DX), Y8
	VMOVUPS      32(DX), Y9
	VBROADCASTSS (SI), Y10
	VBROADCASTSS 4(SI), Y11
	VBROADCASTSS 8(SI), Y12
	VBROADCASTSS 12(SI), Y13
	VFMADD231PS  Y8, Y10, Y0
	VFMADD231PS  Y9, Y10, Y1
	VFMADD231PS  Y8, Y11, Y2
	VFMADD231PS  Y9, Y11, Y3
	VFMADD231PS  Y8, Y12, Y4
	VFMADD231PS  Y9, Y12, Y5
	VFMADD231PS  Y8, Y13, Y6
	VFMADD231PS  Y9, Y13, Y7
	ADDQ         $128, SI
	ADDQ         $128, DX
	DECQ         CX
	JNZ          next
	VMOVUPS      Y0, (DI)
	VMOVUPS      Y1, 32(DI)
	VMOVUPS      Y2, 128(DI)
	VMOVUPS      Y3, 160(DI)
	VMOVUPS      Y4, 256(DI)
	VMOVUPS      Y5, 288(DI)
	VMOVUPS      Y6, 384(DI)
	VMOVUPS      Y7, 416(DI)
	VZEROUPPER
	RET

// func wideNarrow(dst, a, b *float32, n int)
//
// Eight rows of 32 numbers.
TEXT ·wideNarrow(SB), NOSPLIT, $0-32
	MOVQ   dst+0(FP), DI
	MOVQ   a+8(FP), SI
	MOVQ   b+16(FP), DX
	MOVQ   n+24(FP), CX
	WIDEZERO

wideNext:
	VMOVUPS      (DX), Z16
	VMOVUPS      64(DX), Z17
	VBROADCASTSS (SI), Z18
	VBROADCASTSS 4(SI), Z19
	VBROADCASTSS 8(SI), Z20
	VBROADCASTSS 12(SI), Z21
	VBROADCASTSS 16(SI), Z22
	VBROADCASTSS 20(SI), Z23
	VBROADCASTSS 24(SI), Z24
	VBROADCASTSS 28(SI), Z25
	VFMADD231PS  Z16, Z18, Z0
	VFMADD231PS  Z17, Z18, Z1
	VFMADD231PS  Z16, Z19, Z2
	VFMADD231PS  Z17, Z19, Z3
	VFMADD231PS  Z16, Z20, Z4
	VFMADD231PS  Z17, Z20, Z5
	VFMADD231PS  Z16, Z21, Z6
	VFMADD231PS  Z17, Z21, Z7
	VFMADD231PS  Z16, Z22, Z8
	VFMADD231PS  Z17, Z22, Z9
	VFMADD231PS  Z16, Z23, Z10
	VFMADD231PS  Z17, Z23, Z11
	VFMADD231PS  Z16, Z24, Z12
	VFMADD231PS  Z17, Z24, Z13
	VFMADD231PS  Z16, Z25, Z14
	VFMADD231PS  Z17, Z25, Z15
	ADDQ         $128, SI
	ADDQ         $128, DX
	DECQ         CX
	JNZ          wideNext
	VMOVUPS      Z0, (DI)
	VMOVUPS      Z1, 64(DI)
	VMOVUPS      Z2, 128(DI)
	VMOVUPS      Z3, 192(DI)
	VMOVUPS      Z4, 256(DI)
	VMOVUPS      Z5, 320(DI)
	VMOVUPS      Z6, 384(DI)
	VMOVUPS      Z7, 448(DI)
	VMOVUPS      Z8, 512(DI)
	VMOVUPS      Z9, 576(DI)
	VMOVUPS      Z10, 640(DI)
	VMOVUPS      Z11, 704(DI)
	VMOVUPS      Z12, 768(DI)
	VMOVUPS      Z13, 832(DI)
	VMOVUPS      Z14, 896(DI)
	VMOVUPS      Z15, 960(DI)
	VZEROUPPER
	RET

// FOLD adds the sixteen sums in Y0 and Y1 up in X0.
#define FOLD \
	VADDPS       Y1, Y0, Y0 \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPS       X1, X0, X0 \
	VPERMILPS    $0x0e, X0, X1 \
	VADDPS       X1, X0, X0 \
	VPERMILPS    $0x01, X0, X1 \
	VADDSS       X1, X0, X0

// func narrowDot(a, b *float32, n int) float32
TEXT ·narrowDot(SB), NOSPLIT, $0-28
	MOVQ   a+0(FP), SI
	MOVQ   b+8(FP), DX
	MOVQ   n+16(FP), CX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1

dotNext:
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VMULPS  (DX), Y4, Y4
	VMULPS  32(DX), Y5, Y5
	VADDPS  Y4, Y0, Y0
	VADDPS  Y5, Y1, Y1
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $16, CX
	JNZ     dotNext
	FOLD
	VMOVSS  X0, ret+24(FP)
	VZEROUPPER
	RET

// func narrowStep(change, res, dir, out, scale *float32, n int, step float32) float32
TEXT ·narrowStep(SB), NOSPLIT, $0-60
	MOVQ         change+0(FP), DI
	MOVQ         res+8(FP), SI
	MOVQ         dir+16(FP), DX
	MOVQ         out+24(FP), R8
	MOVQ         scale+32(FP), R9
	MOVQ         n+40(FP), CX
	VBROADCASTSS step+48(FP), Y2
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1

stepNext:
	VMULPS  (DX), Y2, Y4
	VMULPS  32(DX), Y2, Y5
	VADDPS  (DI), Y4, Y4
	VADDPS  32(DI), Y5, Y5
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMULPS  (R8), Y2, Y4
	VMULPS  32(R8), Y2, Y5
	VMOVUPS (SI), Y6
	VMOVUPS 32(SI), Y7
	VSUBPS  Y4, Y6, Y6
	VSUBPS  Y5, Y7, Y7
	VMOVUPS Y6, (SI)
	VMOVUPS Y7, 32(SI)
	VMULPS  Y6, Y6, Y6
	VMULPS  Y7, Y7, Y7
	VMULPS  (R9), Y6, Y6
	VMULPS  32(R9), Y7, Y7
	VADDPS  Y6, Y0, Y0
	VADDPS  Y7, Y1, Y1
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $64, R8
	ADDQ    $64, R9
	SUBQ    $16, CX
	JNZ     stepNext
	FOLD
	VMOVSS  X0, ret+56(FP)
	VZEROUPPER
	RET

// func narrowTurn(dir, res, scale *float32, n int, turn float32)
TEXT ·narrowTurn(SB), NOSPLIT, $0-36
	MOVQ         dir+0(FP), DI
	MOVQ         res+8(FP), SI
	MOVQ         scale+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS turn+32(FP), Y2

turnNext:
	VMULPS  (DI), Y2, Y4
	VMULPS  32(DI), Y2, Y5
	VMOVUPS (SI), Y6
	VMOVUPS 32(SI), Y7
	VMULPS  (DX), Y6, Y6
	VMULPS  32(DX), Y7, Y7
	VADDPS  Y4, Y6, Y6
	VADDPS  Y5, Y7, Y7
	VMOVUPS Y6, (DI)
	VMOVUPS Y7, 32(DI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $16, CX
	JNZ     turnNext
	VZEROUPPER
	RET
