package tracing

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"dtnotes/dtracefs"
	"dtnotes/dtracefs/language"
)

// A Proposal is how a script may go on.
type Proposal struct {
	Text string // what to insert
	Kind string // "probe", "function", "variable", "field" or "option"
	Doc  string // one line; empty where nothing is known
}

// Help is what is known of a cell that traces while it is written.
type Help struct {
	Tracer string // "dtrace" or "bpftrace"
	With   string // what lists probes with more privileges
}

const (
	listingTime = time.Minute     // a tracer may take so long to list its probes
	waitTime    = 3 * time.Second // whoever types waits so long for it; the next time it is there
	mostProbes  = 200             // are proposed at once
)

// probes lists probes, or none if that takes too long.
func (h Help) probes(o dtracefs.ProbeOptions) []dtracefs.Probe {
	o.Tracer, o.With = h.Tracer, h.With
	listed := make(chan []dtracefs.Probe, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), listingTime)
		defer cancel()
		list, err := dtracefs.Probes(ctx, o)
		if err != nil {
			list = nil
		}
		listed <- list
	}()
	select {
	case list := <-listed:
		return list
	case <-time.After(waitTime):
		return nil
	}
}

// options are the options of a cell's first line.
var options = []Proposal{
	{"--for", "option", "--for 30s: end after so long"},
	{"--as", "option", "--as NAME: the variable that holds the capture"},
	{"--with", "option", "--with sudo|doas|pfexec: run the tracer with more privileges"},
	{"-p", "option", "-p PID: a process for the script to know as $target, or to take probes of"},
	{"-c", "option", "-c 'COMMAND': start a command that the script knows as $target or cpid"},
	{"-o", "option", "-o FILE[.zst]: record what is printed"},
}

// CompleteOption proposes the options of a cell's first line that begin with a word.
func CompleteOption(word string) []Proposal {
	var out []Proposal
	for _, o := range options {
		if strings.HasPrefix(o.Text, word) {
			out = append(out, o)
		}
	}
	return out
}

// ExplainOption says what an option of a cell's first line does.
func ExplainOption(word string) (string, bool) {
	for _, o := range options {
		if o.Text == word {
			return o.Doc, true
		}
	}
	return "", false
}

// Complete proposes what may stand in place of script[start:end]; pos lies within that range or at
// its end.
func (h Help) Complete(script string, pos int) (start, end int, out []Proposal) {
	at := placeAt(h.Tracer, script, pos)
	start, end = at.start, at.end
	word := script[start:pos]
	switch at.kind {
	case inProbe:
		out = h.completeProbe(word)
	case inPragma:
		out = h.words(word, "pragma")
	case inField:
		for _, a := range h.arguments(at.probe) {
			if name := strings.TrimPrefix(a.Name, "args->"); strings.HasPrefix(name, word) {
				out = append(out, Proposal{name, "field", a.Type})
			}
		}
	case inAggregation:
		out = h.words(word, "aggregation", "function", "builtin", "keyword")
		out = append(out, ownNames(script, word)...)
	case inCode:
		out = h.words(word, "builtin", "function", "aggregation", "keyword")
		out = append(out, ownNames(script, word)...)
		if h.Tracer == "dtrace" && strings.HasPrefix(word, "args") {
			for _, a := range h.arguments(at.probe) {
				out = append(out, Proposal{a.Name, "field", a.Type})
			}
		}
	}
	return start, end, out
}

// Explain says in a line what stands at a place.
func (h Help) Explain(script string, pos int) (string, bool) {
	at := placeAt(h.Tracer, script, pos)
	word := script[at.start:at.end]
	// The cursor is just behind the bracket of a call.
	if word == "" && (at.kind == inCode || at.kind == inAggregation) {
		if i := strings.LastIndexByte(script[:pos], '('); i > 0 {
			at = placeAt(h.Tracer, script, i)
			word = script[at.start:at.end]
		}
	}
	switch at.kind {
	case inProbe:
		return h.explainProbe(word)
	case inField:
		for _, a := range h.arguments(at.probe) {
			if strings.TrimPrefix(a.Name, "args->") == word {
				return fmt.Sprintf("%s: %s, an argument of %s", word, a.Type, at.probe), true
			}
		}
		return "", false
	case inNothing:
		return "", false
	}
	if h.Tracer == "dtrace" && word == "args" {
		if args := h.arguments(at.probe); len(args) > 0 {
			return "args of " + at.probe + ": " + argumentList(args), true
		}
	}
	if w, ok := language.Find(h.Tracer, word); ok {
		return w.Signature + ": " + w.Doc, true
	}
	return "", false
}

