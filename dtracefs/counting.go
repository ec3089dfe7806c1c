package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"dtnotes/dtracefs/internal/script"
)

// A File is a capture's file in a file system.
type File struct {
	FS   fs.FS
	Name string
}

// sampleSize is how much of a capture tells how it is counted.
const sampleSize = 1 << 20

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

// countReader counts what r reads.
func countReader(ctx context.Context, r io.Reader, name string, opt Options, o CountOptions) (*Counts, error) {
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	if i := binaryAt(head); i >= 0 {
		return nil, fmt.Errorf("byte %d: %w", i, ErrNotText)
	}
	c := counting{opt: o, scanner: newScanner(opt, name, dialectOf(head))}
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), c.scanner.dialect.cut)
	chunks.lines = true
	var buf []byte
	for {
		k, err := chunks.next(ctx, buf)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := c.chunk(k); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(k.at + int64(len(k.data)))
		}
		buf = k.data
	}
	if err := c.start(); err != nil {
		return nil, err
	}
	return c.tally.finish(), nil
}

// A counting is the state of counting chunks: a sample is held back until it tells how.
type counting struct {
	opt     CountOptions
	scanner *scanner
	sample  []*Batch
	text    [][]byte // of the sample
	size    int64
	tally   *tally
	fast    *fastLines // nil if lines cannot be counted without decoding them
}

// chunk counts the next chunk.
func (c *counting) chunk(k chunk) error {
	if c.tally == nil {
		c.text = append(c.text, bytes.Clone(k.data))
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
	if c.fast != nil && c.fast.chunk(k.data) {
		c.tally.counts.Bytes += int64(len(k.data))
		return nil
	}
	c.add(c.scanner.batch(k))
	return nil
}

// speedUp looks for a way to count lines without decoding them that gives of the sample what decoding
// gives.
func (c *counting) speedUp() {
	whole := bytes.Join(c.text, nil)
	want, err := c.tally.counts.Matrix()
	if err != nil {
		return
	}
	for _, l := range layouts(c.tally.m, c.scanner.dialect, whole) {
		ask := newScanner(c.scanner.opt, c.scanner.name, c.scanner.dialect)
		ask.batch(chunk{data: bytes.Clone(c.text[0]), line: 1})
		t := newTally(c.tally.m, c.tally.first)
		t.location = c.tally.location
		trial := newFastLines(t, l, ask)
		trial.preamble = true
		if c.scanner.dialect.name == "csv" {
			trial.heading, _, _ = bytes.Cut(whole, []byte("\n"))
			trial.heading = bytes.TrimRight(trial.heading, "\r")
		}
		trial.among(c.text[0])
		equal := true
		for _, text := range c.text {
			// What a chunk starts with may not be under a clock yet; the decoder takes those.
			if !trial.chunk(text) {
				equal = false
				break
			}
		}
		if !equal {
			continue
		}
		if got, err := t.counts.Matrix(); err == nil && got.same(want) && len(t.counts.Drops) == len(c.tally.counts.Drops) {
			c.fast = newFastLines(c.tally, l, ask)
			c.fast.own, c.fast.heading = trial.own, trial.heading
			c.fast.context, c.fast.rows = trial.context, trial.rows
			return
		}
	}
}

// same reports whether two matrices of one grid hold the same counts.
func (m *Matrix) same(o *Matrix) bool {
	if !slices.Equal(m.Sources, o.Sources) || len(m.Times) != len(o.Times) || !slices.Equal(m.Covered, o.Covered) {
		return false
	}
	for i := range m.Values {
		if !m.Times[i].Equal(o.Times[i]) || !slices.Equal(m.Values[i], o.Values[i]) {
			return false
		}
	}
	return true
}

// start infers the measure from the sample and counts it.
func (c *counting) start() error {
	if c.tally != nil {
		return nil
	}
	var tables []*Table
	first := int64(0)
	for _, b := range c.sample {
		tables = append(tables, b.Tables...)
	}
	m, err := infer(tables, scriptOf(c.sample), c.opt.MeasureOptions)
	if err != nil {
		return err
	}
	first = m.firstBlock(c.sample)
	if !c.opt.Origin.IsZero() {
		first = c.opt.Origin.UnixNano()
	}
	c.tally = newTally(m, first)
	c.tally.first, c.tally.location = first, c.opt.Location
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

func (c *counting) add(b *Batch) {
	c.tally.add(b.Tables, b.stamps)
	c.tally.counts.Drops = append(c.tally.counts.Drops, b.Drops...)
	c.tally.counts.Skipped += int64(len(b.Unparsed))
	c.tally.counts.Bytes += b.Bytes
}

// firstBlock is the first time at which a block ends.
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

// openAll opens files, compressed or not, as one text.
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

// CountCapture counts a capture that is loaded.
func CountCapture(c *Capture, o CountOptions) (*Counts, error) {
	n := counting{opt: o, sample: []*Batch{{Capture: *c}}}
	if err := n.start(); err != nil {
		return nil, fmt.Errorf("counting capture %s: %w", c.Name, err)
	}
	return n.tally.finish(), nil
}
