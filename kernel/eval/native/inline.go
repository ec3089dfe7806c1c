package native

import (
	"go/token"
	"slices"
)

// Calls of small functions take longer than what these do. Where a function is called that has no
// loop and itself calls nothing, its instructions are put in the place of the call, once all
// functions of a program have their instructions. Its frame becomes part of the caller's.

// An inlined is a function whose instructions are in the code of another.
type inlined struct {
	fn       *fn
	from, to int       // where they are
	call     token.Pos // of the call that they replaced
}

// maxInlined is how many instructions a function has at most that is put into others, and
// maxGrown how many a function has at most that others are put into.
const (
	maxInlined = 16
	maxGrown   = 4000
)

// small reports whether a function can be put into others.
func (f *fn) small() bool {
	if len(f.code) == 0 || len(f.code) > maxInlined || f.deferSlot >= 0 || f.recover != 0 || f.inlines != nil {
		return false
	}
	return !slices.ContainsFunc(f.code, func(in instr) bool {
		return in.op >= opCall && in.op < opRet || in.op > opRetP || in.op == opNew || in.op.goesBack() || in.op.jumps() && in.d < 0
	})
}

// inline puts small functions into one.
func (f *fn) inline() {
	var frameN, frameP int32 // for the frames of the small functions
	calls := map[int]*fn{}
	size := len(f.code)
	for i, in := range f.code {
		if in.op != opCall {
			continue
		}
		if g := f.calls[in.b]; g != f && g.small() && size+len(g.code) < maxGrown {
			calls[i] = g
			size += len(g.code)
			frameN, frameP = max(frameN, g.nneed), max(frameP, g.pneed)
		}
	}
	if len(calls) == 0 {
		return
	}
	atN, atP, unsigned := f.nsize, f.psize, f.unsigned
	f.moveOut(calls, frameN, frameP)
	code, pos := f.code, f.pos
	f.code, f.pos, f.unsigned = make([]instr, 0, size+len(calls)+1), nil, map[int]bool{}
	at := make([]int, len(code)+1) // where instructions are now
	for i, in := range code {
		at[i] = len(f.code)
		if g := calls[i]; g != nil {
			f.insert(g, in, pos[i], atN, atP)
			continue
		}
		if unsigned[i] {
			f.unsigned[len(f.code)] = true
		}
		f.code, f.pos = append(f.code, in), append(f.pos, pos[i])
	}
	at[len(code)] = len(f.code)
	for i, in := range code {
		if in.op.jumps() {
			to := i + 1 + int(in.d)/instrSize
			f.code[at[i]].d = int32((at[to] - at[i] - 1) * instrSize)
		}
	}
	if f.recover != 0 {
		f.recover = at[f.recover]
	}
	// The pointer behind the last stays within what is allocated.
	f.code = append(f.code, instr{})[:len(f.code)]
}

// moveOut makes room in the frame. What calls that remain get and give stands behind it then.
func (f *fn) moveOut(calls map[int]*fn, frameN, frameP int32) {
	f.code = slices.Clone(f.code)
	// An argument is for the next call, which may be one that an exit keeps for later, and a result
	// comes from the last.
	last := -1
	next := make([]int, len(f.code)+1)
	next[len(f.code)] = -1
	for i := len(f.code) - 1; i >= 0; i-- {
		next[i] = next[i+1]
		if o := f.code[i].op; o >= opCall && o <= opInvoke || o == opExit {
			next[i] = i
		}
	}
	for i := range f.code {
		in := &f.code[i]
		banks, roles := slotBanks(in.op), roles[in.op]
		isCall := in.op >= opCall && in.op <= opInvoke
		for k, s := range []*int32{&in.a, &in.b, &in.c, &in.d, &in.e} {
			bank := banks[k]
			if isCall && k == 0 {
				switch in.singleOf(f) {
				case 'n':
					bank = 'n'
				case 'p':
					bank = 'p'
				}
			}
			if bank == '-' || bank == 'n' && *s < f.nsize || bank == 'p' && *s < f.psize {
				continue
			}
			of := last
			if isCall && k == 0 || k < len(roles) && roles[k] >= 'A' && roles[k] <= 'Z' {
				of = next[i+1]
			}
			if of >= 0 && calls[of] != nil {
				continue
			}
			if bank == 'n' {
				*s += frameN
			} else {
				*s += frameP
			}
		}
		if isCall {
			last = i
		}
	}
	f.nsize, f.psize = f.nsize+frameN, f.psize+frameP
	f.nneed, f.pneed = f.nneed+frameN, f.pneed+frameP
}

// insert puts a function in the place of a call. Its frame begins at atN and atP.
func (f *fn) insert(g *fn, call instr, pos token.Pos, atN, atP int32) {
	from := len(f.code)
	at := make([]int, len(g.code)+1)
	n := from
	for i, in := range g.code {
		at[i] = n
		n++
		if ends := i == len(g.code)-1; in.op == opRet && ends {
			n--
		} else if !ends && (in.op == opRetN || in.op == opRetP) {
			n++
		}
	}
	at[len(g.code)] = n
	add := func(in instr, pos token.Pos) { f.code, f.pos = append(f.code, in), append(f.pos, pos) }
	leave := func(pos token.Pos) {
		if len(f.code) < n {
			add(instr{op: opJmp, d: int32((n - len(f.code) - 1) * instrSize)}, pos)
		}
	}
	for i, in := range g.code {
		banks := slotBanks(in.op)
		for k, s := range []*int32{&in.a, &in.b, &in.c, &in.d, &in.e} {
			switch banks[k] {
			case 'n':
				*s += atN
			case 'p':
				*s += atP
			}
		}
		switch {
		case in.op == opRet:
			leave(g.pos[i])
			continue
		case in.op == opRetN:
			add(instr{op: opMovN, a: call.a, b: in.a}, g.pos[i])
			leave(g.pos[i])
			continue
		case in.op == opRetP:
			add(instr{op: opMovP, a: call.a, b: in.a}, g.pos[i])
			leave(g.pos[i])
			continue
		case in.op.jumps():
			to := i + 1 + int(in.d)/instrSize
			in.d = int32((at[to] - at[i] - 1) * instrSize)
		case in.op == opConstP:
			f.ptrs = append(f.ptrs, g.ptrs[in.b])
			in.b = int32(len(f.ptrs) - 1)
		}
		if g.unsigned[i] {
			f.unsigned[len(f.code)] = true
		}
		add(in, g.pos[i])
	}
	f.inlines = append(f.inlines, inlined{g, from, len(f.code), pos})
}

// frames are the calls that an instruction is in, the innermost first.
func (f *fn) frames(in *instr) []Frame {
	i := f.index(in)
	for _, x := range f.inlines {
		if x.from <= i && i < x.to {
			return []Frame{{x.fn.name, f.pos[i]}, {f.name, x.call}}
		}
	}
	return []Frame{{f.name, f.pos[i]}}
}
