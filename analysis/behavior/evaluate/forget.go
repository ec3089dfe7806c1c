package main

import (
	"context"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// halfLives are the half-lives with which behaviors go on learning.
var halfLives = []time.Duration{10 * time.Minute, time.Hour}

// A learner is a system from which a behavior goes on learning: it says whether the values are
// counts, how alike buckets are that follow each other, how many of them are learned from first,
// and by how many deviations the causes rise and fall over a day.
type learner struct {
	counts  bool
	alike   float64
	learned int
	tide    float64
}

var learners = []learner{{false, 0, 600, 0}, {true, 0.7, 1200, 0}, {false, 0.9, 1200, 0}, {true, 0, 1200, 1}}

// buckets are the next ones of the system, from that time on.
func (l learner) buckets(system normal, start float64, n int) (*analysis.Series, error) {
	s, err := system.buckets(n)
	if err != nil {
		return nil, err
	}
	for i := range s.Times {
		s.Times[i] += start
		tide := float64(l.tide * math.Sin(2*math.Pi*s.Times[i]/86400))
		for j, v := range s.Values.RawRowView(i) {
			if v += float64(tide * mat.Sum(system.load.ColView(j))); l.counts {
				v = math.Round(100 * math.Exp(v/4))
			}
			s.Values.Set(i, j, v)
		}
	}
	return s, nil
}

// alerts is how many alerts the system raises, though all of it is normal, while a watch goes on
// learning from it for that many hours.
func (l learner) alerts(ctx context.Context, seed uint64, halfLife time.Duration, hours int) (int, error) {
	system, start := newNormal(seed, 6, l.alike), 1e6
	next := func(n int) (*analysis.Series, error) {
		s, err := l.buckets(system, start, n)
		start += float64(n)
		return s, err
	}
	train, err := next(l.learned)
	if err != nil {
		return 0, err
	}
	b, err := behavior.Learn(ctx, []*analysis.Series{train}, behavior.Options{})
	if err != nil {
		return 0, err
	}
	w, err := behavior.NewWatcher(b, behavior.ScoreOptions{})
	if err != nil {
		return 0, err
	}
	lessons, alerts := behavior.Lessons{HalfLife: halfLife}, 0
	for range hours {
		s, err := next(3600)
		if err != nil {
			return 0, err
		}
		for i, t := range s.Times {
			counts := make(map[string]float64, len(s.Names))
			for j, name := range s.Names {
				counts[name] = s.Values.At(i, j)
			}
			u, err := w.Push(ctx, behavior.Bucket{Time: t, Counts: counts})
			switch {
			case err != nil:
				return 0, err
			case u.Ended:
				alerts++
				continue
			case u.Alert != nil:
				continue
			}
			taught, err := lessons.Take(ctx, b, u.Bucket)
			if err != nil {
				return 0, err
			}
			if taught != nil {
				past := w.Memory()
				if w, err = behavior.NewWatcher(taught, behavior.ScoreOptions{}); err != nil {
					return 0, err
				}
				w.Remember(past)
				b = taught
			}
		}
	}
	return alerts, nil
}

// printForgetting prints how many alerts normal running raises in a day while the behavior goes on
// learning from it.
func (o options) printForgetting(ctx context.Context) error {
	const hours = 24
	fmt.Printf("\nalerts an hour that simulated normal running raises while a watch learns on from it for a day, where %g are stated\n", behavior.FalseAlarms)
	for _, halfLife := range halfLives {
		most := 0.0
		for seed, l := range learners {
			n, err := l.alerts(ctx, uint64(seed), halfLife, hours)
			if err != nil {
				return err
			}
			values := "levels"
			if l.counts {
				values = "counts"
			}
			fmt.Printf("  %-64s %7.2f\n", fmt.Sprintf("half-life %v: %s, correlation %g, tides of %g", halfLife, values, l.alike, l.tide), float64(n)/hours)
			most = max(most, float64(n)/hours)
		}
		o.table.add(fmt.Sprintf("alerts an hour, learned on by %v, at the most", halfLife), "%.1f, where %g are stated (%d h of each of %d systems)", most, behavior.FalseAlarms, hours, len(learners))
	}
	return nil
}
