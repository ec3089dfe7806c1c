package canvas

import (
	"sync"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

// Sans returns the sans-serif face of the pictures.
func Sans(size vg.Length, bold bool) font.Face {
	w := xfont.WeightNormal
	if bold {
		w = xfont.WeightBold
	}
	return liberationFonts().Lookup(font.Font{Typeface: "Liberation", Variant: "Sans", Weight: w}, size)
}

var liberationFonts = sync.OnceValue(func() *font.Cache { return font.NewCache(liberation.Collection()) })

// A glyph is an outline in font units, y upwards, and the way to the next glyph.
type glyph struct {
	path    vg.Path
	advance int
	units   int // per em
}

type glyphKey struct {
	font *opentype.Font
	r    rune
}

var glyphs = struct {
	sync.Mutex
	m map[glyphKey]*glyph
}{m: map[glyphKey]*glyph{}}

// fallback is the sans-serif face of f's weight, from which glyphs come that f lacks.
func fallback(f font.Face) font.Face {
	return Sans(f.Font.Size, f.Font.Weight > xfont.WeightNormal)
}

// lookup returns the glyph of r, from the sans-serif face if f has none, else the one f shows for
// what it does not know.
func lookup(f font.Face, r rune) (glyphKey, *glyph) {
	key := glyphKey{f.Face, r}
	glyphs.Lock()
	defer glyphs.Unlock()
	if g := glyphs.m[key]; g != nil {
		return key, g
	}
	face := f.Face
	var buf sfnt.Buffer
	idx, err := face.GlyphIndex(&buf, r)
	if err != nil || idx == 0 {
		sans := fallback(f).Face
		if i, err := sans.GlyphIndex(&buf, r); err == nil && i != 0 {
			face, idx = sans, i
		}
	}
	g := loadGlyph(face, idx)
	glyphs.m[key] = g
	return key, g
}

func loadGlyph(f *opentype.Font, idx sfnt.GlyphIndex) *glyph {
	var buf sfnt.Buffer
	units := int(f.UnitsPerEm())
	ppem := fixed.Int26_6(units) // so that fixed-point values are font units
	g := &glyph{units: units}
	if adv, err := f.GlyphAdvance(&buf, idx, ppem, xfont.HintingNone); err == nil {
		g.advance = int(adv)
	}
	segments, err := f.LoadGlyph(&buf, idx, ppem, nil)
	if err != nil {
		return g
	}
	pt := func(p fixed.Point26_6) vg.Point { return vg.Point{X: vg.Length(p.X), Y: vg.Length(-p.Y)} }
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				g.path.Close()
			}
			g.path.Move(pt(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			g.path.Line(pt(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			g.path.QuadTo(pt(s.Args[0]), pt(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			g.path.CubeTo(pt(s.Args[0]), pt(s.Args[1]), pt(s.Args[2]))
		}
	}
	if len(g.path) > 0 {
		g.path.Close()
	}
	return g
}

// Width returns how wide text is; unlike font.Face.Width it knows that a glyph that f lacks comes
// from another font.
func Width(f font.Face, text string) vg.Length {
	var w vg.Length
	for _, r := range shape(f, text) {
		_, g := lookup(f, r)
		w += vg.Length(vg.Length(g.advance) / vg.Length(g.units) * f.Font.Size)
	}
	return w
}

// Outline returns text as one path whose baseline starts at pt.
func Outline(f font.Face, pt vg.Point, text string) vg.Path {
	var out vg.Path
	for _, r := range shape(f, text) {
		_, g := lookup(f, r)
		s := float64(f.Font.Size) / float64(g.units)
		out = append(out, transform(g.path, Affine{A: s, D: s, E: float64(pt.X), F: float64(pt.Y)})...)
		pt.X += vg.Length(float64(g.advance) * s)
	}
	return out
}

// transform returns p, which must be free of arcs, mapped by m.
func transform(p vg.Path, m Affine) vg.Path {
	out := make(vg.Path, len(p))
	for i, c := range p {
		out[i] = vg.PathComp{Type: c.Type, Pos: m.Apply(c.Pos)}
		for _, q := range c.Control {
			out[i].Control = append(out[i].Control, m.Apply(q))
		}
	}
	return out
}
