package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
)

// scriptOptions say what record and watch trace.
type scriptOptions struct {
	script []string // names of the library, or one file
	tracer string
	with   string
}

func (o *scriptOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&o.script, "script", nil, "what to trace: `NAME`s of the library ("+strings.Join(libraryNames(), ", ")+") or a file")
	f.StringVar(&o.tracer, "tracer", "", "dtrace or bpftrace; by default the one that is there")
}

func libraryNames() []string {
	var names []string
	for _, s := range dtracefs.Scripts() {
		names = append(names, s.Name)
	}
	return names
}

// program returns the script and the tracer that runs it.
func (o *scriptOptions) program() (src, tracer string, err error) {
	if o.with != "" && !slices.Contains([]string{"sudo", "doas", "pfexec"}, o.with) {
		return "", "", fmt.Errorf("--with %s: want sudo, doas or pfexec", o.with)
	}
	if len(o.script) == 1 && !slices.Contains(libraryNames(), o.script[0]) {
		text, err := os.ReadFile(o.script[0])
		if errors.Is(err, os.ErrNotExist) {
			return "", "", fmt.Errorf("--script %s: neither a file nor in the library, which has %s", o.script[0], strings.Join(libraryNames(), ", "))
		}
		if err != nil {
			return "", "", err
		}
		tracer = o.tracer
		switch ext := filepath.Ext(o.script[0]); {
		case tracer != "":
		case ext == ".bt":
			tracer = "bpftrace"
		case ext == ".d":
			tracer = "dtrace"
		default:
			tracer = dtracefs.TracerOf(string(text))
		}
		return string(text), tracer, nil
	}
	if tracer, err = o.there(); err != nil {
		return "", "", err
	}
	var scripts []dtracefs.Script
	for _, name := range o.script {
		s := dtracefs.ScriptNamed(name)
		if s.Name == "" {
			return "", "", fmt.Errorf("--script %s: not in the library, which has %s; a file goes alone", name, strings.Join(libraryNames(), ", "))
		}
		scripts = append(scripts, s)
	}
	all, err := dtracefs.Combine(scripts...)
	if err != nil {
		return "", "", err
	}
	return all.For(dtracefs.TracerName(tracer)), tracer, nil
}

// there returns the tracer that was asked for, or else the one that is on PATH.
func (o *scriptOptions) there() (string, error) {
	if o.tracer != "" {
		return o.tracer, nil
	}
	for _, name := range []string{"dtrace", "bpftrace"} {
		if _, err := exec.LookPath(name); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("looking for dtrace or bpftrace: %w", dtracefs.ErrNoTracer)
}

// kindInScript finds the kinds of events that a script of the library counts: the first key of
// its maps.
var kindInScript = regexp.MustCompile(`\["(\w+)", comm`)

// scriptsOf are the scripts of the library that print what a behavior was learned from: those with
// kinds of events that its sources have, or else the script of system calls.
func scriptsOf(b *behavior.Behavior) []string {
	first := map[string]bool{}
	for name := range maps.Keys(b.Sources) {
		word, _, _ := strings.Cut(strings.ReplaceAll(name, ",", " "), " ")
		first[word] = true
	}
	var out []string
	for _, s := range dtracefs.Scripts() {
		for _, m := range kindInScript.FindAllStringSubmatch(s.Bpftrace, -1) {
			if first[m[1]] && !slices.Contains(out, s.Name) {
				out = append(out, s.Name)
			}
		}
	}
	if len(out) == 0 {
		return []string{"syscalls"}
	}
	return out
}

// command writes the program into a file and returns the command line that runs it; done removes
// it.
func (o *scriptOptions) command() (line []string, done func(), err error) {
	src, tracer, err := o.program()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "dtnotes-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { os.RemoveAll(dir) }
	line = []string{tracer}
	// The tracer's own command line is used as it is, so that what a watch runs can be run by
	// hand.
	name := "script.bt"
	if dtracefs.TracerName(tracer) == "dtrace" {
		line, name = append(line, "-s"), "script.d"
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		done()
		return nil, nil, err
	}
	return append(line, path), done, nil
}

type recordOptions struct {
	scriptOptions
	output string
	length time.Duration
	rotate time.Duration
	keep   int
}

// recordCommand keeps what a tracer prints, and everything that is needed to read it later:
// script and standard error.
func recordCommand() *cobra.Command {
	var opt recordOptions
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record a capture with scripts of the library, or one of your own",
		Long: `Record runs a tracer and writes what it prints into a file, compressed if its name ends in .zst,
until the time is up or an interrupt ends it. Several scripts of the library run as one program. The
script is kept beside the capture, and so is what the tracer says on standard error: dtnotes
inspect, learn and score find them there.

The file has its name when it is whole; until then its name ends in .partial. With --rotate the
parts before are capture.txt.1.zst, capture.txt.2.zst and so on, the newest first; learn and score
take them in the order given.

The status is 0 also when an interrupt ended it, and 1 if the tracer failed.`,
		Example: `  dtnotes record --for 5m                             system calls of each process, once a second
  dtnotes record --script syscalls,io,switches -o monday.txt.zst --for 1h
  dtnotes record --script mine.bt -o mine.txt --rotate 1h --keep 24`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return opt.record(cmd) },
	}
	opt.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&opt.with, "with", "", "run the tracer with sudo, doas or pfexec")
	f.StringVarP(&opt.output, "output", "o", "capture.txt.zst", "`FILE` to record in")
	f.DurationVar(&opt.length, "for", 0, "end after so long; 0 is at an interrupt")
	f.DurationVar(&opt.rotate, "rotate", 0, "begin a new part so often")
	f.IntVar(&opt.keep, "keep", 0, "keep so many parts beside the one that is written; 0 keeps all")
	return cmd
}

