package native

import (
	"go/ast"
	"go/token"
	"reflect"

	"golang.org/x/tools/go/ssa"
)

// unsafe.Sizeof, Alignof and Offsetof of what depends on a type parameter are no constants, so that
// go/ssa leaves calls of them. In an instance all types are known, and the calls are numbers after
// all. Go does not compute their arguments, but go/ssa has code for that, which is left out.

// asksType reports whether a call is one of those.
func asksType(in ssa.Instruction) (call *ssa.Call, ok bool) {
	if call, ok = in.(*ssa.Call); !ok {
		return nil, false
	}
	b, ok := call.Call.Value.(*ssa.Builtin)
	return call, ok && (b.Name() == "Sizeof" || b.Name() == "Alignof" || b.Name() == "Offsetof")
}

// findAsked finds what is computed only to be asked for its type.
func (c *analysis) findAsked() {
	for _, b := range c.f.Blocks {
		for _, in := range b.Instrs {
			if call, ok := asksType(in); ok {
				if syntax := c.callAt(call.Pos()); syntax != nil {
					c.leaveOut(call.Call.Args[0], syntax)
				}
			}
		}
	}
}

// callAt is the call in the function's syntax that has its parenthesis at a position, or nil.
func (c *analysis) callAt(lparen token.Pos) (found *ast.CallExpr) {
	if c.f.Syntax() == nil || !lparen.IsValid() {
		return nil
	}
	ast.Inspect(c.f.Syntax(), func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && call.Lparen == lparen && len(call.Args) == 1 {
			found = call
		}
		return found == nil
	})
	return found
}

// leaveOut leaves out what a value is computed by within the argument of a call. It reports whether
// the value is left out.
func (c *analysis) leaveOut(v ssa.Value, call *ast.CallExpr) bool {
	in, ok := v.(ssa.Instruction)
	if !ok || len(*refs(v)) != 1 {
		return false
	}
	if !v.Pos().IsValid() { // a load stands where its address does
		if u, ok := v.(*ssa.UnOp); ok && u.Op == token.MUL && c.leaveOut(u.X, call) {
			c.fused[in] = true
		}
		return c.fused[in]
	}
	if v.Pos() < call.Lparen || v.Pos() > call.Rparen {
		return false // it is a variable's value, which was computed before
	}
	c.fused[in] = true
	for _, x := range in.Operands(nil) {
		if *x != nil {
			c.leaveOut(*x, call)
		}
	}
	return true
}

// askType makes the code of one of the calls.
func askType(c *compiler, in *ssa.Call, name string) {
	x := in.Call.Args[0]
	var n uintptr
	switch t := c.typ(x.Type()); name {
	case "Sizeof":
		n = t.Size()
	case "Alignof":
		n = uintptr(t.Align())
	default:
		n = offsetAsked(c, in)
	}
	*c.emit(opNop, 0, 0, 0) = constNInstr(c.operand(in).atN, uint64(n))
}

// offsetAsked is that of the field that unsafe.Offsetof asks for. A field of an embedded struct is
// counted from the outer one if the selector does not name the embedded one: then the selection of
// that stands, for go/ssa, where the whole selector begins.
func offsetAsked(c *compiler, in *ssa.Call) (n uintptr) {
	call := c.callAt(in.Pos())
	if call == nil {
		refuse("unsafe.Offsetof without its syntax")
	}
	begin := ast.Unparen(call.Args[0]).Pos()
	v := in.Call.Args[0]
	if u, ok := v.(*ssa.UnOp); ok {
		v = u.X
	}
	for outermost := true; outermost || v.Pos() == begin; outermost = false {
		var t reflect.Type
		var field int
		switch f := v.(type) {
		case *ssa.FieldAddr:
			v, t, field = f.X, c.typ(elem(f.X.Type())), f.Field
		case *ssa.Field:
			v, t, field = f.X, c.typ(f.X.Type()), f.Field
		default:
			if outermost {
				refuse("unsafe.Offsetof of %T", v)
			}
			return n
		}
		n += t.Field(field).Offset
	}
	return n
}
