package dtracefs

import (
	"strings"
	"time"

	"dtnotes/dtracefs/internal/syntax"
)

// A moment is what was printed of the time that the rows to come are of: an instant, and
// what a summary line told of the interval that ends there.
type moment struct {
	stamp   int64 // ns since the epoch; since the first midnight for a time of the day
	stamped bool
	ofDay   bool // only a time of the day was printed
	days    int64
	labels  []labeled
}

// A labeled is a value with the name that was printed beside it.
type labeled struct{ name, value string }

// tell takes over a clock, local times of which are those of loc. A time of the day that is
// less than the one before by more than half a day is one of the next day.
func (m *moment) tell(c syntax.Clock, loc *time.Location) {
	const day = int64(24 * time.Hour)
	ns := c.In(loc)
	if c.Form == syntax.TimeOfDay {
		if ns += m.days * day; m.ofDay && ns < m.stamp-day/2 {
			m.days, ns = m.days+1, ns+day
		}
		m.ofDay = true
	} else {
		m.ofDay, m.days = false, 0
	}
	m.stamp, m.stamped, m.labels = ns, true, nil
}

// context adds to a row the instant and the interval that it was printed for.
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

// localTime reads what %Y prints, in the zone that the options tell.
func (o Options) localTime(stamp string) (ns int64, ok bool) {
	zone := o.Location
	if zone == nil {
		zone = time.UTC
	}
	at, err := time.ParseInLocation("2006 Jan _2 15:04:05", stamp, zone)
	return at.UnixNano(), err == nil
}

// blocks number what is printed at once, such as one printa, through the whole capture.
type blocks struct {
	block int
	seen  map[string]bool // the tuples of a block
	of    int             // the block that seen is of
}

// newBlockIfSeen starts another block where a tuple comes that the block already has: then
// another aggregation, or the same again, is being printed.
func (b *blocks) newBlockIfSeen(tuple []string) {
	key := strings.Join(tuple, "\x00")
	if b.seen == nil || b.of != b.block {
		b.seen, b.of = map[string]bool{}, b.block
	}
	if b.seen[key] {
		b.block++
		b.seen, b.of = map[string]bool{}, b.block
	}
	b.seen[key] = true
}