func (opt *recordOptions) record(cmd *cobra.Command) error {
	switch {
	case opt.length < 0 || opt.rotate < 0 || opt.keep < 0:
		return errors.New("want positive times and numbers")
	case opt.keep > 0 && opt.rotate == 0:
		return errors.New("--keep is for the parts of --rotate")
	case len(opt.script) == 0:
		opt.script = []string{"syscalls"}
	}
	src, tracer, err := opt.program()
	if err != nil {
		return err
	}
	kind := dtracefs.TracerName(tracer)
	to, err := dtracefs.Record(opt.output, dtracefs.RecordOptions{Script: src, Tracer: kind, Rotate: opt.rotate, Keep: opt.keep})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	if opt.length > 0 {
		ctx, cancel = context.WithTimeout(cmd.Context(), opt.length)
	}
	defer cancel()
	run, err := dtracefs.Live(ctx, src, dtracefs.LiveOptions{Tracer: tracer, With: opt.with, Record: to, RecordStderr: to.Stderr()})
	if err != nil {
		return errors.Join(err, to.Discard())
	}
	line := &recordLine{to: to, w: cmd.ErrOrStderr(), terminal: cmd.ErrOrStderr() == io.Writer(os.Stderr) && isTerminal(os.Stderr), begun: time.Now()}
	var failed error
	for b, err := range run.Batches() {
		if err != nil {
			failed = err
			break
		}
		line.add(b)
	}
	// Nothing was recorded: an empty capture would look like a silent system.
	if failed != nil && to.Size() == 0 {
		return errors.Join(failed, to.Discard())
	}
	if err := errors.Join(failed, to.Close()); err != nil {
		return err
	}
	line.end(opt.output)
	return nil
}

// recordLine shows how a recording goes: on a terminal, in a line that is overwritten.
type recordLine struct {
	to       *dtracefs.Recording
	w        io.Writer
	terminal bool
	begun    time.Time
	lines    int64
	drops    int64
	told     time.Time
}

func (l *recordLine) add(b *dtracefs.Batch) {
	l.lines += int64(b.Lines)
	before := l.drops
	for _, d := range b.Drops {
		l.drops += d.Count
	}
	now := time.Now()
	switch {
	// Five times a second is as fast as anyone reads.
	case l.terminal && now.Sub(l.told) > 200*time.Millisecond:
		control(l.w, clearLine)
		sayf(l.w, "%s", l)
		l.told = now
	case !l.terminal && l.drops > before && now.Sub(l.told) > time.Minute:
		sayf(l.w, "warning: the tracer lost %d events so far\n", l.drops)
		l.told = now
	}
}

func (l *recordLine) String() string {
	s := fmt.Sprintf("%v, %d lines, %.1f MB of text", time.Since(l.begun).Round(time.Second), l.lines, float64(l.to.Size())/1e6)
	if l.drops > 0 {
		s += fmt.Sprintf(", %d events lost", l.drops)
	}
	return s
}

func (l *recordLine) end(path string) {
	if l.terminal {
		control(l.w, clearLine)
	}
	sayf(l.w, "recorded %s: %s\n", path, l)
	if l.drops > 0 {
		sayf(l.w, "warning: the tracer lost %d events: counts are too low\n", l.drops)
	}
}
