package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// Sliding is how the links between sources change over time: a model of each of several windows.
type Sliding struct {
	Starts, Ends []float64 // of each window, seconds
	Models       []*Model  // of each window, nil where there was nothing to learn from
	Skipped      []string  // why, "" for the others
	Links        []SlidingLink
}

// SlidingLink is a pair of sources that some window links.
type SlidingLink struct {
	A, B string
	// Weights are the partial correlations in each window, 0 where the window has no such link.
	Weights []float64
	// Changes counts the windows in which the link comes, goes or changes its sign, the first apart.
	Changes int
}

// count counts the changes of each link and puts the links in order.
func (s *Sliding) count() {
	strongest := make(map[[2]string]float64)
	for k := range s.Links {
		l := &s.Links[k]
		last, some := 0.0, false
		for w, v := range l.Weights {
			strongest[[2]string{l.A, l.B}] = max(strongest[[2]string{l.A, l.B}], math.Abs(v))
			if s.Models[w] == nil {
				continue
			}
			if some && linkState(v) != linkState(last) {
				l.Changes++
			}
			last, some = v, true
		}
	}
	slices.SortStableFunc(s.Links, func(a, b SlidingLink) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(strongest[[2]string{b.A, b.B}], strongest[[2]string{a.A, a.B}]),
			cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
}

// linkState is 0 for none, 1 for a positive and 2 for a negative link.
func linkState(v float64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return 2
	}
	return 0
}

// mostLinksShown is how many links a figure of sliding windows has, those that change most often.
const mostLinksShown = 30

// Figure draws which links each window has: a row per link, the windows at the middle of their time.
// When a link has come, gone or turned is where its row changes.
func (s *Sliding) Figure() figure.Strips {
	out := figure.Strips{States: []string{"linked", "linked, negative"}}
	shown := min(mostLinksShown, len(s.Links))
	if rest := len(s.Links) - shown; rest > 0 {
		out.Subtitle = fmt.Sprintf("the %d links that change most often, of %d", shown, len(s.Links))
	}
	step := 0.0
	if len(s.Starts) > 1 {
		step = s.Starts[1] - s.Starts[0]
	} else {
		step = s.Ends[0] - s.Starts[0]
	}
	for k, l := range s.Links[:shown] {
		out.Names = append(out.Names, l.A+" – "+l.B)
		for w, v := range l.Weights {
			if state := linkState(v); state > 0 {
				middle := (s.Starts[w] + s.Ends[w]) / 2
				out.Spans = append(out.Spans, figure.Span{Row: k, Start: middle - step/2, End: middle + step/2, State: state - 1})
			}
		}
	}
	return out
}

// String tells for each link that changes when it is there.
func (s *Sliding) String() string {
	var b strings.Builder
	changing := 0
	for _, l := range s.Links {
		if l.Changes > 0 {
			changing++
		}
	}
	fmt.Fprintf(&b, "%d windows, %d links, %d of them change\n", len(s.Models), len(s.Links), changing)
	for _, why := range s.Skipped {
		if why != "" {
			fmt.Fprintf(&b, "  a window was skipped: %s\n", why)
		}
	}
	for _, l := range s.Links[:min(shown, changing)] {
		fmt.Fprintf(&b, "  %s – %s:", dtracefs.Printable(l.A), dtracefs.Printable(l.B))
		for _, v := range l.Weights {
			b.WriteString([]string{" ·", " +", " −"}[linkState(v)])
		}
		b.WriteString("\n")
	}
	return b.String()
}
