// Package export hands tables to programs that read Apache Arrow or Parquet, such as pandas,
// polars and DuckDB.
//
// A column of integers becomes int64 or uint64, one of numbers float64, of Booleans bool, of
// strings a dictionary of utf8, of times timestamps of nanoseconds in UTC, of stacks lists of
// utf8, leaf first. Times of the day, which were printed without a date, count from 1970-01-01.
// All columns may hold nulls. The table's name and kind are metadata. Bytes that are not UTF-8
// are written as \xNN.
//
// It is apart from package dtracefs because of what the writer of Parquet brings into a program.
package export
