package dtracefs

import (
	"bytes"
	"strings"

	"dtnotes/dtracefs/internal/syntax"
)

// barCharts are the histograms of bcc and perf-tools: a heading with what the buckets are of, and
// rows with stars. A line before it may say whose it is, `disk = b'xvda'`.
//
//	disk = b'xvda'
//	     msecs               : count     distribution
//	         0 -> 1          : 1        |****************************************|
//	         2 -> 3          : 0        |                                        |
type barCharts struct{}

func (barCharts) take(st *station, num int, line []byte) bool {
	h, ok := syntax.ParseBarsHead(line)
	if !ok {
		return false
	}
	// A heading alone may be a sentence.
	if _, _, _, ok := syntax.ParseBarsRow(st.peekAfter(), h.Below); !ok {
		return false
	}
	name, value, isKey := barsKey(st.free.title())
	st.take(classTable)
	st.newBlockIfSeen([]string{"bars", string(h.What), name, value})
	what := strings.Join(strings.Fields(string(h.What)), " ")
	// perf-tools says what it counts: `>=(ms) .. <(ms) : I/O`.
	if !bytes.EqualFold(h.Count, []byte("count")) {
		what += ": " + string(h.Count)
	}
	s := st.sheetFor("bars/"+what+"/"+name, what, "hist")
	for !st.cur.Done() {
		label, b, n, ok := syntax.ParseBarsRow(st.peek(), h.Below)
		if !ok {
			break
		}
		st.take(classTable)
		st.context(s)
		if isKey {
			s.text(name, []byte(value))
		} else if value != "" {
			s.text("label", []byte(value))
		}
		s.int("block", int64(st.block), false)
		s.text("bucket", label)
		s.bucket(b)
		s.int("count", n, false)
		s.end()
	}
	return true
}

// barsKey splits what stands over a histogram into a name and a value, `pid = 12 sshd` or
// `Process: sshd`. Without a mark between them, the title is a value without a name.
func barsKey(title string) (name, value string, ok bool) {
	for _, mark := range []string{" = ", ": "} {
		if name, value, ok = strings.Cut(title, mark); ok && name != "" && !strings.ContainsAny(name, "|*") {
			return strings.TrimSpace(name), string(syntax.PythonBytes([]byte(strings.TrimSpace(value)))), true
		}
	}
	return "", title, false
}

// bareStacks are the stacks that bcc prints without addresses: frames, leaf first, then maybe
// whose they are, `-    name (pid)`, then their count, further in than the frames. That it is
// further in is all that says where one stack ends, as no addresses mark the frames:
//
//	xen_hypercall_sched_op
//	cpu_idle_loop
//	-                swapper/0 (0)
//	    72
type bareStacks struct{}

func (bareStacks) file(st *station, lines []textLine) int {
	n := len(lines)
	if n < 2 {
		return 0
	}
	at := indentOf(lines[0].text)
	// Whose the stack is may stand first, further in as well: `    nginx [12]`.
	first := n > 2 && indentOf(lines[1].text) < at && len(ownerKeys(bytes.TrimSpace(lines[0].text))) > 1
	if first {
		at = indentOf(lines[1].text)
	}
	last := lines[n-1].text
	value, unsigned, ok := syntax.Int64(bytes.TrimSpace(last))
	if !ok || at < 2 || indentOf(last) <= at {
		return 0
	}
	var keys []named
	var frames []string
	for i, l := range lines[:n-1] {
		text := bytes.TrimSpace(l.text)
		key, value, isKey := bytes.Cut(text, []byte(":"))
		switch owner, isOwner := bytes.CutPrefix(text, []byte("- ")); {
		case i == 0 && first:
			keys = ownerKeys(text)
		case isKey && len(value) > 3 && value[0] == ' ' && value[1] == ' ' && bytes.IndexByte(key, ' ') < 0:
			// As `waker:           swapper/0`.
			keys = append(keys, named{string(key), syntax.Key{Text: bytes.TrimSpace(value)}})
		case len(bytes.Trim(text, "- ")) == 0 && bytes.HasPrefix(text, []byte("--")) && len(frames) > 0:
			// Between the kernel's frames and those of the process, which go on in one stack.
		case len(bytes.Trim(text, "- ")) == 0 && len(frames) > 0 && i < n-2:
			// Between the stacks of who woke and of who was woken, which are no one call: what
			// parts them stays, as it does where such stacks are folded.
			frames = append(frames, "-")
		case isOwner && i == n-2, indentOf(l.text) > at && i == n-2 && i > 0:
			if !isOwner {
				owner = text
			}
			keys = append(keys, ownerKeys(bytes.TrimSpace(owner))...)
		case indentOf(l.text) != at || !isBareFrame(text):
			return 0
		default:
			frames = append(frames, string(text))
		}
	}
	if len(frames) == 0 {
		return 0
	}
	for _, l := range lines {
		st.account(classTable, l.size)
	}
	stackRow(st, keys, stackRuns{first: frames}, nil, value, unsigned)
	st.afterStack = false
	return n
}

// indentOf is the number of blanks and tabs that a line starts with.
func indentOf(line []byte) int { return len(line) - len(syntax.TrimIndent(line)) }

// isBareFrame reports whether the text can be a frame: the name of a function, of which those of
// C++ hold blanks within parentheses or angle brackets, maybe behind an address.
//
//	ffffffff810fb3d2 futex_wake
//	std::vector<int, std::allocator<int> >::at(unsigned long)
func isBareFrame(text []byte) bool {
	if c := text[0]; (c|0x20 < 'a' || c|0x20 > 'z') && c-'0' > 9 && bytes.IndexByte([]byte("_[~("), c) < 0 || isNumber(text) {
		return false
	}
	words := bytes.Fields(text)
	return len(words) == 1 || len(words) == 2 && len(words[0]) >= 8 && len(bytes.Trim(words[0], "0123456789abcdefx")) == 0 ||
		bytes.ContainsAny(words[0], "(<")
}

// ownerKeys reads `cp (9036)` or `cp [9036]`.
func ownerKeys(text []byte) []named {
	for _, pair := range []string{"()", "[]"} {
		open := bytes.LastIndexByte(text, pair[0])
		if open > 0 && text[len(text)-1] == pair[1] {
			if pid := text[open+1 : len(text)-1]; len(pid) > 0 {
				_, isInt := syntax.Int(pid)
				return []named{{"comm", syntax.Key{Text: bytes.TrimSpace(text[:open])}}, {"pid", syntax.Key{Text: pid, IsInt: isInt}}}
			}
		}
	}
	return []named{{"comm", syntax.Key{Text: text}}}
}
