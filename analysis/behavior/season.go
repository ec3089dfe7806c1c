package behavior

import (
	"math"
	"slices"
	"time"
)

// A Season is the part of a source's values that comes back with the clock, and the steady growth
// of the source. Values are judged without it.
type Season struct {
	Scaling           // of profile and slope: that of the values with their season
	Period  float64   `json:"period"`  // seconds; 0 without a season
	Profile []float64 `json:"profile"` // of each part of the period, around 0
	Slope   float64   `json:"slope"`   // growth a second; 0 without a trend
	Start   float64   `json:"start"`   // of what was learned from, seconds since the epoch
	End     float64   `json:"end"`
}

// periods are the seasons looked for, each with the number of parts into which a profile divides
// it.
var periods = []struct {
	length time.Duration
	parts  int
	// The longest comes first: a week with weekends explains all that its days have in common, and
	// then nothing is left for the days to explain.
}{{7 * 24 * time.Hour, 84}, {24 * time.Hour, 48}, {time.Hour, 30}}

// fewestPeriods is how often a season must have come back to be believed: with two periods, what
// one of them shows by chance would be half of the profile.
const fewestPeriods = 3

// gain is the part of the variance that a season or a trend must explain in stretches it was not
// fitted to. A season that explains less is not worth a profile, whose error is then added to
// each value.
const gain = 0.2

// stretches is the number of stretches of time that season and trend are tried on in turn, each
// by what is fitted to the others.
const stretches = 5

// at is what the season adds at time t, on the season's scale. A trend goes on for as long again as
// it was seen, and then stays where it is.
func (s *Season) at(t float64) float64 {
	if s == nil {
		return 0
	}
	out := 0.0
	if n := len(s.Profile); n > 0 {
		// The profile is linear between the middles of two parts.
		at := float64(math.Mod(t, s.Period)/s.Period*float64(n)) - 0.5
		if at < 0 {
			at += float64(n)
		}
		i := int(at)
		f := at - float64(i)
		out = float64(s.Profile[i%n]*(1-f)) + float64(s.Profile[(i+1)%n]*f)
	}
	if s.Slope != 0 {
		// A trend that went on forever would make a normal of what is impossible, such as a disk
		// filled to twice its size.
		length := s.End - s.Start
		out += float64(s.Slope * (max(s.Start-length, min(s.End+length, t)) - (s.Start+s.End)/2))
	}
	return out
}

// follow is the season after buckets at these times: values that are judged without it, usually
// at a level. Each part of the profile gives way to what the buckets in it show (P. Winters,
// 1960), half of it in a half-life, of which a bucket is that part. A trend goes on as it was.
func (s *Season) follow(times, values []float64, level, bucket float64) *Season {
	out := *s
	parts := len(s.Profile)
	if parts == 0 {
		return &out
	}
	usual := s.shaped(level, 1)
	seen := make([]moments, parts)
	for i, v := range values {
		if !math.IsNaN(v) {
			seen[min(parts-1, int(float64(math.Mod(times[i], s.Period)/s.Period*float64(parts))))].add(s.shaped(v, 1) - usual)
		}
	}
	out.Profile = slices.Clone(s.Profile)
	mean := 0.0
	for k, m := range seen {
		// m.n buckets in one of the parts take as long as m.n·parts buckets of the clock.
		out.Profile[k] += float64((1 - math.Exp2(-float64(m.n*float64(parts)*bucket))) * m.mean)
		mean += out.Profile[k] / float64(parts)
	}
	for k := range out.Profile {
		// A profile must stay around 0: what all parts have in common is the level, which the tails
		// follow.
		out.Profile[k] -= mean
	}
	return &out
}

