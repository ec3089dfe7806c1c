package dtracefs

import (
	"dtnotes/dtracefs/internal/syntax"
)

// A clockShape reads clocks that look alike, as those of a capture do: once one was read by the
// grammar of clocks, only its digits are read of those that follow. A date that changes is read
// by the grammar again. It must never read what the grammar would read otherwise: whatever stands
// around the digits must be the same.
type clockShape struct {
	text  []byte // the last clock, with what stands around it
	clock syntax.Clock
	at    int   // where its time of day or its number starts
	n     int   // length of the number before a fraction; 0 for a time of day
	frac  int   // how many digits the fraction has
	unit  int64 // ns of the number
	base  int64 // what the digits are added to, in ns
}

// learn takes the shape of a clock. text may hold more than the clock alone; it is the clock's as a
// whole.
func (s *clockShape) learn(text []byte, c syntax.Clock) {
	// With the unit 0 there is no shape: whatever returns early below leaves it so, and such clocks
	// are all read by the grammar.
	s.text = append(s.text[:0], text...)
	s.clock, s.unit = c, 0
	if c.Form == syntax.Epoch {
		for s.at = 0; s.at < len(text) && text[s.at]-'0' > 9; {
			s.at++
		}
		for s.n = 0; s.at+s.n < len(text) && text[s.at+s.n]-'0' <= 9; {
			s.n++
		}
		// Seconds since the epoch have ten digits, nanoseconds nineteen, and ms and µs are
		// between.
		if s.n < 10 || s.n > 19 {
			return
		}
		s.unit = 1
		for range 19 - s.n {
			s.unit *= 10
		}
	} else {
		// The time of the day is what changes from row to row; the date in front of it is
		// compared as it is.
		for s.at = 0; s.at+8 <= len(text) && !isTimeOfDay(text[s.at:]); {
			s.at++
		}
		if s.at+8 > len(text) {
			return
		}
		s.n, s.unit = 0, 1e9
	}
	at := s.end()
	for s.frac = 0; at < len(text) && text[at] == '.' && at+1+s.frac < len(text) && text[at+1+s.frac]-'0' <= 9; {
		s.frac++
	}
	if at += s.frac; s.frac > 0 {
		at++
	}
	if rest := text[at:]; len(rest) >= 3 && rest[0] == ' ' && rest[2] == 'M' {
		s.unit = 0 // the hour tells only half of the day
		return
	}
	// The base is what the date adds to the time of day, in the zone of the clock; for numbers
	// since the epoch it must be nothing.
	ns, ok := s.digits(text)
	if s.base = c.NS - ns; !ok || c.Form == syntax.Epoch && s.base != 0 {
		s.unit = 0
	}
}

// end is where the fraction may start.
func (s *clockShape) end() int {
	if s.n == 0 {
		return s.at + 8
	}
	return s.at + s.n
}

// isTimeOfDay is a quick look at eight bytes; digits reads them.
func isTimeOfDay(b []byte) bool { return b[2] == ':' && b[5] == ':' && b[0]-'0' <= 9 && b[7]-'0' <= 9 }

// digits reads what differs between clocks of the shape.
func (s *clockShape) digits(text []byte) (ns int64, ok bool) {
	if s.n > 0 {
		v, n := leadingNumber(text[s.at : s.at+s.n])
		if n < s.n {
			return 0, false
		}
		ns = v * s.unit
	} else {
		b := text[s.at : s.at+8]
		h, m, sec := twoDigits(b), twoDigits(b[3:]), twoDigits(b[6:])
		// A leap second is the 60th.
		if h > 23 || m > 59 || sec > 60 || b[2] != ':' || b[5] != ':' {
			return 0, false
		}
		ns = ((h*60+m)*60 + sec) * 1e9
	}
	if s.frac == 0 {
		return ns, true
	}
	at, unit := s.end(), s.unit
	if text[at] != '.' {
		return 0, false
	}
	for _, c := range text[at+1 : at+1+s.frac] {
		if c-'0' > 9 {
			return 0, false
		}
		unit /= 10
		ns += int64(c-'0') * unit
	}
	return ns, true
}

// twoDigits is a number of two digits, or 100 where they are none, which no clock has.
func twoDigits(b []byte) int64 {
	if b[0]-'0' > 9 || b[1]-'0' > 9 {
		return 100
	}
	return int64(b[0]-'0')*10 + int64(b[1]-'0')
}

// longestRun bounds, in ns, how far clocks of one shape may be apart: a number of another length
// of time is none.
const longestRun = 100 * 24 * 3600e9

// read reads the clock that text starts with, if it looks like the last one.
func (s *clockShape) read(text []byte) (c syntax.Clock, ok bool) {
	n := len(s.text)
	if s.unit == 0 || len(text) < n {
		return c, false
	}
	end := s.end()
	if s.frac > 0 {
		end += 1 + s.frac
	}
	// What stands around the digits decides: another date, or another zone, is read by the
	// grammar.
	if string(text[:s.at]) != string(s.text[:s.at]) || string(text[end:n]) != string(s.text[end:]) {
		return c, false
	}
	if end == n && len(text) > n && (text[n]-'0' <= 9 || text[n] == '.') {
		return c, false // a longer number
	}
	ns, ok := s.digits(text)
	if ns += s.base; !ok || ns-s.clock.NS > longestRun || s.clock.NS-ns > longestRun {
		return c, false
	}
	c = s.clock
	c.NS = ns
	return c, true
}

// leadingNumber reads the digits that text starts with, of which there are n, at most 19.
func leadingNumber(text []byte) (v int64, n int) {
	// Twice at most, as 24 digits would exceed 64 bits. The 19 digits of ns since the epoch fit.
	for n+8 <= len(text) && n <= 8 {
		word := eightDigits(text[n:])
		if word < 0 {
			break
		}
		v, n = v*100_000_000+word, n+8
	}
	for n < len(text) && n < 19 && text[n]-'0' <= 9 {
		v = v*10 + int64(text[n]-'0')
		n++
	}
	return v, n
}
