package dtracefs

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// Count counts what each source did in each bucket of time, in one pass and in memory that
// does not grow with the capture. It reads captures of activity under wall clocks (as text
// of DTrace and bpftrace and as bpftrace's JSON) and event logs, in which every line counts
// as one of its probe's kind. Lines that are no entries are skipped and counted in
// [Counts.Skipped]; what the tracer lost is in [Counts.Drops].
func Count(ctx context.Context, fsys fs.FS, name string, o CountOptions) (*Counts, error) {
	c, err := count(ctx, fsys, name, o)
	if err != nil {
		return nil, fmt.Errorf("counting capture %s: %w", name, err)
	}
	return c, nil
}

// headSize is how much of a capture tells how it is read.
const headSize = 256 << 10

func count(ctx context.Context, fsys fs.FS, name string, o CountOptions) (*Counts, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := decompress(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	head = head[:n]
	if i := binaryAt(head); i >= 0 {
		return nil, fmt.Errorf("byte %d: %w", i, ErrNotText)
	}
	p, err := planOf(head, o)
	if err != nil {
		return nil, err
	}
	return p.run(ctx, io.MultiReader(bytes.NewReader(head), r))
}

// A plan is how one capture is counted.
type plan struct {
	opt   CountOptions
	grid  grid
	log   *syntax.Log // of an event log
	json  bool
	kinds map[string]bool
	maps  map[string]bool // bpftrace's maps that hold activity
}

func planOf(head []byte, o CountOptions) (*plan, error) {
	p := &plan{opt: o}
	for _, k := range o.Kinds {
		if p.kinds == nil {
			p.kinds = map[string]bool{}
		}
		p.kinds[k] = true
	}
	p.json = isBpftraceJSON(bytes.TrimLeft(head, " \t\r\n"))
	if p.json {
		j := newBpftraceJSON()
		j.read(newDecoder(&Capture{}, Options{}, nil), head, 1, true)
		p.maps = j.activity.maps
	} else {
		p.maps = activityMaps(head)
	}
	stamps := p.stampsOf(head)
	if len(stamps) == 0 {
		if p.log = logOfHead(head); p.log == nil {
			return nil, ErrNoActivity
		}
		p.grid.width = int64(time.Second)
		if o.Every > 0 {
			p.grid.width = int64(o.Every)
		}
		if !o.Origin.IsZero() {
			p.grid.origin = o.Origin.UnixNano()
		}
		return p, nil
	}
	p.grid = blockGrid(stamps, o)
	return p, nil
}

// blockGrid fits buckets to blocks that end at the stamps.
func blockGrid(stamps []int64, o CountOptions) grid {
	var steps []int64
	for i := 1; i < len(stamps); i++ {
		if d := stamps[i] - stamps[i-1]; d > 0 {
			steps = append(steps, d)
		}
	}
	g := grid{block: int64(time.Second)}
	if len(steps) > 0 {
		slices.Sort(steps)
		g.block = round(steps[len(steps)/2])
	}
	g.width = g.block
	if o.Every > 0 {
		g.width = int64(o.Every)
	}
	switch {
	case !o.Origin.IsZero():
		g.origin = o.Origin.UnixNano()
	case g.width*4 < g.block*5 && g.width*5 > g.block*4:
		g.origin = stamps[0]
	default:
		g.origin = floorDiv(stamps[0], g.width) * g.width
	}
	return g
}

// round rounds a length of time to three digits.
func round(ns int64) int64 {
	unit := int64(1)
	for ns/unit >= 1000 {
		unit *= 10
	}
	return (ns + unit/2) / unit * unit
}

// stampsOf returns the stamps of the blocks in head that are followed by entries.
func (p *plan) stampsOf(head []byte) (stamps []int64) {
	cur := syntax.NewCursor(head)
	entries := false
	for !cur.Done() {
		line, _ := cur.Next()
		if p.json {
			if v, _, err := syntax.ParseJSON(line); err == nil && v.Get("type").Text == "printf" {
				line = bytes.TrimSpace([]byte(v.Get("data").Text))
			} else if data := v.Get("data"); err == nil && len(data.Names) == 1 && p.maps[data.Names[0]] {
				entries = true
			}
		}
		if ns, ok := syntax.EpochStamp(line); ok {
			stamps = append(stamps, ns)
		} else if !entries && len(stamps) > 0 {
			_, _, entries = p.splitEntry(line)
		}
	}
	if !entries {
		return nil
	}
	return stamps
}

// splitEntry splits an entry, unless it is one of a map that holds no activity.
func (p *plan) splitEntry(line []byte) (kind, name []byte, ok bool) {
	kind, name, _, ok = splitEntry(line)
	return kind, name, ok && (line[0] != '@' || p.maps[string(mapName(line))] || kinds[string(kind)])
}

func logOfHead(head []byte) *syntax.Log {
	cur := syntax.NewCursor(head)
	var sample [][]byte
	for !cur.Done() && len(sample) < sampleLines {
		line, terminated := cur.Next()
		if len(line) > 0 && terminated && line[0] >= '0' && line[0] <= '9' {
			sample = append(sample, line)
		}
	}
	if len(sample) < fewestLogLines {
		return nil
	}
	if g, ok := syntax.LogOf(sample); ok && g.Leading > 1 {
		return &g
	}
	return nil
}

// run counts chunk by chunk, several of them side by side.
func (p *plan) run(ctx context.Context, r io.Reader) (*Counts, error) {
	cut := cutAtStamp
	if p.log != nil {
		cut = cutAtLine
	}
	chunks := newChunker(r, cut)
	chunks.stamps = p.log == nil
	if p.json {
		chunks.cut, chunks.stamps = cutAtJSONStamp, false
	}
	workers := p.opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers == 1 {
		w := newCounter(p, newSourceNames())
		var buf []byte
		for {
			k, err := chunks.next(ctx, buf)
			if err == io.EOF {
				return w.counts, nil
			}
			if err != nil {
				return nil, err
			}
			w.chunk(k)
			p.progress(k)
			buf = k.data
		}
	}
	return p.parallel(ctx, chunks, workers)
}

func (p *plan) progress(k chunk) {
	if p.opt.Progress != nil {
		p.opt.Progress(k.at + int64(len(k.data)))
	}
}

// parallel counts with several workers, each on chunks that it reads when its turn comes.
func (p *plan) parallel(ctx context.Context, chunks *chunker, workers int) (*Counts, error) {
	counters := make([]*counter, workers)
	sources := newSourceNames()
	var reading sync.Mutex
	var failed error
	next := func(buf []byte) (chunk, bool) {
		reading.Lock()
		defer reading.Unlock()
		if failed != nil {
			return chunk{}, false
		}
		var k chunk
		if k, failed = chunks.next(ctx, buf); failed != nil {
			return chunk{}, false
		}
		p.progress(k)
		return k, true
	}
	var running sync.WaitGroup
	for i := range counters {
		counters[i] = newCounter(p, sources)
		running.Go(func() {
			for k, ok := next(nil); ok; k, ok = next(k.data) {
				counters[i].chunk(k)
			}
		})
	}
	running.Wait()
	if failed != io.EOF {
		return nil, failed
	}
	total, dropsAt := counters[0].counts, counters[0].dropsAt
	for _, c := range counters[1:] {
		total.absorb(c.counts)
		dropsAt = append(dropsAt, c.dropsAt...)
	}
	order := make([]int, len(dropsAt))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(dropsAt[a], dropsAt[b]) })
	drops := total.Drops
	total.Drops = nil
	for _, i := range order {
		total.Drops = append(total.Drops, drops[i])
	}
	return total, nil
}