// fitSeason finds the season and the trend of values on the source's scale,
// NaN where missing, at these times in ascending order. It returns nil if
// there is neither, or the capture is too short or has no clock.
func fitSeason(times, values []float64, every time.Duration) *Season {
	n := len(times)
	if n < 10*FewestBuckets {
		return nil
	}
	s := &Season{Start: times[0], End: times[n-1] + every.Seconds()}
	found := false
	// Without a clock, times count from 0, and then the phase of a season means nothing.
	if times[0] != 0 {
		for _, p := range periods {
			length := p.length.Seconds()
			// With less than six buckets to the period there is no profile worth speaking of.
			if s.End-s.Start < fewestPeriods*length || length < 6*every.Seconds() {
				continue
			}
			parts := min(p.parts, int(length/every.Seconds()))
			fit := func(skip [2]int) *Season {
				return &Season{Period: length, Profile: profile(times, values, length, parts, skip)}
			}
			if explains(times, values, fit, false) {
				s.Period, s.Profile, found = length, fit([2]int{}).Profile, true
				break
			}
		}
	}
	// A trend is looked for in what the season leaves, or else the rise of a morning would be taken
	// for one.
	rest := make([]float64, n)
	for i, v := range values {
		rest[i] = v - s.at(times[i])
	}
	trend := func(skip [2]int) *Season {
		return &Season{Start: s.Start, End: s.End, Slope: slopeOf(times, rest, skip)}
	}
	if explains(times, rest, trend, true) {
		s.Slope, found = trend([2]int{}).Slope, true
	}
	if !found {
		return nil
	}
	return s
}

// explains reports whether what is fitted to all but one stretch explains that stretch, in most
// stretches and over all of them together. With foretell, what is fitted to the stretches before
// the last must explain the last one, too.
func explains(times, values []float64, fit func(skip [2]int) *Season, foretell bool) bool {
	n := len(times)
	before, after, better := 0.0, 0.0, 0
	for k := range stretches {
		skip := [2]int{k * n / stretches, (k + 1) * n / stretches}
		s := fit(skip)
		level, whole, all := newMoments(), newMoments(), newMoments()
		for i, v := range values {
			if math.IsNaN(v) {
				continue
			}
			if i < skip[0] || i >= skip[1] {
				level.add(v - s.at(times[i]))
				whole.add(v)
			}
		}
		a, b := 0.0, 0.0
		for i := skip[0]; i < skip[1]; i++ {
			if v := values[i]; !math.IsNaN(v) {
				// These are the errors of predicting by the mean of the other stretches alone, and
				// by that together with the season. Both are taken around a level that those
				// stretches know, so that a jump between stretches counts against neither.
				d, e := v-whole.mean, v-s.at(times[i])-level.mean
				b += float64(d * d)
				a += float64(e * e)
				all.add(v)
			}
		}
		before, after = before+b, after+a
		if a < (1-gain)*b {
			better++
		} else if foretell && k == stretches-1 {
			return false
		}
	}
	return before > 0 && after < (1-gain)*before && better >= stretches-1
}

// profile averages values by the part of the period they lie in, leaving out
// the buckets to skip, around a mean of 0.
func profile(times, values []float64, period float64, parts int, skip [2]int) []float64 {
	sums, counts := make([]float64, parts), make([]float64, parts)
	all := newMoments()
	for i, v := range values {
		if math.IsNaN(v) || i >= skip[0] && i < skip[1] {
			continue
		}
		k := min(parts-1, int(float64(math.Mod(times[i], period)/period*float64(parts))))
		sums[k] += v
		counts[k]++
		all.add(v)
	}
	mean := 0.0
	for k := range sums {
		// The mean gets a little weight, since few values say little.
		sums[k] = (sums[k] + all.mean) / (counts[k] + 1)
		mean += sums[k] / float64(parts)
	}
	for k := range sums {
		sums[k] -= mean
	}
	return sums
}

// slopeOf is the slope of the line of least squares through the values.
func slopeOf(times, values []float64, skip [2]int) float64 {
	t, v := newMoments(), newMoments()
	for i := range values {
		if !math.IsNaN(values[i]) && (i < skip[0] || i >= skip[1]) {
			t.add(times[i])
			v.add(values[i])
		}
	}
	sum := 0.0
	for i := range values {
		if !math.IsNaN(values[i]) && (i < skip[0] || i >= skip[1]) {
			sum += float64((times[i] - t.mean) * (values[i] - v.mean))
		}
	}
	if t.squares == 0 {
		return 0
	}
	return sum / t.squares
}
