package dtracefs

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A counts file holds the counts of hosts: countsMagic, then a section for each host, in the order
// of their names, then a zero byte and the SHA-256 of all before it. A section is a one byte, the
// name of the host, and a packed body, each behind its length. The body is canonical: integers,
// sources and buckets in order, the times that were counted, nothing of when and how it was. Equal
// counts are equal bytes, whichever way they were parted and merged.
const (
	countsMagic   = "dtnotes counts"
	countsVersion = 3

	// mostCountsBody bounds what a section unpacks to, so that a damaged one cannot take all
	// memory.
	mostCountsBody = 4 << 30
)

// ErrCountsFile is wrapped by the errors of files that are no counts files, or damaged ones.
var ErrCountsFile = errors.New("not a sound counts file")

// IsCountsFile reports whether a file begins as counts files do. It leaves r at its start.
func IsCountsFile(r io.ReadSeeker) bool {
	head := make([]byte, len(countsMagic))
	_, err := io.ReadFull(r, head)
	_, seek := r.Seek(0, io.SeekStart)
	return err == nil && seek == nil && string(head) == countsMagic
}

// MarshalBinary returns the counts as a counts file of one host without a name. It is an error if
// buckets do not lie on whole multiples of their width since the epoch, as [CountOptions].Aligned
// makes them: such counts cannot be merged with others bit for bit.
func (c Counts) MarshalBinary() ([]byte, error) {
	var b bytes.Buffer
	w := NewCountsWriter(&b)
	if err := w.Write("", &c); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// MarshalJSON returns the counts file of [Counts.MarshalBinary] as a string in base64.
func (c Counts) MarshalJSON() ([]byte, error) {
	b, err := c.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// UnmarshalJSON reads what [Counts.MarshalJSON] wrote.
func (c *Counts) UnmarshalJSON(data []byte) error {
	var b []byte
	if err := json.Unmarshal(data, &b); err != nil {
		return fmt.Errorf("reading counts: %w", err)
	}
	return c.UnmarshalBinary(b)
}

// UnmarshalBinary reads the counts file of one host.
func (c *Counts) UnmarshalBinary(data []byte) error {
	r, err := NewCountsReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	_, first, err := r.Next()
	if err != nil {
		return err
	}
	// Counts are those of one host; taking the first of several would lose the others silently.
	if _, _, err := r.Next(); err != io.EOF {
		return errors.New("reading counts: those of several hosts")
	}
	*c = *first
	return nil
}

// A CountsWriter writes a counts file.
type CountsWriter struct {
	w     *bufio.Writer
	sum   hash.Hash
	last  string
	some  bool
	begun bool
	zstd  *zstd.Encoder
}

// NewCountsWriter returns a writer of a counts file to w.
func NewCountsWriter(w io.Writer) *CountsWriter {
	sum := sha256.New()
	// The buffer is in front of both, so the checksum sees large pieces.
	return &CountsWriter{w: bufio.NewWriter(io.MultiWriter(w, sum)), sum: sum}
}

// begin writes what a file starts with, once; an empty file is a counts file of no hosts.
func (w *CountsWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	var err error
	// Without a checksum for each piece: that of the file goes over the packed bytes as well.
	if w.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
		return err
	}
	// The writer keeps the first error of all and returns it when it is flushed, so those of single
	// writes need not be looked at.
	w.w.WriteString(countsMagic)
	return w.w.WriteByte(countsVersion)
}

// Write writes the counts of a host. Hosts come in the order of their names, each once.
func (w *CountsWriter) Write(host string, c *Counts) error {
	body, err := c.body()
	if err != nil {
		return fmt.Errorf("writing counts: %w", err)
	}
	if err := w.begin(); err != nil {
		return err
	}
	return w.section(host, uint64(len(body)), w.zstd.EncodeAll(body, nil))
}

// section writes the packed section of a host, which unpacks to size bytes.
func (w *CountsWriter) section(host string, size uint64, packed []byte) error {
	// Merging reads several files side by side, host by host. That only works in memory for one
	// host of each if all of them are in one order.
	if w.some && host <= w.last {
		return fmt.Errorf("writing counts: host %q after %q", host, w.last)
	}
	w.some, w.last = true, host
	if err := w.begin(); err != nil {
		return err
	}
	b := putText([]byte{1}, host)
	b = binary.AppendUvarint(b, size)
	b = binary.AppendUvarint(b, uint64(len(packed)))
	w.w.Write(b)
	_, err := w.w.Write(packed)
	return err
}

// Close ends the file. It does not close the writer below.
func (w *CountsWriter) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.w.WriteByte(0)
	// The sum is that of all bytes before it, so they must have left the buffer.
	if err := w.w.Flush(); err != nil {
		return err
	}
	w.w.Write(w.sum.Sum(nil))
	return w.w.Flush()
}

