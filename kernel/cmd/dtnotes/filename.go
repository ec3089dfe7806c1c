package main

import (
	"strconv"
	"strings"
	"unicode"
)

// fileNames are the names of files that are taken, in lower case, since some file systems do not
// distinguish upper and lower case.
type fileNames map[string]bool

// next makes a name for a file that no file system refuses and that is not taken, without an
// ending: what is neither a letter nor a digit becomes "_".
func (taken fileNames) next(text string) string {
	const longest = 100 // bytes; file systems take 255 with all that is added
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' || r == '@' {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(text, "_"))
	// A character must not be cut in two, so that the name may become shorter than the longest
	// allowed.
	for len(safe) > longest {
		safe = strings.ToValidUTF8(safe[:longest], "")
	}
	if safe = strings.Trim(safe, "."); safe == "" {
		safe = "table"
	}
	// Windows has devices of these names, whatever the ending.
	base, _, _ := strings.Cut(strings.ToUpper(safe), ".")
	device := strings.TrimRight(base, "0123456789")
	if base == "CON" || base == "PRN" || base == "AUX" || base == "NUL" || (device == "COM" || device == "LPT") && len(base) == 4 {
		safe = "_" + safe
	}
	name := safe
	for i := 2; taken[strings.ToLower(name)]; i++ {
		name = safe + "-" + strconv.Itoa(i)
	}
	taken[strings.ToLower(name)] = true
	return name
}
