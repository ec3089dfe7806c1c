package notebook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
	"dtnotes/kernel/notebook"
)

func parse(t *testing.T, path string) *notebook.Notebook {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	nb, err := notebook.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return nb
}

func encode(t *testing.T, nb *notebook.Notebook) []byte {
	t.Helper()
	b, err := nb.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fake is an evaluator of a language of one command a line.
type fake struct{ cell.Evaluator }

func (fake) Eval(ctx context.Context, c cell.Cell) (res cell.Result) {
	for line := range strings.Lines(c.Code) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "print":
			c.Out.Stream("stdout", rest+"\n")
		case "warn":
			c.Out.Stream("stderr", rest+"\n")
		case "show", "update":
			id, text, _ := strings.Cut(rest, " ")
			c.Out.Display(display.Bundle{Data: map[string]any{"text/plain": text}}, id, word == "update")
		case "clear":
			c.Out.Clear(rest == "wait")
		case "value":
			res.Bundle = display.Bundle{Data: map[string]any{"text/plain": rest, "image/png": []byte("\x89PNG")}}
		case "fail":
			res.Err = &cell.Error{Name: "panic", Message: rest, Traceback: []string{"\x1b[31mpanic\x1b[0m: " + rest}}
			return res
		case "hang":
			<-ctx.Done()
			res.Err = &cell.Error{Name: "interrupted", Message: "the cell was interrupted"}
			return res
		}
	}
	return res
}

func document(cells ...string) *notebook.Notebook {
	nb := &notebook.Notebook{}
	for i, code := range cells {
		nb.Cells = append(nb.Cells, &notebook.Cell{ID: fmt.Sprint("c", i+1), Type: "code", Source: code})
	}
	nb.Metadata = map[string]any{}
	return nb
}

func outline(c *notebook.Cell) string {
	var s []string
	for _, o := range c.Outputs {
		switch o.Type {
		case "stream":
			s = append(s, fmt.Sprintf("%s %q", o.Name, o.Text))
		case "error":
			s = append(s, o.Err.Name+" "+o.Err.Value)
		default:
			s = append(s, fmt.Sprint(o.Type, " ", o.Bundle.Data["text/plain"]))
		}
	}
	return strings.Join(s, "; ")
}

func TestEncodeKeepsWhatWasRead(t *testing.T) {
	nb := parse(t, "testdata/foreign.ipynb")
	once := encode(t, nb)
	again, err := notebook.Parse(once)
	if err != nil {
		t.Fatal(err)
	}
	if twice := encode(t, again); !bytes.Equal(once, twice) {
		t.Errorf("second encoding differs:\n%s\n%s", once, twice)
	}
	for _, want := range []string{`"vendor": {`, `"big": 12345678901234567890`, `"attachments"`, `"application/vnd.other+json": {`, `"image/png": "iVBORw=="`, `"nbformat_minor": 5`} {
		if !bytes.Contains(once, []byte(want)) {
			t.Errorf("lost %s in\n%s", want, once)
		}
	}
}

func TestParseErrorsAreLocated(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", "empty"},
		{"\x7fELF\x00", "line 1"},
		{"{\n \"nbformat\": 4,\n oops", "line 3"},
		{`{"nbformat": 3}`, "format 3.0"},
		{`[]`, "line 1"},
		{`{"nbformat": 4, "cells": [{"cell_type": "code"}, {"cell_type": "poem"}]}`, `cell 2: cell type "poem"`},
		{`{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [{"output_type": "smell"}]}]}`, "cell 1: output 1"},
		{`{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}`, "neither a string nor a list"},
	} {
		_, err := notebook.Parse([]byte(tc.in))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Parse(%q) = %v; want an error with %q", tc.in, err, tc.want)
		}
	}
}

func TestExecuteRecordsOutputs(t *testing.T) {
	nb := document("print a\nprint b\nwarn c\nprint d", "", "show x one", "update x two\nvalue 42",
		"print gone\nclear now\nprint kept", "print old\nclear wait", "print old\nclear wait\nprint new")
	if err := nb.Execute(t.Context(), fake{}, notebook.Options{}); err != nil {
		t.Fatal(err)
	}
	want := []string{`stdout "a\nb\n"; stderr "c\n"; stdout "d\n"`, "", "display_data two", "execute_result 42",
		`stdout "kept\n"`, `stdout "old\n"`, `stdout "new\n"`}
	for i, c := range nb.Cells {
		if got := outline(c); got != want[i] {
			t.Errorf("cell %d: %s; want %s", i+1, got, want[i])
		}
	}
	if n := nb.Cells[3].ExecutionCount; n != 3 {
		t.Errorf("execution count after an empty cell: %d; want 3", n)
	}
	if spec := nb.Metadata["kernelspec"].(map[string]any); spec["name"] != "dtnotes" {
		t.Errorf("kernelspec %v", spec)
	}
}

