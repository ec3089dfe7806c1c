// Package tracing runs a tracer and shows in the notebook what its script prints while it prints
// it: what cells that begin with %%dtrace or %%bpftrace do, and what a Go cell can do by itself:
//
//	capture, err := tracing.Show(display.Context(), script, tracing.Options{For: time.Minute})
//
// What is shown follows from what is printed: a table of who does most and a timeline for counts, a
// heat map for distributions over time, a flame graph for stacks, rows for events.
package tracing

import (
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say how a script is run. The zero value runs whichever of dtrace and bpftrace speaks the
// script's language until the context ends.
type Options struct {
	Tracer string        // "dtrace" or "bpftrace", or the path of one
	For    time.Duration // how long it runs; 0 is until it ends by itself or is interrupted
	// PID is a process that the script knows as $target, or takes probes of; 0 is none.
	PID int
	// Target is a command that the tracer starts and that the script knows as $target or cpid.
	Target string
	// Output is a file that the trace is recorded in, compressed if it ends in .zst; "" is none.
	Output string
	With   string   // "sudo", "doas" or "pfexec", for the privileges
	Flags  []string // the tracer's own
}

// flagValues are the tracers' own flags that take a value.
var flagValues = map[string][]string{
	"dtrace":   {"-x", "-b", "-B", "-D", "-I", "-L", "-X", "-U"},
	"bpftrace": {"-f", "-B", "-I", "--include", "--usdt-file-activation"},
}

// refused are flags that name another script, or that say what the cell already says.
var refused = map[string]string{
	"-n": "the body of the cell is the script", "-s": "the body of the cell is the script", "-e": "the body of the cell is the script",
	"-P": "the body of the cell is the script", "-m": "the body of the cell is the script", "-i": "the body of the cell is the script",
	"-l": "$ dtrace -l or $ bpftrace -l lists probes, and so does Tab", "-lv": "$ dtrace -lv or $ bpftrace -lv lists probes with their arguments",
	"-h": "%help tells of the cell's options",
}

// ParseLine reads what stands after %%dtrace or %%bpftrace: the options and, from --as, the
// variable that will hold the capture.
func ParseLine(tracer, line string) (o Options, variable string, err error) {
	o, variable = Options{Tracer: tracer}, "capture"
	words, err := Split(line)
	if err != nil {
		return o, "", err
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		name, value, given := strings.Cut(word, "=")
		if !strings.HasPrefix(word, "--") {
			// Only options that begin with two dashes may have their value behind an equals sign:
			// "-x a=b" is a flag of dtrace and its value.
			name, given = word, false
		}
		take := func() (string, error) {
			if given {
				return value, nil
			}
			if i++; i >= len(words) {
				return "", fmt.Errorf("%s wants a value", name)
			}
			return words[i], nil
		}
		switch name {
		case "--for", "-p", "-c", "--as", "-o", "--with":
			if value, err = take(); err == nil {
				err = o.set(name, value, &variable)
			}
		default:
			if why, ok := refused[word]; ok {
				return o, "", fmt.Errorf("no %s here: %s", word, why)
			}
			if !strings.HasPrefix(word, "-") {
				return o, "", fmt.Errorf("%q is no option: the script goes below this line", word)
			}
			o.Flags = append(o.Flags, word)
			if slices.Contains(flagValues[tracer], word) {
				if value, err = take(); err == nil {
					o.Flags = append(o.Flags, value)
				}
			}
		}
		if err != nil {
			return o, "", err
		}
	}
	if o.PID != 0 && o.Target != "" {
		return o, "", errors.New("-p and -c name two processes for the script's one")
	}
	return o, variable, nil
}

func (o *Options) set(name, value string, variable *string) (err error) {
	switch name {
	case "--for":
		if o.For, err = time.ParseDuration(value); err != nil || o.For <= 0 {
			return fmt.Errorf("--for %s: want a time such as 30s or 5m", value)
		}
	case "-p":
		if o.PID, err = strconv.Atoi(value); err != nil || o.PID <= 0 {
			return fmt.Errorf("-p %s: want the number of a process", value)
		}
	case "-c":
		o.Target = value
	case "--as":
		if !token.IsIdentifier(value) || value == "_" {
			return fmt.Errorf("--as %s: want a name for a variable", value)
		}
		*variable = value
	case "-o":
		o.Output = value
	case "--with":
		if !slices.Contains([]string{"sudo", "doas", "pfexec"}, value) {
			return fmt.Errorf("--with %s: want sudo, doas or pfexec", value)
		}
		o.With = value
	}
	return nil
}

// Split splits a line as a shell does, with quotes and backslashes and nothing else.
func Split(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	inside := false
	var quote rune
	escaped := false
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, inside = true, true
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteRune(c)
			}
		case c == '\'' || c == '"':
			quote, inside = c, true
		case c == ' ' || c == '\t':
			if inside {
				out = append(out, word.String())
				word.Reset()
				inside = false
			}
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quotation that begins with %c has no end", quote)
	}
	if escaped {
		return nil, errors.New("a backslash at the end stands for nothing")
	}
	if inside {
		out = append(out, word.String())
	}
	return out, nil
}
