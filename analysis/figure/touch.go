package figure

import (
	_ "embed"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/xkcd"
	"dtnotes/dtracefs"
)

//go:embed touch.js
var touchScript string

// touch lets whoever opens the document on its own move and enlarge it, find names and see values.
// The data is that of a timeline as JSON, or null.
func (p *page) touch(data string) {
	if doc := p.document(); doc != nil {
		// Comments and indentation of the script are left out, since they would be in every
		// document, and a notebook may hold a hundred documents.
		lines := strings.Split(touchScript, "\n")
		for i, l := range lines {
			lines[i] = strings.TrimLeft(l, " ")
			if strings.HasPrefix(lines[i], "//") {
				lines[i] = ""
			}
		}
		doc.Script = strings.Replace(strings.Join(lines, "\n"), "DATA", data, 1)
	}
}

// document is the SVG document that the page is drawn on, or nil.
func (p *page) document() *canvas.SVG {
	var below any = p.Surface
	if x, ok := below.(*xkcd.Canvas); ok {
		below = x.Canvas
	}
	doc, _ := below.(*canvas.SVG)
	return doc
}

// short writes a length for an attribute.
func short(v length) string { return strconv.FormatFloat(float64(v), 'f', 3, 64) }

// touchData lists where the plot of a timeline is, in the document's units from the upper left
// corner, and for each bucket its left end, its time and the values in it.
func (t Timeline) touchData(box vg.Rectangle, x scale, h length, strands []strand) string {
	round := func(v length) float64 { return math.Round(float64(v)*100) / 100 }
	out := struct {
		X0 float64 `json:"x0"`
		X1 float64 `json:"x1"`
		Y0 float64 `json:"y0"`
		Y1 float64 `json:"y1"`
		// Clocks are the seconds after the first bucket from which on a clock shows, and what it
		// shows at the first bucket, in milliseconds, and the zone. There is none where time counts
		// from a start.
		Clocks [][]any  `json:"clocks"`
		Note   string   `json:"note"`
		Color  string   `json:"color"` // of ticks
		Names  []string `json:"names"`
		Rows   [][]any  `json:"rows"`
	}{X0: round(box.Min.X), X1: round(box.Max.X), Y0: round(h - box.Max.Y), Y1: round(h - box.Min.Y), Clocks: [][]any{}, Color: css(t.colors().muted), Rows: [][]any{}}
	clocked := math.Abs(t.Times[0]) >= epochFrom
	if group := t.grouped(); group > 1 {
		out.Note = ", mean of " + strconv.Itoa(group) + " buckets"
	}
	for _, s := range strands {
		out.Names = append(out.Names, dtracefs.Printable(s.name))
	}
	for _, b := range t.buckets(strands) {
		row := []any{round(x.at(b.start)), b.since}
		if !clocked {
			row[1] = b.start
		} else if name := zoneName(b.start, t.zone()); len(out.Clocks) == 0 || out.Clocks[len(out.Clocks)-1][2] != name {
			_, offset := clock(b.start, t.zone()).Zone()
			out.Clocks = append(out.Clocks, []any{b.since, math.Round((t.Times[0] + float64(offset)) * 1000), name})
		}
		for _, v := range b.values {
			if v == "" {
				row = append(row, nil)
			} else {
				row = append(row, json.Number(v))
			}
		}
		out.Rows = append(out.Rows, row)
	}
	data, err := json.Marshal(out)
	if err != nil {
		return "null"
	}
	return string(data)
}
