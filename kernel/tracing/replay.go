package tracing

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"dtnotes/dtracefs"
)

// Replay shows a capture that was recorded as [Show] would have shown it at its end, and returns
// it. It shows the same whenever it is called, so that a notebook can show a trace where no tracer
// may run.
func Replay(ctx context.Context, fsys fs.FS, name string) (*dtracefs.Capture, error) {
	c, err := dtracefs.Load(ctx, fsys, name, dtracefs.Options{})
	if err != nil {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	v := newView(c.Dialect, func() time.Time { return time.Unix(0, 0) })
	for b, err := range dtracefs.Scan(ctx, fsys, name, dtracefs.Options{}) {
		if err != nil {
			return nil, fmt.Errorf("replaying: %w", err)
		}
		v.add(b)
	}
	v.finish("recorded")
	Notebook()(v.bundle(), false)
	return c, nil
}
