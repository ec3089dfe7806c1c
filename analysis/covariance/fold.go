package covariance

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// BlockRows is how many rows a part of a covariance holds, the last part aside, so that parts are
// the same whoever gathers them.
const BlockRows = 4096

// A Folding makes one covariance of parts that were gathered anywhere. Floating-point sums depend
// on their order, so parts are folded in that of their numbers alone, from 0 on: the result is the
// same to the bit whichever machine, of one processor architecture, gathered which part when. Part
// k is the [Accumulator] of rows k·[BlockRows] up to but not (k+1)·BlockRows, by
// [Accumulator.AddMatrix]. It holds O(p²) numbers, 32 MB for 2,000 variables, and the part at hand
// as many.
type Folding struct {
	all  *Accumulator
	next int
	last bool // a part came that is shorter than the others
}

// NewFolding returns a folding of parts of p variables.
func NewFolding(p int) *Folding { return &Folding{all: NewAccumulator(p)} }

// Add folds in the part of that number, which is to be the next one.
func (f *Folding) Add(number int, part *Accumulator) error {
	switch {
	case number < f.next:
		return fmt.Errorf("folding part %d: it was folded already, %d is the next", number, f.next)
	case number > f.next:
		return fmt.Errorf("folding part %d: part %d is missing", number, f.next)
	case f.last:
		return fmt.Errorf("folding part %d: the one before is shorter than %d rows, and so the last", number, BlockRows)
	case part.n == 0 || part.n > BlockRows:
		return fmt.Errorf("folding part %d: it has %d rows, not 1 to %d", number, part.n, BlockRows)
	}
	if err := f.all.Merge(part); err != nil {
		return fmt.Errorf("folding part %d: %w", number, err)
	}
	f.next, f.last = number+1, part.n < BlockRows
	return nil
}

// Accumulator is what was folded so far; it is not to be changed.
func (f *Folding) Accumulator() *Accumulator { return f.all }

// accumulatorVersion stands after the head of the bytes. It changes with any change of what
// follows, as the bytes may have been written by another release on another machine.
const accumulatorVersion = 1

// MarshalBinary returns all that the accumulator holds, to the bit: p(p+5)/2 numbers of 8 bytes and
// a little more.
//
// The form is a head, a version, p and n as varints, then in little-endian order mean and rest of
// each variable and the upper triangle of the cross products by rows. Numbers go as their bits:
// text would have to be read back by the same rounding, and a fold of parts promises equal bytes.
func (a *Accumulator) MarshalBinary() ([]byte, error) {
	p := len(a.mean)
	b := make([]byte, 0, 32+8*(p*(p+5)/2))
	b = append(b, "dtnotes covariance"...)
	b = append(b, accumulatorVersion)
	b = binary.AppendUvarint(b, uint64(p))
	b = binary.AppendUvarint(b, uint64(a.n))
	put := func(v float64) { b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) }
	for j := range p {
		put(a.mean[j])
		put(a.rest[j])
	}
	for i := range p {
		for j := i; j < p; j++ {
			put(a.scatter.At(i, j))
		}
	}
	return b, nil
}

// UnmarshalBinary reads what [Accumulator.MarshalBinary] returned.
//
// Bytes may be cut, damaged or made up. The length must agree with p before anything of the size
// of p² is allocated, and the accumulator is set only once all was read and found to be numbers.
func (a *Accumulator) UnmarshalBinary(b []byte) error {
	const head = "dtnotes covariance"
	bad := func(text string) error { return errors.New("reading a covariance: " + text) }
	if len(b) <= len(head) || string(b[:len(head)]) != head {
		return bad("it begins otherwise")
	}
	if v := b[len(head)]; v != accumulatorVersion {
		return bad(fmt.Sprintf("its version is %d, that of this program is %d", v, accumulatorVersion))
	}
	b = b[len(head)+1:]
	p, k := binary.Uvarint(b)
	if k <= 0 || p > 1<<20 {
		return bad("its width is damaged")
	}
	b = b[k:]
	n, k := binary.Uvarint(b)
	if k <= 0 || n > math.MaxInt64 || uint64(len(b)-k) != 8*(p*(p+5)/2) {
		return bad("it is cut or damaged")
	}
	b = b[k:]
	take := func() float64 {
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		b = b[8:]
		return v
	}
	c := NewAccumulator(int(p))
	c.n = int(n)
	for j := range c.mean {
		c.mean[j], c.rest[j] = take(), take()
		if v := c.mean[j] + c.rest[j]; math.IsNaN(v) || math.IsInf(v, 0) {
			return bad(fmt.Sprintf("the mean of variable %d is %v", j, v))
		}
	}
	for i := range c.mean {
		for j := i; j < len(c.mean); j++ {
			v := take()
			if math.IsNaN(v) || math.IsInf(v, 0) || i == j && v < 0 {
				return bad(fmt.Sprintf("the cross product of variables %d and %d is %v", i, j, v))
			}
			c.scatter.SetSym(i, j, v)
		}
	}
	*a = *c
	return nil
}
