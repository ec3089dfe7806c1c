package dtracefs

import (
	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"
)

// DataFrame copies the table into a gota data frame with the same column names. Times
// become float seconds since the epoch, stacks strings with frames joined by semicolons,
// integers beyond 63 bits strings of their digits, as gota has none of those, nulls NaN. The
// table's columns must not be empty.
func (t *Table) DataFrame() dataframe.DataFrame {
	columns := make([]series.Series, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.series()
	}
	return dataframe.New(columns...)
}

// series copies the column into one of gota's. Without nulls the values go over as they are; with
// some, each must be boxed, as gota takes nulls in no other way.
func (c *Column) series() series.Series {
	n := c.Len()
	switch {
	case c.typ == Float || c.typ == Time:
		values := make([]float64, n)
		for i := range values {
			values[i] = c.Float(i)
		}
		return series.New(values, series.Float, c.Name)
	case c.null != nil:
		values := make([]any, n)
		for i := range values {
			if !c.Null(i) {
				values[i] = c.native(i)
			}
		}
		return series.New(values, c.gotaType(), c.Name)
	case c.typ == Int && !c.unsigned:
		values := make([]int, n)
		for i := range values {
			values[i] = int(c.ints[i])
		}
		return series.New(values, series.Int, c.Name)
	case c.typ == Bool:
		values := make([]bool, n)
		for i := range values {
			values[i] = c.ints[i] != 0
		}
		return series.New(values, series.Bool, c.Name)
	}
	values := make([]string, n)
	for i := range values {
		values[i] = c.Text(i)
	}
	return series.New(values, series.String, c.Name)
}

// gotaType is the type of the series of a column with nulls.
func (c *Column) gotaType() series.Type {
	switch {
	case c.typ == Int && !c.unsigned:
		return series.Int
	case c.typ == Bool:
		return series.Bool
	}
	return series.String
}

// native is a cell in the type of Go that gota expects for the column.
func (c *Column) native(i int) any {
	switch {
	case c.typ == Int && !c.unsigned:
		return int(c.ints[i])
	case c.typ == Bool:
		return c.ints[i] != 0
	}
	return c.Text(i)
}
