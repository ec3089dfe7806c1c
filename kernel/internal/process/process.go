// Package process starts and ends commands as each system has it: their shell, their group, the word that
// asks them to end, and the files that they are handed.
package process

import (
	"context"
	"os/exec"
	"time"
)

// outputDelay is how long the output of a command may stay open when it has been ended.
const outputDelay = 50 * time.Millisecond

// Shell is a line for the system's shell: sh, or cmd on Windows. Run it with Run.
func Shell(ctx context.Context, line string) *exec.Cmd {
	cmd := shell(ctx, line)
	cmd.WaitDelay = outputDelay
	return cmd
}
