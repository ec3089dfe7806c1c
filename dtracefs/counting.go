package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/script"
)

// A File is a capture's file in a file system.
type File struct {
	FS   fs.FS
	Name string
}

// sampleSize is how much of a capture, in bytes, tells how it is counted: a little less than two
// chunks, so that the sample is two of them. A table that is printed later for the first time is
// told of, and not counted.
const sampleSize = 1_000_000

// CountFiles counts a capture that lies in one file or in several, older first, as a rotated log
// does: how much each source did in each bucket of time, in one pass and in memory that does not
// grow with the capture. How it is counted is inferred from its beginning, and the options override
// every word of that. The error of a capture in which nothing can be counted is a [*MeasureError].
func CountFiles(ctx context.Context, files []File, o CountOptions) (*Counts, error) {
	if len(files) == 0 {
		return nil, errors.New("counting a capture: no file")
	}
	c, err := countFiles(ctx, files, o)
	if err != nil {
		return nil, fmt.Errorf("counting capture %s: %w", files[0].Name, err)
	}
	return c, nil
}

// countFiles is CountFiles without the words around an error. The script beside the first file is
// that of all.
func countFiles(ctx context.Context, files []File, o CountOptions) (*Counts, error) {
	opt := o.Options
	if opt.Script == "" {
		var err error
		if opt.Script, err = scriptBeside(files[0].FS, files[0].Name); err != nil {
			return nil, fmt.Errorf("script: %w", err)
		}
	}
	r, err := openAll(files)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return countReader(ctx, r, files[0].Name, opt, o)
}

// countReader counts what r reads. A capture that ends before the sample is full is counted from
// what there is, which start does at the end.
func countReader(ctx context.Context, r io.Reader, name string, opt Options, o CountOptions) (*Counts, error) {
	head, err := readHead(r)
	if err != nil {
		return nil, err
	}
	if i := binaryAt(head); i >= 0 {
		return nil, fmt.Errorf("byte %d: %w", i, ErrNotText)
	}
	c := counting{opt: o, scanner: newScanner(opt, name, opt.dialectOf(head))}
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), c.scanner.dialect.cut)
	chunks.lines = true
	if err := c.all(ctx, chunks); err != nil {
		return nil, err
	}
	if err := c.start(); err != nil {
		return nil, err
	}
	if r, ok := c.scanner.reader.(*csvText); ok {
		// Each part of it starts with the heading of the whole.
		c.tally.counts.Bytes -= int64(r.head)
	}
	return c.tally.finish(), nil
}

// A counting is the state of counting chunks: a sample is held back until it tells how. Then the
// sample is counted, and after it every further chunk, so that the text is read once only.
type counting struct {
	opt     CountOptions
	scanner *scanner
	sample  []*Batch
	text    [][]byte // of the sample
	size    int64
	tally   *tally
	fast    *fastCount // nil if lines cannot be counted without decoding them
	quick   int        // chunks that were counted so
	line    int        // the number of the next chunk's first line then
}

// all counts all chunks: one after the other as tables, until it is known that lines can be
// counted without decoding them; from then on side by side. If that is never known, all are
// decoded.
func (c *counting) all(ctx context.Context, chunks *chunker) error {
	var buf []byte
	for c.fast == nil {
		k, err := chunks.next(ctx, buf)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.chunk(k); err != nil {
			return err
		}
		c.progress(k)
		// The text of the sample is kept until it is full.
		if buf = k.data; c.text != nil {
			buf = nil
		}
	}
	chunks.size, chunks.lines = fastChunkSize, false // lines are counted as they are read
	c.line = chunks.line
	if _, text := c.scanner.reader.(*station); text && c.fast.layout.timed != timeAbove {
		// Each row has its own time: a chunk need not start with a clock.
		chunks.cut = cutAtLine
	}
	workers := c.opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return newSideBySide(c, chunks, workers).all(ctx)
}

// progress says how much text was read, before what is in it has been counted.
func (c *counting) progress(k chunk) {
	if c.opt.Progress != nil {
		c.opt.Progress(k.at + int64(len(k.data)))
	}
}

