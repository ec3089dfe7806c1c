package figure

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot/vg"

	"dtnotes/analysis/internal/canvas"
)

// A tick is a place on an axis; without a label it is a minor one.
type tick struct {
	at    float64
	label string
}

// A scale maps values to places between lo and hi on the page.
type scale struct {
	min, max float64
	lo, hi   length
	// top is the highest tick, below max where values reach a little over it.
	top float64
	// log scales have zero, and what is below, at lo, and the decades above zeroBand.
	log bool
}

// zeroBand is how much of a log axis zero takes at its foot, as a fraction of the axis. Counts are
// often zero, which has no logarithm, so that zeros get a place of their own, apart from what is
// small.
const zeroBand = 0.06

func (s scale) at(v float64) length {
	return s.lo + length((s.hi-s.lo)*length(s.fraction(v)))
}

func (s scale) fraction(v float64) float64 {
	if !s.log {
		// If there is only one value, it stands in the middle, where it is neither the most nor the
		// least.
		if s.max == s.min {
			return 0.5
		}
		return (v - s.min) / (s.max - s.min)
	}
	if v <= 0 {
		return 0
	}
	f := math.Log(v/s.min) / math.Log(s.max/s.min)
	return math.Max(0, zeroBand+float64((1-zeroBand)*f))
}

// linearTicks returns ticks at 1, 2 or 5 times a power of ten, about n of them. They are computed
// from their number and not by adding the step again and again, which would let rounding grow; a
// billionth of a step is allowed for at either end, or else rounding may lose the last tick.
func linearTicks(lo, hi float64, n int) []tick {
	if !(hi > lo) {
		return []tick{{lo, si(lo)}}
	}
	step := niceUp((hi - lo) / float64(n))
	var out []tick
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+float64(step*1e-9); k++ {
		v := k * step
		out = append(out, tick{v, siStep(v, step)})
	}
	return out
}

