// Package native executes Go functions in the SSA form of golang.org/x/tools/go/ssa on values that
// are not boxed.
//
// A function is compiled to instructions over slots of eight bytes in two banks: numbers (integers
// extended to 64 bits, floats as bits, booleans) and pointers, which the garbage collector sees. A
// string is a pointer and a number, a slice a pointer and two numbers, an interface two pointers; a
// small struct is its fields one after another; arrays, and structs that are large or hold arrays,
// are a pointer to a copy that nobody changes. What is in memory has Go's own layout, so that
// variables, slices, maps, closures and interfaces are shared with compiled code as they are.
//
// What has no instruction is an exit: a Go function that does one operation on the slots. Function
// values are real ones of Go, which compiled code can call; calls into compiled packages go through
// the registers of Go's calling convention where that is known, and through package reflect
// elsewhere.
//
// Functions that are called often or loop get machine code where there is a generator for it
// ([World.Machine], [MachineCode]): the same instructions, slots and frames, so that what it cannot
// do goes on in the loop of instructions and comes back.
//
// Without machine code, some instructions that often follow each other are executed as one.
//
// Small functions without loops stand in the place of their calls. Compiled code that calls back a
// function which only calculates and reads memory, as sort.Slice does, does so without slots.
//
// Results do not depend on the machine: a product and a sum are never fused to one operation.
package native
