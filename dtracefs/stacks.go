package dtracefs

import (
	"bytes"

	"dtnotes/dtracefs/internal/syntax"
)

// stackRuns are the stacks of one record, leaf first.
type stackRuns struct {
	first, second []string
	two           bool // both were printed, empty or not
	late          bool // a blank line stood before the value: the second is empty
}

// stack takes a stack with its value, its histogram or, as an event, alone. The keys
// before it stand on the last line of the free text.
func (t *text) stack(num int, line []byte) bool {
	kind, _ := syntax.Frame(line)
	if kind != syntax.SureFrame && (kind != syntax.MaybeFrame || !t.startsStack()) {
		return false
	}
	var keys []named
	var title string
	if t.blanks == 0 && len(t.free) > 0 {
		keys, title = t.takeKeys()
	} else {
		title = t.title()
	}
	runs := t.takeRuns()
	if !t.cur.Done() {
		next := plain(t.cur.Peek())
		if _, ok := syntax.HistHeader(next); ok {
			t.block++
			t.histogramOf(keys, title, runs.first)
			return true
		}
		if more, value, unsigned, ok := stackValue(next); ok {
			t.take(classTable)
			for _, k := range more {
				keys = append(keys, named{"", k})
			}
			t.stackRow(keys, runs, &title, value, unsigned)
			return true
		}
	}
	t.loneStack(num, keys, runs)
	return true
}

// startsStack reports whether the indented lines from here on are a stack's, though the
// first names no module: one of them does, or a value ends them.
func (t *text) startsStack() bool {
	if t.cur.Offset() < t.noStack {
		return false
	}
	c := *t.cur
	for !c.Done() {
		line := plain(c.Peek())
		switch kind, _ := syntax.Frame(line); kind {
		case syntax.SureFrame:
			return true
		case syntax.NoFrame:
			keys, _, _, ok := syntax.AggRow(line)
			t.noStack = c.Offset()
			return ok && len(keys) == 0
		}
		c.Next()
	}
	t.noStack = c.Offset()
	return false
}

// takeRuns takes the frames up to the value: one stack, or two with a blank line between.
func (t *text) takeRuns() stackRuns {
	runs := stackRuns{first: t.takeFrames()}
	if t.cur.Done() || !syntax.Blank(t.cur.Peek()) {
		return runs
	}
	c := *t.cur
	c.Next()
	if c.Done() {
		return runs
	}
	if _, ok := syntax.HistHeader(plain(c.Peek())); ok {
		t.take(classBlank)
		return runs
	}
	if _, _, _, ok := stackValue(plain(c.Peek())); ok {
		if keys, _, _, isRow := syntax.AggRow(plain(c.Peek())); isRow && len(keys) == 0 {
			t.take(classBlank)
			runs.late = true
		}
		return runs
	}
	if c.Offset() < t.noStack {
		return runs
	}
	for !c.Done() {
		kind, _ := syntax.Frame(plain(c.Peek()))
		if kind == syntax.NoFrame {
			break
		}
		c.Next()
	}
	t.noStack = max(t.noStack, c.Offset())
	if c.Done() {
		return runs
	}
	if _, _, _, ok := stackValue(plain(c.Peek())); !ok {
		return runs
	}
	if kind, _ := syntax.Frame(t.peekAfter()); kind != syntax.SureFrame && kind != syntax.MaybeFrame {
		return runs
	}
	t.take(classBlank)
	runs.second, runs.two = t.takeFrames(), true
	return runs
}

func (t *text) takeFrames() []string {
	frames := []string{}
	for !t.cur.Done() {
		kind, frame := syntax.Frame(plain(t.cur.Peek()))
		switch {
		case kind == syntax.NoFrame:
			return frames
		case kind == syntax.Annotation && len(frames) > 0:
			frames[len(frames)-1] += " " + string(frame)
		default:
			frames = append(frames, string(frame))
		}
		t.take(classTable)
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
func (t *text) stackRow(keys []named, runs stackRuns, title *string, value int64, unsigned bool) {
	t.lastStack = true
	for i := range keys {
		if keys[i].name == "" {
			keys[i].name = unnamed(make([]syntax.Key, i+1))[i].name
		}
	}
	key := "stacks/" + signature(keys)
	s := t.byKey[key]
	if s == nil {
		s = t.sheet(key, "stacks", "stacks")
		t.last = append(t.last, func() { settleStacks(s) })
	}
	t.context(s)
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

// settleStacks knows at the end whether records hold two stacks; those that printed one,
// right before the value, then printed an empty kernel stack before it.
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
		code := user.words.codeString(joinFrames(frames))
		if int(code) == len(user.stacks) {
			user.stacks = append(user.stacks, frames)
		}
		user.codes[i], user.null[i], stack.codes[i] = code, false, empty
	}
}

// loneStack files a stack without a value: an event's, unless something cut it off from
// its value.
func (t *text) loneStack(num int, keys []named, runs stackRuns) {
	cut := t.cur.Done() && t.byKey["stacks/"] != nil
	if !t.cur.Done() {
		cut = ellipsis.Match(t.cur.Peek())
	}
	s := t.events()
	if cut {
		s = t.sheet("cut stacks", "stacks cut short", "truncated")
		t.truncated(num)
	}
	for _, k := range keys {
		s.key(k.name, k.Key)
	}
	s.open("stack", Stack).appendStack(runs.first)
	s.end()
}
