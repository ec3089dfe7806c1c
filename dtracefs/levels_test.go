package dtracefs

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a level sums up to is the exact sum rounded once, in any order and in any parts.
func TestLevelSumsAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := []func() float64{
		func() float64 { return float64(rng.IntN(10000)) / 100 },
		func() float64 { return math.Ldexp(rng.NormFloat64(), rng.IntN(400)-200) },
		func() float64 { return []float64{1e16, 1, -1e16, 0x1p-53, 0x1p53, -0x1p-53, 5e-324}[rng.IntN(7)] },
	}
	for trial := range 300 {
		values := make([]float64, 1+rng.IntN(40))
		exact := new(big.Float).SetPrec(4000)
		for i := range values {
			values[i] = draw[trial%len(draw)]()
			exact.Add(exact, big.NewFloat(values[i]))
		}
		want, _ := exact.Float64()
		var text string
		for range 5 {
			rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
			rows := make([]levelRow, 1+rng.IntN(4))
			for _, v := range values {
				rows[rng.IntN(len(rows))].add(1, v)
			}
			sum := &levelRow{}
			for i := range rows {
				if len(rows[i].n) > 0 {
					sum.take(1, &rows[i], 1)
				}
			}
			if got := sum.value(1); got != want || int(sum.n[1]) != len(values) {
				t.Fatalf("%v: sum %v of %d, want %v", values, got, sum.n[1], want)
			}
			if got := fmt.Sprint(sum.terms(1)); text == "" {
				text = got
			} else if got != text {
				t.Fatalf("%v: terms %s and %s", values, got, text)
			}
		}
	}
	for _, v := range []float64{math.Inf(1), math.Inf(-1)} {
		r := &levelRow{}
		for _, x := range []float64{1, 1e-20, v, 0.1} {
			r.add(0, x)
		}
		if got := r.terms(0); len(got) != 1 || got[0] != v {
			t.Errorf("%v beside others: %v", v, got)
		}
	}
}

// Parts of levels that meet within buckets are merged as any tree of neighbors.
func TestLevelsMergeInAnyTree(t *testing.T) {
	o := MeasureOptions{As: AsGauge, Every: time.Minute, Value: []string{"%cpu", "rss"}}
	rng := rand.New(rand.NewPCG(3, 4))
	var parts [][]byte
	var whole strings.Builder
	for i := range 12 {
		text := hostSeconds(i*31, 31, 1, true)
		parts = append(parts, countsBytes(t, "a", countPart(t, "top.csv", text, o)))
		if i > 0 {
			_, text, _ = strings.Cut(text, "\n")
		}
		whole.WriteString(text)
	}
	c := countPart(t, "top.csv", whole.String(), o)
	want := countsBytes(t, "a", c)
	for range 20 {
		left := slices.Clone(parts)
		for len(left) > 1 {
			i := rng.IntN(len(left) - 1)
			pair := [][]byte{left[i], left[i+1]}
			rng.Shuffle(2, func(i, j int) { pair[i], pair[j] = pair[j], pair[i] })
			one, err := mergeBytes(pair...)
			if err != nil {
				t.Fatal(err)
			}
			left = slices.Replace(left, i, i+2, one)
		}
		if !bytes.Equal(left[0], want) {
			t.Fatalf("%d bytes of parts differ from the whole of %d", len(left[0]), len(want))
		}
	}
}
