package figure

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Grid draws values of rows × columns, such as hosts × sources, in the order in which they come.
type Grid struct {
	Style
	Rows, Columns []string
	Values        [][]float64 // a row for each of Rows; NaN is not known
	// Groups names the group of each row. Rows of a group must follow each other, and are framed.
	// nil means that no groups are known.
	Groups []string
	// Marks are true where a value stands out; nil marks none.
	Marks [][]bool
	// Range is the absolute value with the strongest color; 0 takes the largest, or where a few are
	// far above all others, the largest of the others.
	Range float64
	// ValueName says what the values are.
	ValueName string
}

// SVG returns the grid as an SVG document.
func (g Grid) SVG() string { return toSVG(g) }

// PNG returns the grid as a PNG file.
func (g Grid) PNG() []byte { return toPNG(g) }

// Save writes the grid to a .svg or .png file.
func (g Grid) Save(path string) error { return save(g, path) }

// String lists the values that are marked.
func (g Grid) String() string { return text(g) }

func (g Grid) look() Style  { return g.Style }
func (g Grid) kind() string { return "grid" }

func (g Grid) check() error {
	n, p := len(g.Rows), len(g.Columns)
	switch {
	case n == 0 || p == 0:
		return errors.New("there are no rows or no columns")
	case len(g.Values) != n:
		return fmt.Errorf("there are %d rows and %d rows of values", n, len(g.Values))
	case g.Groups != nil && len(g.Groups) != n:
		return fmt.Errorf("there are %d rows and %d groups", n, len(g.Groups))
	case g.Marks != nil && len(g.Marks) != n:
		return fmt.Errorf("there are %d rows and %d rows of marks", n, len(g.Marks))
	case !finite(g.Range) || g.Range < 0:
		return fmt.Errorf("the range is %v", g.Range)
	}
	for i, row := range g.Values {
		if len(row) != p || g.Marks != nil && len(g.Marks[i]) != p {
			return fmt.Errorf("row %d (%s) does not have %d values and marks", i, visible(g.Rows[i]), p)
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return fmt.Errorf("the value of %s and %s is %v", visible(g.Rows[i]), visible(g.Columns[j]), v)
			}
		}
	}
	return nil
}

func (g Grid) marked(i, j int) bool { return g.Marks != nil && g.Marks[i][j] }

func (g Grid) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", g.kind(), plural(len(g.Rows), "row"), plural(len(g.Columns), "column"))
	for i, row := range g.Values {
		for j, v := range row {
			if g.marked(i, j) {
				fmt.Fprintf(&b, "  %+.3g  %s – %s\n", v, visible(g.Rows[i]), visible(g.Columns[j]))
			}
		}
	}
	return b.String()
}

// strongest returns the absolute value with the strongest color, 1 if all are 0 or unknown, and the
// largest. Without a range, a few values far above all others leave the others their colors.
func (g Grid) strongest() (most, peak float64) {
	sizes := make([][]float64, len(g.Values))
	for i, row := range g.Values {
		for _, v := range row {
			sizes[i] = append(sizes[i], math.Abs(v))
		}
	}
	most, peak = heatTop(sizes)
	return lastColor(g.Range, most), peak
}

// names returns the names of rows and groups as they are written, and the widths of both. They
// leave half of the page to the values, unless that would cut them to a few characters.
func (g Grid) names(p pen, size, w length) (rows, groups []string, rowsWide, groupsWide length) {
	for n := nameLength; n >= 4; n -= 4 {
		rows, groups = labels(allVisible(g.Rows), n), labels(allVisible(shortNames(g.groups())), n)
		rowsWide, groupsWide = 0, 0
		for _, s := range rows {
			rowsWide = max(rowsWide, p.width(s, size, false))
		}
		for _, s := range groups {
			groupsWide = max(groupsWide, p.width(s, size, true)+10)
		}
		if rowsWide+groupsWide <= w/2 {
			break
		}
	}
	return rows, groups, rowsWide, groupsWide
}

