package inner

import (
	"go/constant"
	"go/token"
	"go/types"

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
)

// The states of a loop over a function that go/ssa keeps in a variable beside the loop, and one
// that it does not know: the function has returned although the body had panicked. A state above
// zero says that the body has returned false.
const (
	rangeBusy      = -1 // the body is running, or has panicked
	rangeExhausted = -2
	rangeMissing   = -3
)

// RangeErrors makes the code of f panic as Go does where a function that a loop ranges over
// misbehaves. newError is RangeError as a function of the program.
//
// In go/ssa's own code these panics are strings without the reasons that Go gives, and a loop that
// was left by break is never taken to be over.
func RangeErrors(f, newError *ssa.Function) {
	for _, b := range f.Blocks {
		invalid := b.Comment == "yield-invalid"
		if !invalid && b.Comment != "rangefunc.resume.busy" || len(b.Preds) != 1 || len(b.Instrs) != 2 {
			continue
		}
		thrown, ok := b.Instrs[1].(*ssa.Panic)
		state := rangeState(b.Preds[0])
		if !ok || state == nil {
			continue
		}
		if _, done := thrown.X.(*ssa.Call); done {
			continue
		}
		var was ssa.Value = state
		var first []ssa.Instruction
		if invalid {
			// What a call in a wrong state throws is a panic of the body, too.
			first = append(first, newStore(b, state.X, rangeBusy))
		} else {
			was = intConst(rangeMissing)
			after := b.Preds[0].Succs[1]
			after.Instrs = append([]ssa.Instruction{newStore(after, state.X, rangeExhausted)}, after.Instrs...)
		}
		call := NewCall(b, newError, types.Universe.Lookup("any").Type(), f.Pos(), was)
		if invalid {
			refer(state, call)
		}
		refer(call, thrown)
		thrown.X = call
		set(thrown, "pos", f.Pos())
		b.Instrs = append(first, call, thrown)
	}
}

// rangeState is the load of a loop's state that the end of a block branches by.
func rangeState(b *ssa.BasicBlock) *ssa.UnOp {
	if branch, ok := b.Instrs[len(b.Instrs)-1].(*ssa.If); ok {
		if is, ok := branch.Cond.(*ssa.BinOp); ok {
			if load, ok := is.X.(*ssa.UnOp); ok && load.Op == token.MUL {
				return load
			}
		}
	}
	return nil
}

func intConst(x int64) *ssa.Const { return ssa.NewConst(constant.MakeInt64(x), types.Typ[types.Int]) }

func newStore(b *ssa.BasicBlock, address ssa.Value, x int64) *ssa.Store {
	s := &ssa.Store{Addr: address, Val: intConst(x)}
	set(s, "block", b)
	refer(address, s)
	return s
}

// refer notes that an instruction uses a value.
func refer(v ssa.Value, in ssa.Instruction) { *v.Referrers() = append(*v.Referrers(), in) }

// RangeError is what Go's runtime throws where the body of a loop over a function is called, or
// the function returns, in a state in which it must not.
func RangeError(state int) any {
	text := "continued iteration after function for loop body returned false"
	switch state {
	case rangeBusy:
		text = "continued iteration after loop body panic"
	case rangeExhausted:
		text = "continued iteration after whole loop exit"
	case rangeMissing:
		text = "recovered a loop body panic and did not resume panicking"
	}
	return Known(ixgo.RuntimeError("range function " + text))
}
