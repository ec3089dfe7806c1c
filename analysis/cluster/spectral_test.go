package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestSpectralAssignments(t *testing.T) {
	const n = 15
	a := mat.NewSymDense(n, nil)
	truth := make([]int, n)
	for i := range n {
		truth[i] = i % 3
		for j := range i {
			a.SetSym(i, j, 0.02+0.001*float64((i*j)%7))
			if i%3 == j%3 {
				a.SetSym(i, j, 0.8+0.01*float64((i+j)%5))
			}
		}
	}
	for _, how := range []Assignment{AssignQR, AssignKMeans, AssignDiscrete} {
		if got, err := Spectral(context.Background(), a, 3, SpectralOptions{Assign: how}); err != nil || !slices.Equal(got, truth) {
			t.Errorf("%s: %v, %v", how, got, err)
		}
		for _, k := range []int{1, n} {
			if got, err := Spectral(context.Background(), a, k, SpectralOptions{Assign: how}); err != nil || slices.Max(got) >= k {
				t.Errorf("%s to %d: %v, %v", how, k, got, err)
			}
		}
		if got, err := Spectral(context.Background(), mat.NewSymDense(4, nil), 2, SpectralOptions{Assign: how}); err != nil || len(got) != 4 {
			t.Errorf("%s without links: %v, %v", how, got, err)
		}
	}
	if _, err := Spectral(context.Background(), a, 3, SpectralOptions{Assign: "other"}); err == nil {
		t.Error("unknown assignment: no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Spectral(ctx, a, 3, SpectralOptions{Assign: AssignDiscrete}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
