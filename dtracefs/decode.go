package dtracefs

import (
	"bytes"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// A decoder is what one capture, or one part of it, is decoded into: the ledger of its
// lines and the sheets of its tables.
type decoder struct {
	ledger
	sheets
	opt    Options
	script *script.Script // what printed the capture, if known
	ended  func() bool    // says that what is decoded is not wanted any more; nil for never

	exact []stretchOfText // lines that were taken as a whole
	whole bool            // the data of the document at hand were
}

// newDecoder returns what fills c. The script is kept in the capture, as it says later what
// values are (see [Capture.Readings]).
func newDecoder(c *Capture, o Options, s *script.Script) *decoder {
	c.script = s
	return &decoder{ledger: ledger{c}, sheets: newSheets(), opt: o, script: s}
}

// lines walks over a part of the text that starts at the line of that number. The walk ends early
// when nobody wants the capture any more; whoever started it must ask why it ended.
func (d *decoder) lines(data []byte, line int) *syntax.Cursor {
	return syntax.NewCursorAt(data, line).Until(d.ended)
}

// wasExact notes that lines from an offset up to another were taken as a whole.
func (d *decoder) wasExact(from, to, lines int) {
	if n := len(d.exact); n > 0 && d.exact[n-1].to == from {
		d.exact[n-1].to, d.exact[n-1].lines = to, d.exact[n-1].lines+lines
		return
	}
	d.exact = append(d.exact, stretchOfText{from, to, lines})
}

// finish files what was gathered as the capture's tables.
func (d *decoder) finish() {
	d.c.Tables = append(d.c.Tables, d.tables()...)
	var grouped []string
	for _, s := range d.list {
		grouped = append(grouped, s.grouped...)
	}
	if len(grouped) > 0 {
		slices.Sort(grouped)
		d.notice(0, "unit", []byte(strings.Join(slices.Compact(grouped), ", ")+": commas are taken to part the thousands of numbers"), 0)
	}
}

// filled returns how much was filed so far. Readers compare it before and after something to see
// whether that left anything.
func (d *decoder) filled() int {
	n := len(d.c.Drops)
	for _, s := range d.list {
		n += s.n
	}
	return n
}

// decode decodes a whole capture. The number of lines is what the reader says, not a count of
// their ends: the last line may have none.
func (d *decoder) decode(data []byte) {
	d.c.Bytes = int64(len(data))
	dl := d.opt.dialectOf(data)
	d.c.Dialect = dl.name
	d.c.Lines = dl.start().read(d, data, 1, true)
	if len(data) == 0 {
		d.c.Notices = append(d.c.Notices, Notice{Kind: "empty", Text: "the capture is empty"})
	}
	d.finish()
	d.look(data, 1, nil, true)
}

// A dialect is a way of writing captures, told by how the text starts. All that is
// particular to it stands in its entry of the list of dialects.
type dialect struct {
	name string

	// is reports whether a text that starts with head, without the blanks before it, is of the
	// dialect. It is asked with some 64 KB at most, whose last line may be cut, and must not take
	// what an entry further down the list would read better.
	is func(head []byte) bool

	// cut returns how much of data, which starts at a record, is whole records; 0 if none is. A
	// dialect with a nil cut is read whole: it has no records that stand alone. It must not
	// depend on what came before, since a scan cuts a text into parts before any is read, and
	// must cut only where a reader needs nothing of the part after: the tests decode a capture
	// whole and in parts, and compare.
	cut func(data []byte) int

	// start returns a reader of one capture. A reader serves one capture only: its state is what
	// one part leaves to the next.
	start func() reader
}

// A reader decodes a capture, part by part. It keeps what a part leaves open for the next. The
// parts come in order. Each may have a decoder of its own, so a reader must not keep sheets from
// part to part.
//
// Rows go to sheets, which become the tables. sheetFor makes or finds the sheet of a key; text, int
// and instant append a cell to the row at hand, in the column of that name; and end ends the row.
// Columns of text of a sheet that is inferred become numbers if all their cells are.
//
// Besides rows the reader says what else a user must know, through the decoder:
//
//   - each line is booked once (account), as blank, notice, table or not understood (unparsed);
//   - what the tool lost is a Drop, which makes the capture lossy: message does it for the words of
//     tracers, other tools append to c.Drops;
//   - a time is an instant in opt.Location where no zone is printed; a column that was not printed
//     in the row but above it is context;
//   - kindReport is the kind of tables of an interval tool, whose columns have roles (key, count,
//     level); tables of another kind are looked at to find which columns are keys and values;
//   - a text that ends inside of something is truncated;
//   - lines come from decoder.lines, which ends when the context of a load is done.
type reader interface {
	// read decodes a part that starts at the line of that number into d and returns how
	// many lines it has. last tells that no other part follows.
	read(d *decoder, data []byte, line int, last bool) (lines int)
}

// records are readers of dialects in which no record depends on one before: they keep nothing
// from part to part.
type records func(d *decoder, cur *syntax.Cursor)

func (f records) read(d *decoder, data []byte, line int, last bool) int {
	cur := d.lines(data, line)
	f(d, cur)
	return cur.Number() - line
}

// startRecords makes of such a function the start of a dialect.
func startRecords(f records) func() reader { return func() reader { return f } }

// dialects are tried in this order; the last one is for what no other takes. The order matters:
// JSON of bpftrace, of FreeBSD's libxo and of perf stat is JSON as well, so these come before it;
// what has a mark that nothing else has comes before tools that are known by their headings alone,
// of which ps, whose names many use, is the last; and the text of tracers, which may contain
// anything, comes at the end.
var dialects = []dialect{
	{"bpftrace-json", isBpftraceJSON, cutAtJSONStamp, startBpftraceJSON},
	{"libxo-json", isLibxoJSON, nil, startRecords(libxoJSON)},
	{"libxo-xml", isLibxoXML, nil, startRecords(libxoXML)},
	{"statemap", isStatemap, nil, startRecords(statemap)},
	{"sysstat-json", isSysstatJSON, nil, startRecords(sysstatJSON)},
	{"perf-stat", isPerfStat, cutAtLine, startPerfStat},
	{"json", isJSONLines, cutAtLine, startRecords(jsonLines)},
	{"csv", isCSV, cutCSV, startCSV},
	{"folded", isFolded, cutAtLine, startRecords(folded)},
	toolDialect(sysstat),
	toolDialect(vmstat),
	{"vmstat-s", isVmstatSums, cutAtLine, startVmstatSums},
	toolDialect(illumosMpstat),
	toolDialect(iostat),
	toolDialect(gstat),
	toolDialect(prstat),
	toolDialect(top),
	toolDialect(ps),
	{"perf-script", isPerfScript, cutSamples, startPerfScript},
	{"perf-trace", isPerfTrace, cutAtLine, startPerfTrace},
	{"perf-report", isPerfReport, cutPerfReport, startPerfReport},
	{"perf-annotate", isPerfAnnotate, cutAtLine, startPerfAnnotate},
	{"strace", isStrace, cutCalls, startCalls},
	{"truss", isTruss, cutCalls, startCalls},
	{"kdump", isKdump, cutKdump, startKdump},
	{"lockstat", isLockstat, cutLockstat, startLockstat},
	{"bpftrace", isBpftrace, cutText, startText},
	{"dtrace", isTracerText, cutText, startText},
	{UnknownDialect, isAnything, cutAtLine, startRecords(unknownText)},
}

// dialectOf returns the dialect of a text.
func dialectOf(text []byte) dialect {
	head := headOf(text)
	first, last := bytes.TrimLeft(head, " \t"), len(dialects)-1
	for i, dl := range dialects[:last] {
		// Only what scripts print is asked about with the blanks before its first word: they show
		// over which column of the rows it stands.
		if i < last-1 && dl.is(first) || i == last-1 && dl.is(head) {
			return dl
		}
	}
	return dialects[last]
}

// dialectOf is dialectOf of a capture whose script the options hold, if they do. With its script
// known, a text is a tracer's, however little its beginning looks like that: a script may print
// anything.
func (o Options) dialectOf(head []byte) dialect {
	dl := dialectOf(head)
	if dl.name == UnknownDialect && o.Script != "" && o.Script != noScript {
		dl = dialectNamed("dtrace")
	}
	return dl
}

// dialectNamed returns the dialect of that name. A name that the list lacks is a mistake in this
// package.
func dialectNamed(name string) dialect {
	for _, dl := range dialects {
		if dl.name == name {
			return dl
		}
	}
	panic("no dialect " + name)
}

func isAnything([]byte) bool { return true }

// isBpftrace asks for what DTrace never prints: "Attaching 2 probes..." or a line of a map, such
// as "@reads[nginx]: 12". Script output without either is of the dialect dtrace, which reads the
// same shapes.
func isBpftrace(head []byte) bool {
	for cur := syntax.NewCursor(head); !cur.Done(); {
		line, _ := cur.Next()
		line = plain(line)
		if m, ok := syntax.ParseMessage(line); ok && m.Kind == "attached" {
			return true
		}
		if _, _, _, ok := syntax.MapHead(line); ok {
			return true
		}
	}
	return false
}
