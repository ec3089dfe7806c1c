package xkcd

import (
	_ "embed"
	"fmt"
	"sync"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// Typeface names the handwritten letters.
const Typeface font.Typeface = "Comic Neue"

var (
	//go:embed ComicNeue-Regular.otf
	regular []byte
	//go:embed ComicNeue-Bold.otf
	bold []byte
)

// fonts holds gonum/plot's own fonts beside ours, so that text in any of them can be measured.
var fonts = sync.OnceValue(func() *font.Cache {
	cache := font.NewCache(liberation.Collection())
	cache.Add(font.Collection{
		{Font: font.Font{Typeface: Typeface}, Face: parse("regular", regular)},
		{Font: font.Font{Typeface: Typeface, Weight: xfont.WeightBold}, Face: parse("bold", bold)},
	})
	return cache
})

func parse(name string, data []byte) *opentype.Font {
	f, err := opentype.Parse(data)
	if err != nil {
		panic(fmt.Sprintf("xkcd: the embedded %s font does not parse: %v", name, err))
	}
	return f
}

// Face returns the handwritten letters at a size.
func Face(size vg.Length, bold bool) font.Face {
	f := font.Font{Typeface: Typeface}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return fonts().Lookup(f, size)
}

// TextHandler returns a handler of plain text that knows the handwritten letters beside
// gonum/plot's own fonts.
func TextHandler() text.Handler { return text.Plain{Fonts: fonts()} }
