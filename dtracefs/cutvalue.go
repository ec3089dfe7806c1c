package dtracefs

import (
	"encoding/binary"
	"math/bits"

	"dtnotes/dtracefs/internal/syntax"
)

// Most of the time of counting goes into reading small numbers at the ends of lines. What follows
// reads eight bytes at once instead of a byte in each turn of a loop whose length the processor
// cannot foresee. zeros is '0' in each byte of a word, high the highest bit of each.
const zeros, high = 0x3030303030303030, 0x8080808080808080

// oddBytes marks, by their highest bit, the bytes of a word that are no digits once '0' was taken
// away by an exclusive or. Then a digit is 0 to 9: with 0x76 added, only what is 10 or more
// reaches the highest bit, and without that bit itself no sum carries into the next byte.
func oddBytes(word uint64) uint64 {
	return (word&^high + 0x7676767676767676 | word) & high
}

// number is the number of eight digits, of which the first is in the lowest byte. It joins
// neighbors three times: digits to pairs, pairs to fours, fours to eight.
func number(word uint64) int64 {
	word = (word*10 + word>>8) & 0x00ff00ff00ff00ff
	word = (word*100 + word>>16) & 0x0000ffff0000ffff
	return int64((word*10000 + word>>32) & 0xffffffff)
}

// eightDigits reads the eight digits that b starts with; -1 if they are none.
func eightDigits(b []byte) int64 {
	word := binary.LittleEndian.Uint64(b) ^ zeros
	if oddBytes(word) != 0 {
		return -1
	}
	return number(word)
}

// lastDigits reads the digits that text ends with; there are none, as far as it can tell, where
// they are eight or more, or where the text is as short.
func lastDigits(text []byte) (digits int, v int64) {
	n := len(text)
	if n < 8 {
		return 0, 0
	}
	word := binary.LittleEndian.Uint64(text[n-8:]) ^ zeros
	if digits = bits.LeadingZeros64(oddBytes(word)) / 8; digits == 0 || digits == 8 {
		return 0, 0
	}
	// What stands before the digits becomes zeros in front of the number.
	return digits, number(word & (^uint64(0) << (8 * (8 - digits))))
}

// cutValue splits `text 123` at the last blank. Values of one to seven digits, nearly all, take
// the quick way.
func cutValue(line []byte) (prefix []byte, v int64, ok bool) {
	if digits, v := lastDigits(line); digits > 0 {
		if at := len(line) - digits - 1; at > 0 && line[at] == ' ' {
			return line[:at], v, true
		}
	}
	return cutAnyValue(line)
}

// cutAnyValue is cutValue for all other lines: long or negative values, and lines shorter than
// eight bytes. 18 digits always fit; more are read with care.
func cutAnyValue(line []byte) (prefix []byte, v int64, ok bool) {
	scale := int64(1)
	j := len(line) - 1
	for j >= 0 {
		d := line[j] - '0'
		if d > 9 {
			break
		}
		v += int64(d) * scale
		scale *= 10
		j--
	}
	digits := len(line) - 1 - j
	if digits == 0 || j < 1 {
		return nil, 0, false
	}
	if digits > 18 {
		prefix, v, unsigned, ok := syntax.LastInt(line)
		return prefix, v, ok && !unsigned
	}
	if line[j] == '-' {
		v = -v
		j--
	}
	if j < 1 || line[j] != ' ' {
		return nil, 0, false
	}
	return line[:j], v, true
}
