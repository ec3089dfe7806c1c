// Package process starts and ends commands as each system has it: their shell, their group, the
// word that asks them to end, and the files that they are handed.
package process

import (
	"context"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// outputDelay is how long the output of a command may stay open when it has been ended.
const outputDelay = 50 * time.Millisecond

// Script is lines for the system's shell, one after the other. Run it with Run.
func Script(ctx context.Context, text string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' }), " & ")
	}
	return Shell(ctx, text)
}

// Shell is a line for the system's shell: sh, or cmd on Windows. Run it with Run.
func Shell(ctx context.Context, line string) *exec.Cmd {
	cmd := shell(ctx, line)
	cmd.WaitDelay = outputDelay
	return cmd
}