// A CountsReader reads a counts file, host by host.
type CountsReader struct {
	r    *bufio.Reader
	zstd *zstd.Decoder // nil until something is unpacked
	last string
	some bool

	most, least int // values to read of a host, 0 for all, and buckets
}

// NewCountsReader checks the whole file against its checksum and returns a reader of it.
func NewCountsReader(r io.ReadSeeker) (*CountsReader, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("reading counts: %w", err)
	}
	// The magic and the version are looked at before the checksum, so that a file of another
	// kind or of another version is told as such, and not as damaged.
	head := make([]byte, len(countsMagic)+1)
	if _, err := io.ReadFull(r, head); err != nil || string(head[:len(countsMagic)]) != countsMagic {
		return nil, fmt.Errorf("reading counts: %w: it begins otherwise", ErrCountsFile)
	}
	if v := head[len(countsMagic)]; v != countsVersion {
		return nil, fmt.Errorf("reading counts: %w: its version is %d, that of this program is %d", ErrCountsFile, v, countsVersion)
	}
	sum := sha256.New()
	sum.Write(head)
	// Even a file of no hosts has the byte that ends it.
	if rest := size - int64(len(head)) - sha256.Size; rest < 1 {
		return nil, fmt.Errorf("reading counts: %w: it ends after %d bytes", ErrCountsFile, size)
	} else if _, err := io.CopyN(sum, r, rest); err != nil {
		return nil, fmt.Errorf("reading counts: %w", err)
	}
	// The file is read twice. Whoever merges files or learns from them works host by host, and
	// must not find halfway that what it used was damaged.
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil {
		return nil, fmt.Errorf("reading counts: %w", err)
	}
	if !bytes.Equal(want, sum.Sum(nil)) {
		return nil, fmt.Errorf("reading counts: %w: its checksum does not match, so it is cut or damaged", ErrCountsFile)
	}
	if _, err := r.Seek(int64(len(head)), io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading counts: %w", err)
	}
	return &CountsReader{r: bufio.NewReader(io.LimitReader(r, size-int64(len(head))-sha256.Size))}, nil
}

// Next returns the next host and its counts, [io.EOF] after the last.
func (r *CountsReader) Next() (host string, c *Counts, err error) {
	if host, err = r.nextHost(); err != nil {
		return "", nil, err
	}
	c, err = r.counts()
	return host, c, err
}

// Hosts reads the names of the hosts that are left, and passes over what was counted of them.
func (r *CountsReader) Hosts() ([]string, error) {
	var hosts []string
	for {
		host, err := r.nextHost()
		if err == io.EOF {
			return hosts, nil
		}
		if err == nil {
			hosts = append(hosts, host)
			_, _, err = r.section()
		}
		if err != nil {
			return nil, err
		}
	}
}

// NextOf is [CountsReader.Next], of the hosts that keep tells to keep.
func (r *CountsReader) NextOf(keep func(host string) bool) (host string, c *Counts, err error) {
	for {
		if host, err = r.nextHost(); err != nil {
			return "", nil, err
		}
		if keep(host) {
			c, err = r.counts()
			return host, c, err
		}
		if _, _, err = r.section(); err != nil {
			return "", nil, err
		}
	}
}

// NextThin is [CountsReader.NextOf], but where the buckets of a host hold more than most values it
// reads no more than that, in five stretches spread evenly, and at least so many buckets. Such
// counts give a matrix and nothing else.
func (r *CountsReader) NextThin(keep func(host string) bool, most, least int) (host string, c *Counts, err error) {
	r.most, r.least = most, least
	defer func() { r.most, r.least = 0, 0 }()
	return r.NextOf(keep)
}

// bad is an error of the section of the last host.
func (r *CountsReader) bad(err error) error {
	return fmt.Errorf("reading counts: %w: host %q: %w", ErrCountsFile, r.last, err)
}

// nextHost reads the name of the next host, [io.EOF] after the last. Its section must be taken
// before the next one.
func (r *CountsReader) nextHost() (string, error) {
	mark, err := r.r.ReadByte()
	if err == nil && mark == 0 {
		return "", io.EOF
	}
	if err != nil || mark != 1 {
		return "", r.bad(io.ErrUnexpectedEOF)
	}
	host, err := r.text()
	if err != nil {
		return "", r.bad(err)
	}
	if r.some && host <= r.last {
		return "", r.bad(fmt.Errorf("before %q", host))
	}
	r.some, r.last = true, host
	return host, nil
}

