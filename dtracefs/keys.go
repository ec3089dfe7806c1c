package dtracefs

import (
	"bytes"
	"strconv"
	"strings"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
)

// A named is a key with the name that the capture gives it, if any.
type named struct {
	name string
	syntax.Key
}

// unnamed numbers keys from 1, as nothing in the capture names them.
func unnamed(keys []syntax.Key) []named {
	out := make([]named, len(keys))
	for i, k := range keys {
		out[i] = named{"key" + strconv.Itoa(i+1), k}
	}
	return out
}

// signature returns a text that is the same for key lists of one table: their names, and which
// of them are integers. Values do not matter.
func signature(keys []named) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.name)
		if k.IsInt {
			b.WriteByte('#')
		}
		b.WriteByte(',')
	}
	return b.String()
}

// tupleOf returns the keys after what they are of, since a histogram and an aggregation may have
// the same keys.
func tupleOf(table string, keys []named) []string {
	tuple := []string{table}
	for _, k := range keys {
		tuple = append(tuple, string(k.Text))
	}
	return tuple
}

var keyPair = pattern.New(`([A-Za-z][\w/%]*):\s+(\S+(?: \S+)*)`)

// keyLine returns the keys that the last line of the free text is, in the exact columns of
// a default print, or nil.
func (f *freeText) keyLine() []syntax.Key {
	n := len(f.lines)
	for n > 0 && f.lines[n-1].num == 0 {
		n--
	}
	if n == 0 {
		return nil
	}
	keys, ok := syntax.Keys(f.lines[n-1].text)
	if !ok {
		return nil
	}
	return keys
}

// takeKeys takes the keys that stand on the last line of the free text, at most one blank line
// above; further up it is a title. Keys come in the columns of the default print, as a script's
// own words with two blanks between, or with their names, "pid: 12  execname: nginx". There may
// be a title above the keys.
func (f *freeText) takeKeys() (keys []named, title string) {
	n := len(f.lines)
	for n > 0 && f.lines[n-1].num == 0 {
		n--
	}
	if n == 0 || f.st.blanks > 1 {
		title = f.title()
		return nil, title
	}
	line := f.lines[n-1].text
	size := f.lines[n-1].size
	f.lines = f.lines[:n-1]
	title = f.title()
	f.st.account(classTable, size)
	if pairs := keyPair.FindAllSubmatch(line, -1); pairs != nil && bytes.Contains(line, []byte(": ")) && line[0] == ' ' {
		for _, p := range pairs {
			_, isInt := syntax.Int(p[2])
			keys = append(keys, named{string(p[1]), syntax.Key{Text: p[2], IsInt: isInt}})
		}
		return keys, title
	}
	keys = unnamed(syntax.KeyLine(line))
	if len(keys) == 1 && !keys[0].IsInt {
		// As of printf("@reads = ") or a format that prints the whole distribution behind a name.
		if name, ok := bytes.CutSuffix(keys[0].Text, []byte("=")); ok && title == "" && len(name) > 0 {
			return nil, strings.TrimSpace(string(name))
		}
		if parts := gap.Split(string(keys[0].Text), -1); len(parts) > 1 {
			keys = keys[:0]
			for i, p := range parts {
				_, isInt := syntax.Int([]byte(p))
				keys = append(keys, named{"key" + strconv.Itoa(i+1), syntax.Key{Text: []byte(p), IsInt: isInt}})
			}
		}
	}
	// A heading before the histograms has named them.
	if len(keys) == len(f.tables.keyNames) {
		for i := range keys {
			keys[i].name = f.tables.keyNames[i]
		}
	}
	return keys, title
}
