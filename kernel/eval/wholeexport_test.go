package eval

import (
	"io"
	"strings"
	"testing"
)

// TestExportWholeCells holds that a program traces where the notebook does, and that later cells
// find the capture.
func TestExportWholeCells(t *testing.T) {
	made, err := Export{Cells: []string{
		"%%bpftrace --for 3s --as calls -x\n\nBEGIN { printf(\"x\\n\"); }\n",
		"calls.Lines",
		"%%markdown\n# A *title*\n",
		"%%sh\nls\n",
	}}.Make(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	text, notes := string(made.Source), made.Notes
	for _, want := range []string{`tracing.Show(display.Context(), "\nBEGIN { printf(\"x\\n\"); }\n", tracing.Options{Tracer: "bpftrace", For: 3000000000,`, "calls.Lines", `display.Markdown("# A *title*\n")`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "%%sh") {
		t.Errorf("notes %q", notes)
	}
}
