package dtracefs

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"dtnotes/dtracefs/internal/script"
	"dtnotes/dtracefs/internal/syntax"
)

// An activity is a wall clock on a line of its own and, under it, entries of who did how much of
// what. It builds the table of that over time, whose columns are appended to side by side:
//
//	1700000001000000000
//	syscall nginx 12
//	write_bytes nginx 4096
//
// It is one printed form among others, and its table is counted as any other is. It has a
// recognizer of its own since its names hold what parts the words of other rows: blanks, ends of
// lines, nothing at all. Only the kind that an entry starts with shows where that name begins.
type activity struct {
	table                   *Table
	time, kind, name, value *Column
	stamp                   int64
	trusted                 bool            // stamps are clocks
	refused                 int64           // a number that comes again and is none
	without                 int64           // the last stamp that was told of without an entry
	stamped                 bool            // inside a block of entries under a stamp
	prefixes                *prefixTable    // codes of kind and name
	maps                    map[string]bool // bpftrace's maps, and whether they hold activity
	reserved                bool            // room for the entries that may come
	pending                 []byte          // the lines of an entry so far; its name has their ends
	pendingLine             int
	pendingSize             int
}

// longestEntry bounds, in bytes, an entry whose name goes over the end of a line: kernels cut
// names of processes to a few dozen bytes, so what is longer is none.
const longestEntry = 128

// newActivity returns one without a table, which resume makes.
func newActivity() *activity { return &activity{maps: map[string]bool{}} }

// resume starts another table, which comes before all others of the part. Maps that were taken
// for none of activity are looked at anew: a later part may show them to be of it. Those that
// hold it stay known.
func (a *activity) resume(st *station) {
	maps.DeleteFunc(a.maps, func(_ string, yes bool) bool { return !yes })
	// A table without a row was not handed out.
	if a.table != nil && len(a.time.ints)+len(a.kind.words.values)+len(a.name.words.values) == 0 {
		st.front = a.table
		return
	}
	a.time, a.kind = newColumn("time", Time), newColumn("kind", String)
	a.name, a.value = newColumn("execname", String), newColumn("value", Int)
	a.time.context = true
	a.table = &Table{Name: "activity", Kind: KindActivity, Columns: []*Column{a.time, a.kind, a.name, a.value}}
	a.prefixes, a.reserved = newPrefixTable(), false
	st.front = a.table
}

// open reports whether an entry goes on on the next line.
func (a *activity) open() bool { return a.pending != nil }

// end gives up an entry that never ended.
func (a *activity) end(st *station) { a.flush(st) }

// add appends a row under the stamp at hand.
func (a *activity) add(kind, name []byte, value int64) {
	a.time.ints = append(a.time.ints, a.stamp)
	a.kind.appendText(kind)
	a.name.appendText(name)
	a.value.ints = append(a.value.ints, value)
}

func (a *activity) take(st *station, num int, line []byte) bool {
	// While a name goes on over the end of a line, every line belongs to it, whatever it looks
	// like.
	if a.pending == nil {
		if ns, ok := syntax.EpochStamp(line); ok && a.trust(st, ns) {
			st.free.flush()
			st.take(classTable)
			a.stamp, a.stamped = ns, true
			st.tell(syntax.Clock{NS: ns, Zoned: true}, nil)
			st.block++
			a.reserveEntries(st)
			rows := len(a.time.ints)
			a.entries(st)
			if len(a.time.ints) == rows && silent(*st.cur) {
				st.intervalRow("")
			}
			return true
		}
		if !a.stamped || !a.mayBeEntry(st, num, line) {
			return false
		}
	}
	if m, ok := syntax.ParseMessage(line); ok {
		st.take(classNotice)
		st.message(num, line, m)
		return true
	}
	from := st.cur.Offset()
	raw, terminated := st.cur.Next()
	size := st.cur.Offset() - from
	if !terminated {
		a.flush(st)
		st.account(classUnparsed, size)
		a.giveUp(st, num, raw)
		st.truncated(num)
		return true
	}
	a.entry(st, num, raw, size)
	return true
}

// trust reports whether a number that can be a wall clock is one: the next such number is another
// one. It is asked of the first of a capture. A number alone on a line may be a value or an
// address as well; those come again or do not, but a clock goes on.
func (a *activity) trust(st *station, ns int64) bool {
	if a.trusted {
		return true
	}
	cur := *st.cur
	cur.Next()
	for n := 0; n < sampleLines && !cur.Done(); n++ {
		line, _ := cur.Next()
		if next, ok := syntax.EpochStamp(line); ok {
			if a.trusted = next != ns; !a.trusted {
				a.refused = ns
			}
			return a.trusted
		}
	}
	return ns != a.refused
}

// silent reports whether nothing was printed before the next clock, so that no row shows the one
// that stands before c. It then gets a row among the intervals, as a second without activity was
// observed too.
func silent(c syntax.Cursor) bool {
	for !c.Done() {
		line, _ := c.Next()
		if !syntax.Blank(line) {
			_, ok := syntax.EpochStamp(line)
			return ok
		}
	}
	return true
}

