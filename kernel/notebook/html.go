package notebook

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/scanner"
	"go/token"
	"html/template"
	"io/fs"
	"maps"
	"mime"
	"net/url"
	"path"
	"slices"
	"strings"

	terminal "github.com/buildkite/terminal-to-html/v3"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"dtnotes/kernel/display"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// HTML renders the notebook as one self-contained page with code, text and pictures, which loads
// nothing else. Local pictures that Markdown cells refer to are read from dir and put into the
// page.
func (nb *Notebook) HTML(dir fs.FS) ([]byte, error) {
	type htmlCell struct {
		ID, Type, Prompt string
		Body             template.HTML
		Outputs          []template.HTML
	}
	view := struct {
		Title string
		Cells []htmlCell
	}{Title: nb.Title()}
	if view.Title == "" {
		view.Title = "Notebook"
	}
	md := newMarkdown(dir)
	for i, c := range nb.Cells {
		hc := htmlCell{ID: c.ID, Type: c.Type}
		switch c.Type {
		case "markdown":
			body, err := md.render(c)
			if err != nil {
				return nil, fmt.Errorf("cell %d: rendering markdown: %w", i+1, err)
			}
			hc.Body = body
		case "raw":
			hc.Body = template.HTML("<pre>" + template.HTMLEscapeString(c.Source) + "</pre>")
		case "code":
			if c.ExecutionCount > 0 {
				hc.Prompt = fmt.Sprint(c.ExecutionCount)
			}
			hc.Body = highlight(c.Source)
			for _, o := range c.Outputs {
				hc.Outputs = append(hc.Outputs, md.output(o))
			}
		}
		view.Cells = append(view.Cells, hc)
	}
	var buf bytes.Buffer
	if err := page.Execute(&buf, view); err != nil {
		return nil, fmt.Errorf("writing the page: %w", err)
	}
	return buf.Bytes(), nil
}

// markdown renders CommonMark with GitHub's extensions. Raw HTML passes: whoever exports a notebook
// has run its code.
type markdown struct{ goldmark.Markdown }

func newMarkdown(dir fs.FS) markdown {
	return markdown{goldmark.New(
		goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(),
			parser.WithASTTransformers(util.Prioritized(inlinePictures{dir}, 100))),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)}
}

func (md markdown) render(c *Cell) (template.HTML, error) {
	src := c.Source
	for name, content := range c.Attachments {
		src = strings.ReplaceAll(src, "attachment:"+name, attachmentURL(content))
	}
	var buf bytes.Buffer
	err := md.Convert([]byte(src), &buf)
	return template.HTML(buf.String()), err
}

// attachmentURL is an attachment as a URL. Its forms are tried in the order of their names, so that
// the page is the same each time.
func attachmentURL(content any) string {
	bundle, _ := content.(map[string]any)
	for _, kind := range slices.Sorted(maps.Keys(bundle)) {
		if s, ok := bundle[kind].(string); ok {
			return "data:" + kind + ";base64," + s
		}
	}
	return ""
}

// inlinePictures replaces the path of each local picture by its content.
type inlinePictures struct{ dir fs.FS }

func (p inlinePictures) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	if p.dir == nil {
		return
	}
	ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		img, ok := n.(*ast.Image)
		if !ok || !entering {
			return ast.WalkContinue, nil
		}
		u, err := url.Parse(string(img.Destination))
		if err != nil || u.IsAbs() || u.Host != "" {
			return ast.WalkContinue, nil
		}
		// A picture that cannot be read keeps its path and shows its alternative text.
		if b, err := fs.ReadFile(p.dir, path.Clean(u.Path)); err == nil {
			img.Destination = []byte(dataURL(mime.TypeByExtension(path.Ext(u.Path)), b))
		}
		return ast.WalkContinue, nil
	})
}

func dataURL(kind string, b []byte) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(b)
}

// output renders one output of a code cell.
func (md markdown) output(o *Output) template.HTML {
	switch o.Type {
	case "stream":
		return pre("stream "+o.Name, o.Text)
	case "error":
		trace := strings.Join(o.Err.Traceback, "\n")
		if trace == "" {
			trace = o.Err.Name + ": " + o.Err.Value
		}
		return pre("error", trace)
	}
	return md.bundle(o.Bundle)
}

// bundle shows the richest form that a page without script can show.
func (md markdown) bundle(b display.Bundle) template.HTML {
	str := func(kind string) string { s, _ := b.Data[kind].(string); return s }
	alt := template.HTMLEscapeString(str("text/plain"))
	if s := str("text/html"); s != "" {
		return template.HTML(`<div class="html">` + s + `</div>`)
	}
	// A figure that can be touched is a document of its own within the page, so that its script
	// cannot reach the page and its ids do not clash with those of another figure.
	if s := str("image/svg+xml"); s != "" && b.Data[display.MIMETypeVega] != nil {
		return template.HTML(`<object role="img" aria-label="` + alt + `" type="image/svg+xml" data="` + dataURL("image/svg+xml", []byte(s)) + `">` + string(pre("result", str("text/plain"))) + `</object>`)
	}
	// As an image, a picture can neither run script nor have ids that clash with those of another.
	if s := str("image/svg+xml"); s != "" {
		return template.HTML(`<img alt="` + alt + `" src="` + dataURL("image/svg+xml", []byte(s)) + `">`)
	}
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif", "image/webp"} {
		if data, ok := b.Data[kind].([]byte); ok {
			return template.HTML(`<img alt="` + alt + `" src="` + dataURL(kind, data) + `">`)
		}
	}
	if s := str("text/markdown"); s != "" {
		var buf bytes.Buffer
		if md.Convert([]byte(s), &buf) == nil {
			return template.HTML(buf.String())
		}
	}
	for _, kind := range []string{"text/plain", "text/latex"} {
		if s := str(kind); s != "" {
			return pre("result", s)
		}
	}
	if v, ok := b.Data["application/json"]; ok {
		if text, err := json.MarshalIndent(v, "", "  "); err == nil {
			return pre("result", string(text))
		}
	}
	return ""
}

// pre renders terminal text: colors and carriage returns mean what they mean there.
func pre(class, text string) template.HTML {
	body := template.HTMLEscapeString(text)
	if strings.ContainsAny(text, "\x1b\r\b") {
		if screen, err := terminal.NewScreen(); err == nil {
			screen.Write([]byte(text))
			body = screen.AsHTML()
		}
	}
	return template.HTML(`<pre class="` + class + `">` + strings.TrimRight(body, "\n") + `</pre>`)
}

// highlight marks up Go code by its tokens; what is not Go (a shell line, a half-written cell)
// stays plain.
func highlight(code string) template.HTML {
	src := []byte(code)
	file := token.NewFileSet().AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, func(token.Position, string) {}, scanner.ScanComments)
	var out strings.Builder
	done := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		class := ""
		switch {
		case tok.IsKeyword():
			class = "k"
		case tok == token.COMMENT:
			class = "c"
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "n"
		}
		// Offsets are used and not len(lit), since a literal is reported without its carriage
		// returns.
		at := file.Offset(pos)
		if class == "" || at < done {
			continue
		}
		end := min(at+len(lit), len(src))
		template.HTMLEscape(&out, src[done:at])
		out.WriteString(`<span class="` + class + `">`)
		template.HTMLEscape(&out, src[at:end])
		out.WriteString(`</span>`)
		done = end
	}
	template.HTMLEscape(&out, src[done:])
	return template.HTML(`<pre class="code"><code>` + out.String() + `</code></pre>`)
}
