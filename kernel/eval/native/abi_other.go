//go:build !(amd64 || arm64) || race

package native

import "unsafe"

const abiKnown = false

func abiCall(code unsafe.Pointer, r *regs) {}
