package dtracefs

import (
	"strings"
	"time"
)

// A moment is what was printed of the time that the rows to come are of: an instant, and
// what a summary line told of the interval that ends there.
type moment struct {
	stamp   int64 // ns since the epoch
	stamped bool
	labels  []labeled
}

// A labeled is a value with the name that was printed beside it.
type labeled struct{ name, value string }

// context adds to a row the instant and the interval that it was printed for.
func (m *moment) context(s *sheet) {
	if m.stamped {
		s.open("time", Time).appendInt(m.stamp)
	}
	for _, l := range m.labels {
		s.text(l.name, []byte(l.value))
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
