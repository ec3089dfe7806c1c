package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// stackRuns are the stacks of one record, leaf first: one, or that of the kernel and that of the
// process.
type stackRuns struct {
	first, second []string
	two           bool // both were printed, empty or not
	late          bool // a blank line stood before the value: the second is empty
}

// stacks are stacks, each with its value, its histogram or, as an event, alone. The keys before
// it stand on the last line of the free text:
//
//	nginx
//	            genunix`read+0x2a6
//	            unix`sys_syscall+0x1a2
//	             12
//
// What is empty leaves its traces only in blank lines: an empty kernel stack is one between keys
// and frames, an empty stack of the process one before the value.
type stacks struct {
	none   int  // offset up to which indented lines start no stack
	margin bool // stacks and their values were at the margin
}

func (f *stacks) take(st *station, num int, line []byte) bool {
	kind, _ := syntax.Frame(line)
	if kind == syntax.NoFrame {
		return f.emptyStack(st, line)
	}
	if kind != syntax.SureFrame && (kind != syntax.MaybeFrame || !f.startsStack(st)) {
		return false
	}
	if st.blanks == 0 && st.free.open() {
		before := st.free.lines[len(st.free.lines)-1].text
		if _, _, ok := frameUnder(before); ok && indentOf(before) == indentOf(line) {
			return false // of a stack that a script printed, some of whose frames have no symbol
		}
	}
	atMargin := line[0] != ' ' && line[0] != '\t'
	if atMargin && (aloneAtMargin(st.peekAfter()) || !f.margin && addressAlone(*st.cur)) {
		return false // a name or an address that was printed by itself
	}
	var keys []named
	var title string
	// A stack starts with the end of the line before it, so that a blank line between keys
	// and frames is that of an empty kernel stack.
	firstEmpty := st.blanks == 1 && st.free.keyLine() != nil
	if st.blanks == 0 && len(st.free.lines) > 0 || firstEmpty {
		keys, title = st.free.takeKeys()
	} else {
		title = st.free.title()
	}
	runs := f.takeRuns(st)
	// The blank line under the keys was the kernel's empty stack, so that the frames are those of
	// the process:
	//
	//	nginx
	//
	//	            libc.so.1`read+0x15
	//	             12
	//
	// A stack that has no value begins with a blank line anyhow, whatever was printed before it.
	if firstEmpty && !runs.two && !runs.late && (hasValue(st) || printedStacks(st)) {
		runs = stackRuns{second: runs.first, two: true}
	}
	if !st.cur.Done() {
		next := st.peek()
		if _, ok := syntax.HistHeader(next); ok {
			st.block++
			histogramOf(st, keys, title, runs.first)
			return true
		}
		if more, value, unsigned, ok := stackValue(next); ok {
			st.take(classTable)
			f.margin = f.margin || atMargin && next[0] != ' ' && next[0] != '\t'
			behind := ""
			if len(keys) == 0 {
				behind = signature(unnamed(more))
			}
			for _, k := range more {
				// Keys behind a stack stand on the line of the value; stackRow numbers them.
				keys = append(keys, named{"", k})
			}
			stackRow(st, keys, runs, &title, value, unsigned)
			st.behindStack = behind
			return true
		}
	}
	loneStack(st, num, title, keys, runs)
	return true
}

// hasValue reports whether the next line is the value, or the head of the histogram, of a stack.
func hasValue(st *station) bool {
	if st.cur.Done() {
		return false
	}
	next := st.peek()
	_, isHist := syntax.HistHeader(next)
	_, _, _, isValue := stackValue(next)
	return isHist || isValue
}

// ofEmptyStack reports whether a row of an aggregation, right behind a stack with its value, is the
// value of an empty one. Its keys are as those that stand behind the stacks, and nothing is right
// under it, where another row of an aggregation without stacks would be.
func ofEmptyStack(st *station, keys []syntax.Key) bool {
	if len(keys) == 0 {
		return true
	}
	return st.blanks == 1 && st.behindStack == signature(unnamed(keys)) && syntax.Blank(st.peekAfter())
}

// aloneAtMargin reports whether what stands under a frame at the margin is neither a frame nor a
// value.
func aloneAtMargin(next []byte) bool {
	if kind, _ := syntax.Frame(next); kind != syntax.NoFrame {
		return false
	}
	_, _, _, ok := stackValue(next)
	return !ok
}

