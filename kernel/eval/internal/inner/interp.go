package inner

import (
	"fmt"
	"go/token"
	"go/types"
	"iter"
	"reflect"
	_ "unsafe" // for linkname

	"github.com/goplus/ixgo"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"
)

// compile is what ixgo makes of the functions of packages; what goes wrong is an error.
//
//go:linkname compile github.com/goplus/ixgo.checkPackages
func compile(interp *ixgo.Interp, pkgs []*ssa.Package) error

// NewInterp makes an interpreter for a program, which takes the given run-time types for what they
// are given for.
//
// ixgo asks its loader about types that have a name, and makes others anew for every program.
// Package reflect finds most of these again by what they are made of, but it cannot make
// interfaces, so that interfaces without a name would be other types in every program. ixgo looks
// into a table before it makes a type; but it makes that table and the program in one step. So it
// is given a program of nothing here, and then the types, and then the program.
func NewInterp(ctx *ixgo.Context, main *ssa.Package, known iter.Seq2[types.Type, reflect.Type]) (_ *ixgo.Interp, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("make interpreter: %v", r)
		}
	}()
	nothing := ssa.NewProgram(token.NewFileSet(), 0).CreatePackage(types.NewPackage("main", "main"), nil, &types.Info{}, false)
	interp, err := ctx.NewInterp(nothing)
	if err != nil {
		return nil, err
	}
	fields := reflect.ValueOf(interp).Elem()
	read(fields.FieldByName("mainpkg")).Set(reflect.ValueOf(main))
	record := read(fields.FieldByName("record")).Interface().(*ixgo.TypesRecord)
	for t, rt := range known {
		Know(record, t, rt)
	}
	record.Load(main)
	globals := read(fields.FieldByName("globals"))
	var pkgs []*ssa.Package
	for _, p := range main.Prog.AllPackages() {
		if p.Func("init").Blocks == nil { // compiled in
			continue
		}
		pkgs = append(pkgs, p)
		for _, m := range p.Members {
			if g, ok := m.(*ssa.Global); ok {
				rt, _ := record.ToType(g.Type().(*types.Pointer).Elem())
				globals.SetMapIndex(reflect.ValueOf(g.String()), reflect.New(rt))
			}
		}
	}
	return interp, compile(interp, pkgs)
}

// Know gives a record the run-time type of a type.
func Know(r *ixgo.TypesRecord, t types.Type, rt reflect.Type) {
	table := read(reflect.ValueOf(r).Elem().FieldByName("tcache")).Interface().(*typeutil.Map)
	table.Set(t, rt)
}
