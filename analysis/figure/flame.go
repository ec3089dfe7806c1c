package figure

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"image/color"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Stack is a call stack and how often it was seen. Frames run from the root to the leaf.
type Stack struct {
	Frames []string
	Count  float64
}

// Flame draws where stacks spend their counts: every frame is as wide as the counts of all stacks
// through it, callers below callees (Gregg 2016). The SVG, if opened on its own in a browser, zooms
// into a frame that is clicked, and searches with the button, "/" or Ctrl-F. A notebook does the
// same with the Vega form.
//
// With a Base it is a differential flame graph: widths are those of Stacks, and colors say
// whether a frame's share of all counts has grown or shrunk since the base.
type Flame struct {
	Style
	Stacks []Stack
	Base   []Stack
	// LeafFirst says that frames run from the leaf to the root, as tracers print them.
	LeafFirst bool
	// KeepOffsets keeps frames apart that are the same function at different addresses, such as
	// read+0x10 and read+0x24, and addresses of a module that belong to no known function.
	KeepOffsets bool
	// Icicle draws the root on top.
	Icicle bool
	// Unit is that of the counts; "" means samples.
	Unit string
}

// SVG returns the flame graph as an SVG document.
func (f Flame) SVG() string { return toSVG(f) }

// PNG returns the flame graph as a PNG file.
func (f Flame) PNG() []byte { return toPNG(f) }

// Save writes the flame graph to a .svg or .png file.
func (f Flame) Save(path string) error { return save(f, path) }

// String lists the functions with the most counts of their own, or those that changed the most.
func (f Flame) String() string { return text(f) }

func (f Flame) look() Style { return f.Style }

func (f Flame) kind() string {
	if f.Base != nil {
		return "differential flame graph"
	}
	return "flame graph"
}

func (f Flame) check() error {
	for _, set := range [][]Stack{f.Stacks, f.Base} {
		for i, s := range set {
			if !finite(s.Count) || s.Count < 0 {
				return fmt.Errorf("the count of stack %d is %v", i, s.Count)
			}
		}
	}
	if total(f.Stacks) == 0 {
		return errors.New("there are no stacks with counts")
	}
	if f.Base != nil && total(f.Base) == 0 {
		return errors.New("the base has no stacks with counts")
	}
	return nil
}

// total sums the counts of stacks.
func total(stacks []Stack) float64 {
	sum := 0.0
	for _, s := range stacks {
		sum += s.Count
	}
	return sum
}

func (f Flame) unit() string {
	if f.Unit == "" {
		return "samples"
	}
	return f.Unit
}

// A frame is a function as called through a certain stack.
type frame struct {
	name           string
	count, self    float64
	base, baseSelf float64
	children       map[string]*frame
}

func (f *frame) child(name string) *frame {
	c := f.children[name]
	if c == nil {
		c = &frame{name: name, children: map[string]*frame{}}
		f.children[name] = c
	}
	return c
}

