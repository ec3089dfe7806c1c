package behavior

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// Timeline draws what stands out: the activity of the processes that the
// alerts name, or the busiest, over time, with the alerts shaded.
func (r *Report) Timeline() figure.Timeline {
	values := r.activity()
	t := figure.Timeline{Unit: "events", Times: r.series.Times, Every: r.series.Every, Log: true}
	if r.behavior.callsOnly() {
		t.Unit = "system calls"
	}
	for _, name := range r.prominent(values) {
		t.Names = append(t.Names, name)
		t.Values = append(t.Values, values[name])
	}
	for _, a := range r.Alerts {
		t.Intervals = append(t.Intervals, figure.Interval{Start: a.Start, End: a.End, Name: a.title()})
	}
	return t
}

// title is the process that stands out most in the alert.
func (a Alert) title() string {
	if len(a.Sources) == 0 {
		return "alert"
	}
	return a.Sources[0].Name
}

// mostDrawn is the number of processes in a timeline.
const mostDrawn = 8

// prominent lists the processes to draw: first the two strongest of each alert, then the busiest,
// so that the picture of a report without alerts shows something, too.
func (r *Report) prominent(values map[string][]float64) []string {
	var out []string
	add := func(name string) {
		if values[name] != nil && !slices.Contains(out, name) && len(out) < mostDrawn {
			out = append(out, name)
		}
	}
	for rank := range 2 {
		for _, a := range r.Alerts {
			if rank < len(a.Sources) {
				add(a.Sources[rank].Name)
			}
		}
	}
	busy := make([]string, 0, len(values))
	totals := map[string]float64{}
	for name, v := range values {
		if slices.Contains(r.behavior.Ignored, name) {
			continue
		}
		busy = append(busy, name)
		for _, x := range v {
			totals[name] += math.Abs(x)
		}
	}
	slices.SortFunc(busy, func(a, b string) int {
		if totals[a] != totals[b] {
			if totals[a] > totals[b] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range busy {
		add(name)
	}
	return out
}

// Difference draws the links of the behavior and what became of them in an
// alert of this report, every process where it stands in the behavior's own
// graph.
func (r *Report) Difference(a Alert) (figure.Difference, error) {
	if r.behavior.Links == nil {
		return figure.Difference{}, fmt.Errorf("difference of links: the behavior has none")
	}
	before := r.behavior.Graph()
	return difference(before, a.Edges), nil
}

// difference applies changes to a graph. Processes new in it stand beside the others, at the upper
// right corner: where their links would place them is not known, and the others must not move.
func difference(before figure.Graph, changes []Change) figure.Difference {
	before = before.Placed()
	after := before
	after.Nodes, after.Edges = slices.Clone(before.Nodes), nil
	index := map[string]int{}
	right, top := math.Inf(-1), math.Inf(-1)
	for i, n := range after.Nodes {
		index[n.Name] = i
		right, top = max(right, n.X), max(top, n.Y)
	}
	for _, c := range changes {
		for _, name := range []string{c.From, c.To} {
			if _, ok := index[name]; !ok {
				index[name] = len(after.Nodes)
				after.Nodes = append(after.Nodes, figure.Node{Name: name, Cluster: -1, X: right, Y: top})
			}
		}
	}
	changed := func(a, b int) bool {
		return slices.ContainsFunc(changes, func(c Change) bool {
			i, j := index[c.From], index[c.To]
			return i == a && j == b || i == b && j == a
		})
	}
	kept := []figure.Edge{}
	for _, e := range before.Edges {
		if !changed(e.From, e.To) {
			kept = append(kept, e)
		}
	}
	// Changes are measured between all pairs together, before as after; the sparse graph's own
	// weights could not be compared with them.
	after.Edges, before.Edges = slices.Clone(kept), kept
	for _, c := range changes {
		i, j := index[c.From], index[c.To]
		if c.What != "gained" && max(i, j) < len(before.Nodes) {
			before.Edges = append(before.Edges, figure.Edge{From: i, To: j, Weight: c.Before})
		}
		if c.What != "lost" {
			after.Edges = append(after.Edges, figure.Edge{From: i, To: j, Weight: c.After})
		}
	}
	return figure.Difference{Before: before, After: after}
}

// String lists the alerts.
func (r *Report) String() string {
	var b strings.Builder
	switch len(r.Alerts) {
	case 0:
		fmt.Fprintf(&b, "nothing stands out in %d buckets of %v\n", r.judged, r.behavior.Every)
	case 1:
		fmt.Fprintf(&b, "1 alert in %d buckets of %v\n", r.judged, r.behavior.Every)
	default:
		fmt.Fprintf(&b, "%d alerts in %d buckets of %v\n", len(r.Alerts), r.judged, r.behavior.Every)
	}
	names := r.behavior.processes()
	for _, a := range r.Alerts {
		names = append(names, a.names()...)
	}
	brief := figure.Shorten(names)
	for _, a := range r.Alerts {
		fmt.Fprint(&b, "\n", a.words(brief))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", dtracefs.Printable(brief(n)))
	}
	return b.String()
}

// Words describes the alert in a few lines: when it was, which processes stand out and why, which
// links changed, and what could not be said.
func (a Alert) Words() string { return a.words(figure.Shorten(a.names())) }

// names lists the processes that the alert names.
func (a Alert) names() []string {
	var out []string
	for _, f := range a.Sources {
		out = append(out, f.Name)
	}
	for _, e := range a.Edges {
		out = append(out, e.From, e.To)
	}
	return out
}

func (a Alert) words(brief func(string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %.3g s: score %.1f, p = %.2g\n", clock(a.Start), a.End-a.Start, a.Score, a.P)
	for _, f := range a.Sources[:min(5, len(a.Sources))] {
		fmt.Fprintf(&b, "  %-16s %6.1f  ", dtracefs.Printable(brief(f.Name)), f.Score)
		for i, s := range f.Why[:min(2, len(f.Why))] {
			if i > 0 {
				b.WriteString("; ")
			}
			b.WriteString(brief(s.String()))
		}
		b.WriteByte('\n')
	}
	for _, e := range a.Edges[:min(5, len(a.Edges))] {
		fmt.Fprintf(&b, "  %s\n", brief(e.String()))
	}
	if a.Note != "" {
		fmt.Fprintf(&b, "  note: %s\n", a.Note)
	}
	return b.String()
}

func clock(t float64) string {
	sec, frac := math.Modf(t)
	return time.Unix(int64(sec), int64(frac*1e9)).UTC().Format("2006-01-02 15:04:05 UTC")
}

// SVG draws the timeline of the report as an SVG document.
func (r *Report) SVG() string { return r.Timeline().SVG() }

// PNG draws the timeline of the report as a PNG file.
func (r *Report) PNG() []byte { return r.Timeline().PNG() }
