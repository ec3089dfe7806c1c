package covariance

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Parts that are gathered side by side, in any order, and carried as bytes fold to the same bits.
func TestFoldingIsTheSameWhereverPartsWereGathered(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, p = 5*BlockRows + 100, 7
	x := mat.NewDense(n, p, nil)
	x.Apply(func(_, j int, _ float64) float64 { return 1e3*float64(j) + rng.ExpFloat64() }, x)
	gather := func(k int) []byte {
		a := NewAccumulator(p)
		if err := a.AddMatrix(x.Slice(k*BlockRows, min(n, (k+1)*BlockRows), 0, p)); err != nil {
			t.Error(err)
		}
		b, err := a.MarshalBinary()
		if err != nil {
			t.Error(err)
		}
		return b
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []byte
	for trial := range 6 {
		runtime.GOMAXPROCS(1 + trial%3)
		parts := make([][]byte, 6)
		var gathering sync.WaitGroup
		for _, k := range rng.Perm(len(parts)) {
			gathering.Go(func() { parts[k] = gather(k) })
		}
		gathering.Wait()
		f := NewFolding(p)
		for k, b := range parts {
			var a Accumulator
			if err := a.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			if err := f.Add(k, &a); err != nil {
				t.Fatal(err)
			}
		}
		got, err := f.Accumulator().MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Fatal("other bits")
		}
		all := NewAccumulator(p)
		if err := all.AddMatrix(x); err != nil {
			t.Fatal(err)
		}
		if !mat.EqualApprox(f.Accumulator().Covariance(), all.Covariance(), 1e-9) {
			t.Errorf("covariance\n%v\nwant\n%v", mat.Formatted(f.Accumulator().Covariance()), mat.Formatted(all.Covariance()))
		}
	}
}

// Parts out of their order would give other bits, or count rows twice.
func TestFoldingRefuses(t *testing.T) {
	part := func(rows, p int) *Accumulator {
		a := NewAccumulator(p)
		for i := range rows {
			row := make([]float64, p)
			row[0] = float64(i)
			if err := a.Add(row); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	f := NewFolding(2)
	if err := f.Add(0, part(BlockRows, 2)); err != nil {
		t.Fatal(err)
	}
	for says, err := range map[string]error{
		"folded already":    f.Add(0, part(BlockRows, 2)),
		"part 1 is missing": f.Add(2, part(BlockRows, 2)),
		"it has 0 rows":     f.Add(1, part(0, 2)),
		"it has 4097 rows":  f.Add(1, part(BlockRows+1, 2)),
		"2 and 3 variables": f.Add(1, part(5, 3)),
		"<nil>":             f.Add(1, part(5, 2)),
		"shorter than 4096": f.Add(2, part(5, 2)),
	} {
		if text := "<nil>"; err != nil && !strings.Contains(err.Error(), says) || err == nil && says != text {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	b, err := part(5, 2).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	noMean := bytes.Clone(b)
	// There are four numbers of means and three of products.
	binary.LittleEndian.PutUint64(noMean[len(b)-7*8:], math.Float64bits(math.NaN()))
	for _, damaged := range [][]byte{noMean, nil, b[:10], b[:len(b)-1], append(bytes.Clone(b), 0), bytes.Replace(b, []byte("covariance\x01"), []byte("covariance\x02"), 1), b[:19]} {
		if err := new(Accumulator).UnmarshalBinary(damaged); err == nil {
			t.Errorf("%d bytes of %d: no error", len(damaged), len(b))
		}
	}
}

// Of 2,000 variables no more than the folding, a part and its bytes are in memory.
func TestFoldingIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const p = 2000
	rng := rand.New(rand.NewPCG(3, 4))
	f := NewFolding(p)
	x := mat.NewDense(64, p, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() }, x)
	a := NewAccumulator(p)
	if err := a.AddMatrix(x); err != nil {
		t.Fatal(err)
	}
	b, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Add(0, a); err != nil {
		t.Fatal(err)
	}
	if most := 8*p*(p+5)/2 + 100; len(b) > most {
		t.Errorf("a part of %d variables takes %d bytes, want %d at most", p, len(b), most)
	}
	if f.Accumulator().N() != 64 {
		t.Errorf("%d rows", f.Accumulator().N())
	}
}
