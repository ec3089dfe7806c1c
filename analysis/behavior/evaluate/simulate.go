package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// A normal is a system of sources that depend on a fifth as many causes, all of
// them normal. Causes are correlated from bucket to bucket.
type normal struct {
	rng   *rand.Rand
	load  *mat.Dense // cause × source
	alike float64    // correlation of a cause with its bucket before
}

func newNormal(seed uint64, sources int, alike float64) normal {
	n := normal{rand.New(rand.NewPCG(seed, uint64(sources))), mat.NewDense(max(1, sources/5), sources, nil), alike}
	n.load.Apply(func(_, _ int, _ float64) float64 { return n.rng.NormFloat64() }, n.load)
	return n
}

// buckets returns that many buckets of the system.
func (n normal) buckets(count int) (*analysis.Series, error) {
	causes, sources := n.load.Dims()
	z, x := mat.NewDense(count, causes, nil), &mat.Dense{}
	fresh := math.Sqrt(1 - float64(n.alike*n.alike))
	for i := range count {
		for k := range causes {
			v := n.rng.NormFloat64()
			if i > 0 {
				v = float64(n.alike*z.At(i-1, k)) + float64(fresh*v)
			}
			z.Set(i, k, v)
		}
	}
	x.Mul(z, n.load)
	x.Apply(func(_, _ int, v float64) float64 { return v + n.rng.NormFloat64()/2 }, x)
	names := make([]string, sources)
	for j := range names {
		names[j] = fmt.Sprint("source ", j)
	}
	return analysis.NewSeries(names, 0, time.Second, x)
}

// rareLevels are the p-values whose meaning is checked on simulated buckets, of
// which there are enough.
var rareLevels = []float64{0.1, 0.01, 0.001}

// A part is a part of the buckets, and how far the part may differ over all such systems. What is
// learned from one system governs all of its buckets, so that the number of independent
// observations is the number of systems.
type part struct{ mean, off float64 }

// simulated is the part of simulated normal buckets with a p-value of at most
// each of the levels: of several systems, each learned from that many buckets,
// with its interval of 95 % (Student, 1908).
func simulated(ctx context.Context, sources, learned, judged, systems int) ([]part, error) {
	of := make([][]float64, len(rareLevels)) // of each system
	for seed := range uint64(systems) {
		system := newNormal(seed, sources, 0)
		train, err := system.buckets(learned)
		if err != nil {
			return nil, err
		}
		b, err := behavior.Learn(ctx, []*analysis.Series{train}, behavior.Options{})
		if err != nil {
			return nil, err
		}
		fresh, err := system.buckets(judged)
		if err != nil {
			return nil, err
		}
		report, err := behavior.Score(ctx, b, fresh, behavior.ScoreOptions{})
		if err != nil {
			return nil, err
		}
		for i, level := range rareLevels {
			n := 0
			for _, v := range report.Buckets {
				if v.P <= level {
					n++
				}
			}
			of[i] = append(of[i], float64(n)/float64(judged))
		}
	}
	out := make([]part, len(rareLevels))
	n := float64(systems)
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	for i, shares := range of {
		mean, dev := stat.MeanStdDev(shares, nil)
		out[i] = part{mean, student.Quantile(0.975) * dev / math.Sqrt(n)}
	}
	return out, nil
}

// alarms is how many alerts an hour simulated normal running raises by default,
// buckets being seconds: of several systems, each learned from that many buckets.
func alarms(ctx context.Context, alike float64, learned, judged, systems int) (float64, error) {
	n := 0
	for seed := range uint64(systems) {
		system := newNormal(seed, 10, alike)
		train, err := system.buckets(learned)
		if err != nil {
			return 0, err
		}
		fresh, err := system.buckets(judged)
		if err != nil {
			return 0, err
		}
		b, err := behavior.Learn(ctx, []*analysis.Series{train}, behavior.Options{})
		if err != nil {
			return 0, err
		}
		report, err := behavior.Score(ctx, b, fresh, behavior.ScoreOptions{})
		if err != nil {
			return 0, err
		}
		n += len(report.Alerts)
	}
	return float64(n) * 3600 / float64(judged*systems), nil
}

// restless are systems whose buckets are more or less alike, and how many of them
// are learned from.
var restless = []struct {
	alike   float64
	learned int
}{{0, 300}, {0.7, 300}, {0.9, 400}, {0.97, 4000}}

// fewAndMany says from how much each system is learned, and how many systems there are: what few
// buckets teach differs more from one system to the next.
var fewAndMany = []struct{ sources, learned, systems int }{{3, 6000, 8}, {20, 6000, 8}, {20, 300, 24}}

// printSimulated compares p-values with how often simulated normal buckets fall
// below them.
func (o options) printSimulated(ctx context.Context) error {
	fmt.Printf("\n%-48s", "part of simulated normal buckets with p at most")
	for _, l := range rareLevels {
		fmt.Printf(" %7g", l)
	}
	fmt.Println()
	for _, c := range fewAndMany {
		below, err := simulated(ctx, c.sources, c.learned, 12000, c.systems)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%d sources, learned from %d buckets", c.sources, c.learned)
		fmt.Printf("  %-46s %7.5f %7.5f %7.5f\n", what, below[0].mean, below[1].mean, below[2].mean)
		rare := below[2]
		o.table.add("p at most 0.001, simulated: "+what, "%.5f (95 %%: %.5f to %.5f, of %d systems)", rare.mean, max(0, rare.mean-rare.off), rare.mean+rare.off, c.systems)
	}
	fmt.Printf("\nalerts an hour that simulated normal running raises, where %g are stated\n", behavior.FalseAlarms)
	most := 0.0
	for _, c := range restless {
		rate, err := alarms(ctx, c.alike, c.learned, 7200, 3)
		if err != nil {
			return err
		}
		fmt.Printf("  %-46s %7.1f\n", fmt.Sprintf("correlation %g, learned from %d buckets", c.alike, c.learned), rate)
		most = max(most, rate)
	}
	o.table.add("alerts an hour, simulated, at the most", "%.1f, where %g are stated", most, behavior.FalseAlarms)
	return nil
}
