// Package display turns Go values into what a notebook shows.
//
// A value shows itself through small interfaces that any type can satisfy without importing this
// package: HTML() string, JavaScript() string, JPEG() []byte, PNG() []byte, PDF() []byte, SVG()
// string, Vega() []byte, Latex() string, Markdown() string, JSON() map[string]any and
// SimpleRender() map[string]any. Images, gota frames and series, gonum matrices, plots and graphs,
// and errors show without any of them. Whatever a value is, Render returns a bundle for it, and
// that bundle has text/plain.
//
// Code in a cell shows things before its end with Display, names what it shows with Show to replace
// it later, and reports long work with Progress.
package display

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MIME types that notebooks know.
const (
	MIMETypeHTML       = "text/html"
	MIMETypeJavaScript = "application/javascript"
	MIMETypeJPEG       = "image/jpeg"
	MIMETypeJSON       = "application/json"
	MIMETypeLatex      = "text/latex"
	MIMETypeMarkdown   = "text/markdown"
	MIMETypePNG        = "image/png"
	MIMETypePDF        = "application/pdf"
	MIMETypeSVG        = "image/svg+xml"
	MIMETypeText       = "text/plain"
	MIMETypeVega       = "application/vnd.vega.v5+json"
)

// MIMEMap holds content by MIME type.
type MIMEMap = map[string]any

// Bundle is one thing to show in several forms: MIME type to content. Content is a string for text
// types, a []byte for binary types (encoded as base64 by whoever writes it out) and any JSON value
// for JSON types. A bundle that is shown always has "text/plain".
type Bundle struct {
	Data      map[string]any
	Metadata  map[string]any // by MIME type; may be nil
	Transient map[string]any // for the front end but not for the document; may be nil
}

// Data has the fields of a Bundle without its name, so that a type can have a method Render() Data
// without importing this package. The two are assignable to each other.
type Data = struct {
	Data      MIMEMap
	Metadata  MIMEMap
	Transient MIMEMap
}

// Empty reports whether there is nothing to show.
func (b Bundle) Empty() bool { return len(b.Data) == 0 }

// Text returns the text/plain form, or "" if there is none.
func (b Bundle) Text() string {
	s, _ := b.Data[MIMETypeText].(string)
	return s
}

// Encode returns data and metadata ready for encoding/json, as the Jupyter protocol and notebook
// files want them: binary content as base64, text as valid UTF-8, both maps never nil. Content that
// has no JSON form is left out, and the text says so.
func (b Bundle) Encode() (data, metadata map[string]any) {
	data, metadata = make(map[string]any, len(b.Data)+1), make(map[string]any, len(b.Metadata))
	var lost []string
	encode := func(to map[string]any, mime string, content any) {
		v, err := encodeContent(mime, content)
		if err != nil {
			lost = append(lost, fmt.Sprintf("%s: %v", mime, err))
			return
		}
		to[mime] = v
	}
	for _, mime := range slices.Sorted(maps.Keys(b.Data)) {
		encode(data, mime, b.Data[mime])
	}
	for _, key := range slices.Sorted(maps.Keys(b.Metadata)) {
		encode(metadata, key, b.Metadata[key])
	}
	text, isText := data[MIMETypeText].(string)
	if !isText && len(b.Data) > 0 {
		text = Text(b.Data[MIMETypeText])
	}
	if len(lost) > 0 {
		text = strings.TrimLeft(text+"\ncannot show "+strings.Join(lost, "; "), "\n")
	}
	if !isText && len(b.Data) > 0 || len(lost) > 0 {
		data[MIMETypeText] = text
	}
	return data, metadata
}

func encodeContent(mime string, content any) (any, error) {
	switch c := content.(type) {
	case string:
		return strings.ToValidUTF8(c, "\uFFFD"), nil
	case []byte:
		switch {
		case isJSONType(mime) && json.Valid(c):
			return json.RawMessage(c), nil
		case isTextType(mime):
			return strings.ToValidUTF8(string(c), "\uFFFD"), nil
		}
		return base64.StdEncoding.EncodeToString(c), nil
	}
	raw, err := marshal(content)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(raw), nil
}

// marshal is json.Marshal for values from outside, whose own MarshalJSON may panic.
func marshal(v any) (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("MarshalJSON of %T panicked: %v", v, p)
		}
	}()
	return json.Marshal(v)
}

func isJSONType(mime string) bool {
	return mime == MIMETypeJSON || strings.HasSuffix(mime, "+json")
}

func isTextType(mime string) bool {
	return strings.HasPrefix(mime, "text/") || isJSONType(mime) ||
		strings.HasSuffix(mime, "+xml") || mime == MIMETypeJavaScript || mime == "application/xml"
}
