package display

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"image"
	"io/fs"
	"reflect"
	"strings"

	"github.com/go-gota/gota/dataframe"
	"github.com/go-gota/gota/series"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"

	"dtnotes/dtracefs"
)

// The interfaces through which a value shows itself. They are aliases of unnamed interfaces: only
// the methods count, and nobody needs to import this package to have them.
type (
	// Renderer gives every form of a value at once.
	Renderer = interface{ Render() Data }
	// SimpleRenderer gives content by MIME type.
	SimpleRenderer = interface{ SimpleRender() MIMEMap }
	// HTMLer has an HTML form.
	HTMLer = interface{ HTML() string }
	// JavaScripter has a JavaScript form.
	JavaScripter = interface{ JavaScript() string }
	// JPEGer has a JPEG form.
	JPEGer = interface{ JPEG() []byte }
	// JSONer has a JSON form.
	JSONer = interface{ JSON() map[string]any }
	// Latexer has a LaTeX form.
	Latexer = interface{ Latex() string }
	// Markdowner has a Markdown form.
	Markdowner = interface{ Markdown() string }
	// PNGer has a PNG form.
	PNGer = interface{ PNG() []byte }
	// PDFer has a PDF form.
	PDFer = interface{ PDF() []byte }
	// SVGer has an SVG form.
	SVGer = interface{ SVG() string }
	// Vegaer has a Vega 5 form, a specification in JSON, or nil.
	Vegaer = interface{ Vega() []byte }
)

// Render returns how v is shown. It never panics: if a method of v does, the text names that
// method, and the other forms are still shown. The bundle has text/plain unless v is a *Handle,
// which shows nothing.
func Render(v any) Bundle {
	if _, ok := v.(*Handle); ok {
		return Bundle{}
	}
	// This is checked before any method of v is called, since most would panic on a nil pointer.
	if isNil(v) {
		return textOnly("<nil>")
	}
	if b, ok := renderMethods(v); ok {
		return b
	}
	return guard(v, func() Bundle { return renderKnown(v) })
}

// RenderResult returns how the values of a cell's last expression are shown. A single value is
// shown as by Render, also if the others are nil, such as a nil error. Nothing is shown if all are
// nil interfaces or the value shows nothing. Several values are shown as text in a row.
func RenderResult(values ...any) Bundle {
	var rest []any
	for _, v := range values {
		if v != nil {
			rest = append(rest, v)
		}
	}
	switch len(rest) {
	case 0:
		return Bundle{}
	case 1:
		return Render(rest[0])
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = Render(v).Text()
	}
	sep := " "
	for _, t := range texts {
		if strings.Contains(t, "\n") {
			sep = "\n"
		}
	}
	return textOnly(strings.Join(texts, sep))
}

func textOnly(s string) Bundle { return Bundle{Data: MIMEMap{MIMETypeText: s}} }

// isNil reports whether v is nil or a nil pointer. A nil map or slice does not count, since it is
// shown as what it is: an empty one.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// guard runs a rendering of v and turns a panic in it into a bundle that says so.
func guard(v any, render func() Bundle) (b Bundle) {
	defer func() {
		if p := recover(); p != nil {
			b = textOnly(fmt.Sprintf("cannot show %T: panic: %v", v, p))
		}
	}()
	return render()
}

// renderMethods renders v through the interfaces it satisfies; the second result is false if it
// satisfies none.
func renderMethods(v any) (Bundle, bool) {
	r := methods{of: v}
	switch v := v.(type) {
	case Bundle:
		r.add(v)
	case Data:
		r.add(v)
	case *Bundle:
		r.add(*v)
	case *Data:
		r.add(*v)
	}
	switch v := v.(type) {
	case Renderer:
		r.call("Render", func() { r.add(v.Render()) })
	case interface{ Render() Bundle }:
		r.call("Render", func() { r.add(v.Render()) })
	}
	if v, ok := v.(SimpleRenderer); ok {
		r.call("SimpleRender", func() { r.add(Bundle{Data: v.SimpleRender()}) })
	}
	if v, ok := v.(HTMLer); ok {
		r.form("HTML", MIMETypeHTML, func() any { return v.HTML() })
	}
	if v, ok := v.(JavaScripter); ok {
		r.form("JavaScript", MIMETypeJavaScript, func() any { return v.JavaScript() })
	}
	if v, ok := v.(JPEGer); ok {
		r.form("JPEG", MIMETypeJPEG, func() any { return v.JPEG() })
	}
	if v, ok := v.(JSONer); ok {
		r.form("JSON", MIMETypeJSON, func() any { return v.JSON() })
	}
	if v, ok := v.(Latexer); ok {
		r.form("Latex", MIMETypeLatex, func() any { return v.Latex() })
	}
	if v, ok := v.(Markdowner); ok {
		r.form("Markdown", MIMETypeMarkdown, func() any { return v.Markdown() })
	}
	if v, ok := v.(PNGer); ok {
		r.call("PNG", func() {
			png := v.PNG()
			r.add(Bundle{Data: MIMEMap{MIMETypePNG: png}})
			// Figures have two pixels for one pixel of CSS. Without a size, a front end would show
			// them twice as large.
			if size := pngSize(png); size != nil {
				merge(&r.b.Metadata, MIMEMap{MIMETypePNG: size})
			}
		})
	}
	if v, ok := v.(PDFer); ok {
		r.form("PDF", MIMETypePDF, func() any { return v.PDF() })
	}
	if v, ok := v.(SVGer); ok {
		r.form("SVG", MIMETypeSVG, func() any { return v.SVG() })
	}
	if v, ok := v.(Vegaer); ok {
		r.call("Vega", func() {
			if spec := v.Vega(); spec != nil {
				r.add(Bundle{Data: MIMEMap{MIMETypeVega: json.RawMessage(spec)}, Metadata: MIMEMap{MIMETypeVega: vegaOptions()}})
			}
		})
	}
	if !r.any {
		return Bundle{}, false
	}
	return r.bundle(), true
}

