package behavior

import (
	"fmt"
	"math"
	"time"
)

// Reach says what alerts the behavior can raise at all, at a rate of false alarms. How rare the
// rarest is, is known only as well as the number of buckets allows. Where these are too few, no
// fault, however gross, can be distinguished from what normal running may show.
type Reach struct {
	Rate    float64 // false alarms an hour
	Level   float64 // p-value that raises an alert
	OneP    float64 // that a gross fault has in its first bucket
	LastsP  float64 // that it has when it goes on
	Buckets int     // learned from
	Needed  int     // about how many would do, 0 if these do
}

// Reach says what a gross fault would be worth: a process never seen before that is as busy as the
// busiest known, or a gauge that is far off.
func (b *Behavior) Reach(opts ScoreOptions) (Reach, error) {
	rate, err := opts.rate(b.Every)
	if err != nil {
		return Reach{}, err
	}
	level, err := opts.level(b.Every)
	if err != nil {
		return Reach{}, err
	}
	gross, goesOn, err := b.gross()
	if err != nil {
		return Reach{}, err
	}
	r := Reach{Rate: rate, Level: level / 2, Buckets: b.Buckets}
	worth := func(l *Levels) (one, lasts float64) {
		one, _ = l.worth(gross)
		_, lasts = l.worth(goesOn)
		return one, lasts
	}
	r.OneP, r.LastsP = worth(&b.Levels)
	if min(r.OneP, r.LastsP) <= r.Level {
		return r, nil
	}
	// The number grows by a quarter at a time: how many buckets would do is a guess anyway, made
	// from calibrations that stay as they are.
	for more := 1.25; more < 1e4; more *= 1.25 {
		l := b.Levels.asIf(more)
		if one, lasts := worth(l); min(one, lasts) <= r.Level {
			r.Needed = int(math.Ceil(more * float64(b.Buckets)))
			break
		}
	}
	return r, nil
}

// gross is what a gross fault shows in its first bucket, and in those after. A level that wanders
// is judged by its steps, and the fault is one step: in the buckets after it nothing is odd.
func (b *Behavior) gross() (m, after measures, err error) {
	c, err := b.compile()
	if err != nil {
		return m, after, err
	}
	for i := range c.sources {
		j := &c.sources[i]
		if j.src.Value.level() {
			const far = 10 // deviations
			s := rawSign{Sign: Sign{State: High}, class: j.name, score: j.upper.beyond(far), surprise: j.upper.surprise, told: 1}
			worth := b.calibrated(s, b.heldOf)
			if m.process = max(m.process, worth); j.src.Value != Walk {
				after.process = max(after.process, worth)
			}
			continue
		}
		most := j.src.Upper.At
		if n := len(j.src.Upper.Beyond); n > 0 {
			most = j.src.Upper.Beyond[n-1]
		}
		surprise := math.Log(float64(b.Buckets + 1))
		s := rawSign{Sign: Sign{Source: j.name, State: New}, class: newProcess, surprise: surprise, told: 1, score: surprise + magnitude(most, j.unit)/c.typical}
		worth := b.calibrated(s, b.heldOf)
		m.process, after.process = max(m.process, worth), max(after.process, worth)
		m.novel, after.novel = m.process, after.process
	}
	return m, after, nil
}

// worth is the p-value of one such bucket, and of many of them, for which evidence has added up to
// the most it may.
func (l *Levels) worth(m measures) (one, lasts float64) {
	p := probabilities{pooled(l.Process, m.process), pooled(l.Novel, m.novel), 1, 1, 1, 1, 1, 1}
	now := pooled(l.Instant, p.instant())
	lasts = l.lasting(now, sums{mostInAll, mostInAll}, p)
	return l.p(l.score(p, lasts), p), lasts
}

// asIf returns the calibrations as if they came from that many times as much of the same. Scores
// stay as they are; what grows is how surely they are known.
func (l *Levels) asIf(more float64) *Levels {
	var out Levels
	a, b := l.lists()
	c, d := out.lists()
	to := append(c, d...)
	for i, list := range append(a, b...) {
		for _, cal := range *list {
			cal.Effective *= more
			cal.Buckets = int(float64(cal.Buckets) * more)
			cal.Moments *= more
			*to[i] = append(*to[i], cal)
		}
	}
	return &out
}

// String says what cannot be reached; it is empty if all is well.
func (r Reach) String() string {
	switch {
	case r.OneP <= r.Level:
		return ""
	case r.LastsP <= r.Level:
		return fmt.Sprintf("an alert takes several buckets at %.3g false alarms an hour: in its first one even a gross fault has p = %.2g, and an alert needs %.2g; more to learn from makes it quicker", r.Rate, r.OneP, r.Level)
	}
	needed := "no number of like buckets would do"
	if r.Needed > 0 {
		needed = fmt.Sprintf("about %d buckets would do", r.Needed)
	}
	return fmt.Sprintf("no alert can be raised at %.3g false alarms an hour: by the %d buckets learned from, even a gross fault has p = %.2g, and an alert needs %.2g; %s", r.Rate, r.Buckets, min(r.OneP, r.LastsP), r.Level, needed)
}

// budget says in words how often normal running may raise an alert.
func (r Reach) budget() string {
	if r.Rate >= 1 {
		return fmt.Sprintf("at most %.3g false alerts an hour", r.Rate)
	}
	every := time.Duration(float64(time.Hour) / r.Rate)
	if every >= 48*time.Hour {
		return fmt.Sprintf("at most one false alert in %.3g days", every.Hours()/24)
	}
	return fmt.Sprintf("at most one false alert in %.3g hours", every.Hours())
}
