package eval

import (
	"context"
	"fmt"
	"log"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goplus/ixgo"

	"dtnotes/kernel/eval/internal/inner"
	"dtnotes/kernel/eval/native"
)

// The packages that rewritten cells call into the session with.
const (
	rtPath        = "dtnotes/kernel/eval/rt"
	rtGenericPath = "dtnotes/kernel/eval/rtg"
)

var stopPlaceholder bool // what reads it is made to read the flag of the program: see lowering

// The functions have results only where they stand in the place of a value: an initializer of a
// package needs one. The generic ones are source, because package reflect knows no generic
// function; they give the argument's own type back, so that the call around it still checks.
func init() {
	ixgo.RegisterPackage(&ixgo.Package{
		Name: "rt", Path: rtPath,
		Deps: map[string]string{}, Interfaces: map[string]reflect.Type{}, NamedTypes: map[string]reflect.Type{},
		AliasTypes: map[string]reflect.Type{"Int": reflect.TypeFor[int]()}, TypedConsts: map[string]ixgo.TypedConst{}, UntypedConsts: map[string]ixgo.UntypedConst{},
		Vars: map[string]reflect.Value{"Stop": reflect.ValueOf(&stopPlaceholder)},
		Funcs: map[string]reflect.Value{
			"Halt":     reflect.ValueOf(halt),
			"Traced":   reflect.ValueOf(traced),
			"Show":     reflect.ValueOf(show),
			"Lost":     reflect.ValueOf(lost),
			"ShowCall": reflect.ValueOf(showCall),
			"Use":      reflect.ValueOf(func(...any) int { return 0 }),
			"Mark":     reflect.ValueOf(mark),
			"Keep":     reflect.ValueOf(func(any) {}),
			"GoPanic":  reflect.ValueOf(func(v any, stack []byte) { goPanic(inGoroutine, v, stack) }),
			"Caught":   reflect.ValueOf(func() any { return nil }), // becomes recover: see lowering
			"Leave":    reflect.ValueOf(leave),
			"Return":   reflect.ValueOf(func() { panic(endValue{}) }),
			"Guard":    reflect.ValueOf(guard),
			"Defer":    reflect.ValueOf(deferred),
			"Recover":  reflect.ValueOf(recovered),
			"Range":    reflect.ValueOf(inner.RangeError),
		},
	})
	ixgo.RegisterPackage(&ixgo.Package{
		Name: "rtg", Path: rtGenericPath, Deps: map[string]string{rtPath: "rt", "runtime/debug": "debug"},
		Source: "package rtg\nimport (\n\"runtime/debug\"\n\"" + rtPath + "\"\n)\n" +
			"func GoPanic(v any) { if v != nil { rt.GoPanic(v, debug.Stack()) } }\n" +
			"func Guard[F any](f F) F { return rt.Guard(f).(F) }\n" +
			"func Defer[F any](f F) F { return rt.Defer(f).(F) }\n",
	})
}

// currentRun is the run of the calling goroutine, or the latest one: a goroutine that compiled
// code started has no label of ours, as one of package net/http.
func currentRun() *run {
	if r := runOfGoroutine(); r != nil {
		return r
	}
	console.mu.Lock()
	defer console.mu.Unlock()
	return console.latest
}

// show keeps the values of the last expression until the cell has ended.
func show(v ...any) int {
	if r := currentRun(); r != nil {
		r.shown = v
	}
	return 0
}

// mark notes how far a cell has come, see checker.code.
func mark(n int) int {
	if r := currentRun(); r != nil {
		r.progress.Store(int64(n))
	}
	return 0
}

// guard wraps the function of a go statement so that a panic ends up in the cell's output.
//
// It runs in the goroutine that starts the other one, which is why it can note whose it is. The
// results are zero where the function panicked, as it has to return some.
func guard(f any) any {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func || v.IsNil() {
		return f
	}
	t := v.Type()
	owner := runOfGoroutine()
	return reflect.MakeFunc(t, func(args []reflect.Value) (results []reflect.Value) {
		if owner != nil && runOfGoroutine() == nil { // a timer's goroutine is nobody's
			owner.enter()
			owner.runner.watchStacks()
		}
		defer func() {
			if x := recover(); x != nil {
				goPanic(inGoroutine, x, nil)
				for out := range t.Outs() {
					results = append(results, reflect.Zero(out))
				}
			}
		}()
		return callAny(v, args)
	}).Interface()
}

// callAny calls a function with arguments as reflect.MakeFunc gives them, the last of which is a
// slice for a variadic one.
func callAny(f reflect.Value, args []reflect.Value) []reflect.Value {
	if f.Type().IsVariadic() {
		return f.CallSlice(args)
	}
	return f.Call(args)
}

const inGoroutine = "panic in a goroutine: "

