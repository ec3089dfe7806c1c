package parallel

import (
	"context"
	"errors"
	"testing"
)

func TestFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		done := make([]int, n)
		For(n, func(i int) { done[i]++ })
		for i, d := range done {
			if d != 1 {
				t.Errorf("%d of %d ran %d times", i, n, d)
			}
		}
	}
}

func TestAwait(t *testing.T) {
	if v, err := Await(context.Background(), func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("got %d (%v)", v, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if v, err := Await(ctx, func() (int, error) { return 7, nil }); v != 7 || err != nil {
		t.Errorf("got %d (%v)", v, err)
	}
	block := make(chan bool)
	defer close(block)
	cancel()
	if _, err := Await(ctx, func() (int, error) { <-block; return 7, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