// sorted returns the children by name, so that two graphs can be compared.
func (f *frame) sorted() []*frame {
	out := make([]*frame, 0, len(f.children))
	for _, c := range f.children {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func (f *frame) depth() int {
	d := 0
	for _, c := range f.children {
		if c.count > 0 {
			d = max(d, c.depth())
		}
	}
	return d + 1
}

// tree merges the stacks by their beginnings. Counts of the base are scaled to the total of the
// stacks, so that a run twice as long, which has twice the counts everywhere, shows no
// difference.
func (f Flame) tree() *frame {
	root := &frame{name: "all", children: map[string]*frame{}}
	f.add(root, f.Stacks, func(n *frame, c float64, leaf bool) {
		n.count += c
		if leaf {
			n.self += c
		}
	})
	scale := 0.0
	if f.Base != nil {
		scale = total(f.Stacks) / total(f.Base)
	}
	f.add(root, f.Base, func(n *frame, c float64, leaf bool) {
		n.base += float64(c * scale)
		if leaf {
			n.baseSelf += float64(c * scale)
		}
	})
	return root
}

func (f Flame) add(root *frame, stacks []Stack, count func(n *frame, c float64, leaf bool)) {
	for _, s := range stacks {
		if s.Count == 0 {
			continue
		}
		n := root
		count(n, s.Count, len(s.Frames) == 0)
		for i := range s.Frames {
			name := s.Frames[i]
			if f.LeafFirst {
				name = s.Frames[len(s.Frames)-1-i]
			}
			n = n.child(f.function(name))
			count(n, s.Count, i == len(s.Frames)-1)
		}
	}
}

// function returns the frame's name without an offset into the function, and without an address
// where the tracer knew no function.
func (f Flame) function(name string) string {
	name = strings.TrimSpace(name)
	if !f.KeepOffsets {
		// This is an address without a function, alone or after its module. All such addresses of a
		// module become one frame, since they differ from sample to sample and each would be a
		// frame of its own.
		if i := strings.LastIndex(name, "0x"); i >= 0 && strings.Trim(name[i+2:], "0123456789abcdef") == "" && (i == 0 || name[i-1] == '`') {
			return visible(name[:i] + "[unknown]")
		}
		if i := strings.LastIndex(name, "+0x"); i > 0 {
			name = name[:i]
			// Some tracers print offsets in decimal.
		} else if i := strings.LastIndexByte(name, '+'); i > 0 && i+1 < len(name) && strings.Trim(name[i+1:], "0123456789") == "" {
			name = name[:i]
		}
	}
	return visible(name)
}

// module returns what a frame's function belongs to, "" if it does not say.
func module(name string) string {
	if i := strings.IndexByte(name, '`'); i > 0 {
		return name[:i]
	}
	return ""
}

// ranked is a function with the counts of all its frames.
type ranked struct {
	name        string
	self, delta float64
}

// rank lists the functions by their own counts, or, with a base, by how much these changed. A
// function that is called from many places is in many frames, and is ranked by all of them.
func (f Flame) rank() []ranked {
	sums := map[string]*ranked{}
	var walk func(*frame)
	walk = func(n *frame) {
		r := sums[n.name]
		if r == nil {
			r = &ranked{name: n.name}
			sums[n.name] = r
		}
		r.self += n.self
		r.delta += n.self - n.baseSelf
		for _, c := range n.sorted() {
			walk(c)
		}
	}
	walk(f.tree())
	var out []ranked
	for _, r := range sums {
		out = append(out, *r)
	}
	key := func(r ranked) float64 {
		if f.Base != nil {
			return math.Abs(r.delta)
		}
		return r.self
	}
	sort.Slice(out, func(i, j int) bool {
		if key(out[i]) != key(out[j]) {
			return key(out[i]) > key(out[j])
		}
		return out[i].name < out[j].name
	})
	return out
}

func (f Flame) words() string {
	var b strings.Builder
	sum := total(f.Stacks)
	fmt.Fprintf(&b, "%s: %s %s in %s\n", f.kind(), si(sum), f.unit(), plural(len(f.Stacks), "stack"))
	for k, r := range f.rank() {
		if k == linksListed {
			break
		}
		if f.Base != nil {
			if r.delta != 0 {
				fmt.Fprintf(&b, "  %+6.1f points  %s (now %.1f%%)\n", 100*r.delta/sum, r.name, 100*r.self/sum)
			}
		} else if r.self > 0 {
			fmt.Fprintf(&b, "  %5.1f%%  %s\n", 100*r.self/sum, r.name)
		}
	}
	return b.String()
}

const (
	frameHeight = 15
	frameText   = 8
	leastFrame  = 0.1 // points; narrower frames, and what they call, are left out
	mostFrames  = 200 // of a stack; what is called deeper is left out
)

// frameColor returns the fill of a frame: its module's color, lighter or darker by function, or
// in a difference the change of its share.
func (f Flame) frameColor(c *colors, n *frame, modules map[string]int) color.NRGBA {
	if f.Base != nil {
		// A change by half of a frame's own size is drawn in the full color.
		t := math.Max(-1, math.Min(1, 2*(n.count-n.base)/math.Max(n.count, n.base)))
		same, grown, shrunk := mix(c.faint, c.paper, 0.4), c.warm[2], c.cool[2]
		if c.mono { // what has shrunk is lighter than what is the same
			same, shrunk = c.warm[0], c.neutral
		}
		if t >= 0 {
			return mix(same, grown, t)
		}
		return mix(same, shrunk, -t)
	}
	// The shade depends on the name and not on the place, so that a function has the same shade
	// wherever it is called, and also in the next picture.
	h := fnv.New32a()
	h.Write([]byte(n.name))
	shade := 0.3 + 0.35*float64(h.Sum32()%1000)/1000
	base := c.neutral
	if k, ok := modules[module(n.name)]; ok {
		base = c.category[(k+1)%len(c.category)] // warm first, as flames are
	}
	return mix(base, c.paper, shade)
}

// modules numbers the modules by their counts, the largest first, so that those that matter have
// colors of their own. Frames are counted together with what they call, which is good enough to
// rank colors, and measures nothing.
func (f Flame) modules(root *frame) ([]string, map[string]int) {
	sums := map[string]float64{}
	var walk func(*frame)
	walk = func(n *frame) {
		sums[module(n.name)] += n.count
		for _, c := range n.sorted() {
			walk(c)
		}
	}
	for _, c := range root.sorted() {
		walk(c)
	}
	delete(sums, "")
	var names []string
	for m := range sums {
		names = append(names, m)
	}
	sort.Slice(names, func(i, j int) bool {
		if sums[names[i]] != sums[names[j]] {
			return sums[names[i]] > sums[names[j]]
		}
		return names[i] < names[j]
	})
	index := map[string]int{}
	for i, m := range names {
		index[m] = i
	}
	return names, index
}

func (f Flame) legend(p pen, names []string, width length) ([]legendItem, length) {
	var items []legendItem
	swatch := func(c func(p *page) color.NRGBA) func(*page, point) {
		return func(p *page, at point) { p.box(rect(at.X, at.Y-4, at.X+12, at.Y+4), c(p)) }
	}
	if f.Base != nil {
		for _, it := range []struct {
			text          string
			before, after float64
		}{{"share has shrunk", 1, 0.5}, {"is the same", 1, 1}, {"has grown", 0.5, 1}} {
			items = append(items, legendItem{text: it.text, sample: 12, draw: swatch(func(p *page) color.NRGBA {
				return f.frameColor(p.colors, &frame{count: it.after, base: it.before}, nil)
			})})
		}
	}
	for k, m := range labels(names, nameLength) {
		if f.Base != nil || k == 6 {
			break
		}
		items = append(items, legendItem{text: m, sample: 12, draw: swatch(func(p *page) color.NRGBA {
			return mix(p.category[(k+1)%len(p.category)], p.paper, 0.45)
		})})
	}
	return items, flow(p, items, width-2*pageMargin)
}

func (f Flame) plan() (w, h length, draw func(*page)) {
	w = f.Width
	if w <= 0 {
		w = graphWidth
	}
	root := f.tree()
	names, index := f.modules(root)
	items, legendHeight := f.legend(pen{f.XKCD}, names, w)
	depth := min(root.depth(), mostFrames)
	top := f.heading() + pageMargin + 16 // where the buttons of the opened document go
	h = f.Height
	if h <= 0 {
		h = top + length(length(depth)*frameHeight) + legendHeight + pageMargin
	}
	high := min(frameHeight, (h-top-legendHeight-pageMargin)/length(depth))
	bottom := legendHeight + pageMargin
	return w, h, func(p *page) {
		p.head(f.Style, w, h)
		left := 0
		k := (w - 2*pageMargin) / length(root.count)
		var walk func(n *frame, x length, depth int)
		walk = func(n *frame, x length, level int) {
			width := length(n.count) * k
			y := bottom + length(length(level)*high)
			if f.Icicle {
				y = bottom + length(length(depth-1-level)*high)
			}
			f.drawFrame(p, n, x, y, width, high, h, level, root.count, index)
			for _, c := range n.sorted() {
				cw := length(length(c.count) * k)
				if cw >= leastFrame && level+1 < depth {
					walk(c, x, level+1)
				} else if c.count > 0 {
					// One is counted for each frame that is not drawn, but not for what it calls.
					left++
				}
				x += cw
			}
		}
		walk(root, pageMargin, 0)
		if left > 0 {
			p.write(point{X: w - pageMargin, Y: 6}, label{text: "with " + plural(left, "frame") + " too narrow or too deep to draw", size: 7, align: right, color: p.muted})
		}
		drawLegend(p, items, pageMargin, legendHeight+pageMargin/2)
		f.script(p, root, w, top)
	}
}

func (f Flame) drawFrame(p *page, n *frame, x, y, width, high, pageHeight length, level int, all float64, modules map[string]int) {
	fill := f.frameColor(p.colors, n, modules)
	ink := readableOn(fill)
	words := fmt.Sprintf("%s: %s %s, %.2f%%", n.name, si(n.count), f.unit(), 100*n.count/all)
	if f.Base != nil {
		words += fmt.Sprintf(" (base %.2f%%)", 100*n.base/all)
	}
	baseline := y + high/2 - p.capHeight(frameText)/2
	p.Begin(words, "class", "frame", "data-name", n.name, "data-x", short(x), "data-w", short(width),
		"data-depth", strconv.Itoa(level), "data-y", short(pageHeight-baseline), "data-ink", hexOf(ink.R))
	gap := min(0.5, width*0.1)
	p.box(rect(x, y+0.3, x+width-gap, y+high-0.3), fill)
	if name := p.fit(n.name, frameText, false, width-5); len([]rune(name)) > 2 && high >= frameText+1 {
		p.Begin("", "class", "label")
		p.write(point{X: x + 2.5, Y: y + high/2}, label{text: name, size: frameText, color: ink, bare: true})
		p.End()
	}
	p.End()
}

//go:embed flame.js
var flameScript string

// script makes the document, opened on its own, zoom and search. It carries the outlines of all
// letters that names have, since text is drawn as outlines and a frame that becomes wider shows
// more of its name.
func (f Flame) script(p *page, root *frame, w, top length) {
	doc := p.document()
	if doc == nil {
		return
	}
	var text strings.Builder
	text.WriteString("Reset zoom 0123456789.%found?…")
	var walk func(*frame)
	walk = func(n *frame) {
		text.WriteString(n.name)
		for _, c := range n.sorted() {
			walk(c)
		}
	}
	walk(root)
	face := p.face(frameText, false)
	hit := p.category[5%len(p.category)]
	doc.Script = strings.NewReplacer(
		"GLYPHS", doc.Glyphs(face, text.String()),
		"EM", fmt.Sprint(int(face.Face.UnitsPerEm())),
		"SIZE", fmt.Sprint(float64(face.Font.Size)),
		"X0", fmt.Sprint(float64(pageMargin)),
		"WIDTH", fmt.Sprint(float64(w-2*pageMargin)),
		"TOP", fmt.Sprint(float64(top-5)),
		"INK", hexColor(p.ink),
		"HIT", hexColor(hit),
	).Replace(flameScript)
}

func hexColor(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
