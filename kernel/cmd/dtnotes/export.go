package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/export"
)

// exportOptions are the flags of export. The format is settled by target.
type exportOptions struct {
	out, format string
	tables      []string
	force       bool
}

func exportCommand() *cobra.Command {
	var opt exportOptions
	cmd := &cobra.Command{
		Use:   "export CAPTURE -o FILE|FOLDER",
		Short: "Write the tables of a capture as Parquet, Arrow, CSV or folded stacks",
		Long: `Export writes tables, as dtnotes inspect lists them, to files that other programs read. A file's
ending tells its format: .parquet, .arrow (or .feather, .ipc), .csv, and .folded for the stacks of a
flame graph. A folder, which is made where there is none, gets a file for each table, in Parquet
unless --format says another. "-o -" is standard output, as CSV unless --format says another.

Several tables of one name are numbered: rows-1, rows-2. Text is UTF-8; bytes that are not are
written as \xNN. Files that exist are left alone unless --force is given, and a file is there only
once it is whole.

Parquet, CSV and folded stacks are written as the capture is read, twice, in memory that does not
grow with it. Arrow holds the whole capture.`,
		Example: `  dtnotes export capture.txt -o tables/
  dtnotes export capture.txt --table activity -o activity.parquet
  dtnotes export stacks.txt -o stacks.folded
  dtnotes export capture.txt.gz --table agg -o - | head`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return opt.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVarP(&opt.out, "out", "o", "", "write to `FILE` or FOLDER")
	f.StringVar(&opt.format, "format", "", "csv, parquet, arrow or folded; by default what the file's ending says")
	f.StringSliceVar(&opt.tables, "table", nil, "a `NAME` of a table to write; all by default")
	f.BoolVar(&opt.force, "force", false, "replace files that exist")
	cmd.MarkFlagRequired("out")
	return cmd
}

// formatOf are the formats that the endings of files stand for.
var formatOf = map[string]string{
	".csv": "csv", ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow", ".folded": "folded",
}

func (opt *exportOptions) run(cmd *cobra.Command, path string) error {
	if opt.format != "" && !slices.Contains(export.Formats(), opt.format) {
		return fmt.Errorf("--format %s: the formats are %s", opt.format, strings.Join(export.Formats(), ", "))
	}
	folder, err := opt.target()
	if err != nil {
		return err
	}
	fsys, names, err := openCaptures(cmd.Context(), path)
	if err != nil {
		return err
	}
	if len(names) > 1 && !folder {
		return fmt.Errorf("%s holds %d captures: name one of them, or say -o FOLDER/ for a folder of each", path, len(names))
	}
	used := fileNames{}
	for _, name := range names {
		dir := opt.out
		if len(names) > 1 {
			dir = filepath.Join(dir, used.next(name))
		}
		if err := opt.capture(cmd, fsys, name, dir, folder); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// target reports whether the output is a folder, and settles the format.
func (opt *exportOptions) target() (folder bool, err error) {
	switch opt.out {
	case "":
		return false, errors.New("-o names no file")
	case "-":
		opt.format = cmp.Or(opt.format, "csv")
		return false, nil
	}
	info, err := os.Stat(opt.out)
	ext := strings.ToLower(filepath.Ext(opt.out))
	// It is a folder if such a folder is there, or if the name can only be meant for one: with a
	// slash at its end, or without an ending.
	if err == nil && info.IsDir() || err != nil && (os.IsPathSeparator(opt.out[len(opt.out)-1]) || ext == "" && opt.format == "") {
		opt.format = cmp.Or(opt.format, "parquet")
		return true, nil
	}
	told := formatOf[ext]
	switch {
	case told == "" && opt.format == "":
		return false, fmt.Errorf("-o %s: its ending tells no format: it may be .csv, .parquet, .arrow or .folded, or say --format", opt.out)
	case told != "" && opt.format != "" && told != opt.format:
		return false, fmt.Errorf("-o %s: its ending says %s, but --format says %s", opt.out, told, opt.format)
	}
	opt.format = cmp.Or(opt.format, told)
	return false, nil
}

// capture exports tables of one capture to out.
func (opt *exportOptions) capture(cmd *cobra.Command, fsys fs.FS, name, out string, folder bool) error {
	src, err := readSource(cmd, fsys, name, opt.format == "arrow")
	if err != nil {
		return err
	}
	src.warn(cmd.ErrOrStderr(), name)
	chosen, err := opt.choose(src.labels(), src.shapes.All)
	err = dtracefs.SaysUnknown(err, src.dialect)
	if err != nil {
		return err
	}
	if len(chosen) > 1 && !folder {
		return fmt.Errorf("%d tables are to go to one file: name one with --table, or say -o FOLDER/\n%s", len(chosen), src.list(chosen))
	}
	outputs := make([]*output, len(chosen))
	used := fileNames{}
	labels := src.labels()
	for i, n := range chosen {
		o := &output{shape: src.shapes.All[n], n: n, format: opt.format, path: out, std: cmd.OutOrStdout()}
		if folder {
			o.path = filepath.Join(out, used.next(labels[n])+"."+opt.format)
		}
		if info, err := os.Stat(o.path); err == nil && o.path != "-" {
			// If the output is the file that is read, under whatever name, writing it would destroy
			// what is read.
			if read, err := os.Stat(cmd.Flags().Arg(0)); err == nil && os.SameFile(info, read) {
				return fmt.Errorf("%s is the capture itself", o.path)
			}
			if info.Mode().IsRegular() && !opt.force {
				return fmt.Errorf("%s exists: say --force to replace it", o.path)
			}
		}
		outputs[i] = o
	}
	if folder {
		if err := os.MkdirAll(out, 0o777); err != nil {
			return err
		}
	}
	if err := src.write(outputs); err != nil {
		return err
	}
	for _, o := range outputs {
		if o.path != "-" {
			sayf(cmd.ErrOrStderr(), "%s: %d rows of %s\n", o.path, o.shape.Rows, labels[o.n])
		}
	}
	return nil
}

// choose returns the numbers of the tables to write.
func (opt *exportOptions) choose(labels []string, shapes []*export.Shape) (chosen []int, err error) {
	all := func(keep func(i int) bool) (some []int) {
		for i := range shapes {
			if keep(i) {
				some = append(some, i)
			}
		}
		return some
	}
	fits := func(i int) bool { return opt.format != "folded" || shapes[i].Stacks() }
	list := func(what string, some []int) error {
		names := make([]string, len(some))
		for k, i := range some {
			names[k] = labels[i]
		}
		if len(some) == 0 {
			return errors.New(what + "; it has none")
		}
		return fmt.Errorf("%s; it has %s", what, strings.Join(names, ", "))
	}
	every := all(func(int) bool { return true })
	if len(opt.tables) == 0 {
		if chosen = all(fits); len(chosen) == 0 && len(every) > 0 {
			return nil, list("no table with stacks to fold", every)
		} else if len(chosen) == 0 {
			return nil, errors.New("no table in it (see dtnotes inspect)")
		}
		return chosen, nil
	}
	for _, name := range opt.tables {
		some := all(func(i int) bool { return labels[i] == name || shapes[i].Name == name })
		if len(some) == 0 {
			return nil, list("no table "+name, every)
		}
		for _, i := range some {
			if !fits(i) {
				return nil, list("table "+labels[i]+" has no stacks to fold", all(fits))
			}
			if !slices.Contains(chosen, i) {
				chosen = append(chosen, i)
			}
		}
	}
	return chosen, nil
}

// smallCapture is how many bytes of text are decoded at once, since that decodes best: the shape of
// free text is found from all of it. It is less in tests.
var smallCapture int64 = 16 << 20

// A source is a capture that is read to export it.
type source struct {
	batches func() iter.Seq2[*dtracefs.Batch, error]
	shapes  export.Shapes

	drops, unparsed, faults int
	firstUnparsed, lines    int
	dialect                 string
}

// readSource reads a capture once, to know its tables: a file of Parquet or CSV begins with its
// columns, which are known only when the last row has been seen. A capture that is small, or that
// is wanted whole, is decoded at once and kept.
func readSource(cmd *cobra.Command, fsys fs.FS, name string, whole bool) (*source, error) {
	ctx := cmd.Context()
	s := &source{batches: func() iter.Seq2[*dtracefs.Batch, error] {
		return reported(dtracefs.Scan(ctx, fsys, name, dtracefs.Options{}), name)
	}}
	if !whole {
		bytes, err := s.survey()
		if err != nil {
			return nil, err
		}
		whole = bytes <= smallCapture
	}
	if !whole {
		return s, s.addStderr(ctx, fsys, name)
	}
	c, err := dtracefs.Load(ctx, fsys, name, dtracefs.Options{})
	if err != nil {
		return nil, err
	}
	// There is one batch that holds all.
	s = &source{batches: func() iter.Seq2[*dtracefs.Batch, error] {
		return func(yield func(*dtracefs.Batch, error) bool) {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
			} else {
				yield(&dtracefs.Batch{Capture: *c, Line: 1}, nil)
			}
		}
	}}
	_, err = s.survey()
	return s, err
}

// addStderr takes in what the tracer said on standard error, which a scan does not read.
func (s *source) addStderr(ctx context.Context, fsys fs.FS, name string) error {
	for _, beside := range []string{name, strings.TrimSuffix(name, ".gz"), strings.TrimSuffix(name, ".zst"), strings.TrimSuffix(name, ".xz")} {
		c, err := dtracefs.Load(ctx, fsys, beside+".stderr", dtracefs.Options{})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s.drops += len(c.Drops)
		s.faults += len(c.Errors)
		return nil
	}
	return nil
}

// reported shows on a terminal how far the reading has come.
func reported(batches iter.Seq2[*dtracefs.Batch, error], name string) iter.Seq2[*dtracefs.Batch, error] {
	if !isTerminal(os.Stderr) {
		return batches
	}
	return func(yield func(*dtracefs.Batch, error) bool) {
		defer control(os.Stderr, clearLine)
		shown := int64(0)
		for b, err := range batches {
			if err == nil && b.Offset-shown >= 16<<20 {
				shown = b.Offset
				control(os.Stderr, clearLine)
				sayf(os.Stderr, "%s: %d MB", name, shown/1e6)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// survey takes in what the batches hold, and returns how many bytes of text they come from.
func (s *source) survey() (bytes int64, err error) {
	for b, err := range s.batches() {
		if err != nil {
			return 0, err
		}
		s.shapes.Add(b.Tables)
		s.dialect = b.Dialect
		if s.unparsed == 0 && len(b.Unparsed) > 0 {
			s.firstUnparsed = b.Unparsed[0].Number
		}
		s.unparsed += len(b.Unparsed)
		s.drops += len(b.Drops)
		s.faults += len(b.Errors)
		s.lines += b.Lines
		bytes += b.Bytes
	}
	return bytes, nil
}

// warn says what is not in the tables.
func (s *source) warn(w io.Writer, name string) {
	if s.dialect == dtracefs.UnknownDialect {
		say(w, "warning:", name+":", dtracefs.SaysUnknown(errors.New("its lines are one table of text"), s.dialect))
	}
	if s.drops > 0 {
		sayf(w, "warning: %s: the tracer dropped data %d times: the tables lack it\n", name, s.drops)
	}
	if s.faults > 0 {
		sayf(w, "warning: %s: the tracer told of %d errors in probes (see dtnotes inspect)\n", name, s.faults)
	}
	if s.unparsed > 0 {
		sayf(w, "warning: %s: %d of %d lines were not understood and are in no table, the first is line %d\n",
			name, s.unparsed, s.lines, s.firstUnparsed)
	}
}

// labels are the names of the tables, numbered where several have one name.
func (s *source) labels() []string {
	count, seen := map[string]int{}, map[string]int{}
	for _, sh := range s.shapes.All {
		count[sh.Name]++
	}
	labels := make([]string, len(s.shapes.All))
	for i, sh := range s.shapes.All {
		labels[i] = sh.Name
		if count[sh.Name] > 1 {
			seen[sh.Name]++
			labels[i] = fmt.Sprintf("%s-%d", sh.Name, seen[sh.Name])
		}
	}
	return labels
}

// list says what the tables are, each on a line.
func (s *source) list(some []int) string {
	lines := make([]string, len(some))
	labels := s.labels()
	for k, i := range some {
		lines[k] = fmt.Sprintf("  %s (%s): %d rows", labels[i], s.shapes.All[i].Kind, s.shapes.All[i].Rows)
	}
	return strings.Join(lines, "\n")
}

// filesAtOnce is how many files are open at the same time.
const filesAtOnce = 64

// write reads the capture again and writes the tables, as often as there are files beyond
// filesAtOnce. Files appear, all at once, when the last is whole: a failure leaves none that
// looks complete.
func (s *source) write(outputs []*output) (err error) {
	defer func() {
		for _, o := range outputs {
			o.abandon()
		}
	}()
	for some := range slices.Chunk(outputs, filesAtOnce) {
		to := map[int]*output{}
		for _, o := range some {
			to[o.n] = o
			if err := o.open(); err != nil {
				return err
			}
		}
		for b, err := range s.batches() {
			if err != nil {
				return err
			}
			for i, n := range s.shapes.Find(b.Tables) {
				if o := to[n]; o != nil {
					if err := o.writer.Write(b.Tables[i]); err != nil {
						return err
					}
				}
			}
		}
		for _, o := range some {
			if err := o.close(); err != nil {
				return err
			}
		}
	}
	for _, o := range outputs {
		if err := o.appear(); err != nil {
			return err
		}
	}
	return nil
}

// An output is a file that a table goes to.
type output struct {
	shape  *export.Shape
	n      int // of the shape
	format string
	path   string
	std    io.Writer // where path is "-"

	file    *os.File
	partial string // its name while it is written; "" where it is written in place
	writer  export.Writer
}

func (o *output) open() (err error) {
	w := data(o.std, o.format == "csv")
	if o.path != "-" {
		name := o.path
		// A device or a pipe is written to and not replaced.
		if info, err := os.Stat(o.path); err != nil || info.Mode().IsRegular() {
			o.partial = o.path + ".partial"
			name = o.partial
		}
		if o.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666); err != nil {
			o.partial = ""
			return err
		}
		w = o.file
	}
	o.writer, err = export.NewWriter(w, o.format, o.shape)
	return err
}

// close ends the writing. The file does not have its final name yet.
func (o *output) close() error {
	if err := o.writer.Close(); err != nil {
		return err
	}
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	o.file = nil
	return err
}

// appear gives the file its final name.
func (o *output) appear() error {
	if o.partial == "" {
		return nil
	}
	err := os.Rename(o.partial, o.path)
	if err == nil {
		o.partial = ""
	}
	return err
}

// abandon removes what was written and is not complete.
func (o *output) abandon() {
	if o.file != nil {
		o.file.Close()
		o.file = nil
	}
	if o.partial != "" {
		os.Remove(o.partial)
		o.partial = ""
	}
}