// section reads the packed section of the host, and what size it unpacks to.
func (r *CountsReader) section() (size uint64, packed []byte, err error) {
	if size, err = binary.ReadUvarint(r.r); err != nil || size > mostCountsBody {
		return 0, nil, r.bad(cmp.Or(err, io.ErrUnexpectedEOF))
	}
	text, err := r.text()
	if err != nil {
		return 0, nil, r.bad(err)
	}
	return size, []byte(text), nil
}

// counts reads the counts of the host.
func (r *CountsReader) counts() (*Counts, error) {
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	c, err := countsOfBody(body, r.most, r.least)
	if err != nil {
		return nil, r.bad(err)
	}
	return c, nil
}

// body reads the section of the host and unpacks it.
func (r *CountsReader) body() ([]byte, error) {
	size, packed, err := r.section()
	if err != nil {
		return nil, err
	}
	if r.zstd == nil {
		if r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostCountsBody)); err != nil {
			return nil, err
		}
	}
	body, err := r.zstd.DecodeAll(packed, nil)
	if err == nil && uint64(len(body)) != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, r.bad(err)
	}
	return body, nil
}

func (r *CountsReader) text() (string, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return "", err
	}
	if n > mostCountsBody {
		return "", io.ErrUnexpectedEOF
	}
	// The buffer grows with what is there: a length by itself, which may be damaged, reserves
	// nothing.
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r.r, int64(n)); err != nil {
		return "", io.ErrUnexpectedEOF
	}
	return b.String(), nil
}

// putText appends a text behind its length.
func putText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// A wireMeasure is a measure as a file keeps it.
type wireMeasure struct {
	Measure
	Tables     []wireTable   `json:"tables"` // in place of those of Measure
	Block      time.Duration `json:"block"`  // 0 for events
	Kinds      []string      `json:"kinds,omitempty"`
	KindColumn string        `json:"kind_column,omitempty"`
}

// A wireTable is how a table is counted.
type wireTable struct {
	TableMeasure
	Stamped bool `json:"stamped,omitempty"` // the time stood on a line before the block
}

// text orders tables.
func (t wireTable) text() string {
	b, _ := json.Marshal(t) // names and words alone: it cannot fail
	return string(b)
}

// wire is the measure as a file keeps it, with all that varies between parts of a capture left
// out or rounded.
func (m *Measure) wire() wireMeasure {
	// The usual length of a block is inferred from each part alone, and differs by some
	// hundredths between them. Equal counts must be equal bytes, so the file has a rounded one.
	w := wireMeasure{Measure: *m, Block: roundedBlock(m.block), Kinds: m.Kinds, KindColumn: m.kindColumn}
	for _, t := range m.Tables {
		w.Tables = append(w.Tables, wireTable{t, t.timing == byStamp})
	}
	w.sort()
	return w
}

// sort orders the tables and leaves out those that are there twice.
func (w *wireMeasure) sort() {
	slices.SortFunc(w.Tables, func(a, b wireTable) int { return strings.Compare(a.text(), b.text()) })
	w.Tables = slices.CompactFunc(w.Tables, func(a, b wireTable) bool { return a.text() == b.text() })
}

// steadyMantissas are the lengths, of whatever unit, at which tracers print.
var steadyMantissas = []float64{1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.3, 3.6, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9, 10}

// roundedBlock is the usual length of a block to a few hundredths: that of the same tracer varies a
// little from one file to the next.
func roundedBlock(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	unit := time.Duration(1)
	for d/unit >= 10 {
		unit *= 10
	}
	best := 0.0
	for _, m := range steadyMantissas {
		// This compares how far off both are in parts of themselves, |m-r|/m and |best-r|/best,
		// without dividing. The first of all wins against best = 0, and of two alike the larger
		// one.
		if r := float64(d) / float64(unit); math.Abs(m-r)*best <= math.Abs(best-r)*m {
			best = m
		}
	}
	return time.Duration(math.Round(best * float64(unit)))
}

// measure is the measure that the file kept.
func (w wireMeasure) measure() *Measure {
	m := w.Measure
	m.block, m.Kinds, m.kindColumn = w.Block, w.Kinds, w.KindColumn
	m.Tables = nil
	for _, t := range w.Tables {
		switch {
		case t.Stamped:
			t.timing = byStamp
		case t.Time != "":
			t.timing = byRow
		default:
			t.timing = byBlock
		}
		m.Tables = append(m.Tables, t.TableMeasure)
	}
	return &m
}

