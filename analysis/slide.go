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
	// Changes counts the windows, apart from the first, in which the link comes, goes or changes
	// its sign.
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

// mostLinksShown is how many links a figure of sliding windows has at most. Those that change most
// often are shown.
const mostLinksShown = 30

// Figure draws which links each window has. There is a row for each link, in which a window stands
// at the middle of its time. A row changes where its link came, went or changed its sign. The
// legend shows the rule that links had to meet.
func (s *Sliding) Figure() figure.Strips {
	out := figure.Strips{States: []string{"linked", "linked, negative"}}
	last := len(s.Starts) - 1
	long, step := s.Ends[0]-s.Starts[0], s.Ends[0]-s.Starts[0]
	if last > 0 {
		step = (s.Starts[last] - s.Starts[0]) / float64(last)
	}
	middle := func(w int) float64 { return (s.Starts[w] + s.Ends[w]) / 2 }
	out.Rule = s.Rule()
	out.Start, out.End = middle(0)-step/2, middle(last)+step/2
	shown := min(mostLinksShown, len(s.Links))
	out.Subtitle = fmt.Sprintf("%d windows of %s s, each %s s after the one before", len(s.Models), short(long), short(step))
	if rest := len(s.Links) - shown; rest > 0 {
		out.Subtitle += fmt.Sprintf("; the %d links that change most often, of %d", shown, len(s.Links))
	}
	for _, l := range s.Links[:shown] {
		out.Names, out.With = append(out.Names, l.A), append(out.With, l.B)
	}
	if shown == 0 {
		out.Names = []string{"no window has a link"}
	}
	for w, m := range s.Models {
		start, end := middle(w)-step/2, middle(w)+step/2
		if m == nil {
			if len(out.States) == 2 {
				out.States = append(out.States, "not judged")
			}
			for k := range out.Names {
				out.Spans = append(out.Spans, figure.Span{Row: k, Start: start, End: end, State: 2})
			}
			continue
		}
		for k, l := range s.Links[:shown] {
			if state := linkState(l.Weights[w]); state > 0 {
				out.Spans = append(out.Spans, figure.Span{Row: k, Start: start, End: end, State: state - 1})
			}
		}
	}
	return out
}

// Rule says what a link had to meet in the first window that was judged, and whether that differs
// in other windows.
func (s *Sliding) Rule() string {
	rule := ""
	for _, m := range s.Models {
		switch {
		case m == nil:
		case rule == "":
			rule = m.Rule
		case rule != m.Rule:
			return rule + "; the numbers are of the first window, others differ"
		}
	}
	return rule
}

// String says for each link that changes when it is there.
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
	fmt.Fprintf(&b, "  linked: %s\n", s.Rule())
	var names []string
	for _, l := range s.Links {
		names = append(names, l.A, l.B)
	}
	brief := called(names)
	for _, l := range s.Links[:min(shown, changing)] {
		fmt.Fprintf(&b, "  %s – %s:", dtracefs.Printable(brief(l.A)), dtracefs.Printable(brief(l.B)))
		for _, v := range l.Weights {
			b.WriteString([]string{" ·", " +", " −"}[linkState(v)])
		}
		b.WriteString("\n")
	}
	return b.String()
}
