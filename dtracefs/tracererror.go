package dtracefs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"dtnotes/dtracefs/internal/pattern"
	"dtnotes/dtracefs/internal/syntax"
	"dtnotes/dtracefs/language"
)

// A TracerError is why a tracer gave up.
type TracerError struct {
	Tracer string        // "dtrace" or "bpftrace"
	Faults []ScriptFault // one at least
	Said   string        // the tracer's own words, without what does not matter
	Err    error         // how it ended, such as an *exec.ExitError
}

// A ScriptFault is one thing that a tracer does not take.
type ScriptFault struct {
	Line, Column int    // in the script, from 1, the column in bytes; 0 where they are not known
	Width        int    // bytes that it is about
	Text         string // what is wrong, in the tracer's words
	Hint         string // what to do, in plain words; "" if the text says it all
	Probe        string // which probe it is about, "" if none is named
	Privileges   bool   // the right to trace is missing
}

// Error lists each fault with its place in the script and the hint, a line for each.
func (e *TracerError) Error() string {
	var b strings.Builder
	b.WriteString(e.Tracer)
	for i, f := range e.Faults {
		if i > 0 {
			b.WriteString("\n")
		} else {
			b.WriteString(": ")
		}
		if f.Line > 0 {
			fmt.Fprintf(&b, "line %d", f.Line)
			if f.Column > 0 {
				fmt.Fprintf(&b, ", column %d", f.Column)
			}
			b.WriteString(": ")
		}
		b.WriteString(f.Text)
		if f.Hint != "" {
			b.WriteString(" (" + f.Hint + ")")
		}
	}
	return b.String()
}

// Unwrap returns how the tracer ended.
func (e *TracerError) Unwrap() error { return e.Err }

// failure says why the tracer ended with an error; nil where only the script chose a status.
func (r *Run) failure(ended error) error {
	// D's exit(3) ends dtrace with that status and no message. That is the script's choice and
	// no failure: it is noted where the tracer's words are, and no error. A message decides,
	// whatever the status is.
	e := readTracerError(r.tracer, r.src, r.Stderr())
	var exit *exec.ExitError
	if len(e.Faults) == 0 {
		if errors.As(ended, &exit) && exit.Exited() && r.tracer == "dtrace" && exit.ExitCode() > 0 {
			r.mu.Lock()
			fmt.Fprintf(&r.stderr, "the script ended with status %d\n", exit.ExitCode())
			r.mu.Unlock()
			return nil
		}
		// No message is known, so its last line is shown as it is; it is most likely the one
		// that matters.
		text := "it ended: " + ended.Error()
		if last := lastLine(e.Said); last != "" && !harmless.MatchString(strings.TrimPrefix(last, "dtrace: ")) {
			text += ": " + last
		}
		e.Faults = []ScriptFault{{Text: text}}
	}
	e.Err = ended
	// The tracer is asked for its probes, and the error waits for that, but no longer than ten
	// seconds.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i := range e.Faults {
		f := &e.Faults[i]
		if f.Probe == "" {
			continue
		}
		// The command may begin with sudo and its flags; the tracer stands behind them.
		near := r.opt.nearestProbes(ctx, r.Command[len(r.elevation)], r.tracer, f.Probe)
		switch {
		case f.Hint == "":
			f.Hint = near
		// Where the name is most likely misspelled, that comes first, and the remedy after it.
		case strings.HasPrefix(near, didYouMean):
			f.Hint = near + " Otherwise, " + f.Hint
		}
	}
	return e
}

// lastLine is the last line of a text, most likely what it is about.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

const didYouMean = "did you mean "

