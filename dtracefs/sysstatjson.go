package dtracefs

import (
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// isSysstatJSON asks for the one member that all is in.
func isSysstatJSON(head []byte) bool { return slices.Equal(topNames(head), []string{"sysstat"}) }

// sysstatJSON decodes what mpstat and iostat write with -o JSON, and sadf -j of what sar kept: for
// each host what it is, and under statistics an object for each sample.
//
//	{"sysstat": {"hosts": [{"nodename": "web-1", "date": "11/28/26", "statistics": [
//	  {"timestamp": "10:00:01", "cpu-load": [{"cpu": "all", "usr": 1.25, "idle": 98.75}]}]}]}}
func sysstatJSON(d *decoder, cur *syntax.Cursor) {
	documents(d, cur, true, nil, func(num int, text []byte, v syntax.JSON) bool {
		before := d.filled()
		hosts := v.Get("sysstat").Get("hosts").Members
		for _, h := range hosts {
			if h.Kind == '{' {
				r := sysstatSamples{decoder: d, num: num}
				if len(hosts) > 1 {
					r.host = h.Get("nodename").Text
				}
				r.hostOf(h)
			}
		}
		return d.filled() > before
	})
}

// sysstatSamples files what was measured on a host.
type sysstatSamples struct {
	*decoder
	num   int
	host  string // its name, where there are several
	date  int64  // midnight of the day on which the samples begin; 0 where none is told
	clock clockwork

	// The sample at hand: its time, other words about that, and how many there were before.
	at     func(s *sheet)
	about  syntax.JSON
	sample int64
}

// hostOf files a host: what is one value in a row, then its samples, and whatever else it has.
func (r *sysstatSamples) hostOf(h syntax.JSON) {
	s := r.sheetFor("sysstat", "sysstat", "summary")
	s.inferred = true
	for i, name := range h.Names {
		if m := h.Members[i]; m.Kind != '{' && m.Kind != '[' {
			s.open(name, String).appendString(leafText(m))
		}
		if name == "date" || name == "file-date" {
			if c, _, ok := syntax.ParseClock([]byte(h.Members[i].Text + " 00:00:00")); ok && c.Form == syntax.Date {
				r.date = c.NS
			}
		}
	}
	s.end()
	for i, name := range h.Names {
		m := h.Members[i]
		switch {
		case name == "statistics" && m.Kind == '[':
			for _, sample := range m.Members {
				r.sampleOf(sample)
			}
		case m.Kind == '{' || m.Kind == '[':
			r.at, r.about = func(*sheet) {}, syntax.JSON{}
			r.file(name, "summary", m, nil, nil)
		}
	}
}

// sampleOf files a sample under its time, or else its number.
func (r *sysstatSamples) sampleOf(v syntax.JSON) {
	r.sample++
	number := r.sample
	r.at = func(s *sheet) { s.int("block", number, false) }
	r.about = syntax.JSON{}
	when := v.Get("timestamp")
	text, zoned := when.Text, false
	if when.Kind == '{' {
		text, zoned = when.Get("date").Text+" "+when.Get("time").Text, when.Get("utc").Text == "1"
		r.about = when
	}
	if c, n, ok := syntax.ParseClock([]byte(text)); ok && n == len(text) {
		ns, ofDay := c.NS, c.Form == syntax.TimeOfDay
		if ofDay {
			ns = r.clock.ofClock(ns)
			if ofDay = r.date == 0; !ofDay {
				c = syntax.Clock{NS: r.date + ns, Form: syntax.Date}
			}
		}
		if !ofDay {
			c.Zoned = c.Zoned || zoned
			ns = c.In(r.opt.Location)
		}
		r.at = func(s *sheet) { s.instant("time", ns, ofDay).context = true }
	} else if text != "" {
		r.at = func(s *sheet) { s.text("timestamp", []byte(text)) }
	}
	// iostat begins with the time since boot, which would be the largest interval of all. Of sar's
	// samples an object says how long each is.
	kind, name := kindReport, ""
	if number == 1 && when.Kind != '{' && v.Get("avg-cpu").Kind+v.Get("disk").Kind != 0 {
		kind, name = "summary", " since boot"
		r.notice(r.num, "since-boot", sinceBoot("iostat"), 0)
	}
	for i, n := range v.Names {
		if n != "timestamp" {
			r.file(n+name, kind, v.Members[i], nil, nil)
		}
	}
}

// file files a value in the table of that name: an object is a row, a list one for each element.
// Objects and lists within an object have tables of their own, in whose rows what stands beside
// them is repeated: of `{"cpu": "0", "intr": [{"name": "LOC", "value": 7}]}` there is one row, of
// 0, LOC and 7.
func (r *sysstatSamples) file(table, kind string, v syntax.JSON, names []string, beside []syntax.JSON) {
	if v.Kind == '[' {
		for _, m := range v.Members {
			r.file(table, kind, m, names, beside)
		}
		return
	}
	if v.Kind != '{' {
		v = syntax.JSON{Kind: '{', Names: []string{"value"}, Members: []syntax.JSON{v}}
	}
	names, beside = slices.Clip(names), slices.Clip(beside)
	nested := false
	for i, m := range v.Members {
		if m.Kind == '{' || m.Kind == '[' {
			nested = nested || len(m.Members) > 0
			continue
		}
		names, beside = append(names, v.Names[i]), append(beside, m)
	}
	if nested && len(names) <= mostRepeated {
		for i, m := range v.Members {
			if m.Kind == '{' || m.Kind == '[' {
				r.file(table+" "+v.Names[i], kind, m, names, beside)
			}
		}
		return
	}
	if len(names) > 0 {
		r.row(table, kind, names, beside)
	}
	for i, m := range v.Members {
		if m.Kind == '{' || m.Kind == '[' {
			r.file(table+" "+v.Names[i], kind, m, nil, nil)
		}
	}
}

// mostRepeated bounds how many values are repeated in the rows of what stands within them: they are
// keys, of which there are few. More of them have a row of their own.
const mostRepeated = 8

// row files a row of values in the table of that name.
func (r *sysstatSamples) row(table, kind string, names []string, values []syntax.JSON) {
	s := r.sheetFor("sysstat/"+table, table, kind)
	s.inferred = true
	r.at(s)
	// Seconds that a sample took and its zone are no measures of it.
	for i, n := range r.about.Names {
		if n != "date" && n != "time" {
			c := s.open(n, String)
			c.appendString(leafText(r.about.Members[i]))
			c.context, c.role = true, roleAside
		}
	}
	if r.host != "" {
		c := s.open("nodename", String)
		c.appendString(r.host)
		c.role = roleKey
	}
	for i, n := range names {
		c := s.open(n, String)
		c.appendString(leafText(values[i]))
		if values[i].Kind == '"' {
			c.role, c.is = roleKey, sysstatIs[n]
		}
	}
	s.end()
}