// body is the counts as canonical bytes.
func (c *Counts) body() ([]byte, error) {
	// Buckets of two parts must have the same edges, or they cannot be added.
	if c.grid.phase != 0 {
		return nil, errors.New("its buckets do not end on whole multiples of their width since the epoch")
	}
	if c.measure == nil {
		return nil, errors.New("it is not known what was counted")
	}
	// Counts that were read thinned lack most of their buckets, which the file could not say.
	if c.stretches != nil {
		return nil, errThin
	}
	w := c.measure.wire()
	m, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	b := putText(nil, string(m))
	b = binary.AppendUvarint(b, uint64(c.Bytes))
	b = binary.AppendUvarint(b, uint64(c.Skipped))
	drops := dropsByKind(c.Drops)
	b = binary.AppendUvarint(b, uint64(len(drops)))
	for _, d := range drops {
		b = binary.AppendVarint(putText(b, d.Kind), d.Count)
		b = putText(b, d.Text)
	}
	names := c.sources.names
	// Numbers of sources follow the order in which they came first, which depends on how a
	// capture was parted. In the file they are numbered by name.
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(names[i], names[j]) })
	b = binary.AppendUvarint(b, uint64(len(order)))
	for _, i := range order {
		b = append(putText(b, names[i]), byte(c.howOf(i)))
	}
	var numbers []int64
	for n := range c.all {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	b = binary.AppendUvarint(b, uint64(len(numbers)))
	before := int64(0)
	begun := c.startTimes()
	for _, n := range numbers {
		// Distances are small numbers, mostly 1, and one byte each.
		b = binary.AppendVarint(b, n-before)
		before = n
		// What was only assumed of first blocks is no part of what was counted. The reader assumes
		// the same again, from the extents.
		b = binary.AppendVarint(b, c.row(n).time()-begun[n])
		b = c.bucketBytes(b, n, order)
	}
	return c.seen.bytes(b), nil
}

// bucketBytes appends what a bucket holds: for each source with a value its distance in the order
// from the one before, and the value; of levels, how many they are, and the terms of their sum.
func (c *Counts) bucketBytes(b []byte, number int64, order []int) []byte {
	values, levels := c.row(number).counts(), c.levels[number]
	before := -1
	for k, i := range order {
		switch {
		case c.howOf(i) == addsUp:
			// Zeros are left out: most sources are silent in most buckets.
			if i >= len(values) || values[i] == 0 {
				continue
			}
			b = binary.AppendUvarint(b, uint64(k-before))
			// What adds up is whole numbers, however large, so it goes as an integer.
			b = binary.AppendVarint(b, int64(values[i]))
		case levels != nil && i < len(levels.n) && levels.n[i] > 0:
			b = binary.AppendUvarint(b, uint64(k-before))
			b = binary.AppendUvarint(b, uint64(levels.n[i]))
			// A sum of floats depends on the order of adding. Its exact terms do not, and so the
			// sum of two parts is that of the whole, bit for bit.
			terms := levels.terms(i)
			b = binary.AppendUvarint(b, uint64(len(terms)))
			for _, v := range terms {
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
			}
		default:
			continue
		}
		before = k
	}
	// No distance is 0, so it ends the bucket.
	return binary.AppendUvarint(b, 0)
}

// bytes appends the extents: how many, then for each its distance from the one before, and its
// length.
func (e *extents) bytes(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.runs)))
	before := int64(0)
	for _, x := range e.runs {
		b = binary.AppendVarint(b, x.first-before)
		b = binary.AppendUvarint(b, uint64(x.last-x.first))
		before = x.last
	}
	return b
}

// readExtents reads what [extents.bytes] appended.
func readExtents(r *bodyReader) []extent {
	runs := make([]extent, r.count())
	before := int64(0)
	for i := range runs {
		first := before + r.varint()
		last := first + int64(r.uvarint())
		// The checksum has shown that the file is as it was written, but not that it was written
		// rightly.
		if last < first || i > 0 && first <= before {
			r.fail()
			return nil
		}
		runs[i], before = extent{first, last}, last
	}
	return runs
}

// dropsByKind sums what a tracer lost by kind: where in which file it said so is nothing that adds
// up.
func dropsByKind(drops []Drop) []Drop {
	sums := map[string]Drop{}
	for _, d := range drops {
		s, ok := sums[d.Kind]
		// Of several texts the first in the alphabet stays: any rule does that depends on no
		// order.
		if !ok || d.Text < s.Text {
			s.Text = d.Text
		}
		s.Kind, s.Count = d.Kind, s.Count+d.Count
		sums[d.Kind] = s
	}
	out := make([]Drop, 0, len(sums))
	for _, d := range sums {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Drop) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}