// niceUp rounds v to 1, 2 or 5 times a power of ten, up.
func niceUp(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// siStep writes v with the digits that distinguish it from its neighbors a step away.
func siStep(v, step float64) string {
	unit, name := 1.0, ""
	for _, u := range []struct {
		unit float64
		name string
	}{{1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= u.unit {
			unit, name = u.unit, u.name
			break
		}
	}
	if v == 0 {
		return "0"
	}
	if math.Abs(v) >= 1e21 {
		more := math.Floor(math.Log10(math.Abs(v))) - math.Floor(math.Log10(step)+1e-9)
		return strconv.FormatFloat(v, 'g', 1+max(0, min(6, int(more))), 64)
	}
	// Neighbors that differ by a step differ in these digits, and in no more.
	digits := max(0, -int(math.Floor(math.Log10(step/unit)+1e-9)))
	if digits > 6 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return trim(strconv.FormatFloat(v/unit, 'f', digits, 64)) + name
}

// logTicks returns the decades from lo to hi, with minor ticks where there is room, and zero.
func logTicks(lo, hi float64) []tick {
	a, b := int(math.Floor(math.Log10(lo)+1e-9)), int(math.Ceil(math.Log10(hi)-1e-9))
	// No more than eight decades are labeled; minor ticks say where a decade is only if all of
	// them are.
	every := 1 + (b-a)/8
	out := []tick{{0, "0"}}
	for d := a; d <= b; d++ {
		v := math.Pow(10, float64(d))
		if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
			t := tick{at: v}
			if (d-a)%every == 0 {
				t.label = si(v)
			}
			out = append(out, t)
		}
		for m := 2.0; m < 10 && every == 1; m++ {
			if m*v >= lo && m*v <= hi {
				out = append(out, tick{at: m * v})
			}
		}
	}
	return out
}

// clockSteps are the distances between ticks of a clock, in seconds: those into which people
// divide minutes, hours and days. From a day on they are days and weeks; months and years, which
// are not equally long, are approximated by weeks, so that ticks stay on the same day of the
// week.
var clockSteps = []float64{
	1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4,
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
	1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600,
	86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400, 364 * 86400,
}

// epochFrom is the least number of seconds that is taken for a time of day (3 March 1973). What is
// below is taken for time since a start, of up to three years.
const epochFrom = 1e8

// clockTicks returns about n ticks at round times between two times in seconds, and what the axis
// says about all of them: the day and zone, or that time counts from a start.
func clockTicks(lo, hi float64, n int, zone *time.Location) (ticks []tick, caption string) {
	if zone == nil {
		zone = time.UTC
	}
	step := clockSteps[len(clockSteps)-1]
	for i, s := range clockSteps {
		if (hi-lo)/s <= float64(n) {
			step = s
			if (hi-lo)/s < 2 && i > 0 { // one tick tells no scale
				step = clockSteps[i-1]
			}
			break
		}
	}
	if math.Abs(lo) < epochFrom {
		for k := math.Ceil(lo/step - 1e-6); k*step <= hi+float64(step*1e-6); k++ {
			ticks = append(ticks, tick{k * step, elapsed(k*step, step)})
		}
		return ticks, "time since start"
	}
	// After a change of the clock within the picture, ticks an hour or less apart differ from round
	// times by that change. Their labels, each of which is made by itself, show it.
	start, end := clock(lo, zone), clock(hi, zone)
	_, offset := start.Zone()
	days := start.YearDay() != end.YearDay() || start.Year() != end.Year()
	caption = start.Format("2 January 2006")
	if days {
		caption += " to " + end.Format("2 January 2006")
	}
	caption += ", " + start.Format("MST")
	if end.Format("MST") != start.Format("MST") {
		caption += ", then " + end.Format("MST")
	}
	last := -1
	// Round times are round in the zone, not since the epoch.
	for k := math.Ceil((lo+float64(offset))/step - 1e-6); ; k++ {
		v := float64(k*step) - float64(offset)
		if step > 3600 {
			v = atWall(int64(k*step), zone)
		}
		if v > hi+float64(step*1e-6) {
			break
		}
		t := clock(v, zone)
		l := t.Format(clockLayout(step))
		// The day is written where it begins. At the first tick it is written only at midnight,
		// since the caption says it.
		if days && step < 86400 && t.YearDay() != last && (last >= 0 || t.Hour() == 0) {
			l = t.Format("2 Jan ") + l
		}
		last = t.YearDay()
		// Where the clock was put back, an hour comes twice: the second one says so.
		if letters := t.Format("MST"); step < 86400 && letters != start.Format("MST") {
			l += " " + letters
		}
		ticks = append(ticks, tick{v, l})
	}
	return ticks, caption
}

// atWall is when a clock in the zone shows what one in UTC shows at v, in seconds.
func atWall(v int64, zone *time.Location) float64 {
	t := time.Unix(v, 0).UTC()
	return float64(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone).Unix())
}

// clock is the instant of a number of seconds. It is rounded to 100 ns, which is about how
// precisely a float64 holds seconds since the epoch. Without that, 12:00:00 may be shown as
// 11:59:59.
func clock(v float64, zone *time.Location) time.Time {
	s, f := math.Modf(v)
	return time.Unix(int64(s), int64(math.Round(f*1e7))*100).In(zone)
}

// clockLayout is the shortest layout of [time.Time.Format] in which ticks that are a step apart
// differ.
func clockLayout(step float64) string {
	switch {
	case step >= 86400:
		return "2 Jan"
	case step >= 60:
		return "15:04"
	case step >= 1:
		return "15:04:05"
	}
	return "15:04:05." + fmt.Sprintf("%0*d", int(math.Ceil(-math.Log10(step)-1e-9)), 0)
}

