package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
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
	measureFlags(cmd, &opt.count.MeasureOptions)
	return cmd
}

func (opt *scoreOptions) watch(cmd *cobra.Command, behaviorPath string, tracer []string) error {
	b, err := behavior.Load(behaviorPath)
	if err != nil {
		return err
	}
	if b.Measure == nil && !b.ByKind {
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
	batches := opt.count.Follow(ctx, in, strings.Join(append(tracer, "standard input")[:1], " "))
	for u, err := range behavior.Watch(ctx, b, behavior.BucketsOf(batches, b, opt.count.MeasureOptions), opt.ScoreOptions) {
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
