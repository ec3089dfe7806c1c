package jupyter

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"unicode/utf8"
)

// questions are the requests that change nothing and can be answered beside a running cell.
var questions map[string]func(*kernel, request) (any, error)

func init() {
	questions = map[string]func(*kernel, request) (any, error){
		"complete_request":    (*kernel).complete,
		"inspect_request":     (*kernel).inspect,
		"is_complete_request": (*kernel).isComplete,
		"history_request":     (*kernel).historyRequest,
		"comm_info_request":   (*kernel).commInfo,
		"connect_request":     (*kernel).connect,
	}
}

// languageInfo describes Go to front ends, some of which highlight by one entry and some by
// another.
func languageInfo() map[string]any {
	return map[string]any{
		"name":            "go",
		"version":         strings.TrimPrefix(runtime.Version(), "go"),
		"mimetype":        "text/x-go",
		"file_extension":  ".go",
		"pygments_lexer":  "go",
		"codemirror_mode": "go",
	}
}

func (k *kernel) kernelInfo(context.Context, request) (any, error) {
	version := k.opts.Version
	if version == "" {
		version = "0"
	}
	banner := k.opts.Banner
	if banner == "" {
		banner = fmt.Sprintf("dtnotes %s: Go notebooks (%s)", version, runtime.Version())
	}
	return map[string]any{
		"status":                 "ok",
		"protocol_version":       protocolVersion,
		"implementation":         "dtnotes",
		"implementation_version": version,
		"language_info":          languageInfo(),
		"banner":                 banner,
		"debugger":               false,
		"supported_features":     []string{"kernel subshells"},
		"help_links": []map[string]string{
			{"text": "Go standard library", "url": "https://pkg.go.dev/std"},
			{"text": "Gonum", "url": "https://pkg.go.dev/gonum.org/v1/gonum"},
			{"text": "Gonum plot", "url": "https://pkg.go.dev/gonum.org/v1/plot"},
			{"text": "Gota data frames", "url": "https://pkg.go.dev/github.com/go-gota/gota/dataframe"},
		},
	}, nil
}

// position is the part of a request that points into code. Positions count Unicode code points,
// where Go counts bytes.
type position struct {
	Code        string `json:"code"`
	CursorPos   *int   `json:"cursor_pos"`
	DetailLevel int    `json:"detail_level"`
}

// offset is the byte offset of the cursor; the end of the code if the request does not say.
func (p position) offset() int {
	if p.CursorPos == nil {
		return len(p.Code)
	}
	return byteOffset(p.Code, *p.CursorPos)
}

// byteOffset converts an offset in code points to one in bytes, within s.
func byteOffset(s string, points int) int {
	for i := range s {
		if points <= 0 {
			return i
		}
		points--
	}
	return len(s)
}

// pointOffset converts an offset in bytes to one in code points, within s.
func pointOffset(s string, bytes int) int {
	return utf8.RuneCountInString(s[:max(0, min(bytes, len(s)))])
}

func (k *kernel) complete(r request) (any, error) {
	var p position
	if err := r.decode(&p); err != nil {
		return nil, err
	}
	ev, err := k.session.evaluator()
	if err != nil {
		return nil, err
	}
	c := ev.Complete(p.Code, p.offset())
	start, end := pointOffset(p.Code, c.Start), pointOffset(p.Code, c.End)
	// If there is nothing to complete, nothing must be replaced either.
	if len(c.Items) == 0 {
		start = pointOffset(p.Code, p.offset())
		end = start
	}
	matches, types := make([]string, len(c.Items)), make([]map[string]any, len(c.Items))
	for i, item := range c.Items {
		matches[i] = item.Text
		types[i] = map[string]any{"start": start, "end": end, "text": item.Text, "type": item.Kind, "signature": item.Signature}
	}
	return map[string]any{
		"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end,
		"metadata": map[string]any{"_jupyter_types_experimental": types},
	}, nil
}

func (k *kernel) inspect(r request) (any, error) {
	var p position
	if err := r.decode(&p); err != nil {
		return nil, err
	}
	ev, err := k.session.evaluator()
	if err != nil {
		return nil, err
	}
	b, found := ev.Inspect(p.Code, p.offset(), p.DetailLevel)
	data, metadata := b.Encode()
	return map[string]any{"status": "ok", "found": found, "data": data, "metadata": metadata}, nil
}

func (k *kernel) isComplete(r request) (any, error) {
	var p position
	if err := r.decode(&p); err != nil {
		return nil, err
	}
	ev, err := k.session.evaluator()
	if err != nil {
		return nil, err
	}
	status, indent := ev.IsComplete(p.Code)
	return map[string]any{"status": status, "indent": indent}, nil
}

func (k *kernel) commInfo(r request) (any, error) {
	var content struct {
		Target string `json:"target_name"`
	}
	if err := r.decode(&content); err != nil {
		return nil, err
	}
	return map[string]any{"status": "ok", "comms": k.comms.info(content.Target)}, nil
}

// connect answers with the ports, for old clients that ask for them.
func (k *kernel) connect(request) (any, error) {
	content := ok()
	for name, s := range k.sockets {
		if tcp, isTCP := s.Addr().(*net.TCPAddr); isTCP {
			content[name+"_port"] = tcp.Port
		}
	}
	return content, nil
}