// entries takes the entries that follow, as long as nothing about them is odd, without asking the
// other recognizers. They are most of what a capture of activity holds, so this loop is what
// decoding one costs. It leaves the first odd line to take.
func (a *activity) entries(st *station) {
	for !st.cur.Done() {
		ahead := *st.cur
		line, terminated := ahead.Next()
		if len(line) == 0 || !terminated {
			return
		}
		prefix, value, ok := cutValue(line)
		if !ok || !a.addPrefixed(prefix, value, a.cutPrefix) {
			return
		}
		st.account(classTable, ahead.Offset()-st.cur.Offset())
		*st.cur = ahead
	}
}

// addPrefixed adds an entry by what stands before its value, which split splits; false if it is
// none. Entries of the same process repeat each second, so the codes of kind and name are
// remembered for the whole prefix, and splitting happens once for each.
func (a *activity) addPrefixed(prefix []byte, value int64, split func([]byte) (kind, name []byte, ok bool)) bool {
	slot := a.prefixes.find(prefix)
	kind, name := slot.a, slot.b
	if slot.free() {
		k, n, ok := split(prefix)
		if !ok {
			return false
		}
		kind, name = int32(a.kind.words.code(k)), int32(a.name.words.code(n))
		a.prefixes.put(slot, prefix, kind, name)
	}
	a.time.ints = append(a.time.ints, a.stamp)
	a.kind.codes = append(a.kind.codes, uint32(kind))
	a.name.codes = append(a.name.codes, uint32(name))
	a.value.ints = append(a.value.ints, value)
	return true
}

// cutPrefix splits what stands before an entry's value.
func (a *activity) cutPrefix(prefix []byte) (kind, name []byte, ok bool) {
	// With any value it is an entry like the real one.
	kind, name, _, ok = splitEntry(append(bytes.Clone(prefix), " 0"...))
	return kind, name, ok && (prefix[0] != '@' || a.maps[string(mapName(prefix))])
}

// cut takes the rows from number n on away.
func (a *activity) cut(n int) {
	a.time.ints, a.value.ints = a.time.ints[:n], a.value.ints[:n]
	a.kind.codes, a.name.codes = a.kind.codes[:n], a.name.codes[:n]
}

// reserve makes room for n more rows.
func (a *activity) reserve(n int) {
	a.time.ints, a.value.ints = slices.Grow(a.time.ints, n), slices.Grow(a.value.ints, n)
	a.kind.codes, a.name.codes = slices.Grow(a.kind.codes, n), slices.Grow(a.name.codes, n)
}

// reserveEntries makes room for as many entries as there are lines in about a part, once a capture
// turns out to be long.
func (a *activity) reserveEntries(st *station) {
	if len(a.time.ints) > 1000 && !a.reserved {
		a.reserved = true
		rest := st.cur.Rest()
		a.reserve(bytes.Count(rest[:min(len(rest), chunkSize)], []byte("\n")))
	}
}

// mayBeEntry reports whether a line under a stamp is an entry or the start of one.
func (a *activity) mayBeEntry(st *station, num int, line []byte) bool {
	if line[0] == '@' && !a.holds(st, num, line) {
		return false
	}
	if _, _, _, ok := splitEntry(line); ok {
		return true
	}
	if line[0] != '@' {
		_, _, _, isInt := syntax.LastInt(line)
		return !isInt && mayGoOn(line)
	}
	_, rest, open, ok := syntax.MapHead(line)
	kind, name, two := bytes.Cut(rest, []byte(", "))
	return ok && open && two && syntax.IsKind(kind) && len(name) > 0 && !bytes.Contains(rest, []byte("]:"))
}

// kinds are what the scripts that count activity call what they count.
var kinds = map[string]bool{"syscall": true, "sysfail": true, "read_ops": true, "read_bytes": true, "write_ops": true, "write_bytes": true,
	"accept": true, "connect": true, "tcp_in": true, "bio_ops": true, "bio_bytes": true, "csw": true, "pgfault": true,
	"fork": true, "exec": true, "exit": true}

// mapName returns the name of the map that a line starts with.
func mapName(line []byte) []byte {
	name, _, _, _ := syntax.MapHead(line)
	return name
}

// holds reports whether the map of an entry is one of activity. The script says so, or else, when
// the map first appears, the lines to come do. The answer is kept, so that the lines ahead are
// looked at once for each map.
func (a *activity) holds(st *station, num int, line []byte) bool {
	name := string(mapName(line))
	if _, known := a.maps[name]; !known {
		yes, ok := keyedByKind(st.script, name)
		if !ok {
			yes = activityMaps(st.cur.Rest())[name]
		}
		a.maps[name] = yes
		if yes {
			a.tellMap(&st.ledger, num, name)
		}
	}
	return a.maps[name]
}

// tellMap keeps the name of a map, which no column holds. An n, for number, or a name that is part
// of what it counts, as in "@bytes[read_bytes, nginx]", says nothing that the rows do not.
func (a *activity) tellMap(l *ledger, num int, name string) {
	name = strings.TrimPrefix(name, "@")
	for kind := range kinds {
		if slices.Contains(strings.Split(kind, "_"), name) {
			return
		}
	}
	if name != "" && name != "n" {
		l.notice(num, "map", []byte("the entries of @"+name+" are rows of activity"), 0)
	}
}

