package native

import "unsafe"

// Where nothing but the loop of instructions executes a function, it does some instructions that
// often follow each other as one: to go from one instruction to the next takes as long as what most
// of them do. The instructions stay as they are, so that jumps may lead to each of them, and one
// that panics, or finds the stop flag set, is the one at which that happens.

// These are what instr.run may be beside op: the first of instructions that are done as one.
const (
	opText1     = opLeave + 1 + iota // opLdPN, and opLdXU1 of that string
	opRow8                           // opLdXPNN, and opLdX8 of that slice
	opAddrACnt                       // opAddrA, and opCount there
	opCountX                         // opLdX8, opAddI, and opStX8 back there
	opLdX8FMul                       // opLdX8, and opFMul by that
	opLdX8FAdd                       // opLdX8, and opFAdd of that
	opFMulFAdd                       // opFMul, and opFAdd of that
	opFMulFAddC                      // opFMul, and opFAdd of something to that
	opFMulFSub                       // opFMul, and opFSub of that
	opAddINext                       // opAddI, opLd8, and opNextLt as long as less than that
)

// fuse finds them.
func fuse(code []instr, machine bool) {
	for i := range code {
		in := &code[i]
		in.run = in.op
		if machine || i+1 == len(code) {
			continue
		}
		switch second := code[i+1]; {
		case in.op == opLdPN && second.op == opLdXU1 && second.b == in.a && second.d == in.d:
			in.run = opText1
		case in.op == opLdXPNN && second.op == opLdX8 && second.b == in.a && second.d == in.e:
			in.run = opRow8
		case in.op == opAddrA && second.op == opCount && second.b == in.a:
			in.run = opAddrACnt
		case in.op == opLdX8 && second.op == opAddI && second.b == in.a && storesBack(code[i:]):
			in.run = opCountX
		case in.op == opLdX8 && second.op == opFMul && second.c == in.a:
			in.run = opLdX8FMul
		case in.op == opLdX8 && second.op == opFAdd && second.c == in.a:
			in.run = opLdX8FAdd
		case in.op == opFMul && second.op == opFAdd && second.c == in.a:
			in.run = opFMulFAdd
		case in.op == opFMul && second.op == opFAdd && second.b == in.a:
			in.run = opFMulFAddC
		case in.op == opFMul && second.op == opFSub && second.c == in.a:
			in.run = opFMulFSub
		case in.op == opAddI && second.op == opLd8 && i+2 < len(code) && code[i+2].op == opNextLt && code[i+2].b == second.a && code[i+2].a != second.a:
			in.run = opAddINext
		}
	}
}

// storesBack reports whether the third instruction stores what the second has calculated in the
// element that the first loads.
func storesBack(code []instr) bool {
	if len(code) < 3 {
		return false
	}
	ld, calc, st := code[0], code[1], code[2]
	return st.op == opStX8 && st.a == calc.a && st.b == ld.b && st.c == ld.c && st.d == ld.d &&
		ld.a != ld.c && ld.a != ld.d && calc.a != ld.c && calc.a != ld.d
}

// behind is the instruction n further on.
func (in *instr) behind(n int) *instr {
	return (*instr)(unsafe.Add(unsafe.Pointer(in), n*instrSize))
}
