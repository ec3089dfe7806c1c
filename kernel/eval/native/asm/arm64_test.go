package asm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestARM64 holds instructions against those of Go's own assembler.
func TestARM64(t *testing.T) {
	type A = Assembler
	cases := []struct {
		write func(a A)
		want  string
	}{
		{func(a A) { a.Mov(3, 15) }, "MOVD R15, R3"},
		{func(a A) { a.MovImm(3, 0) }, "WORD $0xd2800003"},
		{func(a A) { a.MovImm(26, 0x400012340000) }, "MOVZ $(0x1234<<16), R26; MOVK $(0x4000<<32), R26"},
		{func(a A) { a.MovImm(3, 1<<64-2) }, "MOVN $1, R3"},
		{func(a A) { a.MovImm(3, 1<<64-1) }, "WORD $0x92800003"},
		{func(a A) { a.MovImm(3, 0xffff_1234_ffff_5678) }, "MOVN $0xa987, R3; MOVK $(0x1234<<32), R3"},
		{func(a A) { a.MovF(2, 31) }, "FMOVD F31, F2"},
		{func(a A) { a.MovFI(2, 15) }, "FMOVD R15, F2"},
		{func(a A) { a.MovIF(15, 2) }, "FMOVD F2, R15"},
		{func(a A) { a.Load(3, 19, 32760, W8) }, "MOVD 32760(R19), R3"},
		{func(a A) { a.Load(3, 19, -8, W8) }, "MOVD -8(R19), R3"},
		{func(a A) { a.Load(3, 19, 0x12340, W8) }, "MOVZ $0x2340, R17; MOVK $(1<<16), R17; MOVD (R19)(R17), R3"},
		{func(a A) { a.Load(3, 19, 4, I4) }, "MOVW 4(R19), R3"},
		{func(a A) { a.Load(3, 19, 4, U4) }, "MOVWU 4(R19), R3"},
		{func(a A) { a.Load(3, 19, 4, I2) }, "MOVH 4(R19), R3"},
		{func(a A) { a.Load(3, 19, 4, U2) }, "MOVHU 4(R19), R3"},
		{func(a A) { a.Load(3, 19, 4, I1) }, "MOVB 4(R19), R3"},
		{func(a A) { a.Load(3, 19, 5, U1) }, "MOVBU 5(R19), R3"},
		{func(a A) { a.Store(3, 19, 16, W8) }, "MOVD R3, 16(R19)"},
		{func(a A) { a.Store(3, 19, 16, U4) }, "MOVW R3, 16(R19)"},
		{func(a A) { a.Store(3, 19, 16, U2) }, "MOVH R3, 16(R19)"},
		{func(a A) { a.Store(3, 19, 16, U1) }, "MOVB R3, 16(R19)"},
		{func(a A) { a.LoadX(3, 19, 4, W8) }, "MOVD (R19)(R4<<3), R3"},
		{func(a A) { a.LoadX(3, 19, 4, I4) }, "MOVW (R19)(R4<<2), R3"},
		{func(a A) { a.LoadX(3, 19, 4, U1) }, "MOVBU (R19)(R4), R3"},
		{func(a A) { a.StoreX(3, 19, 4, U2) }, "MOVH R3, (R19)(R4<<1)"},
		{func(a A) { a.LoadF(3, 19, 8, false) }, "FMOVD 8(R19), F3"},
		{func(a A) { a.StoreF(3, 19, 8, true) }, "FMOVS F3, 8(R19)"},
		{func(a A) { a.LoadFX(3, 19, 4, true) }, "FMOVS (R19)(R4<<2), F3"},
		{func(a A) { a.StoreFX(3, 19, 4, false) }, "FMOVD F3, (R19)(R4<<3)"},
		{func(a A) { a.AddrX(3, 19, 4, 16) }, "ADD R4<<4, R19, R3"},
		{func(a A) { a.AddrX(3, 19, 4, 24) }, "MOVZ $24, R16; MADD R16, R19, R4, R3"},
		{func(a A) { a.Op(Add, 3, 4, 5) }, "ADD R5, R4, R3"},
		{func(a A) { a.Op(Sub, 3, 4, 5) }, "SUB R5, R4, R3"},
		{func(a A) { a.Op(Mul, 3, 4, 5) }, "MUL R5, R4, R3"},
		{func(a A) { a.Op(And, 3, 4, 5) }, "AND R5, R4, R3"},
		{func(a A) { a.Op(Or, 3, 4, 5) }, "ORR R5, R4, R3"},
		{func(a A) { a.Op(Xor, 3, 4, 5) }, "EOR R5, R4, R3"},
		{func(a A) { a.Op(AndNot, 3, 4, 5) }, "BIC R5, R4, R3"},
		{func(a A) { a.Op(Shl, 3, 4, 5) }, "CMP $64, R5; LSL R5, R4, R16; CSEL LO, R16, ZR, R3"},
		{func(a A) { a.Op(ShrU, 3, 4, 5) }, "CMP $64, R5; LSR R5, R4, R16; CSEL LO, R16, ZR, R3"},
		{func(a A) { a.Op(Shr, 3, 4, 5) }, "MOVZ $63, R16; CMP R16, R5; CSEL LO, R5, R16, R16; ASR R16, R4, R3"},
		{func(a A) { a.OpImm(Add, 3, 4, -24) }, "SUB $24, R4, R3"},
		{func(a A) { a.OpImm(Sub, 3, 4, 0x5000) }, "SUB $0x5000, R4, R3"},
		{func(a A) { a.OpImm(Add, 3, 4, 0x5001) }, "MOVZ $0x5001, R16; ADD R16, R4, R3"},
		{func(a A) { a.OpImm(And, 3, 4, -16) }, "MOVN $15, R16; AND R16, R4, R3"},
		{func(a A) { a.OpImm(Mul, 3, 4, 10) }, "MOVZ $10, R16; MUL R16, R4, R3"},
		{func(a A) { a.OpImm(Shl, 3, 4, 5) }, "LSL $5, R4, R3"},
		{func(a A) { a.OpImm(Shr, 3, 4, 63) }, "ASR $63, R4, R3"},
		{func(a A) { a.OpImm(ShrU, 3, 4, 1) }, "LSR $1, R4, R3"},
		{func(a A) { a.Div(3, 4, 5, false, false) }, "SDIV R5, R4, R3"},
		{func(a A) { a.Div(3, 4, 5, true, true) }, "UDIV R5, R4, R16; MSUB R5, R4, R16, R3"},
		{func(a A) { a.Neg(3, 4) }, "NEG R4, R3"},
		{func(a A) { a.Com(3, 4) }, "MVN R4, R3"},
		{func(a A) { a.Ext(3, 4, I4) }, "SXTW R4, R3"},
		{func(a A) { a.Ext(3, 4, U4) }, "UBFX $0, R4, $32, R3"},
		{func(a A) { a.Ext(3, 4, I1) }, "SBFX $0, R4, $8, R3"},
		{func(a A) { a.Ext(3, 4, U2) }, "UBFX $0, R4, $16, R3"},
		{func(a A) { a.FOp(FAdd, 3, 4, 5, false) }, "FADDD F5, F4, F3"},
		{func(a A) { a.FOp(FSub, 3, 4, 5, true) }, "FSUBS F5, F4, F3"},
		{func(a A) { a.FOp(FMul, 3, 4, 5, false) }, "FMULD F5, F4, F3"},
		{func(a A) { a.FOp(FDiv, 3, 4, 5, true) }, "FDIVS F5, F4, F3"},
		{func(a A) { a.FNeg(3, 4, true) }, "FNEGS F4, F3"},
		{func(a A) { a.FNeg(3, 4, false) }, "FNEGD F4, F3"},
		{func(a A) { a.FAbs(3, 4) }, "FABSD F4, F3"},
		{func(a A) { a.FSqrt(3, 4) }, "FSQRTD F4, F3"},
		{func(a A) { a.FromInt(3, 4, false) }, "SCVTFD R4, F3"},
		{func(a A) { a.FromInt(3, 4, true) }, "SCVTFS R4, F3"},
		{func(a A) { a.ToInt(3, 4) }, "FCVTZSD F4, R3"},
		{func(a A) { a.Widen(3, 4) }, "FCVTSD F4, F3"},
		{func(a A) { a.Narrow(3, 4) }, "FCVTDS F4, F3"},
		{func(a A) { a.Set(3, LTU, 4, 5) }, "CMP R5, R4; CSET LO, R3"},
		{func(a A) { a.SetImm(3, GT, 4, -1) }, "CMN $1, R4; CSET GT, R3"},
		{func(a A) { a.SetF(3, FLE, 4, 5) }, "FCMPD F5, F4; CSET LS, R3"},
		{func(a A) { a.SetF(3, FNLT, 4, 5) }, "FCMPD F5, F4; CSET PL, R3"},
		{func(a A) { a.CallReg(16) }, "BL (R16)"},
		{func(a A) { a.Begin() }, "MOVD R30, (R21)"},
		{func(a A) { a.Return() }, "MOVD.P 8(R21), R30; RET (R30)"},
		{func(a A) { a.Push(0x12, 0x34, 8) }, "MOVZ $0x12, R16; MOVZ $0x34, R17; STP (R16, R17), -24(R21); MOVZ $8, R16; MOVD R16, -8(R21); SUB $32, R21, R21"},
		{func(a A) {
			l := a.Label()
			a.Bind(l)
			a.Burn(l)
			a.Branch(GEU, 3, 4, l)
			a.BranchImm(NE, 3, 0, l)
			a.BranchImm(EQ, 3, -1314, l)
			a.BranchF(FNLE, 3, 4, l)
			a.Jump(l)
		}, "l: SUBS $1, R22, R22; BLE l; CMP R4, R3; BHS l; CBNZ R3, l; CMN $1314, R3; BEQ l; FCMPD F4, F3; BHI l; B l"},
	}
	a := NewARM64()
	var text strings.Builder
	text.WriteString("TEXT ·f(SB), 516, $0-0\n")
	for _, c := range cases {
		text.WriteString("\t" + strings.ReplaceAll(c.want, "; ", "\n\t") + "\n")
	}
	file := filepath.Join(t.TempDir(), "a.s")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text.String(), ": ", ":\n\t")), 0o666); err != nil {
		t.Fatal(err)
	}
	// The null device is no place for the output: the assembler removes it if the code is wrong.
	cmd := exec.Command("go", "tool", "asm", "-p", "x", "-o", file+".o", "-S", file)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var want []string // by bytes in hexadecimal
	for _, m := range regexp.MustCompile(`(?m)^\t0x[0-9a-f]{4}((?: [0-9a-f]{2}){4,16})`).FindAllStringSubmatch(string(out), -1) {
		want = append(want, strings.Fields(m[1])...)
	}
	at := 0
	for _, c := range cases {
		c.write(a)
		code := a.Code()
		for ; at < len(code); at++ {
			if got := fmt.Sprintf("%02x", code[at]); at >= len(want) || got != want[at] {
				t.Fatalf("%s: % x; want %s", c.want, code[at&^3:at&^3+4], want[at&^3:min(at&^3+4, len(want))])
			}
		}
	}
}

// TestFar jumps further than a conditional jump can.
func TestFar(t *testing.T) {
	for _, jump := range []func(a Assembler, to Label){Assembler.Jump, func(a Assembler, to Label) { a.BranchImm(EQ, 3, 0, to) }} {
		for n, fits := range map[int]bool{1<<18 - 1: true, 1 << 18: false} {
			a := NewARM64()
			l := a.Label()
			jump(a, l)
			for range n - 1 {
				a.Mov(3, 4)
			}
			a.Bind(l)
			b := a.Code()
			if conditional := b == nil || b[3] == 0xb4; b != nil != (fits || !conditional) {
				t.Errorf("over %d instructions: %d bytes of code", n, len(b))
			}
		}
	}
}