// chunk decodes and counts the next chunk. The text of the sample is kept as well: the fast way
// must give of it what decoding gives.
func (c *counting) chunk(k chunk) error {
	if c.tally != nil {
		c.add(c.scanner.batch(k))
		return nil
	}
	c.text = append(c.text, k.data)
	c.sample, c.size = append(c.sample, c.scanner.batch(k)), c.size+int64(len(k.data))
	if c.size < sampleSize {
		return nil
	}
	if err := c.start(); err != nil {
		return err
	}
	c.speedUp()
	c.text = nil
	return nil
}

// count counts a chunk whose lines were read, or else decodes it. Both ways share the tally, so a
// chunk of odd lines among others costs its decoding and nothing else. The lock is that of the
// decoder that fast readers ask about single lines.
func (c *counting) count(k *fastChunk) {
	k.line = c.line
	// After a part that ended within a line, this one begins with the rest of it, which only the
	// decoder can put together.
	if k.ok && !c.scanner.midLine() {
		c.line += k.lines.n
		k.lines.commit()
		c.tally.counts.Bytes += int64(len(k.data))
		c.quick++
		return
	}
	c.line += bytes.Count(k.data, []byte("\n"))
	c.fast.mu.Lock()
	defer c.fast.mu.Unlock()
	// The decoder did not see the chunks that were counted fast, so it does not know which day it
	// is; and after it the fast way must.
	m, day := c.scanner.moment(), &c.tally.day
	if m != nil && m.ofDay {
		m.days, m.stamp = day.days, day.time()
	}
	c.add(c.scanner.batch(k.chunk))
	if m != nil && m.ofDay {
		day.set(m.stamp)
	}
}

// speedUp looks for a way to count lines without decoding them that gives of the sample exactly
// what decoding gave: the same sources, buckets, values and drops. Whatever the decoder learns to
// read, the fast way is thus either right or not used.
func (c *counting) speedUp() {
	// The columns, and the words of most rows, are seen in the first part.
	sample := c.text[0]
	// What tells the decoder of single lines what they are nearly always stands at the very
	// beginning.
	begins := [][]byte{sample}
	if cut := c.scanner.dialect.cut; cut != nil && len(sample) > headSize {
		if n := cut(sample[:headSize]); n > 0 {
			begins = [][]byte{sample[:n], sample}
		}
	}
	for _, l := range layouts(c.tally.m, c.scanner.dialect, sample) {
		for _, known := range begins {
			f := c.try(l, known)
			if f == nil {
				continue
			}
			if got := f.t.counts; got.same(c.tally.counts) && len(got.Drops) == len(c.tally.counts.Drops) {
				c.fast = newFastCount(c.tally, l, f.ask)
				// The decoder has dated the times of the sample, so the day of the tally still
				// stands at the beginning.
				if m := c.scanner.moment(); m != nil && m.ofDay {
					c.tally.day.set(m.stamp)
				}
				c.fast.heading, c.fast.context, c.fast.rows = f.heading, f.context, f.rows
				c.fast.learn(f)
				return
			}
		}
	}
}

// try counts the sample line by line, as lines of a layout; nil if they are none. It counts into
// a tally of its own, on the same grid, to be compared. ask is a scanner that has seen known,
// the beginning of the sample, as it must know by what header, script or map rows are read.
func (c *counting) try(l layout, known []byte) *fastCount {
	ask := newScanner(c.scanner.opt, c.scanner.name, c.scanner.dialect)
	ask.batch(chunk{data: bytes.Clone(known), line: 1})
	t := newTally(c.tally.m, 0)
	t.location, t.counts.grid = c.tally.location, c.tally.counts.grid
	// With the numbers of the sources the same, the counts can be compared as they lie in memory.
	t.counts.sources = c.tally.counts.sources.clone()
	f := newFastCount(t, l, ask)
	f.preamble = true
	if c.scanner.dialect.name == "csv" {
		heading, _, _ := bytes.Cut(c.text[0], []byte("\n"))
		f.heading = bytes.TrimRight(heading, "\r")
	}
	f.among(c.text[0])
	lines := f.lines()
	for _, text := range c.text {
		// What a chunk starts with may not be under a clock yet; the decoder takes those.
		if !lines.chunk(text) {
			return nil
		}
		lines.commit()
		f.preamble = false
	}
	return f
}

