package figure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dtnotes/analysis/internal/canvas"
	"dtnotes/analysis/xkcd"
	"dtnotes/dtracefs"
)

// A drawer is a figure as the rest of the package sees it.
type drawer interface {
	look() Style
	kind() string // what it is, for those who do not see it: "dependency graph"
	check() error // why it cannot be drawn
	words() string
	// plan returns the size of the picture and what draws it.
	plan() (w, h length, draw func(*page))
}

// sheet returns the size of d's picture and a function that draws it: the figure, or the reason why
// there is none.
func sheet(d drawer) (w, h length, draw func(*page)) {
	if err := problem(d); err != nil {
		return problemSheet(d, err)
	}
	return d.plan()
}

// mostSize is the largest width and height of a picture in points: 200 inches.
const mostSize = 14400

// problem returns the reason why d cannot be drawn, or nil if it can.
func problem(d drawer) error {
	s := d.look()
	for _, v := range []length{s.Width, s.Height} {
		if !finite(float64(v)) || v > mostSize {
			return fmt.Errorf("the picture is to be %v by %v points", s.Width, s.Height)
		}
	}
	return d.check()
}

// problemSheet is a picture that says why there is no other.
func problemSheet(d drawer, why error) (w, h length, draw func(*page)) {
	s := d.look()
	w, h = s.Width, s.Height
	if !(w > 0 && w <= mostSize) {
		w = 420
	}
	if !(h > 0 && h <= mostSize) {
		h = 100
	}
	return w, h, func(p *page) {
		p.path(rect(6, 6, w-6, h-6).Path(), stroke{color: p.neutral, width: 1, dash: []length{4, 3}})
		lines := p.wrap("No "+d.kind()+": "+visible(why.Error()), labelSize, w-40)
		y := h/2 + length(length(len(lines)-1)/2*p.lineHeight(labelSize))
		for _, l := range lines {
			p.write(point{X: w / 2, Y: y}, label{text: l, align: center})
			y -= p.lineHeight(labelSize)
		}
	}
}

// wrap breaks text into lines no wider than room, between words where that is possible.
func (p pen) wrap(s string, size, room length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if next := strings.TrimSpace(line + " " + word); p.width(next, size, false) <= room || line == "" {
			line = next
			continue
		}
		lines = append(lines, line)
		line = word
	}
	lines = append(lines, line)
	for i := 0; i < len(lines); i++ {
		r := []rune(lines[i])
		n := len(r)
		for n > 1 && p.width(string(r[:n]), size, false) > room {
			n--
		}
		if n < len(r) {
			lines[i] = string(r[:n])
			lines = slices.Insert(lines, i+1, string(r[n:]))
		}
	}
	return lines
}

// paint draws a sheet onto a surface of its size, over the theme's paper.
func paint(c canvas.Surface, s Style, draw func(*page)) {
	theme := s.colors()
	if s.XKCD {
		c = xkcd.Wrap(c, xkcd.Options{Seed: uint32(s.Seed), Paper: theme.paper})
	}
	draw(&page{Surface: c, colors: theme, pen: pen{s.XKCD}})
}

// toSVG draws a figure as a document, with its words for those who do not see it. It never fails:
// what cannot be drawn says so in the picture, since a notebook shows whatever it is given.
func toSVG(d drawer) string {
	w, h, draw := sheet(d)
	c := canvas.NewSVG(w, h, d.look().colors().paper)
	paint(c, d.look(), draw)
	title := d.look().Title
	if title == "" {
		title = d.kind()
	}
	return c.Document(title, text(d))
}

func toPNG(d drawer) []byte {
	w, h, draw := sheet(d)
	c := canvas.NewPNG(w, h, d.look().colors().paper)
	paint(c, d.look(), draw)
	return c.Bytes()
}

// text is d in words, or the reason why there is no figure.
func text(d drawer) string {
	if err := problem(d); err != nil {
		return "no " + d.kind() + ": " + err.Error()
	}
	return dtracefs.PrintableLines(d.words())
}

// save writes a figure to a file. Unlike showing it, saving one that cannot be drawn is an error,
// since whoever opens the file later could do nothing about it.
func save(d drawer, path string) error {
	if err := problem(d); err != nil {
		return fmt.Errorf("saving %s to %s: %w", d.kind(), path, err)
	}
	var data []byte
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".svg":
		data = []byte(toSVG(d))
	case ".png":
		data = toPNG(d)
	default:
		return fmt.Errorf("saving %s to %s: extension %q is neither .svg nor .png", d.kind(), path, ext)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("saving %s: %w", d.kind(), err)
	}
	return nil
}