func (h Help) explainProbe(name string) (string, bool) {
	if w, ok := language.Find(h.Tracer, name); ok {
		return name + ": " + w.Doc, true
	}
	list := h.probes(dtracefs.ProbeOptions{Match: name, Args: true})
	switch {
	case name == "" || len(list) == 0:
		return "", false
	case len(list) > 1:
		return fmt.Sprintf("%s: %d probes, the first %s", name, len(list), list[0].Name), true
	case len(list[0].Args) == 0:
		return list[0].Name + ": a probe that tells of no arguments", true
	}
	return list[0].Name + ": a probe with the arguments " + argumentList(list[0].Args), true
}

func argumentList(args []dtracefs.ProbeArg) string {
	var out []string
	for _, a := range args {
		out = append(out, a.Name+" "+a.Type)
	}
	return strings.Join(out, ", ")
}

// arguments are the arguments of a probe, or of the first probe that a pattern means.
func (h Help) arguments(probe string) []dtracefs.ProbeArg {
	if probe == "" {
		return nil
	}
	list := h.probes(dtracefs.ProbeOptions{Match: probe, Args: true})
	for _, p := range list {
		if len(p.Args) > 0 {
			return p.Args
		}
	}
	return nil
}

// words are the words of the language that begin with a prefix.
func (h Help) words(prefix string, kinds ...string) []Proposal {
	var out []Proposal
	seen := map[string]bool{}
	for _, kind := range kinds {
		for _, w := range language.Words(h.Tracer) {
			if w.Kind != kind || !strings.HasPrefix(w.Name, prefix) || seen[w.Name] {
				continue
			}
			seen[w.Name] = true
			shown := map[string]string{"builtin": "variable", "aggregation": "function", "pragma": "option"}[kind]
			if shown == "" {
				shown = kind
			}
			out = append(out, Proposal{w.Name, shown, w.Signature + ": " + w.Doc})
		}
	}
	return out
}

var ownName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[@$]\w+|(?:self|this)->\w+`) })

// ownNames are the variables that a script has, which begin with a prefix.
func ownNames(script, prefix string) []Proposal {
	var out []Proposal
	names := ownName().FindAllString(script, -1)
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if strings.HasPrefix(n, prefix) && n != prefix {
			out = append(out, Proposal{n, "variable", ""})
		}
	}
	return out
}

// completeProbe proposes the next part of a probe's name. If no provider begins with the word, the
// names that contain it are proposed.
func (h Help) completeProbe(word string) []Proposal {
	list := h.probes(dtracefs.ProbeOptions{})
	typed := strings.Split(word, ":")
	k := len(typed) - 1
	var out []Proposal
	seen := map[string]bool{}
	add := func(text, doc string) {
		if !seen[text] && len(out) < mostProbes {
			seen[text] = true
			out = append(out, Proposal{text, "probe", doc})
		}
	}
	for _, w := range language.Words(h.Tracer) {
		// Words with parts to fill in, such as kprobe:FUNCTION, are left out: the list of probes
		// has the real ones.
		whole := strings.ToUpper(w.Name) == w.Name || strings.ContainsAny(w.Name, "0123456789")
		if w.Kind == "probe" && whole && strings.HasPrefix(w.Name, word) {
			add(w.Name, w.Doc)
		}
	}
	for _, p := range list {
		parts := strings.Split(p.Name, ":")
		if k >= len(parts) || !strings.HasPrefix(parts[k], typed[k]) {
			continue
		}
		fits := true
		for i := range k {
			fits = fits && (typed[i] == parts[i] || typed[i] == "" && h.Tracer == "dtrace")
		}
		if !fits {
			continue
		}
		text := strings.Join(append(slices.Clone(typed[:k]), parts[k]), ":")
		if k < len(parts)-1 {
			text += ":"
		}
		add(text, "")
	}
	if len(out) == 0 && k == 0 && len(word) >= 3 {
		for _, p := range list {
			if strings.Contains(p.Name, word) {
				add(p.Name, "")
			}
		}
	}
	return out
}