func TestExecuteStopsAtFailure(t *testing.T) {
	nb := document("print a", "fail no such key", "print b")
	err := nb.Execute(t.Context(), fake{}, notebook.Options{})
	var failed *notebook.CellError
	if !errors.As(err, &failed) || failed.Position != 2 || !strings.Contains(err.Error(), "cell 2 (In [2]) failed: panic: no such key") {
		t.Fatalf("error %v", err)
	}
	if got := outline(nb.Cells[1]); got != "panic no such key" || len(nb.Cells[2].Outputs) > 0 {
		t.Errorf("outputs %q and %q", got, outline(nb.Cells[2]))
	}
	if err := nb.Execute(t.Context(), fake{}, notebook.Options{AllowErrors: true}); err != nil {
		t.Fatal(err)
	}
	if got := outline(nb.Cells[2]); got != `stdout "b\n"` {
		t.Errorf("with AllowErrors, the cell after: %q", got)
	}
	nb.Cells[1].Metadata = map[string]any{"tags": []any{"raises-exception"}}
	if err := nb.Execute(t.Context(), fake{}, notebook.Options{}); err != nil {
		t.Errorf("a cell tagged raises-exception: %v", err)
	}
}

func TestExecuteTimeoutAndCancel(t *testing.T) {
	nb := document("hang", "print b")
	err := nb.Execute(t.Context(), fake{}, notebook.Options{Timeout: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "cell 1 (In [1]) failed: timeout: the cell did not end within 1ms") {
		t.Errorf("timeout: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = nb.Execute(ctx, fake{}, notebook.Options{AllowErrors: true, Started: func(notebook.Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) || len(nb.Cells[1].Outputs) > 0 {
		t.Errorf("cancel: %v, next cell %q", err, outline(nb.Cells[1]))
	}
}

func TestExecuteRefusesOtherLanguages(t *testing.T) {
	nb := document("print a")
	nb.Metadata = map[string]any{"kernelspec": map[string]any{"name": "ir", "language": "R"}}
	if err := nb.Execute(t.Context(), fake{}, notebook.Options{}); err == nil || !strings.Contains(err.Error(), "language is R") {
		t.Errorf("error %v", err)
	}
}

func TestLateOutputBelongsToItsCell(t *testing.T) {
	nb := document("print a", "late", "print b")
	late := &lateEvaluator{}
	if err := nb.Execute(t.Context(), late, notebook.Options{}); err != nil {
		t.Fatal(err)
	}
	late.out.Stream("stdout", "after the end\n")
	if got := outline(nb.Cells[1]); got != `stdout "while the next cell ran\n"` {
		t.Errorf("late output: %q", got)
	}
}

type lateEvaluator struct {
	fake
	out cell.Output
}

func (l *lateEvaluator) Eval(ctx context.Context, c cell.Cell) cell.Result {
	if c.Code == "late" {
		l.out = c.Out
	} else if l.out != nil {
		l.out.Stream("stdout", "while the next cell ran\n")
	}
	return l.fake.Eval(ctx, c)
}

func TestSetParameters(t *testing.T) {
	nb := document("n := 1", "print n")
	if err := nb.SetParameters([]string{"n=2"}); err == nil || !strings.Contains(err.Error(), "tagged") {
		t.Errorf("without a tagged cell: %v", err)
	}
	nb.Cells[0].Metadata = map[string]any{"tags": []any{"parameters"}}
	for range 2 {
		if err := nb.SetParameters([]string{"n=2", "f=web 1.txt", "ok=true", "host=alpha", "q=\"x\"", "e="}); err != nil {
			t.Fatal(err)
		}
	}
	want := "n = 2\nf = \"web 1.txt\"\nok = true\nhost = \"alpha\"\nq = \"x\"\ne = \"\""
	if len(nb.Cells) != 3 || nb.Cells[1].Source != want {
		t.Errorf("%d cells, injected %q; want %q", len(nb.Cells), nb.Cells[1].Source, want)
	}
	if err := nb.SetParameters([]string{"2n=1"}); err == nil {
		t.Error("a parameter that is no name was taken")
	}
}

func TestHTMLIsSelfContained(t *testing.T) {
	nb := parse(t, "testdata/foreign.ipynb")
	nb.Cells = append(nb.Cells, &notebook.Cell{ID: "pic", Type: "markdown", Source: "![a dot](dot.png) ![gone](gone.png)"},
		&notebook.Cell{ID: "go", Type: "code", Source: "if x < \"<b>\" { // less\r\n}"})
	b, err := nb.HTML(fstest.MapFS{"dot.png": {Data: []byte("\x89PNG")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<img src="data:image/png;base64,iVBORw==" alt="a dot">`, `src="gone.png"`,
		`<span class="k">if</span>`, `<span class="s">&#34;&lt;b&gt;&#34;</span>`, `<span class="c">// less</span>`,
		"<title>A foreign notebook</title>", "term-fg31", "<td>cell of a table</td>"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("page lacks %s", want)
		}
	}
	for _, forbidden := range []string{"<script", "http://", "https://", `src="attachment`} {
		if bytes.Contains(b, []byte(forbidden)) {
			t.Errorf("page has %s", forbidden)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("testdata/foreign.ipynb")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"nbformat": 4, "cells": [{"cell_type": "raw", "source": ["a", "b"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		nb, err := notebook.Parse(b)
		if err != nil {
			return
		}
		once := encode(t, nb)
		again, err := notebook.Parse(once)
		if err != nil {
			t.Fatalf("our own encoding does not parse: %v\n%s", err, once)
		}
		if twice := encode(t, again); !bytes.Equal(once, twice) {
			t.Fatalf("encoding is not stable:\n%s\n%s", once, twice)
		}
		if _, err := nb.HTML(nil); err != nil {
			t.Fatal(err)
		}
	})
}
