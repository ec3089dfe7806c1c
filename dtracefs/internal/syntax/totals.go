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
			if at := bytes.LastIndexByte(label, ' '); bare && at > 0 && label[0]-'0' <= 9 {
				// Without commas, as in `Memory: Real: 100M/800M act/tot Free: 1100M`.
				total(group, bytes.TrimSpace(label[:at]), each)
				label = label[at+1:]
			} else if bare {
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
		total(group, part, each)
	}
}

// total hands on one total: a number before its name, or behind it, or two numbers of one name, as
// packets and bytes in `12345/678M in` and those of now and before in `12(3) swapins`. What is none
// of these is text.
func total(group, part []byte, each func(group, name, value, unit, text []byte)) {
	if value, unit, rest, ok := leadingMeasure(part); ok {
		each(group, rest, value, unit, nil)
		return
	}
	if i := bytes.LastIndexByte(part, ' '); i > 0 {
		if value, unit, rest, ok := leadingMeasure(part[i+1:]); ok && len(rest) == 0 {
			each(group, bytes.TrimSpace(part[:i]), value, unit, nil)
			return
		}
	}
	word, name, _ := bytes.Cut(part, []byte(" "))
	first, second, ok := bytes.Cut(word, []byte("/"))
	if !ok && bytes.HasSuffix(word, []byte(")")) {
		first, second, ok = bytes.Cut(word[:len(word)-1], []byte("("))
	}
	value, unit, _, isFirst := leadingMeasure(first)
	value2, unit2, _, isSecond := leadingMeasure(second)
	if !ok || !isFirst || !isSecond {
		each(group, nil, nil, nil, part)
		return
	}
	name = bytes.TrimSpace(name)
	of, of2, ok := bytes.Cut(name, []byte("/"))
	if !ok {
		of2 = name
	}
	each(group, of, value, unit, nil)
	each(group, of2, value2, unit2, nil)
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

// separated puts commas for the stops between parts of a line, `0.0 used. 231.7 avail`, for the
// brackets around totals that another one is made of, `8G used (2G wired)`, and, where it has no
// commas, for the gaps. It writes into a copy of the line.
func separated(line []byte) []byte {
	line = bytes.TrimRight(line, ". ")
	gaps := !bytes.Contains(line, []byte(","))
	if !gaps && !bytes.Contains(line, []byte(". ")) && !bytes.Contains(line, []byte(" (")) {
		return line
	}
	out := bytes.Clone(line)
	for i, opened := 1, false; i < len(out); i++ {
		stop := i+2 < len(out) && out[i] == '.' && out[i+1] == ' ' && out[i-1]-'0' > 9
		gap := i+2 < len(out) && gaps && out[i] == ' ' && out[i+1] == ' ' && out[i-1]|0x20 >= 'a' && out[i-1]|0x20 <= 'z'
		opens := i+1 < len(out) && out[i] == '(' && out[i-1] == ' ' && out[i+1]-'0' <= 9
		closes := opened && out[i] == ')'
		if opens || closes {
			opened = opens
		}
		if stop || gap || opens || closes {
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