// nearestProbes says which probes are called nearly like one that there is not. The tracer itself
// is asked, as each kernel has others; it may take seconds, but only after a failure.
func (o LiveOptions) nearestProbes(ctx context.Context, path, tracer, probe string) string {
	list, err := Probes(ctx, ProbeOptions{Tracer: path, With: o.With, Match: sameKind(tracer, probe)})
	// The provider may be what is misspelled; then all are listed.
	if err == nil && len(list) == 0 {
		list, err = Probes(ctx, ProbeOptions{Tracer: path, With: o.With})
	}
	if err != nil {
		return "which there are could not be listed: " + err.Error()
	}
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	if near := nearProbes(probe, names); len(near) > 0 {
		return didYouMean + strings.Join(near, " or ") + "?"
	}
	return fmt.Sprintf("none of the %d probes listed here is called like it; %s -l lists them", len(list), tracer)
}

// sameKind is a pattern of the probes that one may have been meant to be: those of its provider.
// Listing all is slow, and "" means all.
func sameKind(tracer, probe string) string {
	provider, rest, ok := strings.Cut(probe, ":")
	if !ok || provider == "" || strings.ContainsAny(provider, "*?[") {
		return ""
	}
	if tracer == "dtrace" {
		return provider + ":::"
	}
	if category, _, ok := strings.Cut(rest, ":"); ok && provider == "tracepoint" && !strings.ContainsAny(category, "*?[") {
		return "tracepoint:" + category + ":*"
	}
	return provider + ":*"
}

