package figure

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"sort"
	"strings"
)

// Merge joins two clusters at a height, as hierarchical clustering does. Sources are clusters 0 to
// n-1, and merge k makes cluster n+k (the linkage matrix of SciPy and MATLAB).
type Merge struct {
	A, B   int
	Height float64
}

// Dendrogram draws which sources were joined at which height.
type Dendrogram struct {
	Style
	Names  []string
	Merges []Merge
	// Cut colors the clusters that stand below this height; 0 colors none.
	Cut float64
	// HeightName says what the heights are; "" means distance.
	HeightName string
}

// SVG returns the dendrogram as an SVG document.
func (d Dendrogram) SVG() string { return toSVG(d) }

// PNG returns the dendrogram as a PNG file.
func (d Dendrogram) PNG() []byte { return toPNG(d) }

// Save writes the dendrogram to a .svg or .png file.
func (d Dendrogram) Save(path string) error { return save(d, path) }

// String lists the clusters below the cut, or the highest merges.
func (d Dendrogram) String() string { return text(d) }

func (d Dendrogram) look() Style  { return d.Style }
func (d Dendrogram) kind() string { return "dendrogram" }

func (d Dendrogram) check() error {
	if len(d.Names) == 0 {
		return errors.New("there are no sources")
	}
	if !finite(d.Cut) {
		return fmt.Errorf("the cut is at %v", d.Cut)
	}
	return checkMerges(len(d.Names), d.Merges)
}

// checkMerges refuses what is no tree: a cluster that is joined before it is made, is joined twice,
// or is joined with itself. Fewer than n-1 merges are no error, since what was never joined may
// stand alone.
func checkMerges(n int, merges []Merge) error {
	if len(merges) > n-1 {
		return fmt.Errorf("%d merges are too many for %s", len(merges), plural(n, "source"))
	}
	used := map[int]bool{}
	for k, m := range merges {
		if !finite(m.Height) {
			return fmt.Errorf("merge %d is at height %v", k, m.Height)
		}
		for _, c := range []int{m.A, m.B} {
			if c < 0 || c >= n+k {
				return fmt.Errorf("merge %d joins cluster %d of %d", k, c, n+k)
			}
			if used[c] {
				return fmt.Errorf("merge %d joins cluster %d, which is joined already", k, c)
			}
			used[c] = true
		}
		if m.A == m.B {
			return fmt.Errorf("merge %d joins cluster %d with itself", k, m.A)
		}
	}
	return nil
}

// leafOrder returns the sources as the merges put them side by side, so that no two lines of the
// tree cross. Trees that were not joined follow each other, the one of the last merge first.
func leafOrder(n int, merges []Merge) []int {
	joined := map[int]bool{}
	for _, m := range merges {
		joined[m.A], joined[m.B] = true, true
	}
	var out []int
	var walk func(c int)
	walk = func(c int) {
		if c < n {
			out = append(out, c)
			return
		}
		walk(merges[c-n].A)
		walk(merges[c-n].B)
	}
	for c := n + len(merges) - 1; c >= 0; c-- {
		if !joined[c] {
			walk(c)
		}
	}
	return out
}

// clusters returns for every cluster, merged ones included, the number of the cluster below the cut
// that it belongs to, or -1 above the cut. The clusters are numbered by their order in the picture.
func (d Dendrogram) clusters() []int {
	n := len(d.Names)
	of := make([]int, n+len(d.Merges))
	for i := range of {
		of[i] = -1
	}
	if d.Cut <= 0 {
		return of
	}
	parent := make([]int, len(of))
	for i := range parent {
		parent[i] = -1
	}
	for k, m := range d.Merges {
		parent[m.A], parent[m.B] = n+k, n+k
	}
	height := func(c int) float64 {
		if c < n {
			return 0
		}
		return d.Merges[c-n].Height
	}
	number := map[int]int{}
	for _, leaf := range leafOrder(n, d.Merges) {
		top := leaf
		for parent[top] >= 0 && height(parent[top]) <= d.Cut {
			top = parent[top]
		}
		// A source alone is no cluster, and takes no color.
		if _, ok := number[top]; !ok && top >= n {
			number[top] = len(number)
		}
		for c := leaf; ; c = parent[c] {
			if k, ok := number[top]; ok {
				of[c] = k
			}
			if c == top {
				break
			}
		}
	}
	return of
}

