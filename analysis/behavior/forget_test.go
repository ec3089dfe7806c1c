package behavior_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// What is old counts less with each half-life.
func TestForgetting(t *testing.T) {
	old, fresh := learn(t, server(t, 1, 400, nil)), learn(t, server(t, 2, 400, nil))
	old.Until = fresh.Until - 3*86400
	for _, c := range []struct {
		halfLife time.Duration
		want     int
	}{{24 * time.Hour, 450}, {72 * time.Hour, 600}, {time.Hour, 400}} {
		b, err := behavior.MergeFading(c.halfLife, old, fresh)
		if err != nil {
			t.Fatal(err)
		}
		if b.Buckets != c.want {
			t.Errorf("half-life %v: %d buckets, want %d", c.halfLife, b.Buckets, c.want)
		}
		if _, err := b.Accept([]behavior.Bucket{{Time: 1}}); err != nil {
			t.Errorf("half-life %v: %v", c.halfLife, err) // it can be saved and read
		}
		if r := score(t, b, server(t, 3, 200, nil)); len(r.Alerts) != 0 {
			t.Errorf("half-life %v: %v", c.halfLife, r.Alerts)
		}
	}
	if _, err := behavior.MergeFading(0, old, fresh); err == nil {
		t.Error("a half-life of 0")
	}
}

