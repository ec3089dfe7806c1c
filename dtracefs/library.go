package dtracefs

import (
	"embed"
	"io/fs"
	"path"
	"runtime"
	"strings"
)

//go:embed scripts
var library embed.FS

// A Script is a program of the library in the languages of both tracers. Run by either, it prints
// what [Load] reads as a table of activity, or of stacks. What the tracer itself does is left out,
// by its process's number.
type Script struct {
	Name     string
	Doc      string // what it prints
	D        string // the program for dtrace
	Bpftrace string // the program for bpftrace

	system string // where D runs, a GOOS
}

// Scripts returns the library for the system that the program runs on, in alphabetical order:
// accepts, io, processes, readwrite, stacks, switches and syscalls.
func Scripts() []Script { return ScriptsOn(runtime.GOOS) }

// ScriptsOn returns the library for a system, such as "illumos", "freebsd" or "linux". A
// program in D differs where the probes of others are missing there, or are refused.
func ScriptsOn(goos string) []Script {
	var scripts []Script
	names, _ := fs.Glob(library, "scripts/*.bt")
	for _, file := range names {
		bt, _ := library.ReadFile(file)
		base := strings.TrimSuffix(file, ".bt")
		d, err := library.ReadFile(base + "." + goos + ".d")
		if err != nil {
			d, _ = library.ReadFile(base + ".d")
		}
		scripts = append(scripts, Script{
			Name: path.Base(base), Doc: firstComment(string(d)), D: string(d), Bpftrace: string(bt), system: goos,
		})
	}
	return scripts
}

// ScriptNamed returns the script of the library with that name for the system that the program
// runs on, or an empty one.
func ScriptNamed(name string) Script {
	for _, s := range Scripts() {
		if s.Name == name {
			return s
		}
	}
	return Script{}
}

// For returns the program for a tracer, "dtrace" or "bpftrace".
func (s Script) For(tracer string) string {
	if path.Base(tracer) == "bpftrace" {
		return s.Bpftrace
	}
	return s.D
}

// ByContainer returns the script with the container as a key before the process: in D the zone's
// name, which is "global" for the platform's own processes, on FreeBSD the jail's, on Linux the
// id of the cgroup of version 2; in bpftrace that id. It is the inode of the cgroup's folder:
// find /sys/fs/cgroup -inum ID tells its path.
func (s Script) ByContainer() Script {
	key, verb := "zonename", "%s"
	switch s.system {
	case "freebsd":
		key = "jailname"
	case "linux":
		key, verb = "cgroup", "%d"
	}
	s.D = strings.NewReplacer(
		"kind execname value", "kind "+key+" execname value",
		"execname", key+", execname",
		`"%s %s %@d\n"`, `"%s `+verb+` %s %@d\n"`,
	).Replace(s.D)
	if s.system == "linux" { // D has no variable for it
		const inline = "inline uint64_t cgroup = curthread->cgroups->dfl_cgrp->kn->id;\n"
		body := strings.Index(s.D, "\n\n") + 1
		s.D = s.D[:body] + inline + s.D[body:]
	}
	s.Bpftrace = strings.NewReplacer(
		"kind and process", "kind, cgroup and process",
		", comm]", ", cgroup, comm]",
		"[comm, ", "[cgroup, comm, ",
	).Replace(s.Bpftrace)
	s.Doc = firstComment(s.D)
	return s
}

// firstComment is the text of the comment that a script starts with.
func firstComment(src string) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(src, "/*"), "*/")
	var words []string
	for line := range strings.Lines(text) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "*"))...)
	}
	return strings.Join(words, " ")
}
