package dtracefs

import (
	"encoding/binary"
	"math/bits"

	"dtnotes/dtracefs/internal/syntax"
)

// zeros is '0' in each byte of a word, high the highest bit of each.
const zeros, high = 0x3030303030303030, 0x8080808080808080

// oddBytes marks, by their highest bit, the bytes of a word that are no digits once '0' was taken away.
func oddBytes(word uint64) uint64 {
	return (word&^high + 0x7676767676767676 | word) & high
}

// number is the number of eight digits, of which the first is in the lowest byte.
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

// lastDigits reads the digits that text ends with; there are none, as far as it can tell, where they are
// eight or more, or where the text is as short.
func lastDigits(text []byte) (digits int, v int64) {
	n := len(text)
	if n < 8 {
		return 0, 0
	}
	word := binary.LittleEndian.Uint64(text[n-8:]) ^ zeros
	if digits = bits.LeadingZeros64(oddBytes(word)) / 8; digits == 0 || digits == 8 {
		return 0, 0
	}
	return digits, number(word & (^uint64(0) << (8 * (8 - digits))))
}

// cutValue splits `text 123` at the last blank.
func cutValue(line []byte) (prefix []byte, v int64, ok bool) {
	if digits, v := lastDigits(line); digits > 0 {
		if at := len(line) - digits - 1; at > 0 && line[at] == ' ' {
			return line[:at], v, true
		}
	}
	return cutAnyValue(line)
}

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
