package dtracefs

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"slices"
	"strconv"

	"dtnotes/dtracefs/internal/syntax"
)

// csvHead is how many records decide whether a text is CSV.
const csvHead = 64

// isCSV reports whether a text starts with records of as many cells each in which a column holds
// numbers or times.
func isCSV(head []byte) bool { return csvSeparator(head) != 0 }

// csvSeparator returns what parts the cells of a text that is CSV: commas, or semicolons or bars
// as scripts print them where names hold commas. It is 0 if the text is none.
func csvSeparator(head []byte) byte {
	for _, sep := range []byte(",;|") {
		if hasRecords(head, sep) {
			return sep
		}
	}
	return 0
}

// hasRecords reports whether head is CSV with that separator: three records at least, all of one
// width, with a number or a time below the first. Lists in sentences have commas too, but of
// varying number, or with a blank behind. Behind many records a few other lines are what a script
// says at its end, or what someone wrote under them.
func hasRecords(head []byte, sep byte) bool {
	const many = 16
	r := csvRecords{data: head, sep: sep}
	var width, n, gaps, odd int
	number := false
	for n < csvHead {
		record, line, ok := r.next()
		if !ok {
			break
		}
		if record == nil {
			if _, isMessage := syntax.ParseMessage(line); isMessage || syntax.Blank(line) {
				continue
			}
			if n >= many {
				odd++
				continue
			}
			// What the head ends in may be cut in the middle of a record.
			return n > 2 && number && gaps < n && r.at >= len(head)
		}
		if n == 0 {
			width = len(record)
		}
		isList := isSentenceList(record)
		if n >= many && (isList || len(record) != width) {
			odd++
			continue
		}
		if len(record) != width || width < 2 {
			return n > 2 && number && gaps < n && r.at >= len(head)
		}
		if isList {
			return false // in a sentence
		}
		for i, cell := range record {
			number = number || n > 0 && (isNumber(bytes.TrimSpace(cell)) || isClockCell(record, i))
		}
		if bytes.Contains(bytes.TrimSpace(record[0]), []byte("  ")) {
			gaps++
		}
		n++
	}
	// Where each line has cells in columns before its first comma, that is a part of the last one.
	return n > 2 && number && gaps < n && odd*4 <= n
}

// isSentenceList reports whether a record is a list in a sentence: a blank stands behind a comma.
func isSentenceList(record [][]byte) bool {
	return slices.ContainsFunc(record[1:], func(cell []byte) bool {
		return len(cell) > 0 && cell[0] == ' ' && !isNumber(bytes.TrimSpace(cell))
	})
}

// isClockCell reports whether a cell is a time. Loggers write fractions behind a comma, so that
// "2026-11-29 10:00:00,123 started" is no record of two cells.
func isClockCell(record [][]byte, i int) bool {
	cell := bytes.TrimSpace(record[i])
	if _, n, ok := syntax.ParseClock(cell); !ok || n != len(cell) {
		return false
	}
	if i+1 == len(record) {
		return true
	}
	next := record[i+1]
	return len(next) == 0 || next[0]-'0' > 9 || isNumber(bytes.TrimSpace(next))
}

// csvRecords reads records. Where a line is none, the record is nil. The cells are valid until
// the next record is read. Lines without quotes, which are nearly all, are cut at the separator;
// only others go through encoding/csv.
type csvRecords struct {
	data  []byte
	sep   byte
	at    int
	cells [][]byte
}

// next returns the next record, or the line where it is none; ok is false at the end.
func (r *csvRecords) next() (record [][]byte, line []byte, ok bool) {
	if r.at >= len(r.data) {
		return nil, nil, false
	}
	rest := r.data[r.at:]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		// The last line may have no end. n+1 is its size all the same.
		n = len(rest) - 1
	}
	line = bytes.TrimRight(rest[:n+1], "\r\n")
	if bytes.IndexByte(line, '"') >= 0 {
		return r.quoted(rest, line, n)
	}
	r.at += n + 1
	// With one cell only, any line would be a record.
	if bytes.IndexByte(line, r.sep) < 0 {
		return nil, line, true
	}
	r.cells = r.cells[:0]
	for cells := line; ; {
		i := bytes.IndexByte(cells, r.sep)
		if i < 0 {
			r.cells = append(r.cells, cells)
			return r.cells, line, true
		}
		r.cells, cells = append(r.cells, cells[:i]), cells[i+1:]
	}
}

// cutCSV cuts after the last line that ends a record: a cell in quotes may hold ends of lines.
// Within such a cell the number of quotes so far is odd. Where that goes on for longer than a
// record may be, a quote was never closed, and any line does.
func cutCSV(data []byte) int {
	end := cutAtLine(data)
	// odd says that the quotes before at are odd in number, while at goes back line by line.
	odd := bytes.Count(data[:end], []byte{'"'})%2 == 1
	for at := end; odd && at > 0 && end-at <= longestCSV; {
		start := cutAtLine(data[:at-1])
		if odd = bytes.Count(data[start:at], []byte{'"'})%2 == 0; !odd {
			return start
		}
		at = start
	}
	return end
}

