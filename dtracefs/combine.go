package dtracefs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Combine makes one program of several of the library, for one tracer to run: what each second
// prints is one block, with the kinds of all of them. Two scripts run apart would each print a
// clock, and their blocks would not be of the same seconds. A script that is named twice counts
// once.
func Combine(scripts ...Script) (Script, error) {
	if len(scripts) == 0 {
		return Script{}, errors.New("no scripts to combine")
	}
	if len(scripts) == 1 {
		return scripts[0], nil
	}
	out := Script{system: scripts[0].system}
	var names, docs, d, bt []string
	for _, s := range scripts {
		if slices.Contains(names, s.Name) {
			continue
		}
		names, docs = append(names, s.Name), append(docs, s.Doc)
		d, bt = append(d, s.D), append(bt, s.Bpftrace)
	}
	out.Name, out.Doc = strings.Join(names, ","), strings.Join(docs, " ")
	var err error
	if out.D, err = combinePrograms(out.Name, d); err != nil {
		return Script{}, fmt.Errorf("combining %s: %w", out.Name, err)
	}
	if out.Bpftrace, err = combinePrograms(out.Name, bt); err != nil {
		return Script{}, fmt.Errorf("combining %s: %w", out.Name, err)
	}
	return out, nil
}

// combinePrograms joins programs: the clauses that fire each second, and those of the beginning
// and the end, become one each. It knows programs of the library only, which are written for it:
// a statement to a line, and nothing in these clauses that two of them may not share.
func combinePrograms(name string, programs []string) (string, error) {
	var head, clauses []string
	var timers []string // what fires each second, the beginning and the end
	bodies := map[string][]string{}
	for _, program := range programs {
		parts, err := clausesOf(program)
		if err != nil {
			return "", err
		}
		for _, line := range parts.head {
			if !slices.Contains(head, line) {
				head = append(head, line)
			}
		}
		for _, c := range parts.clauses {
			probe := strings.TrimSpace(c.probe)
			if probe != "BEGIN" && probe != "tick-1s" && probe != "interval:s:1" && probe != "END" {
				clauses = append(clauses, c.probe+"{\n"+c.body+"}\n")
				continue
			}
			if !slices.Contains(timers, probe) {
				timers = append(timers, probe)
			}
			for line := range strings.Lines(c.body) {
				// All print the clock: once is enough.
				if !slices.Contains(bodies[probe], line) {
					bodies[probe] = append(bodies[probe], line)
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "/*\n * %s, as one program.\n */\n", name)
	for _, line := range head {
		b.WriteString(line + "\n")
	}
	for _, c := range clauses {
		b.WriteString("\n" + c)
	}
	slices.Sort(timers) // one order of them, whatever that of the scripts
	for _, probe := range slices.Backward(timers) {
		// The clock, then what was counted, then the end of the block, and last what empties it.
		slices.SortStableFunc(bodies[probe], func(a, b string) int { return placeOf(a) - placeOf(b) })
		fmt.Fprintf(&b, "\n%s\n{\n%s}\n", probe, strings.Join(bodies[probe], ""))
	}
	return b.String(), nil
}

// placeOf orders the statements of a clause that prints each second. The order within each of the
// four groups stays that of the scripts.
func placeOf(statement string) int {
	s := strings.TrimSpace(statement)
	switch {
	case strings.HasPrefix(s, `printf("\n")`):
		return 2
	case strings.HasPrefix(s, "printf("):
		return 0
	case strings.HasPrefix(s, "print"):
		return 1
	}
	return 3
}

// A clause is a probe, with its predicate, and what is done there.
type clause struct{ probe, body string }

// programParts are the lines before the clauses and among them, and the clauses.
type programParts struct {
	head    []string
	clauses []clause
}

// clausesOf takes a program of the library apart. Its braces stand on lines of their own. What
// stands between clauses, but for lines of the preprocessor and inline definitions, is the probe
// of the next one.
func clausesOf(program string) (p programParts, err error) {
	// The comment at the top tells of this one script; the program of all has one of its own.
	if i := strings.Index(program, "*/\n"); i >= 0 {
		program = program[i+3:]
	}
	var probe, body strings.Builder
	inside := false
	for line := range strings.Lines(program) {
		text := strings.TrimSpace(line)
		switch {
		case !inside && text == "{":
			inside = true
		case inside && line == "}\n":
			p.clauses = append(p.clauses, clause{probe.String(), body.String()})
			probe.Reset()
			body.Reset()
			inside = false
		case inside:
			body.WriteString(line)
		case strings.HasPrefix(text, "#") || strings.HasPrefix(text, "inline "):
			p.head = append(p.head, text)
		case text != "" && !strings.HasPrefix(text, "//"):
			probe.WriteString(line)
		}
	}
	if inside || strings.TrimSpace(probe.String()) != "" {
		return p, errors.New("a clause has no end")
	}
	return p, nil
}