// vegaOptions are how a notebook draws a Vega form: as SVG, whose text can be selected, and
// without a menu, whose editor would send the data elsewhere.
func vegaOptions() MIMEMap {
	return MIMEMap{"embed_options": map[string]any{"renderer": "svg", "actions": false}}
}

// methods collects what the display methods of one value return.
type methods struct {
	of       any
	any      bool
	b        Bundle
	failures []string
}

func (r *methods) call(name string, f func()) {
	r.any = true
	defer func() {
		if p := recover(); p != nil {
			r.failures = append(r.failures, fmt.Sprintf("method %s of %T panicked: %v", name, r.of, p))
		}
	}()
	f()
}

func (r *methods) form(name, mime string, content func() any) {
	r.call(name, func() { r.add(Bundle{Data: MIMEMap{mime: content()}}) })
}

func (r *methods) add(b Bundle) {
	r.any = true
	merge(&r.b.Data, b.Data)
	merge(&r.b.Metadata, b.Metadata)
	merge(&r.b.Transient, b.Transient)
}

func merge(to *map[string]any, from map[string]any) {
	for k, v := range from {
		if *to == nil {
			*to = make(map[string]any)
		}
		(*to)[k] = v
	}
}

// bundle completes what was collected: there is text, and it names the methods that panicked.
func (r *methods) bundle() Bundle {
	text, ok := r.b.Data[MIMETypeText].(string)
	// Every bundle must have text, since a terminal and a screen reader show nothing else.
	if !ok || text == "" && len(r.b.Data) > 1 {
		text = r.text()
	}
	if len(r.failures) > 0 {
		text = strings.Join(append(r.failures, text), "\n")
	}
	merge(&r.b.Data, MIMEMap{MIMETypeText: text})
	return r.b
}

func (r *methods) text() string {
	switch v := r.of.(type) {
	case Bundle, *Bundle, Data, *Data:
		if len(r.b.Data) == 0 {
			return ""
		}
		return describeAll(r.b.Data)
	case image.Image:
		return fmt.Sprintf("%T %d×%d", v, v.Bounds().Dx(), v.Bounds().Dy())
	}
	return Text(r.of)
}

// describeAll says in text what a bundle without text has, by the form that reads best.
func describeAll(data MIMEMap) string {
	for _, mime := range []string{MIMETypeMarkdown, MIMETypeLatex, MIMETypeHTML, MIMETypePNG, MIMETypeJPEG, MIMETypeSVG, MIMETypeJSON} {
		if c, ok := data[mime]; ok {
			return describe(mime, c)
		}
	}
	return Text(data)
}

// renderKnown renders the types of the standard library, gota and gonum that show more than text.
func renderKnown(v any) Bundle {
	switch v := v.(type) {
	case image.Image:
		return Image(v)
	case dataframe.DataFrame:
		return frame(v)
	case *dataframe.DataFrame:
		return frame(*v)
	case series.Series:
		return column(v)
	case *series.Series:
		return column(*v)
	case *plot.Plot:
		return drawPlot(v)
	case plot.Plot:
		return drawPlot(&v)
	case mat.Matrix:
		return matrix(v)
	case mat.CMatrix:
		return cmatrix(v)
	case graph.Graph:
		return drawGraph(v)
	case error:
		return renderError(v)
	case fs.FS:
		return listing(v)
	}
	return renderValue(v)
}

// errorColor is a red that can be read on white and on black.
const errorColor = "#d63c44"

// renderError shows the message in red, and below it the types of the errors it wraps. The message
// may name a process or a file, so that it is spelled as foreign names are.
func renderError(err error) Bundle {
	text := dtracefs.PrintableLines(Text(err))
	return Bundle{Data: MIMEMap{
		MIMETypeText: text,
		MIMETypeHTML: fmt.Sprintf(`<pre style="color:%s">error: %s</pre><p><small>%s</small></p>`,
			errorColor, html.EscapeString(text), html.EscapeString(errorTypes(err, 0))),
	}}
}

// errorTypes prints the types of an error and of what it wraps: *fmt.wrapError ← *fs.PathError.
func errorTypes(err error, depth int) string {
	s := fmt.Sprintf("%T", err)
	// An error may wrap itself.
	if depth > 20 {
		return s + " ← …"
	}
	if w := errors.Unwrap(err); w != nil {
		return s + " ← " + errorTypes(w, depth+1)
	}
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var parts []string
		for _, e := range j.Unwrap() {
			if e != nil {
				parts = append(parts, errorTypes(e, depth+1))
			}
		}
		return s + " ← (" + strings.Join(parts, ", ") + ")"
	}
	return s
}
