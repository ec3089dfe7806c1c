package display

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"strings"
)

// HTML shows a piece of HTML. Front ends remove scripts from it unless the notebook is trusted.
func HTML(html string) Bundle { return MakeData(MIMETypeHTML, html) }

// JavaScript runs in front ends that allow it: JupyterLab only in a trusted notebook, code hosts
// never.
func JavaScript(javascript string) Bundle { return MakeData(MIMETypeJavaScript, javascript) }

// JPEG shows an encoded JPEG image.
func JPEG(jpeg []byte) Bundle { return MakeData(MIMETypeJPEG, jpeg) }

// PNG shows an encoded PNG image.
func PNG(png []byte) Bundle { return MakeData(MIMETypePNG, png) }

// PDF shows a PDF document.
func PDF(pdf []byte) Bundle { return MakeData(MIMETypePDF, pdf) }

// SVG shows an SVG document.
func SVG(svg string) Bundle { return MakeData(MIMETypeSVG, svg) }

// JSON shows a tree of values that can be folded.
func JSON(json map[string]any) Bundle { return MakeData(MIMETypeJSON, json) }

// Markdown shows a piece of Markdown.
func Markdown(markdown string) Bundle { return MakeData(MIMETypeMarkdown, markdown) }

// Latex shows LaTeX within a line; dollar signs around it may be left out. Text with formulas
// between dollar signs stays as it is.
func Latex(latex string) Bundle { return inDollars(latex, "$") }

// Math shows LaTeX on a line of its own; dollar signs around it may be left out. Text with formulas
// between dollar signs stays as it is.
func Math(latex string) Bundle { return inDollars(latex, "$$") }

func inDollars(latex, sign string) Bundle {
	formula := strings.Trim(strings.TrimSpace(latex), "$")
	if strings.Contains(strings.ReplaceAll(formula, `\$`, ""), "$") || strings.Contains(formula, `\begin{equation`) || strings.Contains(formula, `\[`) {
		return MakeData3(MIMETypeLatex, latex, latex)
	}
	if trimmed := strings.TrimSpace(latex); strings.HasPrefix(trimmed, "$") != strings.HasSuffix(trimmed, "$") {
		return MakeData3(MIMETypeLatex, latex, latex)
	}
	return MakeData3(MIMETypeLatex, latex, sign+formula+sign)
}

// Image shows img as PNG.
func Image(img image.Image) Bundle {
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return Render(fmt.Errorf("showing %T: %w", img, err))
	}
	size := img.Bounds().Size()
	return Bundle{
		Data: MIMEMap{
			MIMETypePNG:  buf.Bytes(),
			MIMETypeText: fmt.Sprintf("%T %d×%d", img, size.X, size.Y),
		},
		Metadata: MIMEMap{MIMETypePNG: MIMEMap{"width": size.X, "height": size.Y}},
	}
}

// MIME shows data, content by MIME type, with metadata, which may be nil.
func MIME(data, metadata MIMEMap) Bundle { return Bundle{Data: data, Metadata: metadata} }

// MakeData shows content of the given MIME type; its text form is derived from the content.
func MakeData(mimeType string, data any) Bundle {
	return MakeData3(mimeType, describe(mimeType, data), data)
}

// MakeData3 shows content of the given MIME type, and plaintext where only text can be shown.
func MakeData3(mimeType, plaintext string, data any) Bundle {
	return Bundle{Data: MIMEMap{MIMETypeText: plaintext, mimeType: data}}
}

// describe says in text what content of a MIME type is.
func describe(mimeType string, content any) string {
	raw, binary := content.([]byte)
	if !binary || isTextType(mimeType) {
		if binary {
			return clip(string(raw), maxText)
		}
		return Text(content)
	}
	if cfg, format, err := image.DecodeConfig(bytes.NewReader(raw)); err == nil {
		return fmt.Sprintf("%s image %d×%d", strings.ToUpper(format), cfg.Width, cfg.Height)
	}
	return fmt.Sprintf("%s, %s bytes", mimeType, count(len(raw)))
}

// File shows the content of a file; an empty mimeType is found out from the content. It panics if
// the file cannot be read.
func File(mimeType, path string) Bundle {
	raw, err := os.ReadFile(path)
	if err != nil {
		panic(fmt.Errorf("showing a file: %w", err))
	}
	return Any(mimeType, raw)
}

// Auto shows data like Any, with the MIME type found out from the content.
func Auto(data any) Bundle { return Any("", data) }

// Any shows data as the given MIME type, which is found out from the content if it is empty.
// Content is a string, a []byte, an io.Reader or an io.WriterTo; any other value is shown as by
// Render. It panics if a reader fails.
func Any(mimeType string, data any) Bundle {
	if b, ok := renderMethods(data); ok {
		return b
	}
	var raw []byte
	var err error
	switch d := data.(type) {
	case image.Image:
		return Image(d)
	case string:
		if mimeType == "" {
			mimeType = MIMETypeText
		}
		return MakeData(mimeType, d)
	case []byte:
		raw = d
	case io.Reader:
		raw, err = io.ReadAll(d)
	case io.WriterTo:
		var buf bytes.Buffer
		_, err = d.WriteTo(&buf)
		raw = buf.Bytes()
	default:
		return Render(data)
	}
	if err != nil {
		panic(fmt.Errorf("showing %T: %w", data, err))
	}
	if mimeType == "" {
		mimeType = detectType(raw)
	}
	if isTextType(mimeType) {
		return MakeData(mimeType, string(raw))
	}
	return MakeData(mimeType, raw)
}

// detectType is http.DetectContentType without parameters, and knows SVG.
func detectType(raw []byte) string {
	mimeType, _, _ := strings.Cut(http.DetectContentType(raw), ";")
	if strings.HasPrefix(mimeType, "text/") && bytes.Contains(raw[:min(len(raw), 1024)], []byte("<svg")) {
		return MIMETypeSVG
	}
	return mimeType
}
