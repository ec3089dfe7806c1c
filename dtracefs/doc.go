// Package dtracefs opens what tracers print: text and structured captures of DTrace and
// bpftrace, from any system and of any age.
//
// [Open] shows a folder, a file or an archive as an [io/fs.FS]; compressed files read
// through. [Load] decodes one capture of such a file system into typed, columnar tables,
// one for each kind of thing printed. What the tracer said about itself comes back as
// notices, drops and errors, and lines that no rule understood as Unparsed: every line of
// the input is accounted for.
//
// [Scan] does the same batch by batch in constant memory, [CountFiles] goes straight to how much
// each source did in each bucket of time, and [Live] runs a tracer and yields its batches as
// they come. Tables go out as gota data frames, CSV and folded stacks, by package export as
// Arrow and Parquet. [Scripts] are programs that print what this package and those that analyze
// it read best.
//
// # How a capture is decoded
//
// Recognizing the printed shapes (package internal/syntax, which knows nothing of tables)
// is apart from turning them into tables (this package). The head of a text tells its
// dialect; the dialect cuts the text into parts and starts a reader, which decodes them one
// by one into a decoder: a ledger, in which every line is booked, and sheets, which become
// the tables.
//
// Captures in text are read by a station. It offers each group of lines to its recognizers
// in their order. Lines that none takes are free text; when a paragraph of it has ended, the
// forms of paragraphs are tried on it, and then its shape alone: loose tuples, pairs of
// names and values, rows of as many words each, prose. Counting goes another way, for
// speed: it asks the decoder once what a line with such words is, and from then on reads only
// the times and numbers of lines like it (fast.go).
//
// # How to add a form
//
// What a tool writes that has a syntax of its own from the first line to the last, such as
// JSON, is a dialect: an entry of dialects and a file with how it is recognized, where it may
// be cut into parts, and its reader. What may stand among other things in a capture is a
// recognizer, if a line tells by itself that it is one of those: an entry of forms and a
// file with a type that has a method take, and a method resume if it has state that is of
// one part only. What shows only by how the lines of a paragraph stand to each other, such
// as a heading with rows, is a form of paragraphs: an entry of paragraphForms and a file
// with a type that has a method file.
//
// A tool that prints a report at each interval is a dialect with a reader that is there already:
// its entry is toolDialect of a tool, which says what a report of it is (reports.go). Its keys
// are columns that tell whose a row is. Where their names do not tell what they name, as Name does
// not, the field is says so; without it, nobody knows that it is a device. Columns of one name get
// others by writing Names, and a block that begins with a line that is no heading calls begins.
//
// With any of them goes a capture in testdata, and its golden file from a run of the tests
// with -update. The tests go through these lists and through testdata by themselves: an
// entry without a capture fails, and every capture is compared with its golden file, seeds
// the fuzz targets and is decoded over and over to see that time grows with the text.
//
//	go test ./dtracefs -run TestGolden -update     # and look at testdata/*.golden
//	go test ./dtracefs -run 'Golden|Lost'          # no word is lost; seconds
//	go test ./dtracefs                             # all; minutes
package dtracefs
