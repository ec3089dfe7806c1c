package inner

import (
	"go/token"
	"go/types"
	"reflect"
	"unsafe"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// DeferStack is what ixgo has for the type of that name in SSA programs, which it looks for under
// the name that older versions of go/ssa gave it.
var DeferStack = func() reflect.Type {
	f, _ := reflect.TypeFor[ixgo.Frame]().FieldByName("_defer")
	return reflect.PointerTo(f.Type)
}()

// set writes an unexported field of an instruction.
func set(instr any, field string, value any) {
	f := reflect.ValueOf(instr).Elem().FieldByName(field)
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
}

// NewLoad is the instruction *address, for the block b.
func NewLoad(b *ssa.BasicBlock, address ssa.Value, pos token.Pos) *ssa.UnOp {
	load := &ssa.UnOp{Op: token.MUL, X: address}
	set(load, "block", b)
	set(load, "typ", address.Type().Underlying().(*types.Pointer).Elem())
	set(load, "pos", pos)
	return load
}

// NewCopy is an instruction that has the value of x whichever way the block b is entered.
func NewCopy(b *ssa.BasicBlock, x ssa.Value) *ssa.ChangeType {
	c := &ssa.ChangeType{X: x}
	set(c, "block", b)
	set(c, "typ", x.Type())
	set(c, "pos", token.NoPos)
	return c
}

// NewCall is a call of fn with the given type of results, for the block b.
func NewCall(b *ssa.BasicBlock, fn ssa.Value, results types.Type, pos token.Pos, args ...ssa.Value) *ssa.Call {
	call := &ssa.Call{Call: ssa.CallCommon{Value: fn, Args: args}}
	set(call, "block", b)
	set(call, "typ", results)
	set(call, "pos", pos)
	return call
}

// NewBinOp is the comparison or other operation x op y with a result of type t, for the block b.
func NewBinOp(b *ssa.BasicBlock, op token.Token, x, y ssa.Value, t types.Type) *ssa.BinOp {
	in := &ssa.BinOp{Op: op, X: x, Y: y}
	set(in, "block", b)
	set(in, "typ", t)
	return in
}

// NewBuiltin is a builtin function, such as len.
func NewBuiltin(name string, sig *types.Signature) *ssa.Builtin {
	f := new(ssa.Builtin)
	set(f, "name", name)
	set(f, "sig", sig)
	return f
}

// Replace makes what uses a value use another one, which takes its place.
func Replace(old, new ssa.Value) {
	if old.Referrers() == nil {
		return
	}
	var buf [16]*ssa.Value
	for _, in := range *old.Referrers() {
		for _, op := range in.Operands(buf[:0]) {
			if *op == old {
				*op = new
			}
		}
	}
	*new.Referrers() = *old.Referrers()
}
