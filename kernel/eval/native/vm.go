package native

import (
	"math"
	"unsafe"
)

// state is where the machine is.
func (vm *machine) state(f *fn, ip, np, pp unsafe.Pointer, sp int) state {
	return state{f, ip, uintptr(np) - uintptr(unsafe.Pointer(&vm.n[0])), uintptr(pp) - uintptr(unsafe.Pointer(&vm.p[0])), sp}
}

// run executes from a state on until the frame at the bottom returns. It is one function because a
// switch over small numbers is a jump through a table, and because its variables then stay in
// registers. After as many ends of loops and calls as left says, it returns with more true.
//
// The first switch calls nothing. What has to call something, or panics, goes to slow, which knows
// by the instruction what there is to do: were there a call in the first switch, all variables
// would be stored on the stack at each instruction, for after that call.
func (vm *machine) run(s state, left int) (next state, more bool) {
	f, ip, sp := s.f, s.ip, s.sp
	np, pp := unsafe.Add(unsafe.Pointer(&vm.n[0]), s.nOff), unsafe.Add(unsafe.Pointer(&vm.p[0]), s.pOff)
	var in *instr
next:
	for {
		in = (*instr)(ip)
		ip = unsafe.Add(ip, instrSize)
		switch in.run {
		case opNop:
		case opMovN:
			*num(np, in.a) = *num(np, in.b)
		case opMovP:
			*ptr(pp, in.a) = *ptr(pp, in.b)
		case opMovPN:
			*ptr(pp, in.a), *num(np, in.c) = *ptr(pp, in.b), *num(np, in.d)
		case opConstN:
			*num(np, in.a) = uint64(uint32(in.b)) | uint64(uint32(in.c))<<32
		case opConstP:
			*ptr(pp, in.a) = f.ptrs[in.b]
		case opAdd:
			*num(np, in.a) = *num(np, in.b) + *num(np, in.c)
		case opSub:
			*num(np, in.a) = *num(np, in.b) - *num(np, in.c)
		case opMul:
			*num(np, in.a) = *num(np, in.b) * *num(np, in.c)
		case opDiv:
			y := *snum(np, in.c)
			if y == 0 {
				goto slow
			}
			*snum(np, in.a) = *snum(np, in.b) / y
		case opRem:
			y := *snum(np, in.c)
			if y == 0 {
				goto slow
			}
			*snum(np, in.a) = *snum(np, in.b) % y
		case opDivU:
			y := *num(np, in.c)
			if y == 0 {
				goto slow
			}
			*num(np, in.a) = *num(np, in.b) / y
		case opRemU:
			y := *num(np, in.c)
			if y == 0 {
				goto slow
			}
			*num(np, in.a) = *num(np, in.b) % y
		case opAnd:
			*num(np, in.a) = *num(np, in.b) & *num(np, in.c)
		case opOr:
			*num(np, in.a) = *num(np, in.b) | *num(np, in.c)
		case opXor:
			*num(np, in.a) = *num(np, in.b) ^ *num(np, in.c)
		case opAndNot:
			*num(np, in.a) = *num(np, in.b) &^ *num(np, in.c)
		case opShl:
			*num(np, in.a) = *num(np, in.b) << *num(np, in.c)
		case opShr:
			*snum(np, in.a) = *snum(np, in.b) >> *num(np, in.c)
		case opShrU:
			*num(np, in.a) = *num(np, in.b) >> *num(np, in.c)
		case opAddI:
			*snum(np, in.a) = *snum(np, in.b) + int64(in.c)
		case opMulI:
			*snum(np, in.a) = *snum(np, in.b) * int64(in.c)
		case opAndI:
			*snum(np, in.a) = *snum(np, in.b) & int64(in.c)
		case opShlI:
			*num(np, in.a) = *num(np, in.b) << (uint(in.c) & 63)
		case opShrI:
			*snum(np, in.a) = *snum(np, in.b) >> (uint(in.c) & 63)
		case opShrUI:
			*num(np, in.a) = *num(np, in.b) >> (uint(in.c) & 63)
		case opNeg:
			*num(np, in.a) = -*num(np, in.b)
		case opCom:
			*num(np, in.a) = ^*num(np, in.b)
		case opNot:
			*num(np, in.a) = *num(np, in.b) ^ 1
		case opExt:
			*num(np, in.a) = narrow(kind(in.c), *num(np, in.b))
		case opShift:
			if *snum(np, in.a) < 0 {
				goto slow
			}
		case opEq:
			*num(np, in.a) = truth(*num(np, in.b) == *num(np, in.c))
		case opNe:
			*num(np, in.a) = truth(*num(np, in.b) != *num(np, in.c))
		case opLt:
			*num(np, in.a) = truth(*snum(np, in.b) < *snum(np, in.c))
		case opLe:
			*num(np, in.a) = truth(*snum(np, in.b) <= *snum(np, in.c))
		case opLtU:
			*num(np, in.a) = truth(*num(np, in.b) < *num(np, in.c))
		case opLeU:
			*num(np, in.a) = truth(*num(np, in.b) <= *num(np, in.c))
		case opFEq:
			*num(np, in.a) = truth(*flt(np, in.b) == *flt(np, in.c))
		case opFNe:
			*num(np, in.a) = truth(*flt(np, in.b) != *flt(np, in.c))
		case opFLt:
			*num(np, in.a) = truth(*flt(np, in.b) < *flt(np, in.c))
		case opFLe:
			*num(np, in.a) = truth(*flt(np, in.b) <= *flt(np, in.c))
		case opPEq:
			*num(np, in.a) = truth(*ptr(pp, in.b) == *ptr(pp, in.c))
		case opPNe:
			*num(np, in.a) = truth(*ptr(pp, in.b) != *ptr(pp, in.c))
		case opStrEq:
			if n := *num(np, in.d); n == *num(np, in.e) && *ptr(pp, in.b) != *ptr(pp, in.c) {
				goto slow
			} else {
				*num(np, in.a) = truth(n == *num(np, in.e))
			}
		case opFAdd:
			*flt(np, in.a) = *flt(np, in.b) + *flt(np, in.c)
		case opFAdd32:
			setF32(np, in.a, f32(np, in.b)+f32(np, in.c))
		case opFSub:
			*flt(np, in.a) = *flt(np, in.b) - *flt(np, in.c)
		case opFSub32:
			setF32(np, in.a, f32(np, in.b)-f32(np, in.c))
		case opFMul:
			*flt(np, in.a) = *flt(np, in.b) * *flt(np, in.c)
		case opFMul32:
			setF32(np, in.a, f32(np, in.b)*f32(np, in.c))
		case opFDiv:
			*flt(np, in.a) = *flt(np, in.b) / *flt(np, in.c)
		case opFDiv32:
			setF32(np, in.a, f32(np, in.b)/f32(np, in.c))
		case opFNeg:
			*flt(np, in.a) = -*flt(np, in.b)
		case opFNeg32:
			setF32(np, in.a, -f32(np, in.b))
		case opFSqrt:
			*flt(np, in.a) = math.Sqrt(*flt(np, in.b))
		case opFAbs:
			*flt(np, in.a) = math.Abs(*flt(np, in.b))
		case opI2F:
			*flt(np, in.a) = float64(*snum(np, in.b))
		case opU2F:
			*flt(np, in.a) = float64(*num(np, in.b))
		case opI2F32:
			setF32(np, in.a, float32(*snum(np, in.b)))
		case opU2F32:
			setF32(np, in.a, float32(*num(np, in.b)))
		case opF2I:
			*num(np, in.a) = toInt(*flt(np, in.b), kind(in.c), in.e != 0)
		case op32to64:
			*flt(np, in.a) = float64(f32(np, in.b))
		case op64to32:
			setF32(np, in.a, float32(*flt(np, in.b)))
		case opLd8:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint64)(unsafe.Add(m, int(in.c))))
		case opLdI4:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int32)(unsafe.Add(m, int(in.c))))
		case opLdU4:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint32)(unsafe.Add(m, int(in.c))))
		case opLdI2:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int16)(unsafe.Add(m, int(in.c))))
		case opLdU2:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint16)(unsafe.Add(m, int(in.c))))
		case opLdI1:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int8)(unsafe.Add(m, int(in.c))))
		case opLdU1:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint8)(unsafe.Add(m, int(in.c))))
		case opLdP:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*ptr(pp, in.a) = *(*unsafe.Pointer)(unsafe.Add(m, int(in.c)))
		case opLdPN:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*ptr(pp, in.a), *num(np, in.d) = *(*unsafe.Pointer)(m), *num(m, 8)
		case opLdPNN:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*ptr(pp, in.a), *num(np, in.d), *num(np, in.d+8) = *(*unsafe.Pointer)(m), *num(m, 8), *num(m, 16)
		case opLdPP:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*ptr(pp, in.a), *ptr(pp, in.a+8) = *(*unsafe.Pointer)(m), *ptr(m, 8)
		case opSt8:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*(*uint64)(unsafe.Add(m, int(in.c))) = uint64(*num(np, in.a))
		case opSt4:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*(*uint32)(unsafe.Add(m, int(in.c))) = uint32(*num(np, in.a))
		case opSt2:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*(*uint16)(unsafe.Add(m, int(in.c))) = uint16(*num(np, in.a))
		case opSt1:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*(*uint8)(unsafe.Add(m, int(in.c))) = uint8(*num(np, in.a))
		case opCount:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			x := *num(m, 0)
			*num(np, in.e) = x
			x += uint64(int64(in.d))
			*num(np, in.a) = x
			*num(m, 0) = x
		case opStP:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*(*unsafe.Pointer)(unsafe.Add(m, int(in.c))) = *ptr(pp, in.a)
		case opStPN:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*(*unsafe.Pointer)(m), *num(m, 8) = *ptr(pp, in.a), *num(np, in.d)
		case opStPNN:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*(*unsafe.Pointer)(m), *num(m, 8), *num(m, 16) = *ptr(pp, in.a), *num(np, in.d), *num(np, in.d+8)
		case opStPP:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			*(*unsafe.Pointer)(m), *ptr(m, 8) = *ptr(pp, in.a), *ptr(pp, in.a+8)
		case opLdX8:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint64)(unsafe.Add(*ptr(pp, in.b), int(i)*8)))
		case opLdXI4:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int32)(unsafe.Add(*ptr(pp, in.b), int(i)*4)))
		case opLdXU4:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint32)(unsafe.Add(*ptr(pp, in.b), int(i)*4)))
		case opLdXI2:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int16)(unsafe.Add(*ptr(pp, in.b), int(i)*2)))
		case opLdXU2:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint16)(unsafe.Add(*ptr(pp, in.b), int(i)*2)))
		case opLdXI1:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*int8)(unsafe.Add(*ptr(pp, in.b), int(i))))
		case opLdXU1:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint8)(unsafe.Add(*ptr(pp, in.b), int(i))))
		case opLdXP:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*ptr(pp, in.a) = *(*unsafe.Pointer)(unsafe.Add(*ptr(pp, in.b), int(i)*8))
		case opLdXPN:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			m := unsafe.Add(*ptr(pp, in.b), int(i)*16)
			*ptr(pp, in.a), *num(np, in.e) = *(*unsafe.Pointer)(m), *num(m, 8)
		case opLdXPNN:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			m := unsafe.Add(*ptr(pp, in.b), int(i)*24)
			*ptr(pp, in.a), *num(np, in.e), *num(np, in.e+8) = *(*unsafe.Pointer)(m), *num(m, 8), *num(m, 16)
		case opStX8:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*(*uint64)(unsafe.Add(*ptr(pp, in.b), int(i)*8)) = uint64(*num(np, in.a))
		case opStX4:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*(*uint32)(unsafe.Add(*ptr(pp, in.b), int(i)*4)) = uint32(*num(np, in.a))
		case opStX2:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*(*uint16)(unsafe.Add(*ptr(pp, in.b), int(i)*2)) = uint16(*num(np, in.a))
		case opStX1:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*(*uint8)(unsafe.Add(*ptr(pp, in.b), int(i))) = uint8(*num(np, in.a))
		case opStXP:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*(*unsafe.Pointer)(unsafe.Add(*ptr(pp, in.b), int(i)*8)) = *ptr(pp, in.a)
		case opAddrX:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			*ptr(pp, in.a) = unsafe.Add(*ptr(pp, in.b), int(i)*int(in.e))
		case opAddrA:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			i := *num(np, in.c)
			if i >= uint64(in.d) {
				goto slow
			}
			*ptr(pp, in.a) = unsafe.Add(m, int(i)*int(in.e))
		case opAddrF:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			*ptr(pp, in.a) = unsafe.Add(m, int(in.c))
		case opNilChk:
			if *ptr(pp, in.a) == nil {
				goto slow
			}
		case opJmp:
			ip = unsafe.Add(ip, int(in.d))
		case opJmpBack:
			if isSet(f.stop) {
				goto slow
			}
			ip = unsafe.Add(ip, int(in.d))
			if left--; left < 0 {
				return vm.state(f, ip, np, pp, sp), true
			}
		case opNextLt:
			i := *snum(np, in.a) + int64(in.c)
			*snum(np, in.a) = i
			if i < *snum(np, in.b) {
				if isSet(f.stop) {
					goto slow
				}
				ip = unsafe.Add(ip, int(in.d))
				if left--; left < 0 {
					return vm.state(f, ip, np, pp, sp), true
				}
			}
		case opNextLtI:
			i := *snum(np, in.a) + int64(in.c)
			*snum(np, in.a) = i
			if i < int64(in.b) {
				if isSet(f.stop) {
					goto slow
				}
				ip = unsafe.Add(ip, int(in.d))
				if left--; left < 0 {
					return vm.state(f, ip, np, pp, sp), true
				}
			}
		case opNextGtI:
			i := *snum(np, in.a) + int64(in.c)
			*snum(np, in.a) = i
			if i > int64(in.b) {
				if isSet(f.stop) {
					goto slow
				}
				ip = unsafe.Add(ip, int(in.d))
				if left--; left < 0 {
					return vm.state(f, ip, np, pp, sp), true
				}
			}
		case opBrT:
			if *num(np, in.a) != 0 {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrF:
			if *num(np, in.a) == 0 {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrEq:
			if *num(np, in.a) == *num(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrNe:
			if *num(np, in.a) != *num(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLt:
			if *snum(np, in.a) < *snum(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLe:
			if *snum(np, in.a) <= *snum(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLtU:
			if *num(np, in.a) < *num(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLeU:
			if *num(np, in.a) <= *num(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrFLt:
			if *flt(np, in.a) < *flt(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrFLe:
			if *flt(np, in.a) <= *flt(np, in.b) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrFNLt:
			if !(*flt(np, in.a) < *flt(np, in.b)) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrFNLe:
			if !(*flt(np, in.a) <= *flt(np, in.b)) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrEqI:
			if *snum(np, in.a) == int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrNeI:
			if *snum(np, in.a) != int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLtI:
			if *snum(np, in.a) < int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrLeI:
			if *snum(np, in.a) <= int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrGtI:
			if *snum(np, in.a) > int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrGeI:
			if *snum(np, in.a) >= int64(in.c) {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrNil:
			if *ptr(pp, in.a) == nil {
				ip = unsafe.Add(ip, int(in.d))
			}
		case opBrNotNil:
			if *ptr(pp, in.a) != nil {
				ip = unsafe.Add(ip, int(in.d))
			}

		case opCall:
			callee := f.calls[in.b]
			if vm.lacks(sp, np, pp, f, callee) {
				goto slow
			}
			if isSet(callee.enter) {
				goto slow
			}
			*vm.frame(sp) = ret{f: f, ip: ip, dest: int(in.a)}
			sp++
			np, pp = unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize)
			f = callee
			ip = unsafe.Pointer(unsafe.SliceData(f.code))
			if left--; left < 0 {
				return vm.state(f, ip, np, pp, sp), true
			}
		case opRet:
			sp--
			r := vm.frame(sp)
			f, ip = r.f, r.ip
			np, pp = unsafe.Add(np, -f.nsize), unsafe.Add(pp, -f.psize)
		case opRetN:
			v := *num(np, in.a)
			sp--
			r := vm.frame(sp)
			f, ip = r.f, r.ip
			np, pp = unsafe.Add(np, -f.nsize), unsafe.Add(pp, -f.psize)
			*num(np, int32(r.dest)) = v
		case opRetP:
			v := *ptr(pp, in.a)
			sp--
			r := vm.frame(sp)
			f, ip = r.f, r.ip
			np, pp = unsafe.Add(np, -f.nsize), unsafe.Add(pp, -f.psize)
			*ptr(pp, int32(r.dest)) = v
		case opLeave:
			return state{}, false

		case opText1:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			m = unsafe.Add(m, int(in.c))
			s, n := *(*unsafe.Pointer)(m), *num(m, 8)
			*ptr(pp, in.a), *num(np, in.d) = s, n
			in = in.behind(1)
			i := *num(np, in.c)
			if i >= n {
				goto slow
			}
			*num(np, in.a) = uint64(*(*uint8)(unsafe.Add(s, int(i))))
			ip = unsafe.Add(ip, instrSize)
		case opRow8:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			m := unsafe.Add(*ptr(pp, in.b), int(i)*24)
			s, n := *(*unsafe.Pointer)(m), *num(m, 8)
			*ptr(pp, in.a), *num(np, in.e), *num(np, in.e+8) = s, n, *num(m, 16)
			in = in.behind(1)
			i = *num(np, in.c)
			if i >= n {
				goto slow
			}
			*num(np, in.a) = *(*uint64)(unsafe.Add(s, int(i)*8))
			ip = unsafe.Add(ip, instrSize)
		case opAddrACnt:
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			i := *num(np, in.c)
			if i >= uint64(in.d) {
				goto slow
			}
			m = unsafe.Add(m, int(i)*int(in.e))
			*ptr(pp, in.a) = m
			in = in.behind(1)
			m = unsafe.Add(m, int(in.c))
			x := *num(m, 0)
			*num(np, in.e) = x
			x += uint64(int64(in.d))
			*num(np, in.a) = x
			*num(m, 0) = x
			ip = unsafe.Add(ip, instrSize)
		case opCountX:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			m := unsafe.Add(*ptr(pp, in.b), int(i)*8)
			x := *num(m, 0)
			*num(np, in.a) = x
			in = in.behind(1)
			x += uint64(int64(in.c))
			*num(np, in.a) = x
			*num(m, 0) = x
			ip = unsafe.Add(ip, 2*instrSize)
		case opLdX8FMul, opLdX8FAdd:
			i := *num(np, in.c)
			if i >= *num(np, in.d) {
				goto slow
			}
			x := *(*float64)(unsafe.Add(*ptr(pp, in.b), int(i)*8))
			*flt(np, in.a) = x
			fused := in.run
			in = in.behind(1)
			if fused == opLdX8FMul {
				*flt(np, in.a) = *flt(np, in.b) * x
			} else {
				*flt(np, in.a) = *flt(np, in.b) + x
			}
			ip = unsafe.Add(ip, instrSize)
		case opFMulFAdd:
			x := float64(*flt(np, in.b) * *flt(np, in.c))
			*flt(np, in.a) = x
			in = in.behind(1)
			*flt(np, in.a) = *flt(np, in.b) + x
			ip = unsafe.Add(ip, instrSize)
		case opFMulFAddC:
			x := float64(*flt(np, in.b) * *flt(np, in.c))
			*flt(np, in.a) = x
			in = in.behind(1)
			*flt(np, in.a) = x + *flt(np, in.c)
			ip = unsafe.Add(ip, instrSize)
		case opFMulFSub:
			x := float64(*flt(np, in.b) * *flt(np, in.c))
			*flt(np, in.a) = x
			in = in.behind(1)
			*flt(np, in.a) = *flt(np, in.b) - x
			ip = unsafe.Add(ip, instrSize)
		case opAddINext:
			*snum(np, in.a) = *snum(np, in.b) + int64(in.c)
			in = in.behind(1)
			m := *ptr(pp, in.b)
			if m == nil {
				goto slow
			}
			n := *(*int64)(unsafe.Add(m, int(in.c)))
			*snum(np, in.a) = n
			in = in.behind(1)
			i := *snum(np, in.a) + int64(in.c)
			*snum(np, in.a) = i
			ip = unsafe.Add(unsafe.Pointer(in), instrSize)
			if i < n {
				if isSet(f.stop) {
					goto slow
				}
				ip = unsafe.Add(ip, int(in.d))
				if left--; left < 0 {
					return vm.state(f, ip, np, pp, sp), true
				}
			}
		default:
			goto slow
		}
	}

slow:
	if in.op == opExit { // what is most frequent here
		vm.f, vm.at, vm.sp = f, in, sp
		f.exits[in.a](vm, np, pp)
		goto next
	}
	switch in.op {
	case opCallGo:
		vm.f, vm.at, vm.sp = f, in, sp
		g := f.goes[in.b]
		if n, p := unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize); g.byWords != nil {
			g.byWords.call(g.code, n, p, g.byWords)
		} else {
			g.call(g.code, n, p)
		}
		if g.single == 'n' {
			*num(np, in.a) = *num(np, f.nsize)
		} else if g.single == 'p' {
			*ptr(pp, in.a) = *ptr(pp, f.psize)
		}
	case opCallClo, opInvoke:
		d := f.dyn[in.c]
		vm.f, vm.at, vm.sp = f, in, sp
		callee := vm.target(d, in, np, pp)
		if callee == nil { // compiled code, which has been called
			if d.single == 'n' {
				*num(np, in.a) = *num(np, f.nsize)
			} else if d.single == 'p' {
				*ptr(pp, in.a) = *ptr(pp, f.psize)
			}
			goto next
		}
		if vm.lacks(sp, np, pp, f, callee) {
			np, pp = vm.grow(f, in, sp, np, pp, callee)
		}
		if callee.nfree > 0 {
			vm.closure.free(unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize))
		}
		if isSet(callee.enter) {
			vm.halt(f, in, sp)
		}
		*vm.frame(sp) = ret{f: f, ip: ip, dest: int(in.a)}
		sp++
		np, pp = unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize)
		f = callee
		ip = unsafe.Pointer(unsafe.SliceData(f.code))
		if left--; left < 0 {
			return vm.state(f, ip, np, pp, sp), true
		}
	case opCall:
		callee := f.calls[in.b]
		if vm.lacks(sp, np, pp, f, callee) {
			np, pp = vm.grow(f, in, sp, np, pp, callee)
		}
		if isSet(callee.enter) {
			vm.halt(f, in, sp)
		}
		*vm.frame(sp) = ret{f: f, ip: ip, dest: int(in.a)}
		sp++
		np, pp = unsafe.Add(np, f.nsize), unsafe.Add(pp, f.psize)
		f = callee
		ip = unsafe.Pointer(unsafe.SliceData(f.code))
		if left--; left < 0 {
			return vm.state(f, ip, np, pp, sp), true
		}
	case opJmpBack, opNextLt, opNextLtI, opNextGtI:
		vm.halt(f, in, sp)
		ip = unsafe.Add(unsafe.Pointer(in), instrSize+int(in.d))
		if left--; left < 0 {
			return vm.state(f, ip, np, pp, sp), true
		}
	case opStrEq:
		n := int(*num(np, in.d))
		*num(np, in.a) = truth(unsafe.String((*byte)(*ptr(pp, in.b)), n) == unsafe.String((*byte)(*ptr(pp, in.c)), n))
	case opStrLt, opStrLe:
		vm.slow(f, in, np, pp)
	case opMath1:
		*flt(np, in.a) = math1[in.c].f(*flt(np, in.b))
	case opNew:
		t := f.types[in.b]
		*ptr(pp, in.a) = mallocgc(t.Size(), typeWord(t), true)
	default:
		vm.wrong(f, in, sp, np, pp)
	}
	goto next
}
