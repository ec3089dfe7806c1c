//go:build cgo

package bind

import "runtime/cgo"

// ixgo has no table of this package. Where cgo is enabled package net is built with it anyway.
func init() {
	register(&table{
		path: "runtime/cgo", name: "cgo",
		types: []any{(*cgo.Handle)(nil), (*cgo.Incomplete)(nil)},
		funcs: []symbol{{"NewHandle", cgo.NewHandle}},
	})
}
