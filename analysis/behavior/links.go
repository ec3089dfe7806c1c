package behavior

import (
	"context"
)

// A Change is a link between two processes that differs from the behavior.
type Change struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Before float64 `json:"before"` // partial correlation in the behavior
	After  float64 `json:"after"`
}

func (r *record) learnLinks(ctx context.Context, b *Behavior, opts Options) error { return nil }

func (r *Report) explainLinks(ctx context.Context) error { return nil }
