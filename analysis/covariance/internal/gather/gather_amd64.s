#include "textflag.h"
#include "zero_amd64.h"

// TILE takes the arguments of tile and wideTile: strides become bytes, and R11 three of those of a.
#define TILE \
	MOVQ   dst+0(FP), DI \
	MOVQ   dstStride+8(FP), R8 \
	MOVQ   a+16(FP), SI \
	MOVQ   aStride+24(FP), R9 \
	MOVQ   b+32(FP), DX \
	MOVQ   bStride+40(FP), R10 \
	MOVQ   n+48(FP), CX \
	SHLQ   $3, R8 \
	SHLQ   $3, R9 \
	SHLQ   $3, R10 \
	LEAQ   (R9)(R9*2), R11

// func combine(dst *float64, width int, coef *float64, rows *int32, n int, m *float64, stride int)
//
// Stretches of 16 numbers, then of 8, then of 4, are summed in registers over
// all rows.
TEXT ·combine(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ width+8(FP), CX
	MOVQ coef+16(FP), R8
	MOVQ rows+24(FP), R9
	MOVQ n+32(FP), R10
	MOVQ m+40(FP), SI
	MOVQ stride+48(FP), R11
	SHLQ $3, R11

sixteen:
	CMPQ   CX, $16
	JLT    eight
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	XORQ   BX, BX

sixteenRow:
	MOVLQSX      (R9)(BX*4), AX
	IMULQ        R11, AX
	VBROADCASTSD (R8)(BX*8), Y8
	VFMADD231PD  (SI)(AX*1), Y8, Y0
	VFMADD231PD  32(SI)(AX*1), Y8, Y1
	VFMADD231PD  64(SI)(AX*1), Y8, Y2
	VFMADD231PD  96(SI)(AX*1), Y8, Y3
	INCQ         BX
	CMPQ         BX, R10
	JLT          sixteenRow
	VMOVUPD      Y0, (DI)
	VMOVUPD      Y1, 32(DI)
	VMOVUPD      Y2, 64(DI)
	VMOVUPD      Y3, 96(DI)
	ADDQ         $128, DI
	ADDQ         $128, SI
	SUBQ         $16, CX
	JMP          sixteen

eight:
	CMPQ   CX, $8
	JLT    four
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	XORQ   BX, BX

eightRow:
	MOVLQSX      (R9)(BX*4), AX
	IMULQ        R11, AX
	VBROADCASTSD (R8)(BX*8), Y8
	VFMADD231PD  (SI)(AX*1), Y8, Y0
	VFMADD231PD  32(SI)(AX*1), Y8, Y1
	INCQ         BX
	CMPQ         BX, R10
	JLT          eightRow
	VMOVUPD      Y0, (DI)
	VMOVUPD      Y1, 32(DI)
	ADDQ         $64, DI
	ADDQ         $64, SI
	SUBQ         $8, CX

four:
	CMPQ   CX, $4
	JLT    done
	VXORPD Y0, Y0, Y0
	XORQ   BX, BX

fourRow:
	MOVLQSX      (R9)(BX*4), AX
	IMULQ        R11, AX
	VBROADCASTSD (R8)(BX*8), Y8
	VFMADD231PD  (SI)(AX*1), Y8, Y0
	INCQ         BX
	CMPQ         BX, R10
	JLT          fourRow
	VMOVUPD      Y0, (DI)

done:
	VZEROUPPER
	RET

// func dots(out *float64, n int, v *float64, width int, rows *int32, m *float64, stride int)
TEXT ·dots(SB), NOSPLIT, $0-56
	MOVQ out+0(FP), DI
	MOVQ n+8(FP), R10
	MOVQ v+16(FP), R8
	MOVQ width+24(FP), R12
	MOVQ rows+32(FP), R9
	MOVQ m+40(FP), R13
	MOVQ stride+48(FP), R11
	SHLQ $3, R11
	XORQ BX, BX

row:
	MOVLQSX (R9)(BX*4), AX
	IMULQ   R11, AX
	LEAQ    (R13)(AX*1), SI
	MOVQ    R8, DX
	MOVQ    R12, CX
	VXORPD  Y0, Y0, Y0
	VXORPD  Y1, Y1, Y1
	VXORPD  Y2, Y2, Y2
	VXORPD  Y3, Y3, Y3

sixteen:
	CMPQ    CX, $16
	JLT     rest
	VMOVUPD (DX), Y4
	VMOVUPD 32(DX), Y5
	VMOVUPD 64(DX), Y6
	VMOVUPD 96(DX), Y7
	VFMADD231PD (SI), Y4, Y0
	VFMADD231PD 32(SI), Y5, Y1
	VFMADD231PD 64(SI), Y6, Y2
	VFMADD231PD 96(SI), Y7, Y3
	ADDQ    $128, DX
	ADDQ    $128, SI
	SUBQ    $16, CX
	JMP     sixteen

rest:
	CMPQ    CX, $4
	JLT     sum
	VMOVUPD (DX), Y4
	VFMADD231PD (SI), Y4, Y0
	ADDQ    $32, DX
	ADDQ    $32, SI
	SUBQ    $4, CX
	JMP     rest

sum:
	VADDPD       Y1, Y0, Y0
	VADDPD       Y3, Y2, Y2
	VADDPD       Y2, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPD       X1, X0, X0
	VUNPCKHPD    X0, X0, X1
	VADDSD       X1, X0, X0
	VMOVSD       X0, (DI)(BX*8)
	INCQ         BX
	CMPQ         BX, R10
	JLT          row
	VZEROUPPER
	RET

// func tile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int)
//
// Four rows of eight numbers, summed in registers over all n rows of b.
TEXT ·tile(SB), NOSPLIT, $0-56
	TILE
	ZERO

next:
	VMOVUPD      (DX), Y8
	VMOVUPD      32(DX), Y9
	VBROADCASTSD (SI), Y10
	VBROADCASTSD (SI)(R9*1), Y11
	VBROADCASTSD (SI)(R9*2), Y12
	VBROADCASTSD (SI)(R11*1), Y13
	VFMADD231PD  Y8, Y10, Y0
	VFMADD231PD  Y9, Y10, Y1
	VFMADD231PD  Y8, Y11, Y2
	VFMADD231PD  Y9, Y11, Y3
	VFMADD231PD  Y8, Y12, Y4
	VFMADD231PD  Y9, Y12, Y5
	VFMADD231PD  Y8, Y13, Y6
	VFMADD231PD  Y9, Y13, Y7
	ADDQ         $8, SI
	ADDQ         R10, DX
	DECQ         CX
	JNZ          next
	VMOVUPD      Y0, (DI)
	VMOVUPD      Y1, 32(DI)
	ADDQ         R8, DI
	VMOVUPD      Y2, (DI)
	VMOVUPD      Y3, 32(DI)
	ADDQ         R8, DI
	VMOVUPD      Y4, (DI)
	VMOVUPD      Y5, 32(DI)
	ADDQ         R8, DI
	VMOVUPD      Y6, (DI)
	VMOVUPD      Y7, 32(DI)
	VZEROUPPER
	RET

// func wideTile(dst *float64, dstStride int, a *float64, aStride int, b *float64, bStride int, n int)
//
// Eight rows of sixteen numbers, summed in registers over all n rows of b.
TEXT ·wideTile(SB), NOSPLIT, $0-56
	TILE
	LEAQ (SI)(R9*4), R12
	WIDEZERO

wideNext:
	VMOVUPD (DX), Z16
	VMOVUPD 64(DX), Z17
	VBROADCASTSD (SI), Z18
	VBROADCASTSD (SI)(R9*1), Z19
	VBROADCASTSD (SI)(R9*2), Z20
	VBROADCASTSD (SI)(R11*1), Z21
	VBROADCASTSD (R12), Z22
	VBROADCASTSD (R12)(R9*1), Z23
	VBROADCASTSD (R12)(R9*2), Z24
	VBROADCASTSD (R12)(R11*1), Z25
	VFMADD231PD Z16, Z18, Z0
	VFMADD231PD Z17, Z18, Z1
	VFMADD231PD Z16, Z19, Z2
	VFMADD231PD Z17, Z19, Z3
	VFMADD231PD Z16, Z20, Z4
	VFMADD231PD Z17, Z20, Z5
	VFMADD231PD Z16, Z21, Z6
	VFMADD231PD Z17, Z21, Z7
	VFMADD231PD Z16, Z22, Z8
	VFMADD231PD Z17, Z22, Z9
	VFMADD231PD Z16, Z23, Z10
	VFMADD231PD Z17, Z23, Z11
	VFMADD231PD Z16, Z24, Z12
	VFMADD231PD Z17, Z24, Z13
	VFMADD231PD Z16, Z25, Z14
	VFMADD231PD Z17, Z25, Z15
	ADDQ $8, SI
	ADDQ $8, R12
	ADDQ R10, DX
	DECQ CX
	JNZ wideNext
	VMOVUPD Z0, (DI)
	VMOVUPD Z1, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z2, (DI)
	VMOVUPD Z3, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z4, (DI)
	VMOVUPD Z5, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z6, (DI)
	VMOVUPD Z7, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z8, (DI)
	VMOVUPD Z9, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z10, (DI)
	VMOVUPD Z11, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z12, (DI)
	VMOVUPD Z13, 64(DI)
	ADDQ R8, DI
	VMOVUPD Z14, (DI)
	VMOVUPD Z15, 64(DI)
	VZEROUPPER
	RET
