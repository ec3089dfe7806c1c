package tracing

import (
	"fmt"
	"html"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"dtnotes/dtracefs"
	"dtnotes/kernel/display"
)

// What is shown is one picture, so that any viewer shows it, whether the notebook is trusted or
// not. Beside it there is text for viewers that show no pictures.
const (
	pageWidth  = 560 // points, as figures have them
	textSize   = 9
	lineHeight = 13
	margin     = 6
	inkColor   = "#222222"
	dimColor   = "#666666"
	alertColor = "#b03a2e"
	barColor   = "#0072b2" // of Okabe and Ito (2008), as the figures' first
)

// page puts panels below each other.
type page struct {
	body strings.Builder
	y    float64
	text strings.Builder
}

// bundle draws what there is to show by now.
func (v *view) bundle() display.Bundle {
	p := &page{y: margin}
	status := v.status()
	p.line(status, inkColor, true)
	p.text.WriteString(status + "\n")
	if v.note != "" {
		p.line(v.note, dimColor, false)
		p.text.WriteString(v.note + "\n")
	}
	shown := false
	if v.counts() && len(v.buckets) > 0 {
		top := v.top()
		p.table(top, v.others)
		p.figure(v.timeline(top).SVG())
		shown = true
	}
	if len(v.heat) > 0 {
		h := v.heatMap()
		p.figure(h.SVG())
		p.text.WriteString(h.String() + "\n")
		shown = true
	}
	if v.flame {
		f := v.flameGraph()
		p.figure(f.SVG())
		p.text.WriteString(f.String() + "\n")
		shown = true
	}
	if !shown && v.rows != nil {
		p.rows(v.rows)
		shown = true
	}
	if !shown && v.ended != failed {
		p.hint(v)
	}
	return display.Bundle{Data: display.MIMEMap{display.MIMETypeSVG: p.svg(), display.MIMETypeText: strings.TrimRight(p.text.String(), "\n")}}
}

// hint says what the view is waiting for.
func (p *page) hint(v *view) {
	said := "nothing was printed yet; what is counted shows when the script prints it, as in tick-1s { printa(@); trunc(@); }"
	if v.tracer == "bpftrace" {
		said = "nothing was printed yet; what is counted shows when the script prints it, as in interval:s:1 { print(@); clear(@); }"
	}
	if v.ended != "" {
		said = "nothing was printed"
	}
	p.line(said, dimColor, false)
	p.text.WriteString(said + "\n")
	if v.waits != "" {
		p.line(dtracefs.Printable(v.waits), dimColor, false)
		p.text.WriteString(dtracefs.Printable(v.waits) + "\n")
	}
}

// line writes a line of text.
func (p *page) line(text, color string, bold bool) {
	weight := ""
	if bold {
		weight = ` font-weight="bold"`
	}
	p.y += lineHeight
	fmt.Fprintf(&p.body, `<text x="%d" y="%s" fill="%s"%s xml:space="preserve">%s</text>`+"\n", margin, short(p.y), color, weight, html.EscapeString(clip(text, 118)))
}

// table lists who does most, with a bar for each.
func (p *page) table(top []ranked, others float64) {
	w := tabwriter.NewWriter(&p.text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "total\tnow/s\t  source")
	p.y += lineHeight
	for _, c := range []struct {
		x      int
		anchor string
		text   string
	}{{190, "end", "source"}, {430, "end", "total"}, {500, "end", "now/s"}} {
		fmt.Fprintf(&p.body, `<text x="%d" y="%s" fill="%s" text-anchor="%s">%s</text>`+"\n", c.x, short(p.y), dimColor, c.anchor, c.text)
	}
	most := 1.0
	if len(top) > 0 {
		most = math.Max(most, top[0].total)
	}
	rest, last := others, 0.0
	for i, r := range top {
		if i >= shownTop {
			rest, last = rest+r.total, last+r.last
			continue
		}
		p.rank(r, most)
		fmt.Fprintf(w, "%s\t%s\t  %s\n", number(r.total), number(r.last), dtracefs.Printable(r.name))
	}
	if rest > 0 {
		r := ranked{name: "others", total: rest, last: last}
		p.rank(r, most)
		fmt.Fprintf(w, "%s\t%s\t  %s\n", number(r.total), number(r.last), r.name)
	}
	w.Flush()
}

func (p *page) rank(r ranked, most float64) {
	p.y += lineHeight
	y := short(p.y)
	fmt.Fprintf(&p.body, `<text x="190" y="%s" fill="%s" text-anchor="end">%s</text>`, y, inkColor, html.EscapeString(clip(dtracefs.Printable(r.name), 34)))
	fmt.Fprintf(&p.body, `<rect x="196" y="%s" width="%s" height="8" fill="%s"/>`, short(p.y-8), short(180*math.Min(1, math.Max(0, r.total/most))), barColor)
	fmt.Fprintf(&p.body, `<text x="430" y="%s" fill="%s" text-anchor="end">%s</text><text x="500" y="%s" fill="%s" text-anchor="end">%s</text>`+"\n",
		y, inkColor, number(r.total), y, inkColor, number(r.last))
}

// rows lists the last rows of a table.
func (p *page) rows(t *dtracefs.Table) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var names []string
	for _, c := range t.Columns {
		names = append(names, clip(dtracefs.Printable(c.Name), 40))
	}
	fmt.Fprintln(w, strings.Join(names, "\t"))
	for i := max(0, t.NumRows()-shownRows); i < t.NumRows(); i++ {
		for j, c := range t.Columns {
			if j > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, clip(dtracefs.Printable(c.Text(i)), 40))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, " \n")
		p.line(line, inkColor, false)
		p.text.WriteString(line + "\n")
	}
}

var sizeOf = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`<svg [^>]*width="(\d+)" height="(\d+)" viewBox="0 0 ([\d.]+) ([\d.]+)"`)
})

// figure puts a picture below what is there, without its scripts, which would not run inside
// another picture.
func (p *page) figure(svg string) {
	m := sizeOf().FindStringSubmatch(svg)
	if m == nil {
		return
	}
	w, _ := strconv.ParseFloat(m[3], 64)
	h, _ := strconv.ParseFloat(m[4], 64)
	if w <= 0 || h <= 0 {
		return
	}
	p.y += margin
	shownHeight := h * pageWidth / w
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" x="0" y="%s" width="%d" height="%s" viewBox="0 0 %s %s"`,
		short(p.y), pageWidth, short(shownHeight), m[3], m[4])
	_, rest, _ := strings.Cut(svg, m[0])
	_, rest, _ = strings.Cut(rest, ">")
	if i := strings.Index(rest, "<script>"); i >= 0 {
		if j := strings.LastIndex(rest, "</script>"); j > i {
			rest = rest[:i] + rest[j+len("</script>"):]
		}
	}
	p.body.WriteString(head + ">" + rest)
	p.y += shownHeight
}

func (p *page) svg() string {
	h := p.y + margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %d %s" style="max-width:100%%;height:auto"><title>a running trace</title>`+
		"\n"+`<rect width="100%%" height="100%%" fill="#ffffff"/><g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="%d">`+"\n%s</g></svg>\n",
		pageWidth*4.0/3, h*4/3, pageWidth, short(h), textSize, p.body.String())
}

func short(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// number writes a number with groups of three digits, or with few digits if it is small.
func number(v float64) string {
	if math.Abs(v) < 10 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	s := strconv.FormatFloat(math.Round(math.Abs(v)), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if v < 0 {
		s = "-" + s
	}
	return s
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
