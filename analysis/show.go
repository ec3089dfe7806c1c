package analysis

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"

	"dtnotes/analysis/figure"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// shown is how many rows a displayed table has at most.
const shown = 20

// sheet is a table to display as text or HTML.
type sheet struct {
	title string
	head  []string
	rows  [][]string
}

func (s sheet) text(b *strings.Builder) {
	if s.title != "" {
		fmt.Fprintln(b, dtracefs.PrintableLines(s.title))
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(printable(s.head), "\t"))
	for _, r := range s.rows {
		fmt.Fprintln(w, strings.Join(printable(r), "\t"))
	}
	w.Flush()
}

// called returns how sources are called in text: by a short name, which is never empty.
func called(names []string) func(name string) string {
	brief := figure.Shorten(names)
	return func(name string) string { return cmp.Or(brief(name), `""`) }
}

func printable(cells []string) []string {
	shown := make([]string, len(cells))
	for i, c := range cells {
		shown[i] = dtracefs.Printable(c)
	}
	return shown
}

// html uses plain elements without attributes, which every viewer keeps.
func (s sheet) html(b *strings.Builder) {
	if s.title != "" {
		fmt.Fprintf(b, "<p>%s</p>\n", html.EscapeString(dtracefs.PrintableLines(s.title)))
	}
	b.WriteString("<table>\n<thead><tr>")
	for _, h := range s.head {
		fmt.Fprintf(b, "<th>%s</th>", html.EscapeString(dtracefs.Printable(h)))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for _, r := range s.rows {
		b.WriteString("<tr>")
		for _, c := range r {
			fmt.Fprintf(b, "<td>%s</td>", html.EscapeString(dtracefs.Printable(c)))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>\n")
}

func render(sheets []sheet, write func(sheet, *strings.Builder)) string {
	var b strings.Builder
	for i, s := range sheets {
		if i > 0 {
			b.WriteString("\n")
		}
		write(s, &b)
	}
	return b.String()
}

// String describes the series by its largest sources.
func (s *Series) String() string { return render(s.sheets(), sheet.text) }

// HTML is the table of [Series.String].
func (s *Series) HTML() string { return render(s.sheets(), sheet.html) }

func (s *Series) sheets() []sheet {
	n, p := s.Dims()
	title := fmt.Sprintf("%d buckets of %v × %d sources", n, s.Every, p)
	if n > 0 {
		title += ", from " + clock(s.Times[0])
	}
	for _, note := range s.Notes {
		title += "; " + note
	}
	unit := s.Units
	if unit == "" {
		unit = "total"
	}
	out := sheet{title: title, head: []string{"source", unit, "mean", "highest", "busy buckets"}}
	top := s.Top(shown)
	brief := called(s.Names)
	for j, name := range top.Names {
		col := top.column(j)
		total, busy := 0.0, 0
		for _, v := range col {
			total += v
			if v != 0 {
				busy++
			}
		}
		highest := 0.0
		if n > 0 {
			highest = slices.Max(col)
		}
		out.rows = append(out.rows, []string{brief(name), short(total), short(total / float64(max(1, n))), short(highest), strconv.Itoa(busy)})
	}
	if p > shown {
		out.rows = append(out.rows, []string{fmt.Sprintf("and %d more", p-shown), "", "", "", ""})
	}
	return []sheet{out}
}

func clock(seconds float64) string {
	return time.UnixMilli(int64(seconds * 1000)).UTC().Format("2006-01-02 15:04:05 UTC")
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// String lists clusters and the strongest links.
func (m *Model) String() string { return render(m.sheets(), sheet.text) }

// HTML is the tables of [Model.String].
func (m *Model) HTML() string { return render(m.sheets(), sheet.html) }

func (m *Model) sheets() []sheet {
	names := slices.Clone(m.Names)
	for _, x := range m.Dropped {
		names = append(names, x.Name)
	}
	brief := called(names)
	out := []sheet{m.clusterSheet(brief), m.edgeSheet(brief)}
	if m.Zones != nil {
		out = append(out, m.zoneSheet())
	}
	if len(m.Dropped) > 0 {
		d := sheet{title: "Left out", head: []string{"source", "because it"}}
		for _, x := range m.Dropped[:min(shown, len(m.Dropped))] {
			d.rows = append(d.rows, []string{brief(x.Name), x.Reason})
		}
		if rest := len(m.Dropped) - shown; rest > 0 {
			d.rows = append(d.rows, []string{fmt.Sprintf("and %d more", rest), ""})
		}
		out = append(out, d)
	}
	return out
}

// zoneSheet lists for each zone and for the platform how many sources it has, and how many of their
// links stay within it and leave it.
func (m *Model) zoneSheet() sheet {
	out := sheet{title: "Zones and the platform", head: []string{"zone", "whole name", "sources", "links inside", "with the platform", "with other zones"}}
	links := map[string][3]int{} // inside, with the platform, with others
	for _, e := range m.Edges {
		a, b := m.Zones[e.From], m.Zones[e.To]
		if a == b {
			n := links[a]
			n[0]++
			links[a] = n
			continue
		}
		for _, ends := range [][2]string{{a, b}, {b, a}} {
			n := links[ends[0]]
			if ends[1] == source.Global {
				n[1]++
			} else {
				n[2]++
			}
			links[ends[0]] = n
		}
	}
	sources := map[string]int{}
	for _, z := range m.Zones {
		sources[z]++
	}
	zones := slices.SortedFunc(maps.Keys(sources), func(a, b string) int {
		return cmp.Or(cmp.Compare(sources[b], sources[a]), cmp.Compare(a, b))
	})
	brief := called(zones)
	for _, z := range zones[:min(shown, len(zones))] {
		n := links[z]
		row := []string{brief(z), z, strconv.Itoa(sources[z]), strconv.Itoa(n[0]), strconv.Itoa(n[1]), strconv.Itoa(n[2])}
		if z == source.Global {
			row[1], row[4] = "the platform", ""
		}
		out.rows = append(out.rows, row)
	}
	if rest := len(zones) - shown; rest > 0 {
		out.rows = append(out.rows, []string{fmt.Sprintf("and %d more", rest), "", "", "", "", ""})
	}
	return out
}

func (m *Model) clusterSheet(brief func(string) string) sheet {
	out := sheet{
		title: fmt.Sprintf("%d sources in %d buckets, %d clusters, alpha %s", len(m.Names), m.Buckets, len(m.Exemplars), short(m.Alpha)),
		head:  []string{"cluster", "exemplar", "members"},
	}
	for c, members := range m.Clusters() {
		for i := range members {
			members[i] = brief(members[i])
		}
		out.rows = append(out.rows, []string{strconv.Itoa(c), brief(m.Names[m.Exemplars[c]]), strings.Join(members, ", ")})
	}
	var alone []string
	for i, l := range m.Labels {
		if l < 0 {
			alone = append(alone, brief(m.Names[i]))
		}
	}
	if len(alone) > 0 {
		out.rows = append(out.rows, []string{"alone", "", strings.Join(alone, ", ")})
	}
	return out
}

func (m *Model) edgeSheet(brief func(string) string) sheet {
	out := sheet{title: fmt.Sprintf("%d links, by %s", len(m.Edges), cmp.Or(m.WeightName, "partial correlation")), head: []string{"source", "with", "strength", "stability"}}
	if m.Links != LinksPartial {
		out.title += ": " + m.Rule
	}
	for _, e := range m.Edges[:min(shown, len(m.Edges))] {
		stability := "–"
		if e.Stability > 0 {
			stability = fmt.Sprintf("%.0f%%", 100*e.Stability)
		}
		out.rows = append(out.rows, []string{brief(m.Names[e.From]), brief(m.Names[e.To]), fmt.Sprintf("%+.3f", e.Weight), stability})
	}
	if rest := len(m.Edges) - shown; rest > 0 {
		out.rows = append(out.rows, []string{fmt.Sprintf("and %d more", rest), "", "", ""})
	}
	return out
}

// Clusters lists the names in each cluster, without those that stand alone.
func (m *Model) Clusters() [][]string {
	out := make([][]string, len(m.Exemplars))
	for i, l := range m.Labels {
		if l >= 0 {
			out[l] = append(out[l], m.Names[i])
		}
	}
	return out
}

// Order lists the sources cluster by cluster, those that stand alone last,
// the way rows and columns of a heat map are best laid out.
func (m *Model) Order() []int {
	out := make([]int, len(m.Names))
	for i := range out {
		out[i] = i
	}
	rank := func(i int) int {
		if m.Labels[i] < 0 {
			return len(m.Names)
		}
		return m.Labels[i]
	}
	slices.SortStableFunc(out, func(a, b int) int { return rank(a) - rank(b) })
	return out
}

// Frame returns the series as a frame: a column time, in seconds since the
// epoch, and a column per source.
func (s *Series) Frame() dataframe.DataFrame {
	columns := []series.Series{series.New(s.Times, series.Float, "time")}
	for j, name := range s.Names {
		columns = append(columns, series.New(s.column(j), series.Float, name))
	}
	return dataframe.New(columns...)
}

// WriteCSV writes the series so that [ReadCSV] reads it back exactly.
func (s *Series) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	record := append([]string{"time"}, s.Names...)
	if err := out.Write(record); err != nil {
		return fmt.Errorf("writing series: %w", err)
	}
	for i, t := range s.Times {
		record[0] = strconv.FormatFloat(t, 'f', -1, 64)
		for j := range s.Names {
			record[j+1] = strconv.FormatFloat(s.Values.At(i, j), 'g', -1, 64)
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("writing series: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing series: %w", err)
	}
	return nil
}
