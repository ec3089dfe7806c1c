package dtracefs

import (
	"bytes"
	"hash/maphash"
)

// A prefixTable maps what stands before a line's value, such as "csw nginx", to two
// numbers, so that a line is looked up once. It is a hash table with open addressing, a
// good deal faster here than a Go map.
type prefixTable struct {
	seed  maphash.Seed
	slots []prefixSlot
	used  int
}

type prefixSlot struct {
	key  []byte // nil in a free slot
	hash uint64
	a, b int32
}

// mostPrefixes bounds the table: where more come, it starts again.
const mostPrefixes = 1 << 17

func newPrefixTable() *prefixTable {
	return &prefixTable{seed: maphash.MakeSeed(), slots: make([]prefixSlot, 1024)}
}

// find returns the slot of key, or the free one where it belongs.
func (t *prefixTable) find(key []byte) *prefixSlot {
	h := maphash.Bytes(t.seed, key)
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.key == nil {
			s.hash = h
			return s
		}
		if s.hash == h && string(s.key) == string(key) {
			return s
		}
	}
}

// put fills a free slot that find returned.
func (t *prefixTable) put(s *prefixSlot, key []byte, a, b int32) {
	s.key, s.a, s.b = bytes.Clone(key), a, b
	if t.used++; t.used*2 < len(t.slots) {
		return
	}
	old, size := t.slots, 2*len(t.slots)
	if t.used >= mostPrefixes {
		old, size, t.used = nil, 1024, 0
	}
	t.slots = make([]prefixSlot, size)
	mask := uint64(size - 1)
	for _, s := range old {
		if s.key == nil {
			continue
		}
		i := s.hash & mask
		for t.slots[i].key != nil {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}
