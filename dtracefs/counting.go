package dtracefs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
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
	c := counting{opt: o}
	err := opt.scanReader(ctx, r, name, c.batch)
	if err == nil {
		err = c.err
	}
	if err == nil {
		err = c.start()
	}
	if err != nil {
		return nil, err
	}
	return c.tally.finish(), nil
}

// A counting is the state of counting batches: a sample is held back until it tells how.
type counting struct {
	opt    CountOptions
	sample []*Batch
	size   int64
	tally  *tally
	err    error
}

// batch takes the next batch, and reports whether more are wanted.
func (c *counting) batch(b *Batch, err error) bool {
	if err != nil {
		c.err = err
		return false
	}
	if c.opt.Progress != nil {
		c.opt.Progress(b.Offset + b.Bytes)
	}
	if c.tally != nil {
		c.add(b)
		return true
	}
	c.sample, c.size = append(c.sample, b), c.size+b.Bytes
	if c.size >= sampleSize {
		c.err = c.start()
	}
	return c.err == nil
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
	m, err := infer(tables, nil, c.opt.MeasureOptions)
	if err != nil {
		return err
	}
	first = m.firstBlock(c.sample)
	if !c.opt.Origin.IsZero() {
		first = c.opt.Origin.UnixNano()
	}
	c.tally = newTally(m, first)
	for _, b := range c.sample {
		c.add(b)
	}
	c.sample = nil
	return nil
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
	n := counting{opt: o}
	n.batch(&Batch{Capture: *c}, nil)
	if n.err == nil {
		n.err = n.start()
	}
	if n.err != nil {
		return nil, fmt.Errorf("counting capture %s: %w", c.Name, n.err)
	}
	return n.tally.finish(), nil
}
