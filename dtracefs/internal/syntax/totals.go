package syntax

import "bytes"

// Totals splits a line of totals as top and prstat print above and below their tables: `Tasks: 10
// total, 0 running`, `load averages: 0.1, 0.2, 0.3`. each gets the words before the colon, its
// own words, and a number with its unit, or text where there is no number. No word of the line is
// lost: whatever it is, one of the five gets it.
func Totals(line []byte, each func(group, name, value, unit, text []byte)) {
	var group []byte
	bare := false // the group has a name and nothing else yet
	for part := range bytes.FieldsFuncSeq(separated(line), func(c rune) bool { return c == ',' || c == ';' }) {
		for {
			i := bytes.IndexByte(part, ':')
			if i < 0 || i+1 < len(part) && part[i+1] != ' ' && part[i+1] != '\t' {
				break
			}
			// The label of `45 processes: 1 running` is a total too.
			label := bytes.TrimSpace(part[:i])
			if bare {
				// As in `Networks: packets: 12/3M in`.
				label = append(append(bytes.Clone(group), ": "...), label...)
			}
			group, part, bare = label, part[i+1:], true
			if w := bytes.IndexByte(label, ' '); w > 0 {
				if _, ok := ParseMeasure(label[:w]); ok {
					group = bytes.TrimSpace(label[w:])
					each(group, nil, label[:w], nil, nil)
				}
			}
		}
		part = bytes.TrimSpace(part)
		if len(part) == 0 {
			continue
		}
		bare = false
		if isLoad(group) {
			load(group, part, each)
			continue
		}
		if value, unit, rest, ok := leadingMeasure(part); ok {
			each(group, rest, value, unit, nil)
			continue
		}
		if i := bytes.LastIndexByte(part, ' '); i > 0 {
			if value, unit, rest, ok := leadingMeasure(part[i+1:]); ok && len(rest) == 0 {
				each(group, bytes.TrimSpace(part[:i]), value, unit, nil)
				continue
			}
		}
		each(group, nil, nil, nil, part)
	}
}

// isLoad reports whether a group is that of the loads: "load average", "load averages", "Load
// Avg".
func isLoad(group []byte) bool {
	return len(group) >= 4 && group[0]|0x20 == 'l' && string(group[1:4]) == "oad"
}

// load hands on the loads, of one, five and fifteen minutes, which is not printed. BusyBox prints
// all in one part, without commas.
func load(group, part []byte, each func(group, name, value, unit, text []byte)) {
	for i := 0; len(part) > 0; i++ {
		value, unit, rest, ok := leadingMeasure(part)
		if !ok {
			each(group, nil, nil, nil, part)
			return
		}
		each(group, nil, value, unit, nil)
		part = rest
	}
}

// separated puts commas for the stops between parts of a line, `0.0 used. 231.7 avail`, and,
// where it has no commas, for the gaps. It writes into a copy of the line.
func separated(line []byte) []byte {
	line = bytes.TrimRight(line, ". ")
	gaps := !bytes.Contains(line, []byte(","))
	if !gaps && !bytes.Contains(line, []byte(". ")) {
		return line
	}
	out := bytes.Clone(line)
	for i := 1; i+2 < len(out); i++ {
		stop := out[i] == '.' && out[i+1] == ' ' && out[i-1]-'0' > 9
		gap := gaps && out[i] == ' ' && out[i+1] == ' ' && out[i-1]|0x20 >= 'a' && out[i-1]|0x20 <= 'z'
		if stop || gap {
			out[i] = ','
		}
	}
	return out
}

// leadingMeasure splits a number, with a unit right behind it, off what b starts with. The unit
// is whatever letters follow the digits, as in 231.7M, 12k or 0.4%us.
func leadingMeasure(b []byte) (value, unit, rest []byte, ok bool) {
	word, rest, _ := bytes.Cut(b, []byte(" "))
	end := len(word)
	for end > 0 && word[end-1]-'0' > 9 {
		end--
	}
	if end == 0 {
		return nil, nil, nil, false
	}
	m, ok := ParseMeasure(word[:end])
	if !ok || m.Suffix != 0 {
		return nil, nil, nil, false
	}
	if unit = word[end:]; len(unit) > 1 && unit[0] == '%' && len(rest) == 0 {
		// Older tops print `0.4%us`.
		unit, rest = unit[:1], unit[1:]
	}
	return word[:end], unit, bytes.TrimSpace(rest), true
}