// bodyReader reads a body. After an error all it reads is zero.
type bodyReader struct {
	b   []byte
	err error
}

// fail notes that the body is damaged; the first error counts.
func (r *bodyReader) fail() {
	if r.err == nil {
		r.err = io.ErrUnexpectedEOF
	}
	// Without text, loops over what is left end by themselves; callers look at err once, at the
	// end.
	r.b = nil
}

func (r *bodyReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *bodyReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count is a number of things that take at least a byte each.
func (r *bodyReader) count() int {
	n := r.uvarint()
	// So a damaged number cannot make a caller reserve memory for more than the body can hold.
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// take returns the next n bytes, zeros if there are not as many.
func (r *bodyReader) take(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return make([]byte, n)
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *bodyReader) text() string { return string(r.take(r.count())) }

// countsHead reads of what [Counts.body] wrote all before the buckets: counts that hold none yet,
// and where those start.
func countsHead(body []byte) (c *Counts, r *bodyReader, sources int, err error) {
	r = &bodyReader{b: body}
	var w wireMeasure
	if err := json.Unmarshal([]byte(r.text()), &w); err != nil {
		return nil, nil, 0, fmt.Errorf("its measure: %w", err)
	}
	if w.Every <= 0 {
		return nil, nil, 0, errors.New("its buckets have no width")
	}
	m := w.measure()
	c = newCounts(grid{every: int64(m.Every), block: int64(m.block)}, newSourceNames())
	c.measure = m
	c.Bytes, c.Skipped = int64(r.uvarint()), int64(r.uvarint())
	for range r.count() {
		d := Drop{Kind: r.text()}
		d.Count, d.Text = r.varint(), r.text()
		c.Drops = append(c.Drops, d)
	}
	n := r.count()
	for i := range n {
		// A name that is new gets the next number.
		if c.sources.number(r.text()) != i && r.err == nil {
			return nil, nil, 0, errors.New("a source is named twice")
		}
		switch h := howCounted(r.take(1)[0]); h {
		case addsUp:
		case summed, leveled:
			c.setHow(i, h)
		default:
			return nil, nil, 0, fmt.Errorf("source %d holds values of kind %d", i, h)
		}
	}
	return c, r, n, nil
}

// countsOfBody reads what [Counts.body] wrote; where that is more than most values, if most is not
// 0, stretches of it, which have at least so many buckets.
func countsOfBody(body []byte, most, least int) (*Counts, error) {
	c, r, n, err := countsHead(body)
	if err != nil {
		return nil, err
	}
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	if most > 0 {
		// A copy of the reader looks ahead: which buckets are kept is known only from all of
		// them.
		c.stretches = c.thin(*r, n, most, least)
	}
	number := int64(0)
	for range r.count() {
		number += r.varint()
		covered := r.varint()
		if !c.keeps(number) {
			c.passBucket(r, n)
			continue
		}
		c.row(number).pass(covered)
		c.readBucket(r, number, ids)
	}
	c.seen = extents{extentReach(c.measure), readExtents(r)}
	if r.err == nil {
		times := c.startTimes()
		// To book time of a bucket is to have it: those that are not kept must not come back so.
		maps.DeleteFunc(times, func(number, _ int64) bool { return !c.keeps(number) })
		c.passAll(times, 1)
	}
	if r.err == nil && len(r.b) > 0 {
		return nil, fmt.Errorf("%d bytes follow its end", len(r.b))
	}
	return c, r.err
}

// readBucket reads what [Counts.bucketBytes] appended; ids tells the numbers of its sources here.
func (c *Counts) readBucket(r *bodyReader, number int64, ids []int) {
	row := c.row(number)
	for i := -1; r.err == nil; {
		step := r.uvarint()
		if step == 0 {
			return
		}
		// Compared before it is added, as a damaged distance may be larger than any int.
		if step > uint64(len(ids)-1-i) {
			r.fail()
			return
		}
		i += int(step)
		source := ids[i]
		if c.howOf(source) == addsUp {
			c.add(row, source, float64(r.varint()))
			continue
		}
		count := int32(r.uvarint())
		level := c.levelRow(number)
		level.grow(source)
		level.n[source] = count
		for range r.count() {
			level.addTerm(source, math.Float64frombits(binary.LittleEndian.Uint64(r.take(8))))
		}
	}
}
