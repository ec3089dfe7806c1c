package eval

import (
	"html"
	"strings"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/tracing"
)

// traceHelp is the help for a cell that traces, and where its script begins; ok is false if it is
// another cell, or the position is in the name of its command.
//
// The tracer's own options name how it is run, such as by sudo, which its listing of probes needs
// as well.
func traceHelp(code string, pos int) (h tracing.Help, script int, ok bool) {
	name, line, ok := isWholeCell(code)
	if !ok || name != "dtrace" && name != "bpftrace" {
		return h, 0, false
	}
	begin := strings.Index(code, "%%")
	if pos <= begin+2+len(name) {
		return h, 0, false
	}
	h.Tracer = name
	if o, _, err := tracing.ParseLine(name, line); err == nil {
		h.With = o.With
	}
	script = len(code) + 1
	if i := strings.IndexByte(code[begin:], '\n'); i >= 0 {
		script = begin + i + 1
	}
	return h, script, true
}

// completeTrace proposes how a cell that traces may go on.
func completeTrace(h tracing.Help, code string, script, pos int) cell.Completion {
	if pos < script {
		start := strings.LastIndexAny(code[:pos], " \t") + 1
		return completion(start, pos, tracing.CompleteOption(code[start:pos]))
	}
	start, end, items := h.Complete(code[script:], pos-script)
	return completion(script+start, script+end, items)
}

func completion(start, end int, items []tracing.Proposal) cell.Completion {
	out := cell.Completion{Start: start, End: end}
	for _, p := range items {
		out.Items = append(out.Items, cell.CompletionItem{Text: p.Text, Kind: p.Kind, Signature: p.Doc})
	}
	return out
}

// inspectTrace explains what stands at a place of a cell that traces.
func inspectTrace(h tracing.Help, code string, script, pos int) (display.Bundle, bool) {
	var text string
	var ok bool
	if pos < script {
		start := strings.LastIndexAny(code[:pos], " \t") + 1
		end := start + strings.IndexAny(code[start:]+"\n", " \t\n=")
		text, ok = tracing.ExplainOption(code[start:end])
	} else {
		text, ok = h.Explain(code[script:], pos-script)
	}
	if !ok {
		return display.Bundle{}, false
	}
	return display.Bundle{Data: display.MIMEMap{
		display.MIMETypeText: text,
		display.MIMETypeHTML: "<p>" + html.EscapeString(text) + "</p>",
	}}, true
}
