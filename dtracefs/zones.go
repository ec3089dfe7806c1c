package dtracefs

import "strings"

// Scripts that count activity apart by zone or cgroup print that key before the process, and so the
// name of an entry starts with it. The names of a whole table tell: all start with the identity of
// a zone or a container, or with global, the platform. bpftrace prints the number of a cgroup and a
// comma instead.

// splitZones returns an activity table with a column for the zones before the processes, where
// all its names start with one; else the table itself. One name that does not start so is enough
// to leave all as they are: a process may be called "global warming".
func splitZones(t *Table) *Table {
	name := t.Column("execname")
	if name == nil || name.words == nil || len(name.words.values) == 0 {
		return t
	}
	var found Dimension
	for _, w := range name.words.values {
		d, _, _ := cutZone(w)
		if d == "" || found != "" && d != found {
			return t
		}
		found = d
	}
	return apart(t, string(found), func(w string) (zone, exec string) {
		_, zone, exec = cutZone(w)
		return zone, exec
	})
}

// cutZone cuts the zone, container or cgroup off the name of an entry.
func cutZone(name string) (d Dimension, zone, exec string) {
	if zone, exec, ok := strings.Cut(name, " "); ok && exec != "" {
		switch {
		case zone == "global" || uuid.MatchString(zone):
			return ZoneName, zone, exec
		case len(zone) > 12 && longHex.MatchString(zone):
			return Container, zone, exec
		}
	}
	if id, exec, ok := strings.Cut(name, ","); ok && isDigits(id) {
		if exec = strings.TrimPrefix(exec, " "); exec != "" {
			return Cgroup, id, exec
		}
	}
	return "", "", name
}

// isDigits reports whether a text is digits and nothing else.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// apart returns an activity table whose names are cut into two columns. Each word of the
// dictionary is cut once; the table given is not changed.
func apart(t *Table, column string, cut func(string) (zone, exec string)) *Table {
	name := t.Column("execname")
	zones, execs := newColumn(column, String), newColumn("execname", String)
	type codes struct{ zone, exec uint32 }
	of := make([]codes, len(name.words.values))
	for i, w := range name.words.values {
		zone, exec := cut(w)
		of[i] = codes{zones.words.codeString(zone), execs.words.codeString(exec)}
	}
	zones.codes, execs.codes = make([]uint32, len(name.codes)), make([]uint32, len(name.codes))
	for i, c := range name.codes {
		zones.codes[i], execs.codes[i] = of[c].zone, of[c].exec
	}
	out := *t
	out.Columns = nil
	for _, c := range t.Columns {
		if c == name {
			out.Columns = append(out.Columns, zones, execs)
		} else {
			out.Columns = append(out.Columns, c)
		}
	}
	return &out
}

// zoneColumn is the column that splitZones made, nil if there is none.
func zoneColumn(t *Table) *Column {
	if t.Kind != KindActivity {
		return nil
	}
	for _, d := range []Dimension{ZoneName, Container, Cgroup} {
		if c := t.Column(string(d)); c != nil {
			return c
		}
	}
	return nil
}

// zonedAs returns an activity table with that column of zones, "" for none: a part of a capture may
// hold names that look otherwise than those of the part that told how it is counted.
func zonedAs(t *Table, column string) *Table {
	have := zoneColumn(t)
	switch {
	case t.Kind != KindActivity || have == nil && column == "" || have != nil && have.Name == column:
		return t
	case have == nil:
		return apart(t, column, func(w string) (zone, exec string) {
			if d, zone, exec := cutZone(w); d != "" {
				return zone, exec
			}
			// The other parts have such a column, so these names are cut as well, whatever they
			// start with.
			zone, exec, ok := strings.Cut(w, " ")
			if !ok {
				return "", w
			}
			return zone, exec
		})
	}
	joined := newColumn("execname", String)
	exec := t.Column("execname")
	between := " "
	if have.Name == string(Cgroup) {
		between = ", " // as bpftrace prints keys
	}
	for i, code := range exec.codes {
		name := exec.words.at(code)
		if zone := have.words.at(have.codes[i]); zone != "" {
			name = zone + between + name
		}
		joined.appendString(name)
	}
	out := *t
	out.Columns = nil
	for _, c := range t.Columns {
		switch c {
		case have:
		case exec:
			out.Columns = append(out.Columns, joined)
		default:
			out.Columns = append(out.Columns, c)
		}
	}
	if column != "" {
		return zonedAs(&out, column)
	}
	return &out
}