// addressAlone reports whether an address at the margin, which the next line is, and a number at
// the margin under it were both printed by themselves. As a stack and its value they are read where
// another stack comes right behind, maybe under a line of keys.
func addressAlone(cur syntax.Cursor) bool {
	line := func() []byte {
		for !cur.Done() {
			if line, _ := cur.Next(); !syntax.Blank(line) {
				return plain(line)
			}
		}
		return nil
	}
	isFrame := func(line []byte) bool {
		kind, _ := syntax.Frame(line)
		return kind != syntax.NoFrame
	}
	if address := line(); bytes.IndexByte(address, '`') >= 0 {
		return false
	}
	if value := line(); len(value) == 0 || value[0] == ' ' || value[0] == '\t' || !isNumber(value) {
		return false
	}
	next, afterNext := line(), line()
	return !isFrame(next) && !isFrame(afterNext)
}

// resume forgets an offset in the text before.
func (f *stacks) resume(*station) { f.none = 0 }

// emptyStack takes a value whose stacks are all empty, right under its keys: no line more for one
// stack, a blank line for two. Without stacks nearby, such lines are keys and a value of other
// things.
func (f *stacks) emptyStack(st *station, line []byte) bool {
	if st.blanks > 1 || st.free.keyLine() == nil {
		return false
	}
	more, value, unsigned, ok := syntax.AggRow(line)
	if !ok || len(more) > 0 || !f.near(st) {
		return false
	}
	two := st.blanks == 1
	keys, title := st.free.takeKeys()
	st.take(classTable)
	stackRow(st, keys, stackRuns{first: []string{}, second: []string{}, two: two}, &title, value, unsigned)
	return true
}

// printedStacks reports whether stacks were printed with their values.
func printedStacks(st *station) bool {
	for key := range st.byKey {
		if strings.HasPrefix(key, "stacks/") {
			return true
		}
	}
	return false
}

// near reports whether stacks were printed before or will be soon. 64 lines are more than a stack
// has, so that the next one begins within them.
func (f *stacks) near(st *station) bool {
	if printedStacks(st) {
		return true
	}
	c := *st.cur
	for n := 0; n < 64 && !c.Done(); n++ {
		line, _ := c.Next()
		if kind, _ := syntax.Frame(plain(line)); kind == syntax.SureFrame {
			return true
		}
	}
	return false
}

// startsStack reports whether the indented lines from here on are a stack's, though the first
// names no module: one of them does, or a value ends them. What was looked at in vain is not
// looked at again: an indented text of a thousand lines would be, for each of them.
func (f *stacks) startsStack(st *station) bool {
	if st.cur.Offset() < f.none {
		return false
	}
	c := *st.cur
	for !c.Done() {
		line := plain(c.Peek())
		switch kind, _ := syntax.Frame(line); kind {
		case syntax.SureFrame:
			return true
		case syntax.NoFrame:
			keys, _, _, ok := syntax.AggRow(line)
			f.none = c.Offset()
			return ok && len(keys) == 0
		}
		c.Next()
	}
	f.none = c.Offset()
	return false
}

// takeRuns takes the frames up to the value: one stack, or two with a blank line between.
func (f *stacks) takeRuns(st *station) stackRuns {
	runs := stackRuns{first: takeFrames(st)}
	if st.cur.Done() || !syntax.Blank(st.cur.Peek()) {
		return runs
	}
	c := *st.cur
	c.Next()
	if c.Done() {
		return runs
	}
	if _, ok := syntax.HistHeader(plain(c.Peek())); ok {
		st.take(classBlank)
		return runs
	}
	if _, _, _, ok := stackValue(plain(c.Peek())); ok {
		if keys, _, _, isRow := syntax.AggRow(plain(c.Peek())); isRow && len(keys) == 0 {
			st.take(classBlank)
			runs.late = true
		}
		return runs
	}
	if c.Offset() < f.none {
		return runs
	}
	for !c.Done() {
		kind, _ := syntax.Frame(plain(c.Peek()))
		if kind == syntax.NoFrame {
			break
		}
		c.Next()
	}
	f.none = max(f.none, c.Offset())
	if c.Done() {
		return runs
	}
	// Only the value behind it makes the second stack one of this record. Two events, each with a
	// stack alone, have a blank line between them as well.
	if _, _, _, ok := stackValue(plain(c.Peek())); !ok {
		return runs
	}
	if kind, _ := syntax.Frame(st.peekAfter()); kind != syntax.SureFrame && kind != syntax.MaybeFrame {
		return runs
	}
	st.take(classBlank)
	runs.second, runs.two = takeFrames(st), true
	return runs
}

