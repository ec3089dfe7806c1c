package dtracefs

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// A prefixTable maps what stands before a line's value, such as "csw nginx", to two
// numbers, so that a line is looked up once. It is a hash table with open addressing whose
// short keys lie in the slots, hashed and compared word by word without a branch on their
// length: a good deal faster here than a Go map.
type prefixTable struct {
	seed  maphash.Seed
	key   uint64 // random, so that nobody can choose keys that collide
	slots []prefixSlot
	used  int
}

// A prefixSlot is a place in the table. A pointer to it holds until the next put, which may move
// all.
type prefixSlot struct {
	words [4]uint64 // of a short key; else the first is the hash
	long  string    // a key of more than shortKey bytes
	n     int32     // the key's length and 1; 0 in a free slot
	a, b  int32
}

// shortKey bounds, in bytes, the keys that lie in their slots.
const shortKey = 32

func (s *prefixSlot) free() bool { return s.n == 0 }

// mostPrefixes bounds the table: where more come, it starts again empty. It only remembers what
// can be found anew.
const mostPrefixes = 1 << 17

// fewestSlots is the size of a new table: many are for a line or two.
const fewestSlots = 4

func newPrefixTable() *prefixTable {
	seed := maphash.MakeSeed()
	return &prefixTable{seed: seed, key: maphash.Bytes(seed, nil), slots: make([]prefixSlot, fewestSlots)}
}

// find returns the slot of key, or the free one where it belongs. A free slot has the key's words
// already, so that put need not find them again.
func (t *prefixTable) find(key []byte) *prefixSlot {
	if len(key) > shortKey {
		return t.findLong(key)
	}
	words := wordsOf(key)
	mask := uint64(len(t.slots) - 1)
	// This ends, as put leaves more than half of the slots free.
	for i := t.hash(&words) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.n == int32(len(key))+1 && s.words == words {
			return s
		}
		if s.free() {
			s.words = words
			return s
		}
	}
}

// findLong is find for long keys, whose hash stands in place of their words; the key itself is
// compared only where that is equal.
func (t *prefixTable) findLong(key []byte) *prefixSlot {
	words := [4]uint64{maphash.Bytes(t.seed, key)}
	mask := uint64(len(t.slots) - 1)
	for i := t.hash(&words) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.free() {
			s.words = words
			return s
		}
		// A short key whose words happen to be these has no long text.
		if s.words == words && s.long == string(key) {
			return s
		}
	}
}

// masks keep the first n bytes of four words.
var masks = func() (m [shortKey + 1][4]uint64) {
	for n := range m {
		for i := range n {
			m[n][i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return m
}()

// wordsOf returns a short key as words, with zeros behind it. It reads beyond the key, as far as
// its array goes, and masks that away; only a key near the end of the text is copied.
func wordsOf(key []byte) [4]uint64 {
	n := len(key)
	if cap(key) < shortKey {
		key = append(make([]byte, 0, shortKey), key...)
	}
	b, m := key[:shortKey], &masks[n]
	return [4]uint64{
		binary.LittleEndian.Uint64(b) & m[0], binary.LittleEndian.Uint64(b[8:]) & m[1],
		binary.LittleEndian.Uint64(b[16:]) & m[2], binary.LittleEndian.Uint64(b[24:]) & m[3],
	}
}

// hash multiplies words in pairs, after wyhash (Wang Yi, 2019).
func (t *prefixTable) hash(w *[4]uint64) uint64 {
	a, b := bits.Mul64(w[0]^t.key, w[1]^0xe7037ed1a0b428db)
	c, d := bits.Mul64(w[2]^t.key, w[3]^0x589965cc75374cc3)
	h := (a ^ b) + (c ^ d)
	return h ^ h>>32
}

// sparseSlots is the size up to which a table has eight slots for each key. There nearly all
// searches end at their first slot, so the processor guesses rightly that they do, which takes a
// tenth of the time from counting a line. Of the free slots none is ever read, so they do not crowd
// its caches. Larger tables have two slots for each key, as all slots take memory.
const sparseSlots = 1 << 12

// put fills a free slot that find returned.
func (t *prefixTable) put(s *prefixSlot, key []byte, a, b int32) {
	s.n, s.a, s.b = int32(len(key))+1, a, b
	if len(key) > shortKey {
		s.long = string(key)
	}
	t.used++
	if t.used*8 < len(t.slots) || t.used*2 < len(t.slots) && len(t.slots) >= sparseSlots {
		return
	}
	old, size := t.slots, 2*len(t.slots)
	if t.used >= mostPrefixes {
		old, size, t.used = nil, fewestSlots, 0
	}
	t.slots = make([]prefixSlot, size)
	mask := uint64(size - 1)
	for _, s := range old {
		if s.free() {
			continue
		}
		i := t.hash(&s.words) & mask
		for !t.slots[i].free() {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
