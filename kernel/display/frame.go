package display

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"
)

// frame renders a gota data frame: head and tail of a long or wide one, with the shape and how many
// rows are hidden. Only the cells that are shown are read.
func frame(df dataframe.DataFrame) Bundle {
	if df.Err != nil {
		return renderError(fmt.Errorf("data frame: %w", df.Err))
	}
	nrow, ncol := df.Dims()
	rows, hidRows := window(nrow, maxRows, headRows, tailRows)
	cols, hidCols := window(ncol, maxCols, headCols, tailCols)
	names, types := df.Names(), df.Types()
	t := table{
		shape:   fmt.Sprintf("%s × %s", plural(nrow, "row"), plural(ncol, "column")),
		unit:    "rows",
		labels:  labels(rows),
		hidRows: hidRows,
		hidCols: hidCols,
	}
	t.cells = make([][]string, len(rows))
	for _, c := range cols {
		t.names = append(t.names, names[c])
		t.types = append(t.types, string(types[c]))
		t.right = append(t.right, isNumber(types[c]))
		elems := make([]series.Element, len(rows))
		for i, r := range rows {
			elems[i] = df.Elem(r, c)
		}
		for i, cell := range formatElems(types[c], elems) {
			t.cells[i] = append(t.cells[i], cell)
		}
	}
	return t.bundle()
}

// column renders a gota series as a frame of one column.
func column(s series.Series) Bundle {
	if s.Err != nil {
		return renderError(fmt.Errorf("series %s: %w", s.Name, s.Err))
	}
	rows, hidden := window(s.Len(), maxRows, headRows, tailRows)
	t := table{
		shape:   plural(s.Len(), "element"),
		unit:    "elements",
		names:   []string{s.Name},
		types:   []string{string(s.Type())},
		right:   []bool{isNumber(s.Type())},
		labels:  labels(rows),
		hidRows: hidden,
	}
	elems := make([]series.Element, len(rows))
	for i, r := range rows {
		elems[i] = s.Elem(r)
	}
	for _, cell := range formatElems(s.Type(), elems) {
		t.cells = append(t.cells, []string{cell})
	}
	return t.bundle()
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}

func labels(rows []int) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = strconv.Itoa(r)
	}
	return out
}

func isNumber(t series.Type) bool { return t == series.Int || t == series.Float }

// formatElems prints the elements of one column; the numbers of a float column get the same
// number of decimals, so that they stand under each other.
func formatElems(t series.Type, elems []series.Element) []string {
	out := make([]string, len(elems))
	if t == series.Float {
		values := make([]float64, len(elems))
		for i, e := range elems {
			values[i] = e.Float()
		}
		return formatFloats(values)
	}
	for i, e := range elems {
		out[i] = e.String()
	}
	return out
}

// formatFloats prints values with the fewest decimals, at most four, that show what they are, or in
// scientific form if their sizes do not allow that.
func formatFloats(values []float64) []string {
	decimals, scientific := 0, false
	for _, v := range values {
		a := math.Abs(v)
		if math.IsNaN(v) || math.IsInf(v, 0) || v == 0 {
			continue
		}
		if a >= 1e15 || a < 1e-4 {
			scientific = true
		}
		for decimals < 4 && math.Abs(v-round(v, decimals)) > a*1e-12 {
			decimals++
		}
	}
	out := make([]string, len(values))
	for i, v := range values {
		if scientific {
			out[i] = strconv.FormatFloat(v, 'g', 5, 64)
		} else {
			out[i] = strconv.FormatFloat(v, 'f', decimals, 64)
		}
		if digits, negative := strings.CutPrefix(out[i], "-"); negative && strings.Trim(digits, "0.") == "" {
			out[i] = digits // the sign of a zero tells nothing here
		}
	}
	return out
}

func round(v float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}
