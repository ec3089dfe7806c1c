package display

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// These are the limits of tables: of longer and wider ones, only head and tail are shown.
const (
	maxRows  = 30
	headRows = 10
	tailRows = 10
	maxCols  = 24
	headCols = 12
	tailCols = 8
	maxCell  = 80 // characters of a cell
)

// window chooses which of n things are shown: all if there are no more than limit, or else the
// first head and the last tail of them.
func window(n, limit, head, tail int) (shown []int, hidden int) {
	if n <= limit {
		head, tail = n, 0
	}
	for i := range head {
		shown = append(shown, i)
	}
	for i := n - tail; i < n; i++ {
		shown = append(shown, i)
	}
	return shown, n - len(shown)
}

// table is the part of a rectangle of cells that is shown.
type table struct {
	shape   string   // "1,234 rows × 5 columns"
	unit    string   // what a row is called when some are hidden: "rows"
	names   []string // by column
	types   []string // by column; nil if they do not show
	right   []bool   // by column: numbers stand at the right
	labels  []string // by row
	cells   [][]string
	hidRows int // rows left out after headRows
	hidCols int // columns left out after headCols
}

// bundle renders the table as HTML that survives every sanitizer, and as text.
func (t *table) bundle() Bundle {
	return Bundle{Data: MIMEMap{MIMETypeHTML: t.html(), MIMETypeText: t.text()}}
}

func (t *table) hiddenNote() string {
	return fmt.Sprintf("… %s %s hidden …", count(t.hidRows), t.unit)
}

// html writes the table without style sheet or script. Alignment is written both as an attribute
// and as a style, since sanitizers take away one or the other.
func (t *table) html() string {
	var b strings.Builder
	b.WriteString("<table>\n<thead><tr><th></th>")
	for j, name := range t.names {
		t.htmlGap(&b, "th", j)
		label := html.EscapeString(cut(name))
		if t.types != nil {
			label += "<br><small>" + html.EscapeString(t.types[j]) + "</small>"
		}
		t.htmlCell(&b, "th", j, label)
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for i, row := range t.cells {
		if t.hidRows > 0 && i == headRows {
			span := len(t.names) + 1 + btoi(t.hidCols > 0)
			fmt.Fprintf(&b, "<tr><td colspan=\"%d\" align=\"center\" style=\"text-align:center\">%s</td></tr>\n", span, t.hiddenNote())
		}
		fmt.Fprintf(&b, "<tr><th>%s</th>", html.EscapeString(t.labels[i]))
		for j, cell := range row {
			t.htmlGap(&b, "td", j)
			t.htmlCell(&b, "td", j, html.EscapeString(cut(cell)))
		}
		b.WriteString("</tr>\n")
	}
	fmt.Fprintf(&b, "</tbody>\n</table>\n<p>%s</p>", html.EscapeString(t.shape))
	return b.String()
}

func (t *table) htmlGap(b *strings.Builder, tag string, j int) {
	if t.hidCols > 0 && j == headCols {
		fmt.Fprintf(b, "<%s>…</%s>", tag, tag)
	}
}

func (t *table) htmlCell(b *strings.Builder, tag string, j int, content string) {
	side := "left"
	if t.right[j] {
		side = "right"
	}
	fmt.Fprintf(b, `<%s align="%s" style="text-align:%s">%s</%s>`, tag, side, side, content, tag)
}

// text writes the table in columns as wide as their widest cell, names and types above them.
func (t *table) text() string {
	grid := [][]string{append([]string{""}, t.names...)}
	if t.types != nil {
		grid = append(grid, append([]string{""}, t.types...))
	}
	heading := len(grid)
	for i, row := range t.cells {
		grid = append(grid, append([]string{t.labels[i]}, row...))
	}
	right := append([]bool{true}, t.right...)
	if t.hidCols > 0 {
		for i := range grid {
			grid[i] = slices.Insert(grid[i], headCols+1, "…")
		}
		right = slices.Insert(right, headCols+1, false)
	}
	width := make([]int, len(right))
	for _, row := range grid {
		for j := range row {
			row[j] = cut(row[j])
			width[j] = max(width[j], utf8.RuneCountInString(row[j]))
		}
	}
	var b strings.Builder
	for i, row := range grid {
		if t.hidRows > 0 && i == heading+headRows {
			b.WriteString(t.hiddenNote() + "\n")
		}
		var line strings.Builder
		for j, cell := range row {
			if j > 0 {
				line.WriteString("  ")
			}
			pad := strings.Repeat(" ", width[j]-utf8.RuneCountInString(cell))
			if right[j] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	b.WriteString(t.shape)
	return b.String()
}

// cut keeps a cell on one line and short.
func cut(s string) string {
	if utf8.RuneCountInString(s) > maxCell {
		r := []rune(s)
		s = string(r[:maxCell-1]) + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
