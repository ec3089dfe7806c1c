package generate

import (
	"bufio"
	"io"
	"maps"
	"slices"
	"strconv"
)

// A Matrix is what each source did in each second, the truth to hold a reader to.
type Matrix struct {
	columns map[string]int
	rows    map[int64][]int64
}

// Add adds a value. It may be the Cell of a [Reader].
func (m *Matrix) Add(second int64, source string, value int64) {
	if m.rows == nil {
		m.columns, m.rows = map[string]int{}, map[int64][]int64{}
	}
	j, ok := m.columns[source]
	if !ok {
		j = len(m.columns)
		m.columns[source] = j
	}
	row := m.rows[second]
	for len(row) <= j {
		row = append(row, 0)
	}
	row[j] += value
	m.rows[second] = row
}

// WriteCSV writes a line for each second that has a value: the second since the epoch, then a
// column for each source, in alphabetical order.
func (m *Matrix) WriteCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("time")
	sources := slices.Sorted(maps.Keys(m.columns))
	for _, source := range sources {
		b.WriteString(`,"` + source + `"`)
	}
	b.WriteByte('\n')
	for _, second := range slices.Sorted(maps.Keys(m.rows)) {
		b.WriteString(strconv.FormatInt(second, 10))
		row := m.rows[second]
		for _, source := range sources {
			value := int64(0)
			if j := m.columns[source]; j < len(row) {
				value = row[j]
			}
			b.WriteByte(',')
			b.WriteString(strconv.FormatInt(value, 10))
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}
