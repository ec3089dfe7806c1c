package figure

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
)

// Style is how a figure looks. The zero value is light, clean, and as wide as a notebook's output.
type Style struct {
	Title    string
	Subtitle string
	// Width and Height are those of the picture; 0 lets the figure choose what suits its content.
	Width, Height vg.Length
	Theme         Theme
	// XKCD draws by hand.
	XKCD bool
	// Seed varies what is arbitrary: the start of a layout, the wobble of the hand.
	Seed uint64
}

// Theme is a set of colors. All are safe for the color-blind: categories follow Okabe and Ito
// (2008) and Tol (2021), and no scale runs from red to green. A theme without colors tells apart by
// dashes, numbers and marks what the others tell apart by hue.
type Theme int

// These are the themes.
const (
	Light Theme = iota
	Dark
	Gray // for print without color

	numThemes
)

// Themes returns all themes.
func Themes() []Theme {
	all := make([]Theme, numThemes)
	for i := range all {
		all[i] = Theme(i)
	}
	return all
}

// String returns the theme's name.
func (t Theme) String() string {
	if t < 0 || t >= numThemes {
		return fmt.Sprintf("Theme(%d)", int(t))
	}
	return themes[t].name
}

// MarshalText returns the theme's name.
func (t Theme) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes the name of a theme.
func (t *Theme) UnmarshalText(name []byte) error {
	var names []string
	for _, theme := range Themes() {
		if theme.String() == string(name) {
			*t = theme
			return nil
		}
		names = append(names, theme.String())
	}
	return fmt.Errorf("there is no theme %q, but %s", name, strings.Join(names, ", "))
}

// colors are what a theme draws with.
type colors struct {
	name string
	// mono is true of shades of one color: dashes, numbers and marks show what hue does elsewhere.
	mono bool
	// paper is the ground, ink what is read first, muted what is read second, such as the numbers
	// of an axis, faint its lines and other help, and neutral the fill of what has no category.
	paper, ink, muted, faint, neutral color.NRGBA
	category                          []color.NRGBA // sources, clusters, modules
	hull                              []color.NRGBA // grounds that lines and text are read on
	// cool and warm are scales from little to much of what is below and above zero, and heat is one
	// from next to nothing.
	cool, warm, heat []color.NRGBA
	shade            color.NRGBA // of intervals
}

func hex(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

func hexes(vs ...uint32) []color.NRGBA {
	out := make([]color.NRGBA, len(vs))
	for i, v := range vs {
		out[i] = hex(v)
	}
	return out
}

// These are the colors of the themes. In each, cool and warm go from faint to strong against the
// paper, and hull colors are so near to the paper that lines and text can be read on them.
var themes = [numThemes]*colors{
	Light: {
		name:  "light",
		paper: hex(0xffffff), ink: hex(0x1f2328), muted: hex(0x59636e), faint: hex(0xe3e6ea), neutral: hex(0xb8bec6),
		category: hexes(0x0072b2, 0xe69f00, 0x009e73, 0xd55e00, 0x56b4e9, 0xcc79a7, 0x882255, 0x999933,
			0x332288, 0xf0e442, 0x661100, 0x6699cc),
		hull:  hexes(0xdce8f7, 0xf3f0cf, 0xdff0d8, 0xfbe0e0, 0xd8f1f5, 0xe9e1f4),
		cool:  hexes(0xc3d3e3, 0x7fa6cb, 0x3573ac, 0x08306b),
		warm:  hexes(0xf3cdb0, 0xe79a63, 0xc9561d, 0x7f2704),
		heat:  hexes(0xfdead6, 0xfdbe85, 0xf16913, 0xa63603, 0x4a1486),
		shade: color.NRGBA{0xe6, 0x9f, 0x00, 0x1e},
	},
	Dark: {
		name:  "dark",
		paper: hex(0x14171c), ink: hex(0xe8eaed), muted: hex(0xa3abb5), faint: hex(0x2c323a), neutral: hex(0x69717c),
		category: hexes(0x56b4e9, 0xe69f00, 0x2cc295, 0xf0764d, 0x8f6ff5, 0xe58fc0, 0xf0e442, 0x8fd3ff,
			0xc9c46a, 0x7fd1c7, 0xd9a08b, 0x9fb3d9),
		hull:  hexes(0x1f2c47, 0x3a381c, 0x1c3a26, 0x472626, 0x17393d, 0x352845),
		cool:  hexes(0x2f4a66, 0x3f78ad, 0x6fb1e8, 0xd6ecff),
		warm:  hexes(0x5c3a22, 0xa7602c, 0xf09a5a, 0xffe0c7),
		heat:  hexes(0x2d2340, 0x6a2a63, 0xb8405e, 0xf0764d, 0xfff1b8),
		shade: color.NRGBA{0xe6, 0x9f, 0x00, 0x28},
	},
	Gray: {
		name: "gray", mono: true,
		paper: hex(0xffffff), ink: hex(0x000000), muted: hex(0x4d4d4d), faint: hex(0xe0e0e0), neutral: hex(0xf2f2f2),
		category: hexes(0x4d4d4d, 0xbdbdbd, 0x7a7a7a, 0xdedede, 0x2b2b2b, 0x999999, 0xcecece, 0x606060,
			0xaaaaaa, 0x3c3c3c, 0x8a8a8a, 0xe8e8e8),
		hull:  hexes(0xefefef, 0xd6d6d6, 0xe3e3e3, 0xc9c9c9),
		cool:  hexes(0xd0d0d0, 0x9a9a9a, 0x5a5a5a, 0x000000),
		warm:  hexes(0xd0d0d0, 0x9a9a9a, 0x5a5a5a, 0x000000),
		heat:  hexes(0xe6e6e6, 0xb0b0b0, 0x707070, 0x383838, 0x000000),
		shade: color.NRGBA{0, 0, 0, 0x12},
	},
}

// colors returns what the theme draws with, and what Light draws with where there is no such theme.
func (s Style) colors() *colors {
	if s.Theme < 0 || s.Theme >= numThemes {
		return themes[Light]
	}
	return themes[s.Theme]
}

// ramp returns the color of a scale at t in [0, 1], mixed from the two nearest. NaN takes the
// first.
func ramp(scale []color.NRGBA, t float64) color.NRGBA {
	if !(t > 0) {
		return scale[0]
	}
	if t >= 1 {
		return scale[len(scale)-1]
	}
	x := float64(t * float64(len(scale)-1))
	i := int(x)
	return mix(scale[i], scale[i+1], x-float64(i))
}

func mix(a, b color.NRGBA, t float64) color.NRGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x) + float64((float64(y)-float64(x))*t) + 0.5) }
	return color.NRGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), m(a.A, b.A)}
}

func withAlpha(c color.NRGBA, a float64) color.NRGBA {
	c.A = uint8(float64(float64(c.A)*a) + 0.5)
	return c
}

// luminance is that of a color on screen, 0 to 1 (Rec. 709 on linear light).
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		return x * x * (float64(0.3*x) + 0.7) // close to the sRGB curve
	}
	return float64(0.2126*lin(c.R)) + float64(0.7152*lin(c.G)) + float64(0.0722*lin(c.B))
}

// readableOn returns ink that can be read on the given background: dark ink on what is lighter than
// about a middle gray.
func readableOn(bg color.NRGBA) color.NRGBA {
	if luminance(bg) > 0.3 {
		return hex(0x111111)
	}
	return hex(0xffffff)
}
