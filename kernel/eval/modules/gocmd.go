package modules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"dtnotes/kernel/internal/process"
)

// ErrNoGo is returned when there is no go command.
var ErrNoGo = errors.New("getting modules needs the go command, which is not on the PATH of this kernel: install Go, or start the notebook where \"go version\" answers")

// goCommand runs the go command in a folder. What it says of what it does goes to progress, line by
// line.
//
// The end of ctx ends the command with all that it has started. An error of the command is a
// [GoError] with its own words; other errors are about starting it.
func goCommand(ctx context.Context, dir string, env []string, progress io.Writer, args ...string) (stdout []byte, err error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, ErrNoGo
	}
	var out bytes.Buffer
	said := &teller{to: progress}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "GO111MODULE=on", "NO_COLOR=1"), env...)
	cmd.Stdout, cmd.Stderr = &out, said
	err = process.Run(cmd)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.Bytes(), GoError{said.text()}
	}
	if err != nil {
		return nil, fmt.Errorf("run the go command: %w", err)
	}
	return out.Bytes(), nil
}

// teller passes on the lines about progress and keeps the others.
//
// Lines come in pieces. What is kept is the error if the command fails.
type teller struct {
	to io.Writer

	mu   sync.Mutex
	line []byte
	kept []string
}

func (t *teller) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = append(t.line, p...)
	for {
		line, rest, whole := bytes.Cut(t.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		t.add(string(line))
		t.line = rest
	}
}

func (t *teller) add(line string) {
	if text, ok := strings.CutPrefix(line, "go: downloading "); ok {
		if t.to != nil {
			fmt.Fprintln(t.to, "fetching "+text)
		}
		return
	}
	// go build -v names what it compiles.
	if t.to != nil && line != "" && !strings.ContainsAny(line, " :#\t") {
		fmt.Fprintln(t.to, "compiling "+line)
		return
	}
	t.kept = append(t.kept, line)
}

func (t *teller) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.Join(append(t.kept, string(t.line)), "\n"))
}

// GoError is what the go command said when it failed.
type GoError struct{ text string }

// meanings are what the words of the go command come to. The first that fits counts.
var meanings = []struct {
	words  []string
	advice string
}{
	{[]string{"disabled by GOPROXY=off"},
		"fetching modules is switched off by GOPROXY=off, and this is not among those that have been fetched before"},
	{[]string{"does not contain package"},
		"the module has no such package: look at the path"},
	{[]string{"dial tcp", "no such host", "i/o timeout", "connection refused", "network is unreachable", "TLS handshake timeout", "proxyconnect"},
		"the module proxy cannot be reached, is this machine offline? What has been fetched before is found without it if its version is named: PATH@v1.2.3"},
	{[]string{"404 Not Found", "410 Gone", "not found:", "no matching versions", "unrecognized import path", "epository not found", "could not read Username",
		"no such file or directory", "cannot find the file", "cannot find the path", "malformed module path", "unknown revision", "invalid version"},
		"no such module or version: look at the path, which is that of an import, and at the version"},
	{[]string{"403 Forbidden"},
		"the module proxy refuses: either there is no such module, or it answers only if the version is named: PATH@v1.2.3"},
}

// Error puts first what it comes to and what can be done, then what the go command said.
//
// The reader gets from it what to do next; a version that does not exist and a network that is
// not there look alike in the words of the go command.
func (e GoError) Error() string {
	for _, m := range meanings {
		if slices.ContainsFunc(m.words, func(w string) bool { return strings.Contains(e.text, w) }) {
			return m.advice + "\n" + e.said()
		}
	}
	return e.said()
}

// said is what the go command said, without its own name.
func (e GoError) said() string {
	var out []string
	for line := range strings.SplitSeq(e.text, "\n") {
		line = strings.TrimPrefix(line, "go: ")
		if line = strings.TrimRight(line, " \t\r"); line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	if len(out) > maxSaid {
		left := len(out) - maxSaid
		out = append(out[:maxSaid], fmt.Sprintf("(and %d lines more)", left))
	}
	return strings.Join(out, "\n")
}

// maxSaid is how many lines of the go command's words an error repeats.
const maxSaid = 40
