package dtracefs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestCutValue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const letters = "0123456789 -a\x00\xb0"
	for range 200_000 {
		line := make([]byte, rng.IntN(24))
		for i := range line {
			line[i] = letters[rng.IntN(10+rng.IntN(len(letters)-9))]
		}
		prefix, v, ok := cutValue(line)
		wantPrefix, want, wantOK := cutAnyValue(line)
		if !bytes.Equal(prefix, wantPrefix) || v != want || ok != wantOK {
			t.Fatalf("%q: %q, %d, %v, want %q, %d, %v", line, prefix, v, ok, wantPrefix, want, wantOK)
		}
	}
}

func TestPrefixTable(t *testing.T) {
	table := newPrefixTable()
	keys := [][]byte{[]byte("a"), []byte("a\x00"), bytes.Repeat([]byte("x"), shortKey), bytes.Repeat([]byte("x"), shortKey+1)}
	for i := range 5000 {
		keys = append(keys, fmt.Appendf(nil, "key %0*d", i%60, i))
	}
	for i, k := range keys {
		slot := table.find(k)
		if !slot.free() {
			t.Fatalf("%q was there before it was put", k)
		}
		table.put(slot, k, int32(i), int32(-i))
	}
	for i, k := range keys {
		if s := table.find(bytes.Clone(k)); s.free() || s.a != int32(i) || s.b != int32(-i) {
			t.Fatalf("%q is %d, %d", k, s.a, s.b)
		}
	}
}
