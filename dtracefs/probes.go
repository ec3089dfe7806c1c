package dtracefs

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A Probe is one that a tracer lists.
type Probe struct {
	Name string     // as a script writes it, such as tracepoint:syscalls:sys_enter_read
	Args []ProbeArg // where they were asked for and the tracer tells them
}

// A ProbeArg is an argument of a probe.
type ProbeArg struct {
	Name string // args[0], or args->fd
	Type string
}

// ProbeOptions say which probes are listed.
type ProbeOptions struct {
	Tracer string // name or path; by default the one that is found, as for [Live]
	With   string // as for Live
	Match  string // a pattern of the tracer's; all by default
	Args   bool   // with their arguments, which takes longer
}

// listings keeps what tracers listed: all probes of a system do not change often, but a module
// that is loaded brings new ones. Listing takes seconds, and completion in a cell asks again with
// every word that is typed.
var listings struct {
	mu   sync.Mutex
	kept map[ProbeOptions]*probeListing
}

// A probeListing is made by the first that asks for it; others who ask meanwhile wait for that
// one.
type probeListing struct {
	once   sync.Once
	probes []Probe
	err    error
	made   time.Time
}

const (
	// A module is loaded rarely, and five minutes are not long to wait for its probes.
	listingAge = 5 * time.Minute
	// Beyond that all are forgotten: patterns that are typed have no end.
	mostListings = 64
)

// Probes lists the probes of the system, from a listing of the last minutes if there is one. The
// probes are shared: do not change them. An error is not kept.
func Probes(ctx context.Context, o ProbeOptions) ([]Probe, error) {
	path, err := findTracer(o.Tracer, "")
	if err != nil {
		return nil, fmt.Errorf("listing probes: %w", err)
	}
	o.Tracer = path
	listings.mu.Lock()
	l := listings.kept[o]
	if l == nil || time.Since(l.made) > listingAge {
		if listings.kept == nil || len(listings.kept) >= mostListings {
			listings.kept = map[ProbeOptions]*probeListing{}
		}
		l = &probeListing{made: time.Now()}
		listings.kept[o] = l
	}
	listings.mu.Unlock()
	l.once.Do(func() { l.probes, l.err = listProbes(ctx, o) })
	if l.err != nil {
		listings.mu.Lock()
		// Another one may have taken its place meanwhile, or all have been forgotten.
		if listings.kept[o] == l {
			delete(listings.kept, o) // the next one may have the right
		}
		listings.mu.Unlock()
		return nil, fmt.Errorf("listing probes: %w", l.err)
	}
	return l.probes, nil
}

// listProbes asks the tracer. One that fails after it has listed something, as where a pattern
// also names probes that are not there, has answered.
func listProbes(ctx context.Context, o ProbeOptions) ([]Probe, error) {
	var line []string
	if o.With != "" {
		var err error
		if line, err = elevated(o.With); err != nil {
			return nil, err
		}
	}
	line = append(line, o.Tracer)
	tracer := TracerName(o.Tracer)
	flag := "-l"
	if o.Args {
		flag = "-lv"
	}
	line = append(line, flag)
	if o.Match != "" && tracer == "dtrace" {
		line = append(line, "-n", o.Match)
	} else if o.Match != "" {
		line = append(line, o.Match)
	}
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	// What the tracer started may outlive it and keep its output open.
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		e := readTracerError(tracer, "", stderr.String())
		if len(e.Faults) > 0 {
			e.Err = err
			return nil, e
		}
		return nil, fmt.Errorf("%s: %w", filepath.Base(o.Tracer), err)
	}
	if tracer == "dtrace" {
		return dtraceListing(string(out)), nil
	}
	return bpftraceListing(string(out)), nil
}

// dtraceListing reads what dtrace -l prints: ID, provider, module, function and name in columns, of
// which module and function may be empty.
//
//	  ID   PROVIDER            MODULE                          FUNCTION NAME
//	   1     dtrace                                                     BEGIN
//	3624    syscall                                               write entry
func dtraceListing(text string) []Probe {
	var out []Probe
	var ends [4]int // where the columns after ID end in the header
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if fields := strings.Fields(line); len(fields) == 5 && fields[0] == "ID" && fields[1] == "PROVIDER" {
			for i, name := range []string{"PROVIDER", "MODULE", "FUNCTION", "NAME"} {
				ends[i] = strings.LastIndex(line, name) + len(name)
			}
			continue
		}
		if arg, ok := strings.CutPrefix(strings.TrimSpace(line), "args["); ok && len(out) > 0 && strings.HasPrefix(line, "\t") {
			if n, typ, ok := strings.Cut(arg, "]: "); ok {
				p := &out[len(out)-1]
				p.Args = append(p.Args, ProbeArg{"args[" + n + "]", typ})
			}
			continue
		}
		if p, ok := dtraceListed(line, ends); ok {
			out = append(out, Probe{Name: p})
		}
	}
	return out
}

// dtraceListed reads a row of dtrace's listing; ends are where the columns end, 0 where no header
// came.
func dtraceListed(line string, ends [4]int) (string, bool) {
	f := strings.Fields(line)
	if len(f) < 3 || strings.HasPrefix(line, "\t") || strings.Trim(f[0], "0123456789") != "" || ends[0] == 0 {
		return "", false
	}
	parts := [4]string{f[1], "", "", f[len(f)-1]}
	switch rest := f[2 : len(f)-1]; len(rest) {
	case 2:
		parts[1], parts[2] = rest[0], rest[1]
	case 1:
		// A module ends where its title does, or before; a function after that.
		at := strings.Index(line, " "+rest[0]+" ") + 1 + len(rest[0])
		if at <= ends[1] {
			parts[1] = rest[0]
		} else {
			parts[2] = rest[0]
		}
	case 0:
	default: // a function with blanks in its name, as C++ has them
		parts[1], parts[2] = rest[0], strings.Join(rest[1:], " ")
	}
	return strings.Join(parts[:], ":"), true
}

// bpftraceListing reads what bpftrace -l prints: a probe a line, and with -v its fields below it,
// indented.
//
//	tracepoint:syscalls:sys_enter_write
//	    int __syscall_nr
//	    const char * buf
func bpftraceListing(text string) []Probe {
	var out []Probe
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) == "":
		case line[0] != ' ' && line[0] != '\t':
			if strings.Contains(line, ":") && !strings.Contains(line, " ") || line == "BEGIN" || line == "END" {
				out = append(out, Probe{Name: line})
			}
		case len(out) > 0:
			field := strings.TrimSpace(strings.TrimSuffix(line, ";"))
			if i := strings.LastIndexAny(field, " *"); i > 0 {
				name, _, _ := strings.Cut(field[i+1:], "[")
				p := &out[len(out)-1]
				p.Args = append(p.Args, ProbeArg{"args->" + name, strings.TrimSpace(field[:i+1])})
			}
		}
	}
	return out
}