// longestCSV bounds, in bytes, a record whose quotes go over several lines: a quote that is never
// closed would make one record of all the rest, for every line.
const longestCSV = 64 << 10

// quoted reads a record that has quotes, and so may go over several lines.
func (r *csvRecords) quoted(rest, line []byte, n int) (record [][]byte, text []byte, ok bool) {
	in := csv.NewReader(bytes.NewReader(rest[:min(len(rest), longestCSV)]))
	in.FieldsPerRecord, in.Comma = -1, rune(r.sep)
	fields, err := in.Read()
	if err != nil || len(fields) < 2 {
		// Only this line is given up. What follows it may be records again.
		r.at += n + 1
		return nil, line, true
	}
	size := int(in.InputOffset())
	r.at += size
	r.cells = r.cells[:0]
	for _, f := range fields {
		r.cells = append(r.cells, []byte(f))
	}
	return r.cells, bytes.TrimRight(rest[:size], "\r\n"), true
}

// csvText decodes the CSV that a script prints. The first record names the columns if none of its
// cells is a number; where it comes again, as in files appended to each other, it is no row.
type csvText struct {
	names []string
	sep   byte
	head  int // bytes of the heading with which it starts, 0 if it has none

	numbers []bool // which cells of the first row are
}

func startCSV() reader { return &csvText{} }

// read decodes a part. The first one decides what separates cells; a part alone might look
// otherwise.
func (c *csvText) read(d *decoder, data []byte, line int, last bool) int {
	if c.sep == 0 {
		// The same head as when the dialect was chosen, so that the answer is the same.
		if c.sep = csvSeparator(bytes.TrimLeft(headOf(data), " \t")); c.sep == 0 {
			c.sep = ','
		}
	}
	r := csvRecords{data: data, sep: c.sep}
	num := line
	for records := 1; ; records++ {
		// Other readers have a cursor, which asks whether anyone still wants the capture. This one
		// has none, and asks by itself now and then.
		if d.ended != nil && records%1024 == 0 && d.ended() {
			return num - line
		}
		from := r.at
		record, text, ok := r.next()
		if !ok {
			return num - line
		}
		lines := max(1, bytes.Count(data[from:r.at], []byte("\n")))
		if c.record(d, record, text, num, lines, r.at-from) {
			d.wasExact(from, r.at, lines)
		}
		num += lines
	}
}

// record files a record of so many lines. One that has another number of cells than the heading
// is none of the table's: what the tracer said, or a line cut in the middle. It reports whether all
// cells were filed as they are.
func (c *csvText) record(d *decoder, record [][]byte, text []byte, num, lines, size int) bool {
	switch {
	case syntax.Blank(text):
		d.accountLines(classBlank, lines, size)
		return true
	case record == nil || c.names != nil && (len(record) != len(c.names) || c.isSentence(record)):
		if m, ok := syntax.ParseMessage(text); ok {
			d.accountLines(classNotice, lines, size)
			d.message(num, text, m)
			return false
		}
		d.accountLines(classUnparsed, lines, size)
		d.unparsed(num, text)
		return false
	case c.heading(record):
		c.head = cmp.Or(c.head, size)
		d.accountLines(classTable, lines, size)
	default:
		d.accountLines(classTable, lines, size)
		for i := len(c.numbers); i < len(record); i++ {
			c.numbers = append(c.numbers, isNumber(bytes.TrimSpace(record[i])))
		}
		s := d.sheetFor("csv", "csv", "csv")
		s.inferred = true
		for i, name := range c.names {
			s.text(name, bytes.TrimSpace(record[i]))
		}
		s.end()
	}
	return true
}

// isSentence reports whether a record is a list in a sentence under the rows, with words where the
// first row has numbers.
func (c *csvText) isSentence(record [][]byte) bool {
	if !isSentenceList(record) {
		return false
	}
	for i, is := range c.numbers {
		if is && !isNumber(bytes.TrimSpace(record[i])) {
			return true
		}
	}
	return false
}

// heading takes the first record's words as names if they are some; a record that repeats them is
// the heading once more.
func (c *csvText) heading(record [][]byte) bool {
	if c.names != nil {
		for i, name := range c.names {
			if name != string(bytes.TrimSpace(record[i])) {
				return false
			}
		}
		return true
	}
	named := true
	seen := map[string]bool{}
	for _, cell := range record {
		cell = bytes.TrimSpace(cell)
		_, _, clock := syntax.ParseClock(cell)
		// A row of words would pass as well, but for this: names are all different and none is
		// empty.
		named = named && len(cell) > 0 && !isNumber(cell) && !seen[string(cell)] && !clock
		seen[string(cell)] = true
	}
	for i, cell := range record {
		name := "c" + strconv.Itoa(i+1)
		if named {
			name = string(bytes.TrimSpace(cell))
		}
		c.names = append(c.names, name)
	}
	return named
}
