package display

import (
	"fmt"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// maxLatex is the largest number of rows and columns of a matrix that is shown as a formula. A
// larger one is shown as a table.
const maxLatex = 12

// matrix renders a real matrix: LaTeX if it is small, else an HTML table of its head and tail.
func matrix(m mat.Matrix) Bundle {
	rows, cols := m.Dims()
	return rectangle(rows, cols, func(is, js []int) [][]string {
		values := make([]float64, 0, len(is)*len(js))
		for _, i := range is {
			for _, j := range js {
				values = append(values, m.At(i, j))
			}
		}
		return grid(formatFloats(values), len(js))
	})
}

// cmatrix renders a complex matrix in the same way.
func cmatrix(m mat.CMatrix) Bundle {
	rows, cols := m.Dims()
	return rectangle(rows, cols, func(is, js []int) [][]string {
		var values []string
		for _, i := range is {
			for _, j := range js {
				s := strconv.FormatComplex(m.At(i, j), 'g', 5, 128)
				values = append(values, strings.Trim(s, "()"))
			}
		}
		return grid(values, len(js))
	})
}

// grid breaks values into rows of n.
func grid(values []string, n int) [][]string {
	var out [][]string
	for ; len(values) > 0; values = values[n:] {
		out = append(out, values[:n])
	}
	return out
}

// rectangle renders rows×cols cells; read returns those at the given rows and columns.
func rectangle(rows, cols int, read func(is, js []int) [][]string) Bundle {
	shape := fmt.Sprintf("%s×%s matrix", count(rows), count(cols))
	if rows == 0 || cols == 0 {
		return textOnly(shape)
	}
	is, hidRows := window(rows, maxRows, headRows, tailRows)
	js, hidCols := window(cols, maxCols, headCols, tailCols)
	t := table{
		shape:   shape,
		unit:    "rows",
		names:   labels(js),
		labels:  labels(is),
		right:   make([]bool, len(js)),
		cells:   read(is, js),
		hidRows: hidRows,
		hidCols: hidCols,
	}
	for j := range t.right {
		t.right[j] = true
	}
	if rows > maxLatex || cols > maxLatex {
		return t.bundle()
	}
	return Bundle{Data: MIMEMap{MIMETypeLatex: latexMatrix(t.cells), MIMETypeText: brackets(t.cells)}}
}

func latexMatrix(cells [][]string) string {
	var b strings.Builder
	b.WriteString("$$\\begin{bmatrix}\n")
	for i, row := range cells {
		for j, cell := range row {
			if j > 0 {
				b.WriteString(" & ")
			}
			b.WriteString(latexNumber(cell))
		}
		if i < len(cells)-1 {
			b.WriteString(` \\`)
		}
		b.WriteByte('\n')
	}
	b.WriteString("\\end{bmatrix}$$")
	return b.String()
}

// latexNumber writes 1.5e-07 as 1.5\cdot 10^{-7}, and what is not a number upright.
func latexNumber(s string) string {
	switch s {
	case "NaN":
		return `\mathrm{NaN}`
	case "+Inf":
		return `\infty`
	case "-Inf":
		return `-\infty`
	}
	mantissa, exp, found := strings.Cut(s, "e")
	n, err := strconv.Atoi(exp)
	if !found || err != nil {
		return s
	}
	return fmt.Sprintf(`%s\cdot 10^{%d}`, mantissa, n)
}

// brackets draws a matrix as text:
//
//	⎡1  2⎤
//	⎣3  4⎦
func brackets(cells [][]string) string {
	width := make([]int, len(cells[0]))
	for _, row := range cells {
		for j, cell := range row {
			width[j] = max(width[j], len(cell))
		}
	}
	lines := make([]string, len(cells))
	for i, row := range cells {
		padded := make([]string, len(row))
		for j, cell := range row {
			padded[j] = strings.Repeat(" ", width[j]-len(cell)) + cell
		}
		left, right := "⎢", "⎥"
		switch {
		case len(cells) == 1:
			left, right = "[", "]"
		case i == 0:
			left, right = "⎡", "⎤"
		case i == len(cells)-1:
			left, right = "⎣", "⎦"
		}
		lines[i] = left + strings.Join(padded, "  ") + right
	}
	return strings.Join(lines, "\n")
}
