package analysis

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"time"
)

// Resample returns the series with buckets of that width, a whole multiple of the
// present one: counts are added up, other values averaged. Buckets left over
// at the end are dropped, and a note says so.
func (s *Series) Resample(every time.Duration) (*Series, error) {
	if s.Every <= 0 || every < s.Every || every%s.Every != 0 {
		return nil, fmt.Errorf("resampling buckets of %v to %v: want a whole multiple", s.Every, every)
	}
	by := int(every / s.Every)
	n := len(s.Times) / by
	if n == 0 {
		return nil, fmt.Errorf("resampling %d buckets of %v to %v: less than one left", len(s.Times), s.Every, every)
	}
	out := s.rows(0, n)
	out.Every = every
	for i := range n {
		out.Times[i] = s.Times[i*by]
		for j := range s.Names {
			sum := 0.0
			for k := range by {
				sum += s.Values.At(i*by+k, j)
			}
			if !s.Counts {
				sum /= float64(by)
			}
			out.Values.Set(i, j, sum)
		}
	}
	if rest := len(s.Times) - n*by; rest > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("left out the last %d buckets of %v", rest, s.Every))
	}
	return out, nil
}

// thinStretches is how many stretches a series is thinned to.
const thinStretches = 5

// Thin returns the series. If it has more than most buckets, Thin returns about that many of them,
// in five stretches of equal length that lie spread evenly over the series, with a note. That is
// enough to learn from, in less memory and time. What follows the last bucket of a stretch is not
// what followed it in the series.
func (s *Series) Thin(most int) *Series {
	n, p := s.Dims()
	length := max(1, most/thinStretches)
	if n <= most || length*thinStretches >= n || p == 0 {
		return s
	}
	out := s.rows(0, length*thinStretches)
	for k := range thinStretches {
		from := k * (n - length) / (thinStretches - 1)
		copy(out.Times[k*length:], s.Times[from:from+length])
		for i := range length {
			copy(out.Values.RawRowView(k*length+i), s.Values.RawRowView(from+i))
		}
	}
	out.Notes = append(out.Notes, fmt.Sprintf("took %d of %d buckets, in %d stretches spread evenly", len(out.Times), n, thinStretches))
	return out
}

// Windows yields the stretches of size buckets that start every step buckets.
func (s *Series) Windows(size, step int) iter.Seq[*Series] {
	return func(yield func(*Series) bool) {
		if size < 1 || step < 1 {
			return
		}
		for lo := 0; lo+size <= len(s.Times); lo += step {
			if !yield(s.rows(lo, lo+size)) {
				return
			}
		}
	}
}

// Difference returns the changes from each bucket to the next, one bucket less. The changes are not
// counts.
func (s *Series) Difference() *Series {
	n := len(s.Times)
	out := s.rows(min(1, n), n)
	out.Counts = false
	for i := range out.Times {
		for j := range s.Names {
			out.Values.Set(i, j, s.Values.At(i+1, j)-s.Values.At(i, j))
		}
	}
	return out
}

// Filling is what stands in for a missing value.
type Filling string

// These are the fillings.
const (
	FillZero     Filling = "zero"     // nothing was counted
	FillPrevious Filling = "previous" // the value before; the first one after at the start
	FillLinear   Filling = "linear"   // on the line between the neighbors; the nearest at the ends
)

// Fill returns the series with NaN and infinite values replaced, and a note
// of how many there were. A source with no value at all becomes zero.
func (s *Series) Fill(how Filling) (*Series, error) {
	if !slices.Contains([]Filling{FillZero, FillPrevious, FillLinear}, how) {
		return nil, fmt.Errorf("filling missing values: no way %q", how)
	}
	out := s.rows(0, len(s.Times))
	missing := 0
	for j := range s.Names {
		col := s.column(j)
		if m := fill(col, how); m > 0 {
			missing += m
			out.Values.SetCol(j, col)
		}
	}
	if missing > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("filled %d missing values (%s)", missing, how))
	}
	return out, nil
}

func fill(col []float64, how Filling) int {
	var have []int
	for i, v := range col {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			have = append(have, i)
		}
	}
	missing := len(col) - len(have)
	if missing == 0 {
		return 0
	}
	for i, v := range col {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			continue
		}
		after, _ := slices.BinarySearch(have, i)
		switch {
		case how == FillZero || len(have) == 0:
			col[i] = 0
		case after == 0:
			col[i] = col[have[0]]
		case after == len(have) || how == FillPrevious:
			col[i] = col[have[after-1]]
		default:
			a, b := have[after-1], have[after]
			part := float64(i-a) / float64(b-a)
			col[i] = float64((1-part)*col[a]) + float64(part*col[b])
		}
	}
	return missing
}

// Transform returns the series with each value transformed.
func (s *Series) Transform(t Transform) (*Series, error) {
	t = t.resolve(s)
	if !slices.Contains(Transforms, t) {
		return nil, fmt.Errorf("transform %q: want one of %v", t, Transforms)
	}
	if err := s.checkFinite(); err != nil {
		return nil, fmt.Errorf("transform %s: %w", t, err)
	}
	out := s.rows(0, len(s.Times))
	if t == TransformNone || len(s.Times) == 0 {
		return out, nil
	}
	out.Counts = false
	for j, name := range s.Names {
		col := s.column(j)
		if i, err := t.apply(col); err != nil {
			return nil, fmt.Errorf("transform %s: source %q, bucket %d: %w", t, name, i, err)
		}
		out.Values.SetCol(j, col)
	}
	return out, nil
}
