package figure

import (
	"image/color"
	"math"
	"testing"
)

// visions are how colors on linear light are seen: as most do, and without the cones for long or
// for medium waves (Machado, Oliveira and Fernandes 2009, severity 1).
var visions = map[string][3][3]float64{
	"all":          {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{.152286, 1.052583, -.204868}, {.114503, .786281, .099216}, {-.003882, -.048116, 1.051998}},
	"deuteranopia": {{.367322, .860646, -.227968}, {.280085, .672501, .047413}, {-.011820, .042940, .968881}},
}

func linear(c color.NRGBA) (out [3]float64) {
	for i, v := range [3]uint8{c.R, c.G, c.B} {
		if x := float64(v) / 255; x <= 0.04045 {
			out[i] = x / 12.92
		} else {
			out[i] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return out
}

func times(m [3][3]float64, v [3]float64) (out [3]float64) {
	for i := range m {
		for k := range v {
			out[i] += float64(m[i][k] * v[k])
		}
		out[i] = max(0, min(1, out[i]))
	}
	return out
}

// lab is a color of linear light in CIE 1976 L*a*b*, where equal distances look about equal.
func lab(rgb [3]float64) [3]float64 {
	// White has 1, 1, 1.
	xyz := times([3][3]float64{{.4339, .3762, .1898}, {.2126, .7152, .0722}, {.0177, .1095, .8728}}, rgb)
	for i, t := range xyz {
		if xyz[i] = math.Cbrt(t); t < 216./24389 {
			xyz[i] = (24389./27*t + 16) / 116
		}
	}
	return [3]float64{116*xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])}
}

// TestThemesCanBeRead holds that text stands out from the paper of every theme (4.5 is what WCAG 2
// asks for), and that the first eight categories differ for everybody's eyes, unless the theme
// shows them by dashes and numbers. A distance of 2 or 3 is just seen where colors touch.
func TestThemesCanBeRead(t *testing.T) {
	bright := func(c color.NRGBA) float64 {
		rgb := linear(c)
		return float64(.2126*rgb[0]) + float64(.7152*rgb[1]) + float64(.0722*rgb[2])
	}
	for _, theme := range Themes() {
		c := themes[theme]
		for name, text := range map[string]color.NRGBA{"ink": c.ink, "muted": c.muted} {
			dark, light := bright(text), bright(c.paper)
			if contrast := (max(dark, light) + 0.05) / (min(dark, light) + 0.05); contrast < 4.5 {
				t.Errorf("%s: %s has a contrast of %.1f to the paper", theme, name, contrast)
			}
		}
		for vision, m := range visions {
			for i := range 8 {
				for k := range i {
					a, b := lab(times(m, linear(c.category[i]))), lab(times(m, linear(c.category[k])))
					if d := math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2]); d < 13 && !c.mono {
						t.Errorf("%s: with %s, categories %d and %d are only %.1f apart", theme, vision, k, i, d)
					}
				}
			}
		}
	}
}