// goPanic reports a panic that ended a goroutine, or something else of which what says what it
// was. The stack is that of the interpreter, if it is known. A goroutine that was told to stop
// says nothing.
func goPanic(what string, v any, stack []byte) {
	if _, ok := v.(haltValue); ok {
		return
	}
	if e, ok := v.(exitValue); ok {
		what = "goroutine ended: os.Exit(" + strconv.Itoa(e.code) + ") "
		v = nil
	}
	if r := currentRun(); r != nil {
		msg, frames := panicText(v)
		if frames == nil {
			frames = parseStack(string(stack))
		}
		printTo(1, []byte(what+msg+"\n"+r.runner.texts.frameLines(frames)))
	}
}

// deferred wraps the function of a top-level defer statement: calling it keeps the call for later.
//
// Go evaluates function and arguments when the statement runs, and so does a call; only the
// effect waits.
func deferred(f any) any {
	v := reflect.ValueOf(f)
	t := v.Type()
	return reflect.MakeFunc(t, func(args []reflect.Value) (results []reflect.Value) {
		if r := currentRun(); r != nil {
			r.defers = append(r.defers, func() { callAny(v, args) })
		}
		for out := range t.Outs() {
			results = append(results, reflect.Zero(out))
		}
		return results
	}).Interface()
}

// builtinText formats like the builtin print.
//
// An interface is printed as its two words, which here are only known of one that holds nothing.
func builtinText(v []any, sep string) string {
	var b strings.Builder
	for i, x := range v {
		if i > 0 {
			b.WriteString(sep)
		}
		switch r := reflect.ValueOf(x); {
		case !r.IsValid():
			b.WriteString("(0x0,0x0)")
		case r.CanFloat():
			b.WriteString(builtinFloat(r, r.Float()))
		case r.CanComplex():
			c := r.Complex()
			im := builtinFloat(r, imag(c))
			if im[0] != '-' && im[0] != '+' {
				im = "+" + im
			}
			b.WriteString("(" + builtinFloat(r, real(c)) + im + "i)")
		case r.CanInt():
			b.WriteString(strconv.FormatInt(r.Int(), 10))
		case r.CanUint():
			b.WriteString(strconv.FormatUint(r.Uint(), 10))
		case r.Kind() == reflect.String:
			b.WriteString(r.String())
		case r.Kind() == reflect.Bool:
			b.WriteString(strconv.FormatBool(r.Bool()))
		case r.Kind() == reflect.Slice:
			fmt.Fprintf(&b, "[%d/%d]%#x", r.Len(), r.Cap(), r.Pointer())
		case r.Kind() == reflect.Pointer, r.Kind() == reflect.Map, r.Kind() == reflect.Chan, r.Kind() == reflect.Func, r.Kind() == reflect.UnsafePointer:
			fmt.Fprintf(&b, "%#x", r.Pointer())
		default:
			fmt.Fprintf(&b, "(%T)", x)
		}
	}
	return b.String()
}

func builtinFloat(v reflect.Value, f float64) string {
	bits := v.Type().Bits()
	if v.CanComplex() {
		bits /= 2
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

// register gives a context the functions that interpreted code gets in the place of the real
// ones: of those that would end the process, start goroutines that nobody guards, or print.
func register(c externals) {
	c.RegisterExternal("os.Exit", exit)
	c.RegisterExternal("syscall.Exit", exit)
	fatal := func(l *log.Logger, text string) { l.Output(3, text); exit(1) }
	c.RegisterExternal("log.Fatal", func(v ...any) { fatal(log.Default(), fmt.Sprint(v...)) })
	c.RegisterExternal("log.Fatalf", func(f string, v ...any) { fatal(log.Default(), fmt.Sprintf(f, v...)) })
	c.RegisterExternal("log.Fatalln", func(v ...any) { fatal(log.Default(), fmt.Sprintln(v...)) })
	c.RegisterExternal("(*log.Logger).Fatal", func(l *log.Logger, v ...any) { fatal(l, fmt.Sprint(v...)) })
	c.RegisterExternal("(*log.Logger).Fatalf", func(l *log.Logger, f string, v ...any) { fatal(l, fmt.Sprintf(f, v...)) })
	c.RegisterExternal("(*log.Logger).Fatalln", func(l *log.Logger, v ...any) { fatal(l, fmt.Sprintln(v...)) })
	c.RegisterExternal("runtime.Goexit", runtime.Goexit)
	c.RegisterExternal("(reflect.Value).Set", func(v, x reflect.Value) {
		if !v.IsValid() {
			panic(zeroSet)
		}
		v.Set(x)
	})
	c.RegisterExternal("(reflect.Value).Type", func(v reflect.Value) reflect.Type {
		if !v.IsValid() {
			panic(zeroType)
		}
		return v.Type()
	})
	c.RegisterExternal("context.AfterFunc", func(ctx context.Context, f func()) func() bool {
		return context.AfterFunc(ctx, guard(f).(func()))
	})
	c.RegisterExternal("time.AfterFunc", func(d time.Duration, f func()) *time.Timer {
		return time.AfterFunc(d, guard(f).(func()))
	})
	c.RegisterExternal("(*sync.WaitGroup).Go", func(wg *sync.WaitGroup, f func()) { wg.Go(guard(f).(func())) })
	c.RegisterExternal("sort.Slice", native.SortSlice)
	registerPrinting(c)
	registerReading(c)
	registerFlags(c)
}
