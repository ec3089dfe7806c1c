package canvas

import (
	"cmp"
	"image"
	"slices"
)

// A palette is up to 256 colors that stand for all of an image. A chart has few colors and, where
// its lines are smoothed against what is behind, shades between them, of which more are told
// apart by a computer than by an eye.
type palette struct {
	rgb   []byte
	index map[uint32]uint8 // color to its place in rgb
}

// shadeSteps are how far, in each of red, green and blue, a rare color may lie from the one that
// stands for it; the smallest that does is taken.
var shadeSteps = []int{0, 3, 6, 10, 14, 20}

const (
	paletteSize = 256
	rarePixels  = 128     // a color of fewer is the edge of something; one of more stays as it is
	maxShades   = 1 << 15 // an image with more is no chart
)

// paletteOf returns a palette that shows an image as it is, to the eye; nil if there is none.
func paletteOf(img *image.RGBA) *palette {
	counts := map[uint32]int{}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		pix := img.Pix[y*img.Stride:][:4*w]
		// Neighbors are mostly of one color: the map is asked once for each run of pixels.
		last, run := uint32(0), 0
		for x := 0; x < len(pix); x += 4 {
			c := uint32(pix[x])<<16 | uint32(pix[x+1])<<8 | uint32(pix[x+2])
			if c != last {
				if run > 0 {
					counts[last] += run
				}
				last, run = c, 0
			}
			run++
		}
		if run > 0 {
			counts[last] += run
		}
		if len(counts) > maxShades {
			return nil
		}
	}
	colors := make([]uint32, 0, len(counts))
	for c := range counts {
		colors = append(colors, c)
	}
	// The most frequent first, and of as frequent ones in a fixed order: the same picture gives
	// the same bytes.
	slices.SortFunc(colors, func(a, b uint32) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	for _, step := range shadeSteps {
		if p := choose(colors, counts, step); p != nil {
			return p
		}
	}
	return nil
}

// choose takes the frequent colors, and of the rare ones, by frequency, those that lie further
// than a step from all before; nil if they are too many.
func choose(colors []uint32, counts map[uint32]int, step int) *palette {
	p := &palette{index: make(map[uint32]uint8, len(colors))}
	if step == 0 && len(colors) > paletteSize {
		return nil
	}
	for _, c := range colors {
		r, g, b := int(c>>16), int(c>>8&255), int(c&255)
		at := -1
		for i := 0; counts[c] < rarePixels && i < len(p.rgb); i += 3 {
			if near(r-int(p.rgb[i]), step) && near(g-int(p.rgb[i+1]), step) && near(b-int(p.rgb[i+2]), step) {
				at = i / 3
				break
			}
		}
		if at < 0 {
			if at = len(p.rgb) / 3; at == paletteSize {
				return nil
			}
			p.rgb = append(p.rgb, byte(r), byte(g), byte(b))
		}
		p.index[c] = uint8(at)
	}
	return p
}

func near(d, step int) bool { return d <= step && -d <= step }

// row writes the places of the colors of some pixels.
func (p *palette) row(pix, to []byte) {
	// A color that no pixel has.
	last, place := uint32(1<<24), uint8(0)
	for i := range to {
		c := uint32(pix[4*i])<<16 | uint32(pix[4*i+1])<<8 | uint32(pix[4*i+2])
		if c != last {
			last, place = c, p.index[c]
		}
		to[i] = place
	}
}
