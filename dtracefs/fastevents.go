package dtracefs

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// event reads a line of a log. Whose it is says a run of words between numbers, such as a process
// and a probe: it is looked up as it is, if the decoder finds the same columns in it.
func (f *fastLines) event(line []byte) bool {
	_, rest, ok := f.cutTime(line)
	if !ok {
		return f.odd(line)
	}
	if text, ok := f.who(rest); ok {
		slot := f.memo.find(text)
		if slot.free() {
			slot = f.askForRun(text, line)
		}
		if slot.b >= 0 {
			f.put(slot, &one)
			return true
		}
	}
	return f.anyEvent(line, rest)
}

// knownEvents reads the lines from an offset on that are known and whose times are in the bucket at
// hand, and returns the offset of the first that is not. As knownLines does with lines under a
// clock, it must do what event does with such a line.
func (f *fastLines) knownEvents(data []byte, at int) int {
	from, to := len(f.inside), len(f.stamp)
	for {
		n := bytes.IndexByte(data[at:], '\n')
		if n <= to {
			return at
		}
		line := data[at : at+n]
		if line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) <= to || line[to] != ' ' || string(line[:from]) != string(f.inside) {
			return at
		}
		v, digits := leadingNumber(line[from:to])
		if digits != to-from {
			return at
		}
		text, ok := f.who(line[to:])
		if !ok {
			return at
		}
		slot := f.memo.find(text)
		if slot.free() || slot.b != 1 {
			return at
		}
		f.ns = f.from + v*f.unit
		f.seen.mark(f.ns)
		if f.events[slot.a]++; f.events[slot.a] == 1 {
			f.some = append(f.some, slot.a)
		}
		at, f.n = at+n+1, f.n+1
	}
}

// one is the tail of an event, which counts once.
var one = tail{1}

// who returns the run of words that say whose event a line is; rest is what stands behind the
// time. The number of words behind it is checked, as a name with a number in it would end the run
// too early. The run must end in the first 64 bytes.
func (f *fastLines) who(rest []byte) (text []byte, ok bool) {
	l := &f.layout
	// blanksOf takes eight bytes and more; a shorter line goes the general way.
	if l.run == 0 || len(rest) < 8 || rest[0] != ' ' {
		return nil, false
	}
	at, blanks := 0, blanksOf(rest)
	for range l.lead {
		if blanks == 0 {
			return nil, false
		}
		at = bits.TrailingZeros64(blanks) + 1
		blanks &= blanks - 1
		if at >= len(rest) || rest[at]-'0' > 9 && rest[at] != '-' {
			return nil, false
		}
	}
	if blanks == 0 {
		return nil, false
	}
	start := bits.TrailingZeros64(blanks) + 1
	blanks &= blanks - 1
	// A digit here is a number more than the layout has, as where a process is called by one.
	if start >= len(rest) || rest[start]-'0' <= 9 || rest[start] == ' ' {
		return nil, false
	}
	for ; blanks != 0; blanks &= blanks - 1 {
		end := bits.TrailingZeros64(blanks)
		if end+1 < len(rest) && (rest[end+1]-'0' <= 9 || rest[end+1] == '-') {
			after := bits.OnesCount64(blanks)
			if len(rest) > 64 {
				after += bytes.Count(rest[64:], blank)
			}
			return rest[start:end], after == l.after
		}
	}
	// No number follows, so the run is all that is left. Beyond the 64th byte there may be one that
	// was not seen.
	return rest[start:], l.after == 0 && len(rest) <= 64
}

var blank = []byte(" ")

// blanksOf has a bit for each blank among the first 64 bytes of a text of 8 bytes and more. It
// reads beyond the text, as far as its array goes, and masks that away: lines differ in length, and
// a loop whose number of turns differs is what costs most.
func blanksOf(text []byte) (set uint64) {
	n := min(len(text), 64)
	if cap(text) < 64 {
		// The last eight bytes overlap those before them where the text is no multiple of eight,
		// which sets some bits twice and does no harm. That shifts are masked spares the check that
		// Go makes for shifts of a word and more.
		for i := 0; i <= n-8; i += 8 {
			set |= blanksOfWord(binary.LittleEndian.Uint64(text[i:i+8])) << (i & 63)
		}
		return set | blanksOfWord(binary.LittleEndian.Uint64(text[n-8:n]))<<((n-8)&63)
	}
	b := (*[64]byte)(text[:64])
	set = blanksOfWord(binary.LittleEndian.Uint64(b[:])) | blanksOfWord(binary.LittleEndian.Uint64(b[8:]))<<8 |
		blanksOfWord(binary.LittleEndian.Uint64(b[16:]))<<16 | blanksOfWord(binary.LittleEndian.Uint64(b[24:]))<<24 |
		blanksOfWord(binary.LittleEndian.Uint64(b[32:]))<<32 | blanksOfWord(binary.LittleEndian.Uint64(b[40:]))<<40 |
		blanksOfWord(binary.LittleEndian.Uint64(b[48:]))<<48 | blanksOfWord(binary.LittleEndian.Uint64(b[56:]))<<56
	return set & (^uint64(0) >> (64 - n))
}