// nearProbes are the names of probes that are written nearly like one: each part of theirs nearly
// as its part. Parts that the one leaves open are not compared.
func nearProbes(probe string, names []string) []string {
	parts := strings.Split(probe, ":")
	type near struct {
		name     string
		distance int
	}
	var found []near
	seen := map[string]bool{}
	for _, n := range names {
		others := strings.Split(n, ":")
		if len(others) < len(parts) {
			continue
		}
		// D lets parts be left out from the front: read:entry is function and name. Those of the
		// others are compared from the end, too.
		others = others[len(others)-len(parts):]
		sum := 0
		for i, part := range parts {
			if part == "" {
				others[i] = ""
			}
			d, ok := language.Distance(part, others[i])
			// One part that is too far off rules the whole probe out, however near the others are.
			if sum += d; !ok {
				sum = -1
				break
			}
		}
		// One at a distance of 0 exists, so it is not what was meant. Several become one where
		// their other parts were left open.
		if short := strings.Join(others, ":"); sum > 0 && !seen[short] {
			seen[short] = true
			found = append(found, near{short, sum})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var out []string
	// Three at most, and none that is much farther than the nearest: a long list helps no one.
	for _, f := range found[:min(3, len(found))] {
		if f.distance <= found[0].distance+1 {
			out = append(out, f.name)
		}
	}
	return out
}

var (
	bpftracePlace = pattern.New(`^(.*?):(\d+)(?::(\d+))?(?:-(\d+))?: (ERROR|HINT): (.*)$`)
	dtraceLine    = pattern.New(`\bline (\d+): (.*)$`)
	dtraceSaid    = pattern.New(`^\s*(?:dtrace|traced?)(?:\.exe)?: (.*)$`)
)

// readTracerError reads what a tracer said on standard error of a script that it does not take.
func readTracerError(tracer, src, stderr string) *TracerError {
	e := &TracerError{Tracer: tracer}
	var said []string
	lines := strings.Split(strings.TrimRight(stderr, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r")
		if strings.TrimSpace(line) == "" || strings.Contains(line, "RLIMIT_MEMLOCK") {
			continue
		}
		said = append(said, line)
		if tracer == "bpftrace" {
			i += e.bpftraceLine(src, lines, i)
		} else {
			e.dtraceLine(src, line)
		}
	}
	e.Said = strings.Join(said, "\n")
	return e
}

// bpftraceLine reads a line of bpftrace and returns how many more it took: those that show the
// place.
func (e *TracerError) bpftraceLine(src string, lines []string, i int) (more int) {
	line := lines[i]
	if m := bpftracePlace.FindStringSubmatch(line); m != nil {
		// bpftrace's own hint stands on the line after what it is about, and knows more than
		// ours.
		if m[5] == "HINT" {
			if n := len(e.Faults); n > 0 {
				e.Faults[n-1].Hint = m[6]
			}
			return 0
		}
		f := ScriptFault{Text: m[6]}
		f.Line, _ = strconv.Atoi(m[2])
		from, _ := strconv.Atoi(m[3])
		to, _ := strconv.Atoi(m[4])
		// Columns count from 1, and the second is the one behind the last, as in `stdin:1:9-14`.
		if from > 0 {
			f.Column, f.Width = from, max(1, to-from)
		}
		f.refine(src, "bpftrace")
		e.Faults = append(e.Faults, f)
		// The two lines under a message show the script and underline the place; neither is a
		// message.
		for i+1+more < len(lines) && more < 2 && !isSaid(lines[i+1+more]) {
			more++
		}
		return more
	}
	// What fails when the script is attached has no place in it, and not always the word ERROR.
	if text, ok := strings.CutPrefix(line, "ERROR: "); ok || strings.HasPrefix(line, "No probes to attach") || strings.Contains(line, "Permission denied") {
		if !ok {
			text = line
		}
		f := ScriptFault{Text: text}
		f.refine(src, "bpftrace")
		e.Faults = append(e.Faults, f)
	}
	return 0
}

// isSaid reports whether a line is a message, and none that shows the script below one.
func isSaid(line string) bool {
	return bpftracePlace.MatchString(line) || strings.HasPrefix(line, "ERROR: ") || strings.HasPrefix(line, "WARNING: ")
}

// dtraceLine reads a line of dtrace. Drops and run-time errors are no reason why it ended.
func (e *TracerError) dtraceLine(src, line string) {
	m := dtraceSaid.FindStringSubmatch(line)
	if m == nil {
		return
	}
	if k, _ := syntax.ParseMessage([]byte(line)); k.Kind == "drop" || k.Kind == "fault" || harmless.MatchString(m[1]) {
		return
	}
	f := ScriptFault{Text: m[1]}
	if rest, ok := strings.CutPrefix(f.Text, "invalid probe specifier "); ok {
		// dtrace repeats the whole script in front of what is wrong with it.
		if text, ok := strings.CutPrefix(rest, src+": "); ok {
			f.Text = text
		}
	}
	if p := dtraceLine.FindStringSubmatch(m[1]); p != nil {
		f.Line, _ = strconv.Atoi(p[1])
		f.Text = p[2]
	}
	// dtrace says in which part of a clause it was, which the place shows better.
	f.Text = strings.TrimPrefix(f.Text, "in action list: ")
	f.refine(src, "dtrace")
	e.Faults = append(e.Faults, f)
}

// harmless is what dtrace says while all is well.
var harmless = pattern.New(`^(?:description|script|allowing|buffer size|aggregation size|pid \d+ (?:has exited|terminated)|system integrity protection)`)

// refine finds the place that a message is about, as well as it can be found, and what to do. The
// first remedy that knows the message counts.
func (f *ScriptFault) refine(src, tracer string) {
	for _, r := range remedies() {
		m := r.says.FindStringSubmatch(f.Text)
		if m == nil || r.tracer != "" && r.tracer != tracer {
			continue
		}
		name := ""
		if len(m) > 1 {
			name = m[1]
			f.point(src, name)
		}
		if r.probe {
			f.Probe = name
			// A probe may be named without its provider.
			if tracer == "bpftrace" && strings.Count(name, ":") == 1 && r.hint == nil {
				f.Probe = "tracepoint:" + name
			}
		}
		f.Privileges = r.rights
		if r.hint != nil {
			f.Hint = r.hint(tracer, name, m)
		}
		return
	}
}

// point moves a fault to where a name stands, at or after its place on its line; where no line is
// known, to the first place in the script. dtrace says no column and often no line, but names
// what it does not know.
func (f *ScriptFault) point(src, name string) {
	lines := strings.Split(src, "\n")
	if name == "" || f.Line > len(lines) {
		return
	}
	if f.Line > 0 {
		text := lines[f.Line-1]
		// The name is sought from the place on first: it may stand on the line twice, and the
		// first need not be the one that is meant.
		from := min(max(0, f.Column-1), len(text))
		if i := wordIn(text[from:], name); i >= 0 {
			f.Column, f.Width = from+i+1, len(name)
		} else if i := wordIn(text, name); i >= 0 && f.Column == 0 {
			f.Column, f.Width = i+1, len(name)
		}
		return
	}
	for n, text := range lines {
		if i := wordIn(text, name); i >= 0 {
			f.Line, f.Column, f.Width = n+1, i+1, len(name)
			return
		}
	}
}

// wordIn is where a name stands in a text and is not a part of a longer one; -1 if nowhere.
func wordIn(text, name string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(name):])
		// A name may begin or end with what is no part of a word, as @x does: nothing before it
		// can make it a longer one.
		first, _ := utf8.DecodeRuneInString(name)
		last, _ := utf8.DecodeLastRuneInString(name)
		if !(isWord(first) && isWord(before)) && !(isWord(last) && isWord(after)) {
			return i
		}
		from = i + 1
	}
}

