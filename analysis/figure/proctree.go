package figure

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
	"time"

	"dtnotes/analysis/internal/canvas"
)

// Proc is a process as fork, exec and exit events show it.
type Proc struct {
	PID  int
	Name string // what it ran last
	// Parent is the index of the process that forked it, or negative if that is not known.
	Parent int
	// Start and End are in seconds since the epoch or since a start. NaN means before or after what
	// was traced.
	Start, End float64
	// Execs are the programs it ran, in order, if they are known.
	Execs []Mark
}

// ProcessTree draws who started whom and how long each lived: a bar per process below its parent.
// Children without children of their own that share a name share a row if the rows get many.
type ProcessTree struct {
	Style
	Procs []Proc
	Zone  *time.Location
	// MostRows is how many rows are drawn; 0 means 120. What is left out is counted.
	MostRows int
}

// SVG returns the tree as an SVG document.
func (t ProcessTree) SVG() string { return toSVG(t) }

// PNG returns the tree as a PNG file.
func (t ProcessTree) PNG() []byte { return toPNG(t) }

// Save writes the tree to a .svg or .png file.
func (t ProcessTree) Save(path string) error { return save(t, path) }

// String gives the tree as indented text.
func (t ProcessTree) String() string { return text(t) }

func (t ProcessTree) look() Style  { return t.Style }
func (t ProcessTree) kind() string { return "process tree" }

func (t ProcessTree) check() error {
	if len(t.Procs) == 0 {
		return errors.New("there are no processes")
	}
	some := false
	for i, p := range t.Procs {
		if p.Parent >= len(t.Procs) || p.Parent == i {
			return fmt.Errorf("process %d (%s): its parent is %d of %d", i, visible(p.Name), p.Parent, len(t.Procs))
		}
		if math.IsInf(p.Start, 0) || math.IsInf(p.End, 0) {
			return fmt.Errorf("process %d (%s) runs from %v to %v", i, visible(p.Name), p.Start, p.End)
		}
		if p.End < p.Start {
			return fmt.Errorf("process %d (%s) ends %.6g s before it starts", i, visible(p.Name), p.Start-p.End)
		}
		some = some || !math.IsNaN(p.Start) || !math.IsNaN(p.End)
		for _, e := range p.Execs {
			if !finite(e.Time) {
				return fmt.Errorf("process %d (%s) runs %s at %v", i, visible(p.Name), visible(e.Name), e.Time)
			}
		}
		// A ring of parents would be drawn for ever. There may be one, since numbers of processes
		// come again and captures may be odd.
		for seen, a := 0, p.Parent; a >= 0 && a < len(t.Procs); a = t.Procs[a].Parent {
			if seen++; seen > len(t.Procs) {
				return fmt.Errorf("process %d (%s) descends from itself", i, visible(p.Name))
			}
		}
	}
	if !some {
		return errors.New("no process has a start or an end")
	}
	return nil
}

// A procRow is one process, or several leaves of one name.
type procRow struct {
	procs  []int
	depth  int
	parent int // row, -1 for none
}

func (t ProcessTree) mostRows() int {
	if t.MostRows > 0 {
		return t.MostRows
	}
	return 120
}

// rows returns the processes depth first, children by start; with together, leaves of one name
// share a row.
func (t ProcessTree) rows(together bool) []procRow {
	children := map[int][]int{}
	for i, p := range t.Procs {
		children[max(-1, p.Parent)] = append(children[max(-1, p.Parent)], i)
	}
	for _, c := range children {
		sort.SliceStable(c, func(a, b int) bool { return t.before(c[a], c[b]) })
	}
	var out []procRow
	var walk func(kids []int, depth, parent int)
	walk = func(kids []int, depth, parent int) {
		groups := map[string]int{}
		for _, i := range kids {
			leaf := len(children[i]) == 0
			if k, ok := groups[t.Procs[i].Name]; ok && leaf && together {
				out[k].procs = append(out[k].procs, i)
				continue
			}
			if leaf {
				groups[t.Procs[i].Name] = len(out)
			}
			out = append(out, procRow{[]int{i}, depth, parent})
			walk(children[i], depth+1, len(out)-1)
		}
	}
	walk(children[-1], 0, -1)
	return out
}

// before orders processes by start, those from before the trace first.
func (t ProcessTree) before(a, b int) bool {
	x, y := t.Procs[a].Start, t.Procs[b].Start
	if math.IsNaN(x) != math.IsNaN(y) {
		return math.IsNaN(x)
	}
	return x < y
}

func (t ProcessTree) shownRows() (rows []procRow, left int) {
	rows = t.rows(false)
	// If there are more than half of the rows allowed, leaves share rows: a build starts thousands
	// of compilers that are all alike.
	if len(rows) > t.mostRows()/2 {
		rows = t.rows(true)
	}
	if n := len(rows) - t.mostRows(); n > 0 {
		return rows[:t.mostRows()], n
	}
	return rows, 0
}

func (r procRow) name(t ProcessTree) string {
	p := t.Procs[r.procs[0]]
	name := visible(p.Name)
	if len(r.procs) > 1 {
		return fmt.Sprintf("%s ×%d", name, len(r.procs))
	}
	switch {
	case p.PID <= 0:
		return name
	// From right to left, a number belongs to the word before it unless a letter is first.
	case canvas.RightToLeft(name):
		return fmt.Sprintf("%s pid %d", name, p.PID)
	}
	return fmt.Sprintf("%s %d", name, p.PID)
}