// elapsed writes a time since a start as 0:05, 1:02:03 or 0.25 s.
func elapsed(v, step float64) string {
	if step < 1 {
		return siStep(v, step) + " s"
	}
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	s := int64(math.Round(v))
	if s >= 3600 {
		return fmt.Sprintf("%s%d:%02d:%02d", sign, s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%s%d:%02d", sign, s/60, s%60)
}

const tickSize = 9

// xAxis draws an axis along the foot of the box. Labels that would touch the one before them or
// reach off the page are left out; their ticks stay.
func (p *page) xAxis(box vg.Rectangle, s scale, ticks []tick, caption string, pageWidth length) {
	p.line(p.axisStroke(), box.Min, point{X: box.Max.X, Y: box.Min.Y})
	end := length(math.Inf(-1))
	for _, t := range ticks {
		x := s.at(t.at)
		if x < box.Min.X-0.5 || x > box.Max.X+0.5 {
			continue
		}
		// The script of the document moves what is of class "when" by its data-x as the axis is
		// moved.
		p.Begin("", "class", "when tick", "data-x", short(x))
		p.tickMark(point{X: x, Y: box.Min.Y}, point{Y: -1}, t.label == "")
		w := p.width(t.label, tickSize, false)
		if t.label == "" || x-w/2 < end+6 || x+w/2 > pageWidth-2 || x-w/2 < 2 {
			p.End()
			continue
		}
		end = x + w/2
		p.write(point{X: x, Y: box.Min.Y - 13}, label{text: t.label, size: tickSize, align: center, color: p.muted})
		p.End()
	}
	if caption != "" {
		mid := (box.Min.X + box.Max.X) / 2
		text := p.fitBetween(line1(caption), tickSize, false, 2*min(mid, pageWidth-mid)-4)
		p.write(point{X: mid, Y: box.Min.Y - 28}, label{text: text, size: tickSize, align: center, color: p.ink})
	}
}

// axisHeight is how much height an x axis takes below its box.
func axisHeight(caption string) length {
	if caption == "" {
		return 20
	}
	return 36
}

// yAxis draws an axis along the left of the box, with a grid unless it is drawn by hand.
func (p *page) yAxis(box vg.Rectangle, s scale, ticks []tick) {
	end := length(math.Inf(-1))
	for _, t := range ticks {
		y := s.at(t.at)
		if y < box.Min.Y-0.5 || y > box.Max.Y+0.5 {
			continue
		}
		if p.xkcd {
			p.tickMark(point{X: box.Min.X, Y: y}, point{X: -1}, t.label == "")
		} else if t.label != "" {
			p.line(stroke{color: p.faint, width: 0.8}, point{X: box.Min.X, Y: y}, point{X: box.Max.X, Y: y})
		}
		if t.label != "" && y-end >= tickSize {
			end = y
			p.write(point{X: box.Min.X - p.tickRoom(), Y: y}, label{text: t.label, size: tickSize, align: right, color: p.muted})
		}
	}
	if p.xkcd {
		p.line(p.axisStroke(), box.Min, point{X: box.Min.X, Y: box.Max.Y})
	}
}

// yAxisWidth is how much width a y axis takes to the left of its box.
func (p pen) yAxisWidth(ticks []tick) length {
	w := length(0)
	for _, t := range ticks {
		w = max(w, p.width(t.label, tickSize, false))
	}
	return w + p.tickRoom()
}

func (p pen) tickRoom() length {
	if p.xkcd {
		return 10
	}
	return 6
}

func (p *page) axisStroke() stroke {
	if p.xkcd {
		return stroke{color: p.ink, width: 1.5}
	}
	return stroke{color: p.muted, width: 1}
}

func (p *page) tickMark(at, dir point, minor bool) {
	long, s := length(4), stroke{color: p.muted, width: 1}
	if p.xkcd {
		long, s = 6, stroke{color: p.ink, width: 2}
	}
	if minor {
		long /= 2
	}
	p.line(s, at, at.Add(canvas.Scaled(dir, long)))
}
