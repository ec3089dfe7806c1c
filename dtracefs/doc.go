// Package dtracefs opens what tracers print: text and structured captures of DTrace and
// bpftrace, from any system and of any age.
//
// [Open] shows a folder, a file or an archive as an [io/fs.FS]; compressed files read
// through. [Load] decodes one capture of such a file system into typed, columnar tables,
// one for each kind of thing printed. What the tracer said about itself comes back as
// notices, drops and errors, and lines that no rule understood as Unparsed: every line of
// the input is accounted for.
//
// [Scan] does the same batch by batch in constant memory, [Count] goes straight to how much
// each source did in each bucket of time, and [Live] runs a tracer and yields its batches as
// they come. Tables go out as gota data frames, CSV and folded stacks, by package export as
// Arrow and Parquet. [Scripts] are programs that print what this package and those that analyze
// it read best.
//
// Recognizing the printed shapes (package internal/syntax) is apart from turning them into
// tables (this package).
package dtracefs
