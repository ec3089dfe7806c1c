package behavior_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// matrix makes a series of sources a, b, … from time start, bucket by bucket.
func matrix(t testing.TB, n, p int, start float64, every time.Duration, value func(i, j int) float64) *analysis.Series {
	t.Helper()
	x := mat.NewDense(n, p, nil)
	names := make([]string, p)
	for j := range p {
		names[j] = string(rune('a' + j))
		for i := range n {
			x.Set(i, j, value(i, j))
		}
	}
	s, err := analysis.NewSeries(names, start, every, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// learnMatrix learns from a matrix whose columns are sources.
func learnMatrix(t testing.TB, s *analysis.Series, opts behavior.Options) *behavior.Behavior {
	t.Helper()
	b, err := behavior.Learn(t.Context(), []*analysis.Series{s}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gaussian gives independent values of deviation 1 around a level.
func gaussian(seed uint64, level, scale float64) func(i, j int) float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	return func(int, int) float64 { return scale * (level + rng.NormFloat64()) }
}

// Where the zero of a gauge is, and what its unit, changes nothing.
func TestGaugesAreJudgedAlikeWhereverTheirZero(t *testing.T) {
	var first []bool
	for _, c := range []struct{ level, scale float64 }{{0, 1}, {50, 1}, {-50, 1}, {0, 1e6}, {1e4, 1e-3}} {
		b := learnMatrix(t, matrix(t, 400, 4, 0, time.Second, gaussian(1, c.level, c.scale)), behavior.Options{})
		fresh := matrix(t, 200, 4, 0, time.Second, gaussian(2, c.level, c.scale))
		odd := []int{20, 60, 100, 140, 180}
		for _, i := range odd {
			fresh.Values.Set(i, 2, c.scale*(c.level+5))
		}
		var raised []bool
		found := 0
		for i, v := range score(t, b, fresh).Buckets {
			raised = append(raised, v.Raised)
			if v.Raised && slices.Contains(odd, i) {
				found++
				if v.Sources[0].Name != "c" {
					t.Errorf("level %v: bucket %d: %v stands out", c.level, i, v.Sources[0])
				}
			}
		}
		if found != len(odd) {
			t.Errorf("level %v, scale %v: %d of %d values five deviations off found", c.level, c.scale, found, len(odd))
		}
		if first == nil {
			first = raised
		} else if !slices.Equal(first, raised) {
			t.Errorf("level %v, scale %v: judged otherwise", c.level, c.scale)
		}
	}
}

// A ratio that changes, and a slow leak, show in no value by itself.
func TestWhatTheOthersLetExpect(t *testing.T) {
	load := func(seed uint64, change func(i, j int, v float64) float64) *analysis.Series {
		rng := rand.New(rand.NewPCG(seed, 5))
		level := 0.0
		return matrix(t, 600, 4, 0, time.Second, func(i, j int) float64 {
			if j == 0 {
				level = 0.9*level + rng.NormFloat64()
			}
			return change(i, j, 100+10*level+2*rng.NormFloat64())
		})
	}
	same := func(_, _ int, v float64) float64 { return v }
	b := learnMatrix(t, load(1, same), behavior.Options{})
	for name, change := range map[string]func(i, j int, v float64) float64{
		"ratio": func(i, j int, v float64) float64 {
			if j == 1 && i >= 400 {
				v += 8
			}
			return v
		},
		"leak": func(i, j int, v float64) float64 {
			if j == 1 && i >= 300 {
				v += 0.1 * float64(i-300)
			}
			return v
		},
	} {
		r := score(t, b, load(2, change))
		found := slices.ContainsFunc(r.Alerts, func(a behavior.Alert) bool { return a.End > 400 && a.Sources[0].Name == "b" })
		if !found {
			t.Errorf("%s: alerts %v", name, r.Alerts)
		}
		for _, a := range r.Alerts {
			if a.End < 300 {
				t.Errorf("%s: false alert %v", name, a)
			}
		}
	}
}

func TestRunningTotalsAreJudgedByTheirGrowth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	total := 1e6
	totals := func(n int, fault func(i int) float64) *analysis.Series {
		return matrix(t, n, 2, 0, time.Second, func(i, j int) float64 {
			if j == 1 {
				return float64(rng.IntN(50))
			}
			if i == n/2 {
				total = 0 // begins anew
			}
			total += fault(i) * float64(90+rng.IntN(20))
			return total
		})
	}
	normal := func(int) float64 { return 1 }
	b := learnMatrix(t, totals(300, normal), behavior.Options{})
	if b.Sources["a"].Value != behavior.Total || !strings.Contains(b.String(), "took for running totals, and judges what they grow by: a") {
		t.Fatalf("a is a %s\n%v", b.Sources["a"].Value, b)
	}
	if r := score(t, b, totals(200, normal)); len(r.Alerts) != 0 {
		t.Errorf("a new start raises %v", r.Alerts)
	}
	r := score(t, b, totals(200, func(i int) float64 {
		if i >= 150 && i < 160 {
			return 9
		}
		return 1
	}))
	if len(r.Alerts) != 1 || r.Alerts[0].Start != 150 || r.Alerts[0].Sources[0].Name != "a" {
		t.Errorf("alerts %v", r.Alerts)
	}
	// What is told outweighs what it looks like.
	b = learnMatrix(t, totals(300, normal), behavior.Options{Values: map[string]behavior.Value{"*": behavior.Gauge}})
	if b.Sources["a"].Value != behavior.Gauge || b.Sources["b"].Value != behavior.Gauge {
		t.Errorf("told to be gauges: %s and %s", b.Sources["a"].Value, b.Sources["b"].Value)
	}
	if _, err := behavior.Learn(t.Context(), []*analysis.Series{totals(60, normal)}, behavior.Options{Values: map[string]behavior.Value{"a": "speed"}}); err == nil || !strings.Contains(err.Error(), `unknown kind of values "speed"`) {
		t.Error(err)
	}
}

func TestMissingValues(t *testing.T) {
	holes := func(seed uint64) *analysis.Series {
		s := matrix(t, 300, 3, 0, time.Second, gaussian(seed, 10, 1))
		for i := 5; i < 300; i += 7 {
			s.Values.Set(i, i%3, math.NaN())
		}
		return s
	}
	if _, err := behavior.Learn(t.Context(), []*analysis.Series{holes(1)}, behavior.Options{}); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Error(err)
	}
	for _, missing := range []behavior.Missing{behavior.Skip, behavior.Carry} {
		b := learnMatrix(t, holes(1), behavior.Options{Missing: missing})
		fresh := holes(2)
		if r := score(t, b, fresh); len(r.Alerts) != 0 {
			t.Errorf("%s: %v", missing, r.Alerts)
		}
		fresh.Values.Set(200, 1, 30)
		if r := score(t, b, fresh); len(r.Alerts) != 1 || r.Alerts[0].Sources[0].Name != "b" {
			t.Errorf("%s: %v", missing, r.Alerts)
		}
	}
	if _, err := behavior.ParseMissing("guess"); err == nil {
		t.Error("no error")
	}
}

// A load that comes back each day is judged by the hour.
func TestSeasonAndTrend(t *testing.T) {
	const day = 288 // buckets of five minutes
	start := 1.7e9
	daily := func(seed uint64, days int, from float64, slope float64) *analysis.Series {
		rng := rand.New(rand.NewPCG(seed, 9))
		return matrix(t, days*day, 2, from, 5*time.Minute, func(i, j int) float64 {
			hour := (from + float64(i)*300) / 86400 * 2 * math.Pi
			return 100 + 40*math.Sin(hour) + 3*rng.NormFloat64() + slope*(from-start+float64(i)*300)/86400*float64(j)
		})
	}
	b := learnMatrix(t, daily(1, 10, start, 4), behavior.Options{})
	for name, s := range b.Sources {
		if s.Season == nil || s.Season.Period != 86400 || (name == "b") != (s.Season.Slope != 0) {
			t.Fatalf("%s: season %+v", name, s.Season)
		}
	}
	fresh := daily(2, 3, start+10*86400, 4)
	if r := score(t, b, fresh); len(r.Alerts) > 1 {
		t.Errorf("days like those before raise %v", r.Alerts)
	}
	// At the deepest of the night the value of noon is odd.
	low := 0
	for i := range day {
		if fresh.Values.At(i, 0) < fresh.Values.At(low, 0) {
			low = i
		}
	}
	at := fresh.Times[low]
	for i := low; i < low+3; i++ {
		fresh.Values.Set(i, 0, 130)
	}
	r := score(t, b, fresh)
	if !slices.ContainsFunc(r.Alerts, func(a behavior.Alert) bool { return a.Start <= at && a.End > at && a.Sources[0].Name == "a" }) {
		t.Errorf("noon at night: %v", r.Alerts)
	}
	// Five deviations are odd at any hour, far less than what the season itself comes to.
	for hour := 0; hour < 24; hour += 3 {
		fresh := daily(3, 3, start+10*86400, 4)
		from := day + hour*day/24
		at := fresh.Times[from]
		for i := from; i < from+6; i++ {
			fresh.Values.Set(i, 0, fresh.Values.At(i, 0)+15)
		}
		r := score(t, b, fresh)
		if !slices.ContainsFunc(r.Alerts, func(a behavior.Alert) bool {
			return a.Start <= at+3*300 && a.End > at && a.End < at+12*300 && a.Sources[0].Name == "a"
		}) || len(r.Alerts) > 2 {
			t.Errorf("15 more at %d o'clock: %v", hour, r.Alerts)
		}
	}
}

// A value four deviations off is told of a single gauge, wherever its zero is.
func TestFourDeviationsAreFound(t *testing.T) {
	for _, level := range []float64{0, 50} {
		found := 0
		for seed := range uint64(5) {
			b := learnMatrix(t, matrix(t, 1000, 1, 1.7e9, time.Second, gaussian(2*seed, level, 1)), behavior.Options{})
			fresh := matrix(t, 1000, 1, 1.8e9, time.Second, gaussian(2*seed+1, level, 1))
			for i := 100; i < 1000; i += 200 {
				fresh.Values.Set(i, 0, level+4)
			}
			for _, a := range score(t, b, fresh).Alerts {
				if int(a.Start-1.8e9)%200 == 100 {
					found++
				}
			}
		}
		if found < 17 {
			t.Errorf("around %v: %d of 25 found", level, found)
		}
	}
}

func TestConstantSeriesSaySo(t *testing.T) {
	for _, level := range []float64{0, 5} {
		_, err := behavior.Learn(t.Context(), []*analysis.Series{matrix(t, 100, 2, 0, time.Second, func(int, int) float64 { return level })}, behavior.Options{})
		if err == nil || !strings.Contains(err.Error(), "all 2 sources are constant in 100 buckets") {
			t.Errorf("constant %v: %v", level, err)
		}
	}
	empty, err := analysis.NewSeries(nil, 0, time.Second, &mat.Dense{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := behavior.Learn(t.Context(), []*analysis.Series{empty}, behavior.Options{}); err == nil || !strings.Contains(err.Error(), "0 buckets") {
		t.Errorf("learned from nothing: %v", err)
	}
}

// Wide buckets get a budget that means something; what cannot be reached is told.
func TestBudgetAndReach(t *testing.T) {
	wide := learnMatrix(t, matrix(t, 2000, 3, 1.7e9, 5*time.Minute, gaussian(1, 0, 1)), behavior.Options{})
	reach, err := wide.Reach(behavior.ScoreOptions{})
	if err != nil || math.Abs(reach.Rate-12.0/900) > 1e-12 || reach.Needed != 0 || reach.String() != "" {
		t.Errorf("%+v, %v", reach, err)
	}
	if !strings.Contains(wide.String(), "at most one false alert in 3.12 days") {
		t.Error(wide)
	}
	r := score(t, wide, matrix(t, 9000, 3, 1.8e9, 5*time.Minute, gaussian(5, 0, 1)))
	if len(r.Alerts) > 20 {
		t.Errorf("%d alerts in 9000 normal buckets, 10 are stated", len(r.Alerts))
	}
	short := learn(t, server(t, 1, 20, nil))
	reach, err = short.Reach(behavior.ScoreOptions{FalseAlarms: 0.0001})
	if err != nil || reach.Needed <= 20 || !strings.Contains(reach.String(), fmt.Sprintf("about %d buckets would do", reach.Needed)) {
		t.Errorf("%+v: %v, %v", reach, reach, err)
	}
	report, err := behavior.Score(t.Context(), short, server(t, 2, 30, nil), behavior.ScoreOptions{FalseAlarms: 0.0001})
	if err != nil || !strings.Contains(report.String(), "no alert can be raised") {
		t.Errorf("%v, %v", report, err)
	}
}

// A level and a running total are the same in narrower buckets; only counts are less.
func TestNarrowBucketsOfLevelsAndTotals(t *testing.T) {
	const k = 5
	narrow := func(seed uint64, n int) *analysis.Series {
		level, steps, total := gaussian(seed, 50, 1), gaussian(seed+10, 20, 1), 1e6
		return matrix(t, n, 3, 0, time.Second, func(_, j int) float64 {
			switch j {
			case 0:
				return level(0, 0)
			case 1:
				total += math.Round(steps(0, 0))
				return total
			}
			return math.Round(steps(0, 0))
		})
	}
	wide := func(s *analysis.Series) *analysis.Series {
		return matrix(t, len(s.Times)/k, 3, 0, k*time.Second, func(i, j int) float64 {
			sum := 0.0
			for u := range k {
				sum += s.Values.At(i*k+u, j)
			}
			switch j {
			case 0:
				return sum / k
			case 1:
				return s.Values.At(i*k+k-1, j)
			}
			return sum
		})
	}
	b := learnMatrix(t, wide(narrow(1, 2000)), behavior.Options{
		Values: map[string]behavior.Value{"a": behavior.Gauge, "b": behavior.Total, "c": behavior.Count},
	})
	fresh := narrow(2, 1000)
	got, want := score(t, b, fresh), score(t, b, wide(fresh))
	for i, v := range got.Buckets {
		if w := want.Buckets[i]; v.Score != w.Score || v.P != w.P {
			t.Fatalf("bucket %d: score %v, p %v; in wide buckets %v, %v", i, v.Score, v.P, w.Score, w.P)
		}
	}
	if len(got.Alerts) > 0 {
		t.Errorf("%v", got)
	}
}
