//go:build cgo

package bind

import "runtime/cgo"

// ixgo has no table of this package. Where cgo is enabled package net is built with it anyway.
func init() {
	Register(&Table{
		Path: "runtime/cgo", Name: "cgo",
		Types: []any{(*cgo.Handle)(nil), (*cgo.Incomplete)(nil)},
		Funcs: []Symbol{{"NewHandle", cgo.NewHandle}},
	})
}