// span returns the times that are drawn.
func (t ProcessTree) span() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range t.Procs {
		for _, v := range []float64{p.Start, p.End} {
			if !math.IsNaN(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	if lo == hi {
		return lo - 0.5, hi + 0.5
	}
	return lo, hi
}

func (t ProcessTree) words() string {
	var b strings.Builder
	rows, left := t.shownRows()
	fmt.Fprintf(&b, "process tree: %d processes\n", len(t.Procs))
	for _, r := range rows {
		p := t.Procs[r.procs[0]]
		fmt.Fprintf(&b, "  %s%s", strings.Repeat("  ", r.depth), r.name(t))
		if len(r.procs) == 1 && !math.IsNaN(p.Start) && !math.IsNaN(p.End) {
			fmt.Fprintf(&b, " (%s s)", si(p.End-p.Start))
		}
		b.WriteString("\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "  and %s\n", plural(left, "more row"))
	}
	return b.String()
}

func (t ProcessTree) plan() (w, h length, draw func(*page)) {
	w, h = t.Width, t.Height
	if w <= 0 {
		w = graphWidth
	}
	rows, left := t.shownRows()
	p := pen{t.XKCD}
	const indent = 9
	names, room := make([]string, len(rows)), length(0)
	for k, r := range rows {
		names[k] = shorten(r.name(t), nameLength)
		room = max(room, length(length(min(r.depth, 12))*indent)+p.width(names[k], smallSize, false))
	}
	// Names take no more than half of the page: the other half is for time.
	room = min(room, w/2)
	lo, hi := t.span()
	x := scale{min: lo, max: hi, lo: pageMargin + room + 8, hi: w - pageMargin}
	ticks, when := clockTicks(lo, hi, max(2, int(x.hi-x.lo)/62), t.Zone)
	above, below := t.heading()+pageMargin, axisHeight(when)+pageMargin/2
	row := length(14)
	if h <= 0 {
		h = above + below + length(row*length(len(rows)))
	} else {
		row = (h - above - below) / length(len(rows))
	}
	return w, h, func(p *page) {
		p.head(t.Style, w, h)
		box := rect(x.lo, below, x.hi, h-above)
		p.xAxis(box, x, ticks, when, w)
		y := func(k int) length { return box.Max.Y - length((length(k)+0.5)*row) }
		for k, r := range rows {
			if r.parent < 0 {
				continue
			}
			// A line leads from the parent's row to the place where the first process of the row
			// starts.
			if s := t.Procs[r.procs[0]].Start; !math.IsNaN(s) {
				p.line(stroke{color: p.neutral, width: 0.8}, point{X: x.at(s), Y: y(r.parent)}, point{X: x.at(s), Y: y(k)})
			}
		}
		colors := map[string]int{}
		for k, r := range rows {
			at := length(length(min(r.depth, 12)) * indent)
			p.write(point{X: pageMargin + at, Y: y(k)}, label{text: p.fitBetween(names[k], min(smallSize, row), false, room-at), size: min(smallSize, row)})
			for _, i := range r.procs {
				t.drawProc(p, t.Procs[i], x, y(k), min(row*0.62, 9), lo, hi, colors)
			}
		}
		if left > 0 {
			p.write(point{X: w - pageMargin, Y: 6}, label{text: "and " + plural(left, "more row"), size: 7, align: right, color: p.muted})
		}
	}
}

// drawProc draws the life of a process, which is open to the side at which its start or end is not
// known. Bars of one name have one color.
func (t ProcessTree) drawProc(p *page, proc Proc, x scale, y, high length, lo, hi float64, colors map[string]int) {
	start, end := proc.Start, proc.End
	if math.IsNaN(start) {
		start = lo
	}
	if math.IsNaN(end) {
		end = hi
	}
	k, ok := colors[proc.Name]
	if !ok {
		k = len(colors)
		colors[proc.Name] = k
	}
	fill := p.cluster(k)
	words := fmt.Sprintf("%s, pid %d", visible(proc.Name), proc.PID)
	if !math.IsNaN(proc.Start) && !math.IsNaN(proc.End) {
		words += fmt.Sprintf(", %s s", si(end-start))
	}
	p.Begin(words)
	r := rect(x.at(start), y-high/2, max(x.at(end), x.at(start)+1), y+high/2)
	p.bar(r, mix(fill, p.paper, 0.25))
	for _, open := range []struct {
		is bool
		at length
	}{{math.IsNaN(proc.Start), r.Min.X}, {math.IsNaN(proc.End), r.Max.X}} {
		if open.is {
			p.line(stroke{color: p.muted, width: 1, dash: []length{1.5, 1.5}}, point{X: open.at, Y: r.Min.Y}, point{X: open.at, Y: r.Max.Y})
		}
	}
	for _, e := range proc.Execs {
		if e.Time > start && e.Time < end {
			p.line(stroke{color: p.ink, width: 0.9}, point{X: x.at(e.Time), Y: r.Min.Y}, point{X: x.at(e.Time), Y: r.Max.Y})
		}
	}
	p.End()
}