// A counter counts chunks.
type counter struct {
	plan    *plan
	counts  *Counts
	sources *prefixTable // of what stands before a value, in a
	leading []int64
	dropsAt []int64 // for each drop the offset of its chunk
}

func newCounter(p *plan, s *sourceNames) *counter {
	c := &counter{plan: p, counts: newCounts(p.grid, s)}
	c.counts.byName = p.opt.ByName
	c.sources = newPrefixTable()
	if p.log != nil {
		c.leading = make([]int64, p.log.Leading)
	}
	return c
}

func (c *counter) chunk(k chunk) {
	c.counts.Bytes += int64(len(k.data))
	switch {
	case c.plan.log != nil:
		c.logLines(k.data)
	case c.plan.json:
		c.jsonLines(k.data)
	default:
		c.entries(k)
	}
	for len(c.dropsAt) < len(c.counts.Drops) {
		c.dropsAt = append(c.dropsAt, k.at)
	}
}

// What a prefix of a line stands for, if it is no source.
const (
	notCounted = -1 // a source that the options leave out
	notAnEntry = -2
)

// source tells the source of a process's kind.
func (c *counter) source(kind, name []byte) int {
	if c.plan.kinds != nil && !c.plan.kinds[string(kind)] {
		return notCounted
	}
	if c.plan.opt.ByName {
		return c.counts.sources.number(string(name))
	}
	return c.counts.sources.number(string(kind) + "," + string(name))
}

