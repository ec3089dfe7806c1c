package dtracefs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"
)

// An Across reads the counts of hosts beside each other, some time after another, as [AcrossHosts]
// lays them, in memory that does not grow with the time that was counted: a counts file has one
// host after another, and so what it holds is sorted by time into a scratch file first.
type Across struct {
	all         *Counts // sources and measure of all hosts, without buckets
	hosts       []acrossHost
	first, last int64 // buckets
	scratch     io.ReaderAt
	zstd        *zstd.Decoder
}

// An acrossHost is where the buckets of a host are.
type acrossHost struct {
	name   string
	counts *Counts // without buckets
	ids    []int   // of its sources among all
	runs   []acrossRun
}

// An acrossRun is packed buckets of the scratch file that follow each other, as a counts file has
// them.
type acrossRun struct {
	stretch
	before int64 // the number from which that of the first bucket is told
	at     int64
	size   int
}

// acrossBuckets are how many buckets lie together in the scratch file.
const acrossBuckets = 1024

// NewAcross reads what r has of the hosts that keep tells, no more than one host in memory at a
// time, and packs it into scratch, where it must stay as long as it is read. Hosts whose counts do
// not go together are an error, as those of [AcrossHosts] are.
func NewAcross(ctx context.Context, r *CountsReader, keep func(host string) bool, scratch interface {
	io.Writer
	io.ReaderAt
}) (*Across, error) {
	a := &Across{first: math.MaxInt64, last: math.MinInt64, scratch: scratch}
	var err error
	if a.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostCountsBody)); err != nil {
		return nil, err
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	at := int64(0)
	heads := map[string]*Counts{}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		host, err := r.nextHost()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if !keep(host) {
			// What is passed over is not unpacked.
			if _, _, err := r.section(); err != nil {
				return nil, err
			}
			continue
		}
		body, err := r.body()
		if err != nil {
			return nil, err
		}
		h := acrossHost{name: host}
		if err := h.read(body, func(run acrossRun, buckets []byte) error {
			packed := packer.EncodeAll(buckets, nil)
			run.at, run.size = at, len(packed)
			// Runs follow each other without gaps, and their places are kept in memory: some
			// bytes for a thousand buckets.
			at += int64(len(packed))
			h.runs = append(h.runs, run)
			a.first, a.last = min(a.first, run.first), max(a.last, run.last)
			_, err := scratch.Write(packed)
			return err
		}); err != nil {
			return nil, r.bad(err)
		}
		a.hosts, heads[host] = append(a.hosts, h), h.counts
	}
	if len(a.hosts) == 0 {
		return nil, errors.New("nothing was counted")
	}
	// The counts hold no buckets, so this joins the measures and the names of sources, and
	// refuses hosts that do not go together, in the way and in the words of the other path.
	if a.all, err = AcrossHosts(heads); err != nil {
		return nil, err
	}
	for k := range a.hosts {
		h := &a.hosts[k]
		for _, name := range h.counts.sources.names {
			// So AcrossHosts names them: by host, unless there is but one.
			if len(a.hosts) > 1 {
				name = h.name + sourceSep + name
			}
			h.ids = append(h.ids, a.all.sources.number(name))
		}
	}
	return a, nil
}

