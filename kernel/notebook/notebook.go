// Package notebook reads, executes and writes Jupyter notebooks (nbformat 4) without Jupyter, and
// exports them as one self-contained HTML file.
package notebook

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dtnotes/kernel/display"
)

// Notebook is a document of cells. What dtnotes does not know (metadata, attachments) is kept.
type Notebook struct {
	Cells    []*Cell
	Metadata map[string]any
}

// Cell is one cell of a notebook.
type Cell struct {
	ID             string
	Type           string // "code", "markdown" or "raw"
	Source         string
	Metadata       map[string]any
	Attachments    map[string]any // markdown and raw cells: pictures by name
	ExecutionCount int            // code cells; 0 if never executed
	Outputs        []*Output      // code cells
}

// Output is one thing that a code cell printed or showed.
type Output struct {
	Type           string         // "stream", "display_data", "execute_result" or "error"
	Name, Text     string         // stream: "stdout" or "stderr", and what was written to it
	Bundle         display.Bundle // display_data and execute_result
	ExecutionCount int            // execute_result
	Err            Error          // error
	displayID      string         // of a display that may be updated while the notebook executes
}

// Error is a failure as a notebook records it.
type Error struct {
	Name      string
	Value     string
	Traceback []string
}

// Tagged reports whether a cell has the tag, as the cell toolbar of Jupyter sets it.
func (c *Cell) Tagged(tag string) bool {
	tags, _ := c.Metadata["tags"].([]any)
	for _, t := range tags {
		if t == tag {
			return true
		}
	}
	return false
}

// Title is the text of the first Markdown heading. It is empty if there is none.
func (nb *Notebook) Title() string {
	for _, c := range nb.Cells {
		if c.Type != "markdown" {
			continue
		}
		for line := range strings.Lines(c.Source) {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
				return strings.TrimSpace(text)
			}
		}
	}
	return ""
}

// rawNotebook and rawCell are the shapes on disk; lines of text may be one string or a list.
type rawNotebook struct {
	Major    int            `json:"nbformat"`
	Minor    int            `json:"nbformat_minor"`
	Metadata map[string]any `json:"metadata"`
	Cells    []rawCell      `json:"cells"`
}

type rawCell struct {
	ID             string         `json:"id"`
	Type           string         `json:"cell_type"`
	Source         multiline      `json:"source"`
	Metadata       map[string]any `json:"metadata"`
	Attachments    map[string]any `json:"attachments"`
	ExecutionCount int            `json:"execution_count"`
	Outputs        []rawOutput    `json:"outputs"`
}

type rawOutput struct {
	Type           string                     `json:"output_type"`
	Name           string                     `json:"name"`
	Text           multiline                  `json:"text"`
	Data           map[string]json.RawMessage `json:"data"`
	Metadata       map[string]any             `json:"metadata"`
	ExecutionCount int                        `json:"execution_count"`
	EName          string                     `json:"ename"`
	EValue         string                     `json:"evalue"`
	Traceback      []string                   `json:"traceback"`
}

type multiline string

func (m *multiline) UnmarshalJSON(b []byte) error {
	var lines []string
	if err := json.Unmarshal(b, &lines); err == nil {
		*m = multiline(strings.Join(lines, ""))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errors.New("text is neither a string nor a list of strings")
	}
	*m = multiline(s)
	return nil
}

// Parse reads a notebook of nbformat 4. Errors name the line where the JSON breaks, or the cell.
func Parse(b []byte) (*Notebook, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, errors.New("the file is empty; a notebook is a JSON object")
	}
	var raw rawNotebook
	dec := json.NewDecoder(bytes.NewReader(b))
	// Metadata of other programs must be written back as it was, and a float64 would lose digits of
	// long numbers.
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("line %d: not a notebook: %w", lineOf(b, err), err)
	}
	if raw.Major != 4 {
		return nil, fmt.Errorf("notebook format %d.%d is not supported: open and save it with a current Jupyter to get format 4", raw.Major, raw.Minor)
	}
	nb := &Notebook{Metadata: orEmpty(raw.Metadata)}
	seen := map[string]bool{}
	for i, rc := range raw.Cells {
		c, err := rc.cell()
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		// Ids came with format 4.5; older notebooks and careless tools leave them out or repeat
		// them.
		for n := i + 1; c.ID == "" || seen[c.ID]; n++ {
			c.ID = fmt.Sprintf("cell-%d", n)
		}
		seen[c.ID] = true
		nb.Cells = append(nb.Cells, c)
	}
	return nb, nil
}

