package analysis

import (
	"context"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"

	"gonum.org/v1/gonum/mat"
)

// hostileNames are what a process may call itself.
var hostileNames = []string{"", "a\x1b]0;x\x07", "\u202eevil\u2066", "\xff\xfe", `a"b'c\d,<e>&`, strings.Repeat("very-long-", 400), "two\nlines\t", "אבג 12", "constructor", "–", "\x00"}

// TestHostileNamesInWhatExplores holds for windows, spectra, factors and the rules of links that no
// name of a source reaches a terminal as more than text, breaks a line or a document, or goes
// unseen.
func TestHostileNamesInWhatExplores(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(3, 3))
	const n = 160
	x := mat.NewDense(n, len(hostileNames), nil)
	for i := range n {
		for j := range hostileNames {
			v := float64(rng.IntN(30))
			if j%2 == 1 && (i < n/2 || j%4 == 1) {
				v = x.At(i, j-1) + float64(rng.IntN(6))
			}
			x.Set(i, j, v)
		}
	}
	s, err := NewSeries(hostileNames, 1.7e9, time.Second, x)
	if err != nil {
		t.Fatal(err)
	}
	s.Units = "calls"
	type shown struct {
		text string
		svg  string
		png  []byte
		vega []byte
	}
	all := map[string]shown{}
	w, err := s.Slide(ctx, 40, 40, Options{})
	if err != nil {
		t.Fatal(err)
	}
	all["windows"] = shown{text: w.String() + w.Figure().String(), svg: w.Figure().SVG(), png: w.Figure().PNG()}
	if len(w.Links) == 0 {
		t.Fatal("no window has a link")
	}
	f, err := s.Factors(ctx, 4, FactorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all["factors"] = shown{text: f.String() + f.Figure().String(), svg: f.Figure().SVG(), png: f.Figure().PNG(), vega: f.Figure().Vega()}
	for k := range hostileNames {
		sp, err := s.Spectrum(hostileNames[k], hostileNames[(k+1)%len(hostileNames)], SpectrumOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all["spectrum "+hostileNames[k]] = shown{text: sp.String() + sp.Figure().String(), svg: sp.Figure().SVG(), png: sp.Figure().PNG(), vega: sp.Figure().Vega()}
	}
	for _, rule := range LinkRules {
		m, err := Learn(ctx, s, Options{Links: rule})
		if err != nil {
			t.Fatal(err)
		}
		all["links "+string(rule)] = shown{text: m.String() + m.Graph().String(), svg: m.Graph().SVG(), png: m.Graph().PNG(), vega: m.Graph().Vega()}
	}
	for what, v := range all {
		for _, r := range v.text + v.svg {
			if r != '\n' && !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
				t.Errorf("%q: %q reaches who reads", what, r)
			}
		}
		for line := range strings.Lines(v.text) {
			if strings.HasPrefix(line, "lines") {
				t.Errorf("%q: a name begins a line: %q", what, line)
			}
		}
		for d := xml.NewDecoder(strings.NewReader(v.svg)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%q: %v", what, err)
				break
			}
		}
		if len(v.png) == 0 {
			t.Errorf("%q has no picture", what)
		}
	}
	for what, v := range map[string]string{"windows": all["windows"].text, "factors": all["factors"].text, "spectrum": all["spectrum "].text} {
		if !strings.Contains(v, `""`) {
			t.Errorf("%s: the empty name is not seen:\n%s", what, v)
		}
	}
}
