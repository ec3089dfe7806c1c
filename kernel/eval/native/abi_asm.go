//go:build (amd64 || arm64) && !race

package native

import "unsafe"

const abiKnown = true

// abiCall calls the code behind a function value with what r says in registers.
//
//go:noescape
func abiCall(code unsafe.Pointer, r *regs)