// entries counts the blocks of activity in text.
func (c *counter) entries(k chunk) {
	data := k.data
	stamp := k.stamp
	var at span
	if stamp != 0 {
		at = span{last: c.plan.grid.ofBlock(stamp), n: 1}
		at.row = c.counts.row(at.last)
	}
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			if len(bytes.TrimSpace(data[i:])) > 0 {
				c.counts.Skipped++ // cut in the middle
			}
			return
		}
		line := data[i : i+n]
		i += n + 1
		if n == 0 {
			continue
		}
		if line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) > 0 && line[0] >= '0' && line[0] <= '9' {
			if ns, ok := syntax.EpochStamp(line); ok {
				at = c.counts.spanOf(stamp, ns)
				stamp = ns
				continue
			}
		}
		prefix, v, ok := cutValue(line)
		if !ok {
			if prefix, v, n, ok = c.overLines(data[i-n-1:], line); ok {
				i += n
			}
		}
		source := notAnEntry
		if ok && at.row != nil {
			source = c.lookup(prefix)
		}
		switch {
		case source >= 0 && at.n == 1:
			c.counts.add(at.row, source, v)
		case source >= 0:
			c.counts.spread(at, source, v)
		case source == notAnEntry:
			c.other(line)
		}
	}
}

// cutValue splits `text 123` at the last blank. It is the inner loop of counting.
func cutValue(line []byte) (prefix []byte, v int64, ok bool) {
	if n := len(line); n > 8 {
		// The last eight bytes at once, without a branch on how many are digits.
		word := binary.LittleEndian.Uint64(line[n-8:]) ^ 0x3030303030303030
		odd := (word&0x7f7f7f7f7f7f7f7f + 0x7676767676767676 | word) & 0x8080808080808080 // in bytes that are no digits
		if digits := bits.LeadingZeros64(odd) / 8; 0 < digits && digits < 8 && line[n-digits-1] == ' ' {
			word &= ^uint64(0) << (8 * (8 - digits))
			word = (word*10 + word>>8) & 0x00ff00ff00ff00ff
			word = (word*100 + word>>16) & 0x0000ffff0000ffff
			return line[:n-digits-1], int64((word*10000 + word>>32) & 0xffffffff), true
		}
	}
	return cutAnyValue(line)
}

func cutAnyValue(line []byte) (prefix []byte, v int64, ok bool) {
	scale := int64(1)
	j := len(line) - 1
	for j >= 0 {
		d := line[j] - '0'
		if d > 9 {
			break
		}
		v += int64(d) * scale
		scale *= 10
		j--
	}
	digits := len(line) - 1 - j
	if digits == 0 || j < 1 {
		return nil, 0, false
	}
	if digits > 18 {
		prefix, v, unsigned, ok := syntax.LastInt(line)
		return prefix, v, ok && !unsigned
	}
	if line[j] == '-' {
		v = -v
		j--
	}
	if j < 1 || line[j] != ' ' {
		return nil, 0, false
	}
	return line[:j], v, true
}

// overLines reads an entry whose name holds ends of lines. rest starts with line; n is how
// much of it after the line's end belongs to the entry.
func (c *counter) overLines(rest, line []byte) (prefix []byte, v int64, n int, ok bool) {
	if i := bytes.IndexByte(line, ' '); line == nil || line[0] != '@' && (i <= 0 || !syntax.IsKind(line[:i])) {
		return nil, 0, 0, false
	}
	if _, ok := syntax.ParseMessage(line); ok {
		return nil, 0, 0, false
	}
	rest = rest[:min(len(rest), longestEntry)]
	end := len(line)
	for {
		at := bytes.IndexByte(rest[end:], '\n')
		if at < 0 {
			return nil, 0, 0, false
		}
		end += at
		if end > len(line)+1 {
			if prefix, v, ok = cutValue(rest[:end]); ok {
				return prefix, v, end - len(line), c.lookup(prefix) != notAnEntry
			}
		}
		end++
		if end >= len(rest) {
			return nil, 0, 0, false
		}
	}
}

// lookup tells the source of an entry by what stands before the value.
func (c *counter) lookup(prefix []byte) int {
	slot := c.sources.find(prefix)
	if slot.free() {
		source := c.resolve(prefix)
		c.sources.put(slot, prefix, int32(source), 0)
		return source
	}
	return int(slot.a)
}

func (c *counter) resolve(prefix []byte) int {
	kind, name, ok := c.plan.splitEntry(append(bytes.Clone(prefix), " 0"...))
	if !ok {
		return notAnEntry
	}
	return c.source(kind, name)
}

