#include "textflag.h"

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
	VMULPD       (SI)(AX*1), Y8, Y4
	VMULPD       32(SI)(AX*1), Y8, Y5
	VMULPD       64(SI)(AX*1), Y8, Y6
	VMULPD       96(SI)(AX*1), Y8, Y7
	VADDPD       Y4, Y0, Y0
	VADDPD       Y5, Y1, Y1
	VADDPD       Y6, Y2, Y2
	VADDPD       Y7, Y3, Y3
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
	VMULPD       (SI)(AX*1), Y8, Y4
	VMULPD       32(SI)(AX*1), Y8, Y5
	VADDPD       Y4, Y0, Y0
	VADDPD       Y5, Y1, Y1
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
	VMULPD       (SI)(AX*1), Y8, Y4
	VADDPD       Y4, Y0, Y0
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
	VMULPD  (SI), Y4, Y4
	VMULPD  32(SI), Y5, Y5
	VMULPD  64(SI), Y6, Y6
	VMULPD  96(SI), Y7, Y7
	VADDPD  Y4, Y0, Y0
	VADDPD  Y5, Y1, Y1
	VADDPD  Y6, Y2, Y2
	VADDPD  Y7, Y3, Y3
	ADDQ    $128, DX
	ADDQ    $128, SI
	SUBQ    $16, CX
	JMP     sixteen

rest:
	CMPQ    CX, $4
	JLT     sum
	VMOVUPD (DX), Y4
	VMULPD  (SI), Y4, Y4
	VADDPD  Y4, Y0, Y0
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
