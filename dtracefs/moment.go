package dtracefs

import (
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// A moment is what was printed of the time that the rows to come are of: an instant, and what a
// summary line told of the interval that ends there. It holds until the next clock: a tracer
// prints the time once and then all that happened since the last.
type moment struct {
	stamp   int64 // ns since the epoch; since the first midnight for a time of the day
	stamped bool
	ofDay   bool // only a time of the day was printed
	// The midnights that times of the day went past. Labels are those of the last summary line,
	// such as "load 0.50".
	days   int64
	labels []labeled
}

// A labeled is a value with the name that was printed beside it.
type labeled struct{ name, value string }

// tell takes over a clock; its local time is that of loc. A time of the day that is less than the
// one before by more than half a day is one of the next day: 23:59:59 and then 00:00:01. A
// smaller step back is none: several CPUs' buffers come out of order, and a clock may be set.
func (m *moment) tell(c syntax.Clock, loc *time.Location) {
	const day = int64(24 * time.Hour)
	ns := c.In(loc)
	if c.Form == syntax.TimeOfDay {
		if ns += m.days * day; m.ofDay && ns < m.stamp-day/2 {
			m.days, ns = m.days+1, ns+day
		}
		m.ofDay = true
	} else {
		// A date starts anew: the days before it were counted from another midnight.
		m.ofDay, m.days = false, 0
	}
	m.stamp, m.stamped, m.labels = ns, true, nil
}

// context adds to a row the instant and the interval that it was printed for. The columns are
// marked as context, since they were not printed in the row: inference must not take the clock of
// a block for one of the row's own, nor a label for a key. It must be called before the row's own
// cells, so that a cell called time, which the row prints itself, gets the other name.
func (m *moment) context(s *sheet) {
	if m.stamped {
		s.instant("time", m.stamp, m.ofDay).context = true
	}
	for _, l := range m.labels {
		c := s.open(l.name, String)
		c.context = true
		c.appendString(l.value)
	}
}

// localTime reads what %Y prints, such as "2024 Jan  5 10:00:01", in the zone that the options
// name. DTrace prints the local time of the traced machine, and not which zone that is.
func (o Options) localTime(stamp string) (ns int64, ok bool) {
	zone := o.Location
	if zone == nil {
		zone = time.UTC
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", stamp, zone)
	return at.UnixNano(), err == nil
}

// blocks number what is printed at once, such as one printa, through the whole capture. Where no
// clock is printed, the number is all that says which rows are of the same interval, and the
// difference of running totals is taken from number to number.
type blocks struct {
	block int
	seen  map[string]bool // the tuples of a block
	of    int             // the block that seen is of
	key   []byte
}

// newBlockIfSeen starts another block where a tuple comes that the block already has: then
// another aggregation, or the same again, is being printed. Blank lines do not say so for
// certain: a key may hold one, and a capture that was copied may have lost them.
func (b *blocks) newBlockIfSeen(tuple []string) {
	b.key = b.key[:0]
	for _, t := range tuple {
		b.key = append(append(b.key, t...), 0)
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	if b.of != b.block {
		clear(b.seen)
	}
	if b.seen[string(b.key)] {
		b.block++
		clear(b.seen)
	}
	b.seen[string(b.key)], b.of = true, b.block
}