// other files a line that is no entry.
func (c *counter) other(line []byte) {
	m, ok := syntax.ParseMessage(line)
	switch {
	case ok && m.Kind == "drop":
		d := Drop{Kind: m.DropKind, Count: m.N, Text: string(line)}
		if m.CPU >= 0 {
			d.CPU = &m.CPU
		}
		c.counts.Drops = append(c.counts.Drops, d)
	case !ok && !syntax.Blank(line):
		c.counts.Skipped++
	}
}

// logLines counts the lines of an event log.
func (c *counter) logLines(data []byte) {
	g := c.plan.log
	row, low, high := (*countRow)(nil), int64(0), int64(-1)
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			n = len(data) - i
		}
		line := data[i : i+n]
		i += n + 1
		ns, rest, ok := skipLeading(line, g.Leading)
		if !ok {
			c.other(line)
			continue
		}
		source := c.logSource(rest)
		if source < 0 {
			if source == notAnEntry {
				c.other(line)
			}
			continue
		}
		if ns < low || ns > high {
			number := c.plan.grid.ofEvent(ns)
			row = c.counts.row(number)
			low = c.plan.grid.origin + (number-1)*c.plan.grid.width
			high = low + c.plan.grid.width - 1
		}
		c.counts.add(row, source, 1)
	}
}

// skipLeading reads the first of n leading integers and goes past the others.
func skipLeading(line []byte, n int) (first int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(line); i++ {
		d := line[i] - '0'
		if d > 9 {
			break
		}
		first = first*10 + int64(d)
	}
	if i == 0 || i > 19 || i == len(line) || line[i] != ' ' {
		return 0, nil, false
	}
	for range n - 1 {
		i++
		start := i
		for i < len(line) && (line[i]-'0' <= 9 || line[i] == '-' && i == start) {
			i++
		}
		if i == start || i == len(line) || line[i] != ' ' {
			return 0, nil, false
		}
	}
	return first, line[i+1:], true
}

// logSource tells the source of a log's line by its process and probe.
func (c *counter) logSource(rest []byte) int {
	end := bytes.IndexByte(rest, ' ')
	if end <= 0 {
		return notAnEntry
	}
	second := bytes.IndexByte(rest[end+1:], ' ')
	prefix := rest
	if second >= 0 {
		prefix = rest[:end+1+second]
	}
	slot := c.sources.find(prefix)
	if !slot.free() {
		return int(slot.a)
	}
	name, probe, _, ok := c.plan.log.SplitName(rest)
	if !ok {
		return notAnEntry
	}
	if len(name) != end { // it holds blanks
		prefix = rest[:len(name)+1+len(probe)]
		if slot = c.sources.find(prefix); !slot.free() {
			return int(slot.a)
		}
	}
	source := c.source(probe, name)
	c.sources.put(slot, prefix, int32(source), 0)
	return source
}

// jsonLines counts what bpftrace writes as JSON.
func (c *counter) jsonLines(data []byte) {
	d, j := newDecoder(&Capture{}, Options{}, nil), newBpftraceJSON()
	maps.Copy(j.activity.maps, c.plan.maps)
	j.read(d, data, 1, true)
	a := j.activity
	names, kinds := a.name.Dictionary(), a.kind.Dictionary()
	sources := map[uint64]int{} // by the codes of kind and name
	var at span
	for i, ns := range a.time.ints {
		if i == 0 || ns != a.time.ints[i-1] {
			before := int64(0)
			if i > 0 {
				before = a.time.ints[i-1]
			}
			at = c.counts.spanOf(before, ns)
		}
		kind, name := a.kind.codes[i], a.name.codes[i]
		source, known := sources[uint64(kind)<<32|uint64(name)]
		if !known {
			source = c.source([]byte(kinds[kind]), []byte(names[name]))
			sources[uint64(kind)<<32|uint64(name)] = source
		}
		switch {
		case source >= 0 && at.n == 1:
			c.counts.add(at.row, source, a.value.ints[i])
		case source >= 0:
			c.counts.spread(at, source, a.value.ints[i])
		}
	}
	c.counts.Drops = append(c.counts.Drops, d.c.Drops...)
	c.counts.Skipped += int64(len(d.c.Unparsed))
}

// cutAtJSONStamp cuts before the last line on which printf or time wrote something.
func cutAtJSONStamp(data []byte) int {
	end := bytes.LastIndexByte(data, '\n') + 1
	at := -1
	for _, kind := range []string{"\n{\"type\": \"printf\"", "\n{\"type\": \"time\""} {
		at = max(at, bytes.LastIndex(data[:end], []byte(kind)))
	}
	if at >= 0 {
		return at + 1
	}
	return end
}
