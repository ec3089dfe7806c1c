package eval

import (
	"flag"
	"io"
	"os"
	"reflect"
)

// While a session is open, os.Args and package flag are those of a notebook: a program without
// arguments. A flag can be declared again, as all that cells declare.

// arguments are those of the process itself, to be given back.
type arguments struct {
	args  []string
	flags *flag.FlagSet
	usage func()
}

func takeArguments() arguments {
	own := arguments{os.Args, flag.CommandLine, flag.Usage}
	os.Args = []string{"notebook"}
	flag.CommandLine = newFlags()
	return own
}

func (a arguments) giveBack() { os.Args, flag.CommandLine, flag.Usage = a.args, a.flags, a.usage }

// newFlags are flags whose mistakes are panics, for there is no process to exit from.
func newFlags() *flag.FlagSet {
	f := flag.NewFlagSet("notebook", flag.PanicOnError)
	f.Usage = func() { flag.Usage() }
	// There are none. Who asks whether that is done, as package testing does, may go on.
	f.Parse(nil)
	return f
}

// forgetFlag makes room for a flag.
//
// Package flag panics when a name is declared twice, and has no way to take one back, so a new
// set gets all but that one.
func forgetFlag(name string) {
	old := flag.CommandLine
	if old.Lookup(name) == nil {
		return
	}
	flag.CommandLine = newFlags()
	old.VisitAll(func(f *flag.Flag) {
		if f.Name != name {
			flag.Var(f.Value, f.Name, f.Usage)
			flag.Lookup(f.Name).DefValue = f.DefValue
		}
	})
	if out := old.Output(); out != io.Writer(os.Stderr) {
		flag.CommandLine.SetOutput(out)
	}
}

// registerFlags has the functions that declare a flag forget one of that name.
func registerFlags(c externals) {
	for name, f := range map[string]any{
		"Bool": flag.Bool, "BoolFunc": flag.BoolFunc, "BoolVar": flag.BoolVar, "Duration": flag.Duration, "DurationVar": flag.DurationVar,
		"Float64": flag.Float64, "Float64Var": flag.Float64Var, "Func": flag.Func, "Int": flag.Int, "Int64": flag.Int64, "Int64Var": flag.Int64Var,
		"IntVar": flag.IntVar, "String": flag.String, "StringVar": flag.StringVar, "TextVar": flag.TextVar, "Uint": flag.Uint,
		"Uint64": flag.Uint64, "Uint64Var": flag.Uint64Var, "UintVar": flag.UintVar, "Var": flag.Var,
	} {
		v := reflect.ValueOf(f)
		c.RegisterExternal("flag."+name, reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
			for _, a := range args {
				if a.Kind() == reflect.String { // the first is the name
					forgetFlag(a.String())
					break
				}
			}
			return v.Call(args)
		}).Interface())
	}
}