// isWord reports whether a rune may stand in a name of a script.
func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// A remedy is what to do about a message.
type remedy struct {
	says   *regexp.Regexp // the first group is what it is about
	tracer string         // "" for both
	probe  bool           // the first group is a probe that there is not
	rights bool           // the right to trace is missing
	hint   func(tracer, name string, m []string) string
}

// always is a hint that does not depend on the message.
func always(text string) func(string, string, []string) string {
	return func(string, string, []string) string { return text }
}

// suggest is a hint that names what is written nearly so, "" if nothing is.
func suggest(tracer, name string, _ []string) string {
	if near := language.Suggest(tracer, name); len(near) > 0 {
		return didYouMean + strings.Join(near, " or ") + "?"
	}
	return ""
}

// privileges says how to get those that a tracer needs.
func privileges(tracer, _ string, _ []string) string {
	switch {
	case tracer == "dtrace" && runtime.GOOS == "windows":
		return "tracing needs an administrator's shell"
	case tracer == "dtrace" && (runtime.GOOS == "illumos" || runtime.GOOS == "solaris"):
		return "tracing needs privileges: run as root, through pfexec (with pfexec), or have usermod -K defaultpriv=basic,dtrace_user,dtrace_proc,dtrace_kernel USER"
	}
	return "tracing needs root: start the program as root, or run the tracer with sudo or doas, which must not ask for a password"
}

