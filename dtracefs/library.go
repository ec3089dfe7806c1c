package dtracefs

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed scripts
var library embed.FS

// A Script is a program of the library in the languages of both tracers. Run by either, it
// prints what [Load] reads as a table of activity, or of stacks.
type Script struct {
	Name     string
	Doc      string // what it prints
	D        string // the program for dtrace
	Bpftrace string // the program for bpftrace
}

// Scripts returns the library in alphabetical order: accepts, io, processes, readwrite,
// stacks, switches and syscalls.
func Scripts() []Script {
	var scripts []Script
	names, _ := fs.Glob(library, "scripts/*.d")
	for _, name := range names {
		d, _ := library.ReadFile(name)
		bt, _ := library.ReadFile(strings.TrimSuffix(name, ".d") + ".bt")
		scripts = append(scripts, Script{
			Name: strings.TrimSuffix(path.Base(name), ".d"), Doc: firstComment(string(d)), D: string(d), Bpftrace: string(bt),
		})
	}
	return scripts
}

// ScriptNamed returns the script of the library with that name, or an empty one.
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

// firstComment is the text of the comment that a script starts with.
func firstComment(src string) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(src, "/*"), "*/")
	var words []string
	for line := range strings.Lines(text) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "*"))...)
	}
	return strings.Join(words, " ")
}
