package dtracefs

import (
	"errors"
	"slices"
)

// A stretch is buckets from the first to the last, both included.
type stretch struct{ first, last int64 }

var errThin = errors.New("stretches of it were read, not all that was counted")

// thinStretches is into how many stretches long counts are thinned: enough that a week has some
// of each kind of day, and so few that each is long enough to learn what follows what.
const thinStretches = 5

// thin chooses the stretches of a body to read, r being where its buckets start: nil for all of
// it. The reader is a copy: the body is passed over once to see how long it is, and then read.
func (c *Counts) thin(r bodyReader, sources, most, least int) []stretch {
	first, last, number := int64(0), int64(-1), int64(0)
	for i := range r.count() {
		number += r.varint()
		r.varint()
		c.passBucket(&r, sources)
		if i == 0 {
			first = number
		}
		last = number
	}
	if r.err != nil {
		return nil
	}
	return thinned(first, last, sources, most, least)
}

// thinned are stretches spread evenly that hold no more than most values of so many sources, but at
// least so many buckets; nil if all buckets do.
func thinned(first, last int64, sources, most, least int) []stretch {
	n, p := last-first+1, int64(max(1, sources))
	if n <= int64(most)/p {
		return nil
	}
	length := max(int64(most)/p, int64(least)) / thinStretches
	// Stretches as long as that would leave nothing out.
	if length < 1 || length*thinStretches >= n {
		return nil
	}
	var out []stretch
	for k := range int64(thinStretches) {
		// The first one starts with the first bucket, and the last one ends with the last.
		from := first + k*(n-length)/(thinStretches-1)
		out = append(out, stretch{from, from + length - 1})
	}
	return out
}

// keeps reports whether a bucket is in a stretch.
func (c *Counts) keeps(number int64) bool {
	if c.stretches == nil {
		return true
	}
	for _, x := range c.stretches {
		if x.first <= number && number <= x.last {
			return true
		}
	}
	return false
}

// keepsSome reports whether buckets of x are in a stretch.
func (c *Counts) keepsSome(x stretch) bool {
	return slices.ContainsFunc(c.stretches, func(s stretch) bool { return s.first <= x.last && x.first <= s.last })
}

// passBucket passes over what [Counts.readBucket] reads. It must go past exactly the same bytes.
func (c *Counts) passBucket(r *bodyReader, sources int) {
	for i := -1; r.err == nil; {
		step := r.uvarint()
		if step == 0 {
			return
		}
		if step > uint64(sources-1-i) {
			r.fail()
			return
		}
		i += int(step)
		if r.uvarint(); c.howOf(i) != addsUp {
			for range r.count() {
				r.take(8)
			}
		}
	}
}
