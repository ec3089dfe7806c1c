package dtracefs

import "bytes"

// joiningWords are what English sentences have and rows of names and numbers do not. They are one
// text with blanks around each word: looking a word up is finding it there between blanks.
const joiningWords = " a an the of and or to in on at by for from with without as is are was were be been can could may might " +
	"will would has have had this that these those it its there here you your i we they which what who how when where if then " +
	"than not no only but also into between within during so each "

// joins reports whether a word is one of them, in any case and whatever marks stand around it.
func joins(word []byte) bool {
	word = bytes.ToLower(bytes.Trim(word, ".,:;()\"'"))
	return len(word) > 0 && bytes.Contains([]byte(joiningWords), append(append([]byte(" "), word...), ' '))
}

// hasJoining reports whether one of a line's words only joins others, as in `version is 2.0`. Where
// other lines do not have it in the same place, such a line is no row.
func hasJoining(line []byte) bool {
	for w := range bytes.FieldsSeq(line) {
		if joins(w) {
			return true
		}
	}
	return false
}

// isProse reports whether most of the lines are sentences or parts of such: words with single
// blanks between them, a fifth of which only join the others. A script that prints in sentences,
// such as `nginx read 512 bytes from the disk`, puts the same joining words in the same places line
// by line; those are rows.
func isProse(lines []textLine) bool {
	lines = lines[:min(len(lines), sampleRows)]
	prose := 0
	for _, l := range lines {
		if isSentenceLike(l.text) {
			prose++
		}
	}
	return prose*2 > len(lines) && !sameSentence(lines)
}

// isSentenceLike reports whether a line is a sentence or a part of one. Two joining words at
// least must be there, since a process may well be called "at" or "who".
func isSentenceLike(line []byte) bool {
	line = bytes.TrimSpace(line)
	words, joining := 0, 0
	for w := range bytes.FieldsSeq(line) {
		words++
		if joins(w) {
			joining++
		}
	}
	return words >= 5 && joining >= 2 && joining*5 >= words && !bytes.Contains(line, []byte("  "))
}

// sameSentence reports whether all lines have the joining words of the first one where it has
// them, as what printf writes has and what people write has not.
func sameSentence(lines []textLine) bool {
	if len(lines) < 2 {
		return false
	}
	first := bytes.Fields(lines[0].text)
	for _, l := range lines[1:] {
		words := bytes.Fields(l.text)
		for i, w := range first {
			if joins(w) && (i >= len(words) || !bytes.Equal(words[i], w)) {
				return false
			}
		}
	}
	return true
}

// isRemark reports whether a line by itself is what someone wrote or typed around a capture: a
// command behind a prompt, words within a drawn line, or a few words that end as a sentence or a
// heading of one does.
func isRemark(line []byte) bool {
	if isWordsInRule(line) {
		return true
	}
	words := bytes.Fields(line)
	first, last := words[0], words[len(words)-1]
	if len(words) > 1 && (len(first) == 1 && bytes.IndexByte([]byte("#$%"), first[0]) >= 0 || bytes.HasPrefix(first, []byte("./"))) {
		return true
	}
	letters := 0
	for _, w := range words {
		if isLetters(bytes.Trim(w, ".,:;()'\"")) {
			letters++
		}
	}
	end := last[len(last)-1]
	return letters >= 2 && letters*2 > len(words) && (end == ':' || end == '.') || isSentenceLike(line)
}

// isLetters reports whether a word is one of a language, not a name with digits or marks.
func isLetters(w []byte) bool {
	for _, c := range w {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 && c != '\'' && c != '-' {
			return false
		}
	}
	return len(w) > 0
}