// keyedByKind reports whether the script keys the map by a word of its own and something
// else; ok is false when it does not know the map.
func keyedByKind(s *script.Script, name string) (yes, ok bool) {
	if s == nil {
		return false, false
	}
	for _, a := range s.Aggregations {
		if a.Name == name {
			return len(a.Keys) == 2 && strings.HasPrefix(a.Keys[0], `"`) && !sharesKind(s, a), true
		}
	}
	return false, false
}

// sharesKind reports whether another map of the script has entries of the same kind, as where one
// counts calls and one sums their time: in a table of activity, the two could not be told apart.
func sharesKind(s *script.Script, a script.Aggregation) bool {
	return slices.ContainsFunc(s.Aggregations, func(b script.Aggregation) bool {
		return b.Name != a.Name && len(b.Keys) == 2 && b.Keys[0] == a.Keys[0]
	})
}

// activityMaps returns which of the maps that text starts with hold activity: those whose first
// keys all are words in lower case, a known kind among them, as in "@[syscall, nginx]: 12". Other
// maps may be keyed by such words too, as by processes; one key that is none is enough to refuse
// a map, and so is a kind that another map has too, see sharesKind.
func activityMaps(text []byte) map[string]bool {
	maps, other := map[string]bool{}, map[string]bool{}
	of := map[string]string{} // the map that has a kind
	cur := syntax.NewCursor(text)
	for range sampleLines {
		if cur.Done() {
			break
		}
		line, _ := cur.Next()
		name, keys, _, ok := syntax.MapEntry(line)
		if !ok {
			continue
		}
		kind, _, two := bytes.Cut(keys, []byte(", "))
		if !two || !syntax.IsKind(kind) {
			other[string(name)] = true
			continue
		}
		first, known := of[string(kind)]
		if known && first == string(name) {
			continue
		}
		if known {
			other[first], other[string(name)] = true, true
		}
		of[string(kind)] = string(name)
		if kinds[string(kind)] {
			maps[string(name)] = true
		}
	}
	for name := range other {
		delete(maps, name)
	}
	return maps
}

// entry adds an entry of a block, which may have started on lines before. It books a line only
// when it is known what it is: those of a pending entry are booked with its end.
func (a *activity) entry(st *station, num int, line []byte, size int) {
	whole := line
	if a.pending != nil {
		whole = append(append(a.pending, '\n'), line...)
	}
	kind, name, value, ok := splitEntry(whole)
	switch {
	case ok:
		st.account(classTable, size)
		a.book(st, classTable)
		a.pending = nil
		a.add(kind, name, value)
	case len(whole) <= longestEntry && mayGoOn(whole):
		if a.pending == nil {
			a.pendingLine, a.pendingSize = num, 0
		}
		a.pendingSize += size
		a.pending = bytes.Clone(whole)
	default:
		a.flush(st)
		st.account(classUnparsed, size)
		a.giveUp(st, num, line)
	}
}

// mayGoOn reports whether line can be the start of an entry whose name holds the end of the line.
// A kind and a blank must stand before the end, or a bracket be open: "syscall my" and then "name
// 12".
func mayGoOn(line []byte) bool {
	if _, _, open, ok := syntax.MapHead(line); ok {
		return open
	}
	i := bytes.IndexByte(line, ' ')
	return i > 0 && syntax.IsKind(line[:i])
}

// splitEntry splits an entry in either form, "syscall nginx 12" or "@[syscall, nginx]: 12".
func splitEntry(line []byte) (kind, name []byte, value int64, ok bool) {
	if len(line) > 0 && line[0] != '@' {
		e, ok := syntax.ActivityEntry(line)
		return e.Kind, e.Name, e.Value, ok
	}
	_, keys, text, ok := syntax.MapEntry(line)
	if !ok {
		return nil, nil, 0, false
	}
	kind, name, ok = bytes.Cut(keys, []byte(", "))
	value, isInt := syntax.Int(text)
	return kind, name, value, ok && isInt && syntax.IsKind(kind)
}

// book accounts for the lines before the last of an entry.
func (a *activity) book(st *station, class lineClass) {
	if a.pending != nil {
		st.accountLines(class, bytes.Count(a.pending, []byte("\n"))+1, a.pendingSize)
	}
}

// flush gives up an entry that never ended.
func (a *activity) flush(st *station) {
	if a.pending == nil {
		return
	}
	a.book(st, classUnparsed)
	for i, l := range bytes.Split(a.pending, []byte("\n")) {
		a.giveUp(st, a.pendingLine+i, l)
	}
	a.pending = nil
}

// giveUp leaves a line that is no entry unparsed. A stamp that has no entry yet is told of, once.
func (a *activity) giveUp(st *station, num int, line []byte) {
	st.unparsed(num, line)
	if n := len(a.time.ints); a.without != a.stamp && (n == 0 || a.time.ints[n-1] != a.stamp) {
		a.without = a.stamp
		st.intervalRow("")
	}
}