// steady makes n seconds of four processes at a level, with noise of their own.
func steady(t testing.TB, seed uint64, n int, start, level float64) *analysis.Series {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	names := []string{"syscall cron", "syscall db", "syscall log", "syscall web"}
	x := mat.NewDense(n, len(names), nil)
	for i := range n {
		for j := range names {
			if mean := level * float64(j); j > 0 {
				x.Set(i, j, math.Round(mean+float64(0.05*mean*rng.NormFloat64())))
			} else if rng.IntN(30) == 0 {
				x.Set(i, j, 20+float64(rng.IntN(20)))
			}
		}
	}
	s, err := analysis.NewSeries(names, start, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const lessonSeconds = 600

// learnedOn goes on through so many lessons at a level.
func learnedOn(t testing.TB, b *behavior.Behavior, lessons int, halfLife time.Duration, opts behavior.ScoreOptions, level func(i int) float64) *behavior.Behavior {
	t.Helper()
	for i := range lessons {
		var err error
		s := steady(t, uint64(100+i), lessonSeconds, b.Until, level(i))
		if b, err = b.LearnOn(t.Context(), []*analysis.Series{s}, halfLife, opts); err != nil {
			t.Fatal(err)
		}
		if reach, err := b.Reach(opts); err != nil || min(reach.OneP, reach.LastsP) > reach.Level {
			t.Fatalf("half-life %v, lesson %d: %v, %v", halfLife, i, reach, err)
		}
	}
	return b
}

// A normal that moved is normal after some half-lives, and the one before is unusual again,
// whatever way it went and at once or by and by. Alerts can be raised all along.
func TestANormalThatMoved(t *testing.T) {
	const before = 1000.0
	for _, c := range []struct {
		halfLife time.Duration
		to       float64
		slowly   bool
	}{{10 * time.Minute, 1600, false}, {10 * time.Minute, 600, false}, {time.Hour, 1600, true}, {time.Hour, 600, false}} {
		b := learn(t, steady(t, 1, 2000, 1e6, before))
		lessons := int(10 * c.halfLife / (lessonSeconds * time.Second))
		moved := learnedOn(t, b, lessons, c.halfLife, behavior.ScoreOptions{}, func(i int) float64 {
			if c.slowly && i < lessons/4 {
				return before + float64(i)*(c.to-before)/float64(lessons/4)
			}
			return c.to
		})
		// Of independent noise, one in 900 buckets is stated to be an alert.
		r, alerted := score(t, moved, steady(t, 7, 1800, moved.Until, c.to)), 0
		for _, v := range r.Buckets {
			if v.Alert {
				alerted++
			}
		}
		if alerted > 6 {
			t.Errorf("half-life %v: at %v %d of 1800 buckets are alerts: %v", c.halfLife, c.to, alerted, r.Alerts)
		}
		for level := range map[float64]bool{before: true, 0.8 * c.to: true, 1.25 * c.to: true} {
			if r := score(t, moved, steady(t, 8, 60, moved.Until, level)); len(r.Alerts) == 0 {
				t.Errorf("half-life %v, %v after %v: back at %v, no alert", c.halfLife, c.to, before, level)
			}
		}
		for name, s := range moved.Sources {
			if len(s.Upper.Beyond) > 250 || len(s.Lower.Beyond) > 250 {
				t.Errorf("half-life %v: %s: tails of %d and %d", c.halfLife, name, len(s.Upper.Beyond), len(s.Lower.Beyond))
			}
		}
		for j, name := range []string{"syscall db", "syscall log", "syscall web"} {
			s, mean := moved.Sources[name], c.to*float64(j+1)
			if low, high := s.Lower.At/mean, s.Upper.At/mean; low < 0.8 || low > 0.96 || high < 1.04 || high > 1.2 {
				t.Errorf("half-life %v, %v after %v: %s is usually %.0f to %.0f", c.halfLife, c.to, before, name, s.Lower.At, s.Upper.At)
			}
		}
		if n := len(moved.Levels.Joint); n != 1 {
			t.Errorf("half-life %v: %d calibrations", c.halfLife, n)
		}
		var text bytes.Buffer
		if err := moved.Write(&text); err != nil {
			t.Fatal(err)
		}
		if _, err := behavior.Read(&text); err != nil {
			t.Errorf("half-life %v: %v", c.halfLife, err)
		}
	}
}

// What is not seen again weighs half after each half-life, in whatever steps it fades, and goes.
func TestWhatIsGoneFades(t *testing.T) {
	was := steady(t, 1, 3000, 1e6, 1000)
	rename(was, "log", "old")
	b := learn(t, was)
	all := b.Sources["syscall old"].Active
	for k := 1; k <= 4; k++ {
		if b = learnedOn(t, b, 6, time.Hour, behavior.ScoreOptions{}, func(int) float64 { return 1000 }); b.Sources["syscall old"] == nil {
			t.Fatalf("forgotten after %d half-lives", k)
		}
		// Each step rounds by less than one.
		if got, want := float64(b.Sources["syscall old"].Active), float64(all)*math.Exp2(-float64(k)); math.Abs(got-want) > 8 {
			t.Errorf("after %d half-lives %v buckets, want %v", k, got, want)
		}
		if b.Presence["old"] != b.Sources["syscall old"].Active {
			t.Errorf("seen in %d buckets, active in %d", b.Presence["old"], b.Sources["syscall old"].Active)
		}
	}
	b = learnedOn(t, b, 70, time.Hour, behavior.ScoreOptions{}, func(int) float64 { return 1000 })
	if b.Sources["syscall old"] != nil || b.Presence["old"] != 0 || slices.Contains(b.Links.Names, "old") {
		t.Errorf("never forgotten: %+v", b.Sources["syscall old"])
	}
	if src := b.Sources["syscall cron"]; src == nil || math.Abs(float64(src.Active)/float64(b.Buckets)-1.0/30) > 0.01 {
		t.Errorf("what is rare is not kept: %+v of %d", src, b.Buckets)
	}
}

// Few false alerts asked for are known from more buckets: these stay.
func TestForgettingKeepsRareAlerts(t *testing.T) {
	opts := behavior.ScoreOptions{FalseAlarms: 0.5}
	b := learn(t, steady(t, 1, 12000, 1e6, 1000))
	b = learnedOn(t, b, 12, 10*time.Minute, opts, func(int) float64 { return 1300 })
	if n := b.Levels.Joint[0].Buckets; n < 4*7200 && n < 12000 {
		t.Errorf("%d buckets held out are left", n)
	}
}

// The same stream makes the same bytes.
func TestForgettingIsDeterministic(t *testing.T) {
	var texts [2]bytes.Buffer
	for i := range texts {
		b := learnedOn(t, learn(t, steady(t, 1, 1000, 1e6, 1000)), 5, 25*time.Minute, behavior.ScoreOptions{}, func(i int) float64 { return 1000 + 50*float64(i) })
		if err := b.Write(&texts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
		t.Error("two behaviors of one stream differ")
	}
}

// A season that is another one now is followed.
func TestASeasonIsFollowed(t *testing.T) {
	start := 1.7e9 - math.Mod(1.7e9, 3600)
	wave := func(seed uint64, from float64, phase float64) func(i, j int) float64 {
		noise := gaussian(seed, 500, 5)
		return func(i, j int) float64 {
			return noise(i, j) + float64(40*math.Sin(2*math.Pi*(from+float64(60*i))/3600+phase))
		}
	}
	b := learnMatrix(t, matrix(t, 900, 2, start, time.Minute, wave(1, start, 0)), behavior.Options{})
	for k := range 20 {
		var err error
		if b, err = b.LearnOn(t.Context(), []*analysis.Series{matrix(t, 120, 2, b.Until, time.Minute, wave(uint64(10+k), b.Until, math.Pi))}, 4*time.Hour, behavior.ScoreOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, s := range b.Sources {
		if s.Season == nil || len(s.Season.Profile) != 30 {
			t.Fatalf("%s: no season", name)
		}
		v := func(part int) float64 { return s.Season.Profile[part] * s.Season.Scale }
		if math.Abs(v(7)+40) > 8 || math.Abs(v(22)-40) > 8 {
			t.Errorf("%s: %.1f a quarter past, %.1f a quarter to", name, v(7), v(22))
		}
	}
}

// What runs by a clock, in about one bucket of ten, raises no alert when it does what it always
// did, wherever lessons begin and however a beat is spread over two buckets at times.
func TestABeatStaysNormal(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, period := range []float64{9.7, 9.9, 10, 10.2, 10.5} {
		next := func(n int, start float64) *analysis.Series {
			s := steady(t, uint64(start), n, start, 1000)
			for i := range n {
				s.Values.Set(i, 0, 0)
			}
			for at := period * rng.Float64(); at < float64(n-1); at += period {
				if early := rng.IntN(40); early == 0 {
					s.Values.Set(int(at), 0, 7)
					s.Values.Set(int(at)+1, 0, 3)
				} else {
					s.Values.Set(int(at), 0, 10)
				}
			}
			return s
		}
		b := learn(t, next(600, 1e6))
		b.Until -= 86400 // most of it has faded when the first lesson comes
		alerts := 0
		const lessons = 12
		for k := range lessons {
			var err error
			if b, err = b.LearnOn(t.Context(), []*analysis.Series{next(lessonSeconds, 2e6+float64(600*k))}, 20*time.Minute, behavior.ScoreOptions{}); err != nil {
				t.Fatal(err)
			}
			alerts += len(score(t, b, next(lessonSeconds, b.Until)).Alerts)
			beat := b.Sources["syscall cron"].Upper
			for _, v := range append(beat.Beyond, beat.At) {
				if !slices.Contains([]float64{0, 3, 7, 10}, v) {
					t.Errorf("every %v s: the tail has %v, which was never seen", period, v)
					break
				}
			}
		}
		if rate := float64(alerts) * 3600 / (lessons * lessonSeconds); rate > behavior.FalseAlarms {
			t.Errorf("every %v s: %.1f alerts an hour", period, rate)
		}
	}
}
