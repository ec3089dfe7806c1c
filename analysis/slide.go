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
	// Chance says for each window whether it has the link, or lacks it, unlike most of the windows
	// around it, while what the buckets say differs from those windows by no more than chance.
	// Where windows have few buckets for so many sources, that is most of what seems to change.
	Chance []bool
	// Changes counts how often the link comes, goes or changes its sign, chance left out.
	Changes int
}

// sort puts the links that change most often first, and then the strongest.
func (s *Sliding) sort() {
	strongest := func(l SlidingLink) float64 {
		most := 0.0
		for _, v := range l.Weights {
			most = max(most, math.Abs(v))
		}
		return most
	}
	slices.SortStableFunc(s.Links, func(a, b SlidingLink) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(strongest(b), strongest(a)),
			cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
}

// changing counts the links that change, and those that seem to, which chance may explain.
func (s *Sliding) changing() (really, byChance int) {
	for _, l := range s.Links {
		if l.Changes > 0 {
			really++
		} else if slices.Contains(l.Chance, true) {
			byChance++
		}
	}
	return really, byChance
}

// changes says how many links change, and whether windows are too short to tell.
func (s *Sliding) changes() string {
	really, byChance := s.changing()
	out := fmt.Sprintf("%d of %d links change", really, len(s.Links))
	if byChance > 0 {
		out += fmt.Sprintf(", for %d it may be chance", byChance)
	}
	if byChance > len(s.Links)/2 {
		out += ": windows are short for so many sources"
	}
	return out
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
// at the middle of its time. A row changes where its link came, went or changed its sign, and is
// thin and gray where that may be chance or was not judged. The legend shows the rule that links
// had to meet.
func (s *Sliding) Figure() figure.Strips {
	const chance, unjudged = "may be chance", "not judged"
	out := figure.Strips{
		States:  []string{"linked", "linked, negative"},
		Neutral: []string{chance, unjudged},
	}
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
	out.Subtitle += "; " + s.changes()
	for _, l := range s.Links[:shown] {
		out.Names, out.With = append(out.Names, l.A), append(out.With, l.B)
	}
	if shown == 0 {
		out.Names = []string{"no window has a link"}
	}
	stateOf := func(name string) int {
		if !slices.Contains(out.States, name) {
			out.States = append(out.States, name)
		}
		return slices.Index(out.States, name)
	}
	for w, m := range s.Models {
		start, end := middle(w)-step/2, middle(w)+step/2
		if m == nil {
			for k := range out.Names {
				out.Spans = append(out.Spans, figure.Span{Row: k, Start: start, End: end, State: stateOf(unjudged)})
			}
			continue
		}
		for k, l := range s.Links[:shown] {
			state := linkState(l.Weights[w]) - 1
			if l.Chance[w] {
				state = stateOf(chance)
			}
			if state >= 0 {
				out.Spans = append(out.Spans, figure.Span{Row: k, Start: start, End: end, State: state})
			}
		}
	}
	return out
}

// Rule says what a link had to meet in the first window that was judged, and whether other windows
// have other numbers.
func (s *Sliding) Rule() string {
	rule := ""
	for _, m := range s.Models {
		switch {
		case m == nil:
		case rule == "":
			rule = m.Rule
		case rule != m.Rule:
			return rule + "; numbers of the first window"
		}
	}
	return rule
}

// String says for each link that changes when it is there.
func (s *Sliding) String() string {
	var b strings.Builder
	changing, _ := s.changing()
	fmt.Fprintf(&b, "%d windows: %s\n", len(s.Models), s.changes())
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
		for w, v := range l.Weights {
			if l.Chance[w] {
				b.WriteString(" ?")
				continue
			}
			b.WriteString([]string{" ·", " +", " −"}[linkState(v)])
		}
		b.WriteString("\n")
	}
	return b.String()
}