// takeFrames takes the frames from the cursor on, which may be none. A remark of a helper goes to
// the frame above it.
func takeFrames(st *station) []string {
	frames := []string{}
	var last []byte // the line of the last frame, which recursion prints again
	for !st.cur.Done() {
		line := st.peek()
		if last != nil && bytes.Equal(line, last) {
			frames = append(frames, frames[len(frames)-1])
			st.take(classTable)
			continue
		}
		kind, frame := syntax.Frame(line)
		switch {
		case kind == syntax.NoFrame:
			return frames
		case kind == syntax.Annotation && len(frames) > 0:
			frames[len(frames)-1] += " " + string(frame)
			last = nil
		default:
			frames, last = append(frames, string(frame)), line
		}
		st.take(classTable)
	}
	return frames
}

// stackValue splits the line that ends a record: keys that come after the stack, and the
// value. Formats of a script's own print the value alone.
func stackValue(line []byte) (keys []syntax.Key, value int64, unsigned, ok bool) {
	if keys, value, unsigned, ok = syntax.AggRow(line); ok {
		return keys, value, unsigned, true
	}
	value, unsigned, ok = syntax.Int64(bytes.TrimSpace(line))
	return nil, value, unsigned, ok
}

// stackRow adds a record to the table of stacks with such keys.
func stackRow(st *station, keys []named, runs stackRuns, title *string, value int64, unsigned bool) {
	st.afterStack, st.behindStack = true, ""
	for i := range keys {
		if keys[i].name == "" {
			keys[i].name = unnamed(make([]syntax.Key, i+1))[i].name
		}
	}
	key := "stacks/" + signature(keys)
	s := st.byKey[key]
	if s == nil {
		s = st.sheetFor(key, "stacks", "stacks")
		st.last = append(st.last, func() { settleStacks(s) })
	}
	st.context(s)
	if title != nil && *title != "" {
		s.text("label", []byte(*title))
	}
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.open("stack", Stack).appendStack(runs.first)
	if runs.two || runs.late {
		s.open("ustack", Stack).appendStack(runs.second)
	}
	s.int("depth", int64(len(runs.first)+len(runs.second)), false)
	s.int("value", value, unsigned)
	s.end()
}

// settleStacks knows at the end whether records hold two stacks; those that printed one, right
// before the value, then printed an empty kernel stack before it. A record alone cannot say that,
// as its blank line is that of a single stack's first line.
func settleStacks(s *sheet) {
	stack, user := s.index["stack"], s.index["ustack"]
	if user == nil {
		return
	}
	empty := stack.words.codeString("")
	if int(empty) == len(stack.stacks) {
		stack.stacks = append(stack.stacks, []string{})
	}
	for i := range stack.codes {
		if !user.Null(i) {
			continue
		}
		frames := stack.Stack(i)
		// The dictionary must know the stack by the same key as appendStack does; a code beyond the
		// stacks is that of a new one.
		code := user.words.codeString(joinFrames(frames))
		if int(code) == len(user.stacks) {
			user.stacks = append(user.stacks, frames)
		}
		user.codes[i], user.null[i], stack.codes[i] = code, false, empty
	}
}

// loneStack files a stack without a value: an event's, unless something cut it off from
// its value.
func loneStack(st *station, num int, title string, keys []named, runs stackRuns) {
	// Where other stacks have values, one at the very end of the text has lost its own, and so has
	// one above the dots that stand for what was left out. The text may end within the blanks that
	// the next line starts with.
	atEnd := len(bytes.Trim(st.cur.Rest(), " ")) == 0
	cut := atEnd && printedStacks(st)
	if !atEnd {
		cut = ellipsis.Match(st.cur.Peek())
	}
	s := st.byKey["events"]
	switch {
	case s != nil:
	case st.mode == syntax.NoHeader && !cut:
		s = st.sheetFor("stacks alone", "stacks", "stacks")
	case !cut:
		s = eventSheet(st)
	}
	if cut {
		s = st.sheetFor("cut stacks", "stacks cut short", "truncated")
		st.truncated(num)
	}
	if title != "" {
		s.text("label", []byte(title))
	}
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.open("stack", Stack).appendStack(runs.first)
	if len(runs.second) > 0 {
		s.open("ustack", Stack).appendStack(runs.second)
	}
	if s.Kind == "stacks" {
		s.int("depth", int64(len(runs.first)+len(runs.second)), false)
	}
	s.end()
}