// read reads what a body holds beside its buckets, and yields those in runs.
func (h *acrossHost) read(body []byte, yield func(acrossRun, []byte) error) error {
	c, r, sources, err := countsHead(body)
	if err != nil {
		return err
	}
	h.counts = c
	number, start := int64(0), r.b
	var run acrossRun
	some := false
	// end yields the run up to what is left to read.
	end := func(left []byte) error {
		buckets := start[:len(start)-len(left)]
		start = left
		if !some || r.err != nil {
			return r.err
		}
		return yield(run, buckets)
	}
	n := r.count()
	start = r.b
	for range n {
		left, before := r.b, number
		number += r.varint()
		// Runs are cut at whole multiples, not by how many buckets they have: those of all hosts
		// then cover the same stretches of time, and a stretch that is asked for unpacks as
		// little as can be.
		if some && floorDiv(number, acrossBuckets) != floorDiv(run.first, acrossBuckets) {
			if err := end(left); err != nil {
				return err
			}
			some = false
		}
		if !some {
			// Numbers are told as distances, so a run that starts in the middle needs the number
			// before.
			some, run = true, acrossRun{stretch: stretch{first: number}, before: before}
		}
		run.last = number
		r.varint() // what is covered of it
		c.passBucket(r, sources)
		if r.err != nil {
			return r.err
		}
	}
	if err := end(r.b); err != nil {
		return err
	}
	// What was counted stands behind the buckets, and the body must end with it.
	c.seen = extents{extentReach(c.measure), readExtents(r)}
	if r.err == nil && len(r.b) > 0 {
		return fmt.Errorf("%d bytes follow its end", len(r.b))
	}
	return r.err
}

// Dims are how many buckets there are from the first to the last, and how many sources.
func (a *Across) Dims() (buckets, sources int) {
	// None of the hosts has a bucket, so neither was set.
	if a.first > a.last {
		return 0, a.all.sources.count()
	}
	return int(a.last - a.first + 1), a.all.sources.count()
}

// Losses are what the tracers said that they lost, and the lines that were no entries.
func (a *Across) Losses() (drops []Drop, skipped int64) { return a.all.Drops, a.all.Skipped }

// Matrix returns n buckets, or those that there are, from that one on.
func (a *Across) Matrix(from, n int) (*Matrix, error) {
	buckets, _ := a.Dims()
	if from < 0 || n < 1 || from >= buckets {
		return nil, fmt.Errorf("buckets from %d to %d of %d", from, from+n, buckets)
	}
	return a.matrix([]stretch{{a.first + int64(from), min(a.last, a.first+int64(from+n-1))}})
}

// Thin returns all buckets where they hold no more than most values, otherwise five stretches
// spread evenly that do, and have at least so many buckets.
func (a *Across) Thin(most, least int) (*Matrix, error) {
	_, p := a.Dims()
	stretches := thinned(a.first, a.last, p, most, least)
	if stretches == nil {
		stretches = []stretch{{a.first, a.last}}
	}
	return a.matrix(stretches)
}

func (a *Across) matrix(stretches []stretch) (*Matrix, error) {
	c := newCounts(a.all.grid, a.all.sources)
	c.measure, c.how, c.Notes, c.stretches = a.all.measure, a.all.how, a.all.Notes, stretches
	// Several hosts have sources of their own, so each fills cells that no other touches, and
	// runs are skipped without being unpacked where nothing of them is kept.
	for _, h := range a.hosts {
		for _, run := range h.runs {
			if !c.keepsSome(run.stretch) {
				continue
			}
			if err := a.add(c, &h, run); err != nil {
				return nil, fmt.Errorf("reading counts of host %q at %s: %w", h.name, time.Unix(0, c.grid.end(run.first)).UTC().Format(time.RFC3339), err)
			}
		}
	}
	m, err := c.matrix(true)
	if err == nil {
		// How much of a bucket was counted differs by host, and one number cannot say it of all.
		m.Covered = nil
	}
	return m, err
}

// add adds the buckets of a run that c keeps.
func (a *Across) add(c *Counts, h *acrossHost, run acrossRun) error {
	packed := make([]byte, run.size)
	if _, err := a.scratch.ReadAt(packed, run.at); err != nil {
		return err
	}
	buckets, err := a.zstd.DecodeAll(packed, nil)
	if err != nil {
		return err
	}
	r := &bodyReader{b: buckets}
	// A damaged run ends the loop, too: after an error nothing is left to read.
	for number := run.before; len(r.b) > 0; {
		number += r.varint()
		r.varint()
		if !c.keeps(number) {
			h.counts.passBucket(r, len(h.ids))
			continue
		}
		c.row(number).use()
		c.readBucket(r, number, h.ids)
	}
	return r.err
}
