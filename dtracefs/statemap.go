package dtracefs

import (
	"slices"

	"dtnotes/dtracefs/internal/syntax"
)

// isStatemap asks for the members of the first object: that about all, or one of an entity.
func isStatemap(head []byte) bool {
	names := topNames(head)
	has := func(n string) bool { return slices.Contains(names, n) }
	return has("start") && has("states") || has("entity") && (has("time") || has("description"))
}

// statemap decodes the input of statemaps: an object about all, then one for each change of an
// entity's state:
//
//	{"start": [1544138397, 322335287], "title": "CPU", "states": {"idle": {"value": 0}}}
//	{"time": "180110", "entity": "0", "state": 1}
func statemap(d *decoder, cur *syntax.Cursor) {
	documents(d, cur, true, nil, func(num int, text []byte, v syntax.JSON) bool {
		for i, m := range v.Members {
			if v.Kind != '{' {
				break
			}
			name := v.Names[i]
			known := name == "start" && len(m.Members) == 2 || name == "states" && isLegend(m)
			// Members of members and a name that is there twice have no column. The object is
			// kept as a notice, so that nothing of it is lost.
			if (m.Kind == '{' || m.Kind == '[') && !known || slices.Index(v.Names, name) != i {
				d.notice(num, "members", text, 0) // such members make no cell
				break
			}
		}
		switch {
		// Objects have no type: which members they have tells them apart.
		case v.Get("states").Kind != 0 && v.Get("time").Kind == 0:
			statemapHead(d, v)
		case v.Get("time").Kind != 0 && v.Get("entity").Kind != 0:
			statemapRow(d, "states", "states", v)
		case v.Get("entity").Kind != 0:
			statemapRow(d, "entities", "entities", v)
		case v.Kind == '{':
			return statemapRow(d, "tags", "tags", v)
		default:
			return false
		}
		return true
	})
}

// statemapHead files the object about all: a row of what is one value, and a legend of the
// states.
func statemapHead(d *decoder, v syntax.JSON) {
	s := d.sheetFor("statemap", "statemap", "statemap")
	states := v.Get("states")
	for i, name := range v.Names {
		if m := v.Members[i]; m.Kind != '{' && m.Kind != '[' {
			s.text(name, []byte(m.Text))
		} else if name == "start" && len(m.Members) == 2 {
			sec, _ := syntax.Int([]byte(m.Members[0].Text))
			ns, _ := syntax.Int([]byte(m.Members[1].Text))
			// `[1544138397, 322335287]` is seconds since the epoch and the nanoseconds on top.
			s.open("start", Time).appendInt(sec*1e9 + ns)
		}
	}
	s.end()
	l := d.sheetFor("legend", "legend", "legend")
	for i, name := range states.Names {
		l.text("state", []byte(name))
		switch state := states.Members[i]; state.Kind {
		case '{':
			for j, n := range state.Names {
				l.leaf(n, state.Members[j])
			}
		default:
			l.leaf("value", state)
		}
		l.end()
	}
}

// isLegend reports whether each state is a value, or has members that are values, each once.
func isLegend(states syntax.JSON) bool {
	if states.Kind != '{' {
		return false
	}
	for _, s := range states.Members {
		if s.Kind == '[' {
			return false
		}
		for i, m := range s.Members {
			// The column state has the names of the states, so no member can have that name.
			if m.Kind == '{' || m.Kind == '[' || s.Names[i] == "state" || slices.Index(s.Names, s.Names[i]) != i {
				return false
			}
		}
	}
	return true
}

// statemapRow files an object as a row; false if it has no member that makes a cell.
func statemapRow(d *decoder, key, name string, v syntax.JSON) bool {
	s := d.sheetFor(key, name, name)
	seen := map[string]bool{}
	for i, n := range v.Names {
		if m := v.Members[i]; !seen[n] && m.Kind != '{' && m.Kind != '[' {
			seen[n] = true
			s.text(n, []byte(m.Text))
		}
	}
	// An empty object would be a row of nothing but nulls.
	if len(seen) > 0 {
		s.end()
	}
	s.inferred = true
	return len(seen) > 0
}
