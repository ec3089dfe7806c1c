package analysis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"dtnotes/analysis/internal/parallel"
)

// Slide learns a model from every window of size buckets, each starting step buckets after the one
// before (as in R. Hutchison and others, "Dynamic functional connectivity: promise, issues, and
// interpretations", 2013), and follows the links through them; those that change most often come
// first, then the strongest. Which links a window has is chance in part, the more so the fewer
// buckets it has for the sources. So a link counts as changed only if what single buckets say about
// it, given a model of all of them, differs from one stretch of windows to the next by more than
// chance: by a test of two means (B. Welch, "The generalization of 'Student's' problem when several
// different population variances are involved", 1947), at a level at which one in a hundred links
// that stay as they are seems to change. Windows that overlap share what is in both, so that a
// change shows first in a window whose later part has it. A window that is too short to be judged,
// or in which no source varies, is skipped, and the reason is given.
func (s *Series) Slide(ctx context.Context, size, step int, o Options) (*Sliding, error) {
	n, _ := s.Dims()
	if n < 8 {
		return nil, fmt.Errorf("sliding over %d buckets: want at least 8, which a window has", n)
	}
	if size < 8 || step < 1 || size > n {
		return nil, fmt.Errorf("sliding over %d buckets in windows of %d, each %d after the one before: want windows of 8 to %[1]d buckets and a step of 1 or more", n, size, step)
	}
	if err := s.checkFinite(); err != nil {
		return nil, fmt.Errorf("sliding: %w", err)
	}
	o.window = true
	out := &Sliding{}
	at := map[[2]string]int{}
	for w := range s.Windows(size, step) {
		m, err := Learn(ctx, w, o)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out.Starts, out.Ends = append(out.Starts, w.Times[0]), append(out.Ends, w.Times[len(w.Times)-1]+w.Every.Seconds())
		why := ""
		if err != nil {
			m, why = nil, err.Error()
		}
		out.Models, out.Skipped = append(out.Models, m), append(out.Skipped, why)
		if m == nil {
			continue
		}
		for _, e := range m.Edges {
			pair := [2]string{min(m.Names[e.From], m.Names[e.To]), max(m.Names[e.From], m.Names[e.To])}
			k, ok := at[pair]
			if !ok {
				k = len(out.Links)
				at[pair] = k
				out.Links = append(out.Links, SlidingLink{A: pair[0], B: pair[1]})
			}
			l := &out.Links[k]
			l.Weights = append(l.Weights, make([]float64, len(out.Models)-len(l.Weights))...)
			l.Weights[len(out.Models)-1] = e.Weight
		}
	}
	if !slices.ContainsFunc(out.Models, func(m *Model) bool { return m != nil }) {
		return nil, errors.New("sliding: no window can be learned from: " + out.Skipped[0])
	}
	for k := range out.Links {
		out.Links[k].Weights = append(out.Links[k].Weights, make([]float64, len(out.Models)-len(out.Links[k].Weights))...)
	}
	e, err := newEvidence(ctx, s, o)
	if err != nil {
		return nil, fmt.Errorf("sliding: %w", err)
	}
	out.tell(e, size, step)
	out.sort()
	return out, nil
}

// Spectrum estimates the spectral densities of two sources and their coherence by averaging
// periodograms of overlapping segments, each minus its mean and weighted by a Hann window (P.
// Welch, "The use of fast Fourier transform for the estimation of power spectra", 1967). What runs
// at fixed times, a cron job, a heartbeat, a poller, is a peak at its frequency and multiples of
// it; sources that such a timer drives together are coherent there.
func (s *Series) Spectrum(a, b string, o SpectrumOptions) (*Spectrum, error) {
	x, err := s.Column(a)
	if err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	y, err := s.Column(b)
	if err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	if err := s.checkFinite(); err != nil {
		return nil, fmt.Errorf("spectrum: %w", err)
	}
	n, m := len(x), o.Segment
	if m == 0 {
		m = min(256, max(8, n/4))
	}
	if m < 4 || n < m+m/2 {
		return nil, fmt.Errorf("spectrum of %d buckets in segments of %d: want segments of 4 or more, and two of them at least", n, m)
	}
	if !(s.Every > 0) {
		return nil, errors.New("spectrum: the series has no bucket width")
	}
	out := welch(x, y, m, 1/s.Every.Seconds(), [2]string{a, b})
	out.Unit = s.Units
	return out, nil
}

// Factors splits the activity of n buckets × p sources into k non-negative factors, those that work
// together: the values are near Activity·Shares, neither of which has numbers below zero, so that
// factors add up and never cancel out (D. Lee and H. S. Seung, "Learning the parts of objects by
// non-negative matrix factorization", 1999; by coordinate descent as A. Cichocki and A.-H. Phan,
// "Fast local algorithms for large scale nonnegative matrix and tensor factorizations", 2009).
// Sources count by how active they are: scale the series first if they should count equally.
// Factors are sorted by their total activity, the largest first. Values below zero, NaN and
// infinities are errors.
func (s *Series) Factors(ctx context.Context, k int, o FactorOptions) (*Factors, error) {
	n, p := s.Dims()
	if k < 1 || k > min(n, p) {
		return nil, fmt.Errorf("%d factors of %d buckets of %d sources: want 1 to %d", k, n, p, min(n, p))
	}
	if err := s.checkFinite(); err != nil {
		return nil, fmt.Errorf("factors: %w", err)
	}
	for j, name := range s.Names {
		for i, v := range s.column(j) {
			if v < 0 {
				return nil, fmt.Errorf("factors: source %q, bucket %d is %v: want values of 0 or more", name, i, v)
			}
		}
	}
	if o.Iterations <= 0 {
		o.Iterations = 500
	}
	if o.Starts <= 0 {
		o.Starts = 4
	}
	return parallel.Await(ctx, func() (*Factors, error) {
		fits := make([]*Factors, o.Starts)
		errs := make([]error, o.Starts)
		parallel.For(o.Starts, func(i int) {
			fits[i], errs[i] = factorize(ctx, s.Values, k, o.Iterations, rand.New(rand.NewPCG(o.Seed, uint64(i))))
		})
		best := fits[0]
		for i, err := range errs {
			if err != nil {
				return nil, err
			}
			if fits[i].Error < best.Error-1e-12 {
				best = fits[i]
			}
		}
		best.Names, best.series = s.Names, s
		return best, nil
	})
}