func (g Grid) plan() (w, h length, draw func(*page)) {
	w = g.Width
	if w <= 0 {
		w = graphWidth
	}
	p := pen{g.XKCD}
	rowSize, columnSize := labelSizeFor(len(g.Rows)), labelSizeFor(len(g.Columns))
	rows, names, left, groups := g.names(p, rowSize, w)
	below := length(0)
	columns := labels(allVisible(shortNames(g.Columns)), nameLength)
	for _, s := range columns {
		below = max(below, p.width(s, columnSize, false))
	}
	const legend = length(64)
	wide := min(26, (w-2*pageMargin-left-groups-legend)/length(len(g.Columns)))
	// A page that is too narrow for all columns grows beyond its width, so that none is left out.
	wide = max(wide, 0.5)
	high := min(16, max(1, 900/length(len(g.Rows))))
	if g.Height > 0 {
		high = max(0.5, (g.Height-2*pageMargin-g.heading()-below-6)/length(len(g.Rows)))
	}
	// Names that are larger than a cell would touch each other.
	rowSize, columnSize = min(rowSize, high*0.95), min(columnSize, wide*0.95)
	if rowSize < 4 {
		left = 0
	}
	if columnSize < 4 {
		below = 0
	}
	h = g.Height
	if h <= 0 {
		h = max(g.heading()+2*pageMargin+length(high*length(len(g.Rows)))+below+6, g.heading()+2*pageMargin+150)
	}
	return w, h, func(p *page) {
		p.head(g.Style, w, h)
		x0, y1 := pageMargin+groups+left+5, h-pageMargin-g.heading()
		box := rect(x0, y1-length(high*length(len(g.Rows))), x0+length(wide*length(len(g.Columns))), y1)
		most, peak := g.strongest()
		img := image.NewNRGBA(image.Rect(0, 0, len(g.Columns), len(g.Rows)))
		for i, row := range g.Values {
			for j, v := range row {
				img.SetNRGBA(j, i, diverging(p.colors, math.Max(-1, math.Min(1, v/most))))
			}
		}
		p.DrawImage(box, img)
		for i, s := range rows {
			if left > 0 {
				p.write(point{X: x0 - 5, Y: y1 - length((length(i)+0.5)*high)}, label{text: s, size: rowSize, align: right})
			}
			for j := range columns {
				if g.marked(i, j) {
					g.mark(p, box, wide, high, i, j)
				}
			}
		}
		for j, s := range columns {
			if below > 0 {
				p.write(point{X: x0 + length((length(j)+0.5)*wide), Y: box.Min.Y - 5}, label{text: s, size: columnSize, align: right, turn: math.Pi / 2})
			}
		}
		g.frames(p, box, high, rowSize, names)
		Matrix{ValueName: g.ValueName}.drawScale(p, point{X: box.Max.X + 14, Y: y1}, most, peak)
	}
}

// mark frames a value that stands out.
func (g Grid) mark(p *page, box vg.Rectangle, wide, high length, i, j int) {
	x, y := box.Min.X+length(length(j)*wide), box.Max.Y-length(length(i)*high)
	p.Begin(fmt.Sprintf("%s, %s: %+.3g", visible(g.Rows[i]), visible(g.Columns[j]), g.Values[i][j]))
	p.path(rect(x, y-high, x+wide, y).Path(), stroke{color: p.ink, width: 1.6})
	p.End()
}

// groups returns the name of each group, one for each run of rows.
func (g Grid) groups() []string { return slices.Compact(slices.Clone(g.Groups)) }

// frames outlines the groups and names them.
func (g Grid) frames(p *page, box vg.Rectangle, high, size length, names []string) {
	for a, k := 0, 0; a < len(g.Groups); k++ {
		b := a
		for b < len(g.Groups) && g.Groups[b] == g.Groups[a] {
			b++
		}
		top, bottom := box.Max.Y-length(length(a)*high), box.Max.Y-length(length(b)*high)
		p.path(rect(box.Min.X, bottom, box.Max.X, top).Path(), stroke{color: p.ink, width: 1})
		p.write(point{X: pageMargin, Y: (top + bottom) / 2}, label{text: names[k], size: max(size, 7), bold: true})
		a = b
	}
}