// infer finds how the tables of the sample are counted. The parts of the sample are given as they
// are: candidates join them.
func (c *counting) infer() (tables []*Table, m *Measure, err error) {
	dialect := ""
	for _, b := range c.sample {
		dialect = b.Dialect
		tables = append(tables, b.Tables...)
	}
	m, err = infer(tables, scriptOf(c.sample), c.opt.MeasureOptions)
	return tables, m, SaysUnknown(err, dialect)
}

// start infers the measure from the sample and counts it.
func (c *counting) start() error {
	if c.tally != nil {
		return nil
	}
	_, m, err := c.infer()
	if err != nil {
		return err
	}
	c.tally = newTally(m, m.firstBlock(c.sample))
	c.tally.location = c.opt.Location
	switch {
	case c.opt.Aligned:
		// The usual block of another part of the same capture is a little longer or shorter.
		g := &c.tally.counts.grid
		g.phase, g.block = 0, int64(roundedBlock(m.block))
	case !c.opt.Origin.IsZero():
		c.tally.counts.grid.endAt(c.opt.Origin.UnixNano())
	}
	for _, b := range c.sample {
		c.tally.know(b.Tables)
	}
	for _, b := range c.sample {
		c.add(b)
	}
	c.sample = nil
	return nil
}

// scriptOf is the script that printed what was decoded; nil if it is not known.
func scriptOf(sample []*Batch) *script.Script {
	if len(sample) == 0 {
		return nil
	}
	return sample[0].script
}

// add counts a batch, with what was lost in it. Unparsed lines are counted, but not blank ones:
// these are ends of entries that a name broke up.
func (c *counting) add(b *Batch) {
	c.tally.add(b.Tables, b.stamps)
	c.tally.counts.Drops = append(c.tally.counts.Drops, b.Drops...)
	for _, l := range b.Unparsed {
		if strings.TrimSpace(l.Text) != "" {
			c.tally.counts.Skipped++
		}
	}
	c.tally.counts.Bytes += b.Bytes
}

// firstBlock is the first time at which a block ends. It is not the first row: tables may be
// printed in any order, and a clock with nothing under it ends a block too. The first part that
// has any time decides.
func (m *Measure) firstBlock(sample []*Batch) int64 {
	t := newTally(m, 0)
	first, some := int64(0), false
	for _, b := range sample {
		for _, tm := range t.tables {
			for _, table := range b.Tables {
				if idOf(table) != tm.id {
					continue
				}
				times := t.times(tm, table)
				for i := range table.NumRows() {
					if ns, ok := times(i); ok && (!some || ns < first) {
						first, some = ns, true
					}
				}
			}
			if tm.timing == byStamp {
				for _, ns := range b.stamps {
					if !some || ns < first {
						first, some = ns, true
					}
				}
			}
		}
		if some {
			break
		}
	}
	return first
}

// openAll opens files, compressed or not, as one text. The files of a rotated log are cut
// anywhere, so an entry may start in one and end in the next.
func openAll(files []File) (io.ReadCloser, error) {
	var all multiCloser
	var readers []io.Reader
	for _, f := range files {
		file, err := f.FS.Open(f.Name)
		if err != nil {
			all.Close()
			return nil, err
		}
		all.closers = append(all.closers, file)
		r, err := decompress(file)
		if err != nil {
			all.Close()
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all.closers = append(all.closers, r)
		readers = append(readers, r)
	}
	all.Reader = io.MultiReader(readers...)
	return &all, nil
}

// A multiCloser is a reader over several files, all of which it closes.
type multiCloser struct {
	io.Reader
	closers []io.Closer
}

// Close closes what was opened last first.
func (m *multiCloser) Close() error {
	var errs []error
	for _, c := range slices.Backward(m.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// CountCapture counts a capture that is loaded, from its tables. All of it is the sample, so the
// measure may know more than that of [CountFiles], which has only seen the beginning.
func CountCapture(c *Capture, o CountOptions) (*Counts, error) {
	n := counting{opt: o, sample: []*Batch{{Capture: *c}}}
	if err := n.start(); err != nil {
		return nil, fmt.Errorf("counting capture %s: %w", c.Name, err)
	}
	return n.tally.finish(), nil
}
