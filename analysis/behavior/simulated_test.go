package behavior_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// factored gives normal values of p sources that have a fifth as many causes.
func factored(t testing.TB, seed uint64, p int) func(n int) *analysis.Series {
	rng := rand.New(rand.NewPCG(seed, uint64(p)))
	causes := max(1, p/5)
	load := mat.NewDense(causes, p, nil)
	for i := range causes {
		for j := range p {
			load.Set(i, j, rng.NormFloat64())
		}
	}
	return func(n int) *analysis.Series {
		z := mat.NewDense(n, causes, nil)
		for i := range n {
			for k := range causes {
				z.Set(i, k, rng.NormFloat64())
			}
		}
		var x mat.Dense
		x.Mul(z, load)
		return matrix(t, n, p, 0, time.Second, func(i, j int) float64 { return x.At(i, j) + rng.NormFloat64()/2 })
	}
}

// P-values mean what they say down to one in a thousand, within a factor of two
// where enough was learned from; where little was, they promise no more than they
// keep.
func TestPValuesHoldToOneInAThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("many buckets")
	}
	for _, c := range []struct{ sources, learned int }{{3, 6000}, {20, 6000}, {20, 300}} {
		levels, below := []float64{0.1, 0.01, 0.001}, make([]float64, 3)
		const each, seeds = 12000, 3
		for seed := range uint64(seeds) {
			fresh := factored(t, seed, c.sources)
			b := learnMatrix(t, fresh(c.learned), behavior.Options{})
			for _, v := range score(t, b, fresh(each)).Buckets {
				for i, level := range levels {
					if v.P <= level {
						below[i]++
					}
				}
			}
		}
		for i, level := range levels {
			if share := below[i] / (seeds * each); share > 2*level || c.learned > 1000 && share < level/2 {
				t.Errorf("%d sources, learned from %d buckets: p at most %g in %.5f of normal buckets", c.sources, c.learned, level, share)
			}
		}
	}
}