// blanksOfWord has a bit for each byte of a word that is a blank: the highest bits of the bytes,
// side by side.
func blanksOfWord(word uint64) uint64 {
	const low, spread = 0x7f7f7f7f7f7f7f7f, 0x0102040810204080
	// A blank is 0 then, and in no other byte is the highest bit 0 after the sum: any of the lower
	// seven bits carries into it, and no sum carries into the next byte. The product moves the bit
	// of byte i to bit 56+i.
	word ^= 0x2020202020202020
	return ^(word&low + low | word | low) >> 7 * spread >> 56
}

// unlike is the number of cells of a run of words that the decoder splits in another way, as
// where a name in it holds a blank: such lines go the slow way, and are not asked again.
const unlike = -1

// askForRun asks what lines are that have this run of words.
func (f *fastLines) askForRun(text, line []byte) *prefixSlot {
	f.mu.Lock()
	defer f.mu.Unlock()
	cells, known := f.known[string(text)]
	if !known && f.asked < mostAsked {
		f.asked++
		// That the decoder sees one event is not enough: it must also find the run's words in the
		// columns, as the run stands for all lines that have it.
		if b := f.batchOf(line, nil); b != nil && f.splitsAs(b, text) {
			cells, known = f.cellsOf(b, one[:1])
		}
		if !known {
			cells = nil
		}
	}
	if !known {
		// Each reader finds this out for itself: what all share are the cells of runs that can be
		// looked up.
		f.memo.put(f.memo.find(text), text, 0, unlike)
		return f.memo.find(text)
	}
	f.known[string(text)] = cells
	return f.remember(text, cells)
}

// splitsAs reports whether the decoder makes the columns of the run of just these words. If it
// does not, another line with the same run may be another source's.
func (f *fastCount) splitsAs(b *Batch, text []byte) bool {
	tm := f.t.tables[0]
	for _, table := range b.Tables {
		at := f.rows[tm.id]
		if idOf(table) != tm.id || table.NumRows() != at+1 {
			continue
		}
		columns := printed(table)
		// The first column is the time, which was cut off.
		from := 1 + f.layout.lead
		if from+f.layout.run > len(columns) {
			return false
		}
		var words []byte
		for i, c := range columns[from : from+f.layout.run] {
			if i > 0 {
				words = append(words, ' ')
			}
			words = append(words, c.Text(at)...)
		}
		return bytes.Equal(words, text)
	}
	return false
}

// anyEvent reads a line of a log by the words that say whose it is, wherever they stand. A word
// that should be a number and is none, or a word too many, means that a name holds a blank.
func (f *fastLines) anyEvent(line, rest []byte) bool {
	l := &f.layout
	// The first byte keeps these keys apart from those of askEvent, which start with 1.
	f.key = append(f.key[:0], 0)
	words, at := 0, 0
	for at < len(rest) {
		for at < len(rest) && rest[at] == ' ' {
			at++
		}
		start := at
		for at < len(rest) && rest[at] != ' ' {
			at++
		}
		if start == at {
			break
		}
		for _, b := range l.by {
			if b == words {
				f.key = append(append(f.key, rest[start:at]...), 0)
			}
		}
		if words < 64 && l.digits&(1<<words) != 0 && rest[start]-'0' > 9 && rest[start] != '-' {
			return f.askEvent(line, rest)
		}
		words++
	}
	if words != l.words {
		return f.askEvent(line, rest)
	}
	return f.entry(line, f.key, &one)
}

// askEvent decodes a line of a log that has words too many, since a name holds a blank.
func (f *fastLines) askEvent(line, rest []byte) bool {
	// Numbers in the line tell nothing of whose it is.
	f.key = append(f.key[:0], 1)
	for at := 0; at < len(rest); {
		for at < len(rest) && rest[at] == ' ' {
			at++
		}
		start := at
		for at < len(rest) && rest[at] != ' ' {
			at++
		}
		if start < at && rest[start]-'0' > 9 {
			f.key = append(append(f.key, rest[start:at]...), 0)
		}
	}
	return f.entry(line, f.key, &one)
}