// lineOf is the line of an error of decoding, counted from 1. It is the last line for an error that
// has no place, such as that of a file that ends too early.
func lineOf(b []byte, err error) int {
	at := int64(len(b))
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	return 1 + bytes.Count(b[:min(at, int64(len(b)))], []byte("\n"))
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func (rc rawCell) cell() (*Cell, error) {
	switch rc.Type {
	case "code", "markdown", "raw":
	default:
		return nil, fmt.Errorf("cell type %q is none of code, markdown, raw", rc.Type)
	}
	c := &Cell{ID: rc.ID, Type: rc.Type, Source: string(rc.Source), Metadata: orEmpty(rc.Metadata),
		Attachments: rc.Attachments, ExecutionCount: rc.ExecutionCount}
	for i, ro := range rc.Outputs {
		o, err := ro.output()
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", i+1, err)
		}
		c.Outputs = append(c.Outputs, o)
	}
	return c, nil
}

func (ro rawOutput) output() (*Output, error) {
	o := &Output{Type: ro.Type, Name: ro.Name, Text: string(ro.Text), ExecutionCount: ro.ExecutionCount,
		Err: Error{ro.EName, ro.EValue, ro.Traceback}}
	switch ro.Type {
	case "stream", "error":
		return o, nil
	case "display_data", "execute_result":
	default:
		return nil, fmt.Errorf("output type %q is none of stream, display_data, execute_result, error", ro.Type)
	}
	o.Bundle = display.Bundle{Data: map[string]any{}, Metadata: ro.Metadata}
	for mime, content := range ro.Data {
		v, err := decodeContent(mime, content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", mime, err)
		}
		o.Bundle.Data[mime] = v
	}
	return o, nil
}

func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasSuffix(mime, "+json")
}

// isText reports whether contents of a MIME type are text and not bytes in base64. JSON has no
// bytes, and nbformat does not mark which strings are meant as such.
func isText(mime string) bool {
	switch mime {
	case "application/javascript", "application/x-latex", "image/svg+xml", "application/xml":
		return true
	}
	return strings.HasPrefix(mime, "text/")
}

func decodeContent(mime string, b json.RawMessage) (any, error) {
	if isJSON(mime) {
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		var v any
		err := dec.Decode(&v)
		return v, err
	}
	var text multiline
	if err := text.UnmarshalJSON(b); err != nil {
		return nil, err
	}
	if isText(mime) {
		return string(text), nil
	}
	bin, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		// Content of some MIME types of other tools is neither text nor base64. It is kept as it
		// is.
		return string(text), nil
	}
	return bin, nil
}

// Encode writes the notebook as nbformat 4.5: keys sorted, one-space indent, text as lists of
// lines, so that version control shows small differences. Equal notebooks give equal bytes.
func (nb *Notebook) Encode() ([]byte, error) {
	cells := make([]any, len(nb.Cells))
	for i, c := range nb.Cells {
		cells[i] = c.encode()
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(map[string]any{
		"nbformat": 4, "nbformat_minor": 5, "metadata": orEmpty(nb.Metadata), "cells": cells,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding notebook: %w", err)
	}
	return buf.Bytes(), nil
}

func (c *Cell) encode() map[string]any {
	m := map[string]any{"id": c.ID, "cell_type": c.Type, "source": lines(c.Source), "metadata": orEmpty(c.Metadata)}
	if c.Attachments != nil {
		m["attachments"] = c.Attachments
	}
	if c.Type == "code" {
		outputs := make([]any, len(c.Outputs))
		for i, o := range c.Outputs {
			outputs[i] = o.encode()
		}
		m["outputs"] = outputs
		m["execution_count"] = orNull(c.ExecutionCount)
	}
	return m
}

func (o *Output) encode() map[string]any {
	m := map[string]any{"output_type": o.Type}
	switch o.Type {
	case "stream":
		m["name"], m["text"] = o.Name, lines(o.Text)
	case "error":
		m["ename"], m["evalue"] = o.Err.Name, o.Err.Value
		m["traceback"] = append([]string{}, o.Err.Traceback...)
	default:
		m["data"], m["metadata"] = encodeBundle(o.Bundle)
		if o.Type == "execute_result" {
			m["execution_count"] = orNull(o.ExecutionCount)
		}
	}
	return m
}

func encodeBundle(b display.Bundle) (data, metadata map[string]any) {
	data = map[string]any{}
	for mime, v := range b.Data {
		switch v := v.(type) {
		case []byte:
			data[mime] = base64.StdEncoding.EncodeToString(v)
		case string:
			if isText(mime) {
				data[mime] = lines(v)
			} else {
				data[mime] = v
			}
		default:
			data[mime] = v
		}
	}
	return data, orEmpty(maps.Clone(b.Metadata))
}

func orNull(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// lines splits text after each newline. Empty text becomes an empty list and not null.
func lines(s string) []string {
	return append([]string{}, slices.Collect(strings.Lines(s))...)
}