func (d Dendrogram) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "dendrogram: %s, %s\n", plural(len(d.Names), "source"), plural(len(d.Merges), "merge"))
	of := d.clusters()
	lists := map[int][]string{}
	most := -1
	names := shortNames(d.Names)
	for _, i := range leafOrder(len(d.Names), d.Merges) {
		lists[of[i]] = append(lists[of[i]], visible(names[i]))
		most = max(most, of[i])
	}
	for k := 0; k <= most; k++ {
		fmt.Fprintf(&b, "  cluster %d: %s\n", k, strings.Join(lists[k], ", "))
	}
	if d.Cut > 0 && len(lists[-1]) > 0 {
		fmt.Fprintf(&b, "  alone: %s\n", strings.Join(lists[-1], ", "))
	}
	if d.Cut <= 0 {
		fmt.Fprintf(&b, "  order: %s\n", strings.Join(lists[-1], ", "))
	}
	return b.String()
}

func (d Dendrogram) plan() (w, h length, draw func(*page)) {
	n := len(d.Names)
	w, h = d.Width, d.Height
	if w <= 0 {
		w = graphWidth
	}
	size := labelSizeFor(n)
	p := pen{d.XKCD}
	names, room := make([]string, n), length(0)
	for i, s := range labels(allVisible(shortNames(d.Names)), nameLength) {
		names[i] = s
		room = max(room, p.width(names[i], size, false))
	}
	top := 0.0
	for _, m := range d.Merges {
		top = math.Max(top, m.Height)
	}
	if top == 0 {
		top = 1
	}
	caption := d.HeightName
	if caption == "" {
		caption = "distance"
	}
	above, below := d.heading()+pageMargin, axisHeight(caption)+pageMargin/2
	if h <= 0 {
		h = above + below + max(40, length(n)*p.lineHeight(size))
	}
	row := (h - above - below) / length(n)
	size = min(size, row/1.05)
	// Height grows to the left: names stand at the right, at height 0.
	x := scale{min: 0, max: top, lo: max(w-pageMargin-room-8, pageMargin+20), hi: pageMargin + 6}
	return w, h, func(p *page) {
		p.head(d.Style, w, h)
		of := d.clusters()
		col := func(c int) color.NRGBA {
			if of[c] < 0 {
				return p.muted
			}
			return p.cluster(of[c])
		}
		box := rect(x.hi, below, x.lo, h-above)
		ticks := linearTicks(0, top, 5)
		// The axis writes labels from left to right, and leaves out those that would touch the one
		// before. Since values fall from left to right here, the ticks are put in that order.
		sort.Slice(ticks, func(i, j int) bool { return ticks[i].at > ticks[j].at })
		p.xAxis(box, x, ticks, caption, w)
		if d.Cut > 0 && d.Cut < top {
			at := x.at(d.Cut)
			p.line(stroke{color: p.muted, width: 0.8, dash: []length{3, 3}}, point{X: at, Y: box.Min.Y}, point{X: at, Y: box.Max.Y})
		}
		type place struct{ x, y length }
		at := make([]place, n+len(d.Merges))
		for k, i := range leafOrder(n, d.Merges) {
			at[i] = place{x.at(0), box.Max.Y - length((length(k)+0.5)*row)}
			p.write(point{X: x.lo + 5, Y: at[i].y}, label{text: names[i], size: size})
		}
		for k, m := range d.Merges {
			a, b, to := at[m.A], at[m.B], x.at(m.Height)
			// Merges come in an order in which what they join already has its place.
			at[n+k] = place{to, (a.y + b.y) / 2}
			p.Begin(fmt.Sprintf("joined at %s", si(m.Height)))
			p.line(stroke{color: col(n + k), width: 1.5}, point{X: a.x, Y: a.y}, point{X: to, Y: a.y}, point{X: to, Y: b.y}, point{X: b.x, Y: b.y})
			p.End()
		}
	}
}
