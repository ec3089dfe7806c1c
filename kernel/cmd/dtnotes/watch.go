package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis/behavior"
	"dtnotes/kernel/internal/process"
)

func watchCommand() *cobra.Command {
	var opt scoreOptions
	cmd := &cobra.Command{
		Use:   "watch BEHAVIOR.json [-- TRACER ARG ...]",
		Short: "Watch a running tracer and say when a behavior is broken",
		Long: `Watch runs a tracer, or any command that prints what one does, and scores what it prints by a behavior that
dtnotes learn -o saved, second by second. Without a command it reads standard input. On a terminal it shows the
last minute and what stands out now; elsewhere it prints a line when an alert starts and its story when it ends.

The status is 0 when nothing stood out, 3 when there were alerts, 1 on an error.`,
		Example: `  dtnotes watch normal.json -- bpftrace persec.bt
  dtrace -s persec.d | dtnotes watch normal.json --exec 'mail -s misbehavior root'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return opt.watch(cmd, args[0], args[1:]) },
	}
	opt.flags(cmd)
	return cmd
}

func (opt *scoreOptions) watch(cmd *cobra.Command, behaviorPath string, tracer []string) error {
	b, err := behavior.Load(behaviorPath)
	if err != nil {
		return err
	}
	if !b.ByKind {
		return fmt.Errorf("%s was learned from matrices: a tracer prints captures", behaviorPath)
	}
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	in, wait := cmd.InOrStdin(), func() error { return nil }
	if len(tracer) > 0 {
		if in, wait, err = start(ctx, tracer, cmd.ErrOrStderr()); err != nil {
			return err
		}
	}
	view := newView(cmd.OutOrStdout())
	var alerts []behavior.Alert
	for u, err := range behavior.Watch(ctx, b, buckets(ctx, in, b), opt.ScoreOptions) {
		if err != nil {
			stop()
			wait()
			if cmd.Context().Err() != nil {
				break
			}
			return err
		}
		view.show(u)
		if u.Ended {
			alerts = append(alerts, *u.Alert)
			if err := opt.act(cmd, *u.Alert); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", err)
			}
		}
	}
	if err := wait(); err != nil && cmd.Context().Err() == nil {
		return fmt.Errorf("%s: %w", strings.Join(tracer, " "), err)
	}
	if opt.alerts != "" {
		if err := writeAlerts(opt.alerts, alerts); err != nil {
			return err
		}
	}
	if len(alerts) > 0 {
		return misbehavior
	}
	return nil
}

// start runs the tracer. It is interrupted when ctx ends, so that it may print what it has.
func start(ctx context.Context, tracer []string, stderr io.Writer) (io.Reader, func() error, error) {
	c := exec.CommandContext(ctx, tracer[0], tracer[1:]...)
	process.Interruptible(c)
	c.WaitDelay = 5 * time.Second
	c.Stderr = stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("running the tracer: %w", err)
	}
	return out, c.Wait, nil
}

// buckets decodes what a tracer prints, as it comes.
func buckets(ctx context.Context, in io.Reader, b *behavior.Behavior) iter.Seq2[behavior.Bucket, error] {
	return func(yield func(behavior.Bucket, error) bool) {
		counter := behavior.NewCounter(b.Width)
		for part, err := range parts(ctx, in) {
			if err != nil {
				yield(behavior.Bucket{}, err)
				return
			}
			c, err := load(part)
			if err != nil {
				yield(behavior.Bucket{}, err)
				return
			}
			for _, bucket := range counter.Capture(c) {
				if !yield(bucket, nil) {
					return
				}
			}
		}
	}
}

// quiet is how long a tracer must be silent for what it printed to be a whole block.
const quiet = 200 * time.Millisecond

// largestPart bounds what is gathered from a tracer that is never silent.
const largestPart = 1 << 20

// parts cuts what a tracer prints where it falls silent, and a torrent before the last stamp in it.
func parts(ctx context.Context, in io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		chunks, failed := make(chan []byte), make(chan error, 1)
		go pump(ctx, in, chunks, failed)
		var gathered []byte
		for {
			var silence <-chan time.Time
			if len(gathered) > 0 && gathered[len(gathered)-1] == '\n' {
				silence = time.After(quiet)
			}
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case <-silence:
				if !yield(gathered, nil) {
					return
				}
				gathered = nil
			case chunk, ok := <-chunks:
				if !ok {
					if len(gathered) == 0 || yield(gathered, nil) {
						if err := <-failed; err != nil {
							yield(nil, fmt.Errorf("reading from the tracer: %w", err))
						}
					}
					return
				}
				gathered = append(gathered, chunk...)
				cut := 0
				if len(gathered) > largestPart {
					if cut = lastStamp(gathered); cut == 0 && len(gathered) > 4*largestPart {
						cut = bytes.LastIndexByte(gathered, '\n') + 1 // a log has no stamps of blocks
					}
				}
				if cut > 0 {
					if !yield(gathered[:cut], nil) {
						return
					}
					gathered = slices.Clone(gathered[cut:])
				}
			}
		}
	}
}

// pump reads until the end or the context's, and then closes chunks.
func pump(ctx context.Context, in io.Reader, chunks chan<- []byte, failed chan<- error) {
	defer close(chunks)
	for {
		buf := make([]byte, 64<<10)
		n, err := in.Read(buf)
		if n > 0 {
			select {
			case chunks <- buf[:n]:
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
				err = nil
			}
			failed <- err
			return
		}
	}
}

// lastStamp finds the start of the last line that holds a wall clock, 0 if there is none but in the
// first line.
func lastStamp(text []byte) int {
	end := len(text)
	for end > 0 {
		at := bytes.LastIndexByte(text[:end-1], '\n') + 1
		if at == 0 {
			return 0
		}
		if isStamp(text[at:end]) {
			return at
		}
		end = at
	}
	return 0
}

func isStamp(line []byte) bool {
	line = bytes.TrimSpace(line)
	line = bytes.TrimPrefix(line, []byte(`{"type": "printf", "data": "`))
	digits := 0
	for digits < len(line) && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	return digits == 19 && len(line) == 19 || digits == 10 && digits < len(line) && line[digits] == '.'
}