// remedies are tried in their order. They are made when a tracer fails first.
var remedies = sync.OnceValue(func() []remedy {
	return []remedy{
		{says: regexp.MustCompile(`tracepoints? not found: (\S+)`), probe: true},
		{says: regexp.MustCompile(`probe description (\S+) does not match any probes`), probe: true},
		// Rights come early: without them everything else fails too, in ways that differ by
		// system.
		{says: regexp.MustCompile(`(?:run as root|running as the root user|requires additional privileges|additional privileges|must be root|a password is required|may not run sudo|not permitted: doas)`), rights: true, hint: privileges},
		{says: regexp.MustCompile(`failed to initialize dtrace: (?:Permission denied|DTrace device not available)`), rights: true, hint: privileges},
		// The verifier refuses with EACCES as well, so this stands before what is said of rights
		// at the end: "BPF program load for 'proc:vmlinux::exit' failed: Permission denied" is
		// none of those.
		{says: regexp.MustCompile(`(?:BPF program load|program load|loading program)[^']*?'?([\w.-]+:[\w.:*+-]+)'?.*(?:failed|\(try -v\)|Permission denied|Invalid argument)`), hint: func(_, name string, _ []string) string {
			return "the kernel's verifier refuses what is done at " + name + ": leave that probe out, or do less in it"
		}},
		{says: regexp.MustCompile(`Error loading program: (\S+)`), hint: func(_, name string, _ []string) string {
			return "the kernel's verifier refuses what is done at " + name + ": leave that probe out, or do less in it"
		}},
		{says: regexp.MustCompile(`Error attaching probe: '?([^']+?)'?$`), probe: true, hint: func(_, name string, _ []string) string {
			return "the kernel does not let " + name + " be traced: it may be built without such probes, the name may not exist, or tracefs is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)"
		}},
		{says: regexp.MustCompile(`No probes to attach`), hint: always("no probe of the script exists here; the tracer's -l lists those that do")},
		{says: regexp.MustCompile(`not available for your kernel version`), hint: always("the kernel lacks what these probes need (its BTF); kprobe or a tracepoint may do instead")},
		{says: regexp.MustCompile(`(?:BTF|vmlinux).*(?:not found|missing|unavailable)`), hint: always("the kernel was built without BTF, the description of its types: use tracepoints, or #include the headers")},
		{says: regexp.MustCompile(`(?i)(?:/sys/kernel/(?:debug/)?tracing|tracefs|debugfs).*(?:No such file|not mounted)`), hint: always("mount -t tracefs tracefs /sys/kernel/tracing")},
		{says: regexp.MustCompile(`(?i)lockdown`), hint: always("the kernel is locked down, as it is with secure boot: it lets nobody trace")},
		{says: regexp.MustCompile(`Unknown struct/union: '(?:struct |union )?(\w+)'`), hint: always("the kernel tells no such type: #include the header that declares it")},
		{says: regexp.MustCompile(`does not contain a field named '(\w+)'`), hint: always("bpftrace -lv and the probe's name list its fields; Tab after args-> does in a cell")},
		{says: regexp.MustCompile(`Undefined map: (@\w*)`), hint: always("no clause gives this map a value")},
		{says: regexp.MustCompile(`Unknown (?:identifier|function|variable): '?(\w+)'?`), hint: suggest},
		{says: regexp.MustCompile(`failed to resolve (\w+): Unknown variable name`), hint: suggest},
		{says: regexp.MustCompile(`(?:undefined function name|Undefined function): (\w+)`), hint: suggest},
		{says: regexp.MustCompile(`(\w+)\(\) is an unsafe function`), hint: always("say --unsafe to allow what changes the system")},
		{says: regexp.MustCompile(`Destructive actions not allowed`), hint: always("say -w to allow what changes the system")},
		// The three ways in which parsers say it, the one that says most first.
		{says: regexp.MustCompile(`syntax error near "([^"]*)"`), hint: func(_, name string, _ []string) string {
			return "something is missing or too much just before " + strconv.Quote(name) + ": a comma, a bracket, a semicolon"
		}},
		{says: regexp.MustCompile(`unexpected (.+), expecting (.+)$`), hint: func(_, _ string, m []string) string {
			return "here comes " + m[1] + " where " + m[2] + " should"
		}},
		{says: regexp.MustCompile(`syntax error`), hint: always("something is missing or too much here: a comma, a bracket, a semicolon")},
		{says: regexp.MustCompile(`^(\w+): %s specifier expects`), hint: always("%d prints a number")},
		{says: regexp.MustCompile(`^(\w+)\( ?\) (?:only supports integer|argument #\d+ must be of scalar)`), hint: always("a number is wanted here")},
		// Whatever else a message says of a function has no hint, but its place is known by the
		// name.
		{says: regexp.MustCompile(`^(\w+)\( ?\)`)},
		{says: regexp.MustCompile(`No such process`), hint: always("the process has ended, or never was")},
		{says: regexp.MustCompile(`(?i)(?:permission denied|operation not permitted|not permitted)`), rights: true, hint: privileges},
	}
})
