package canvas

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestPNGHoldsThePixels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, size := range []image.Point{{1, 1}, {3, 1}, {1, 2}, {17, 33}, {400, 301}} {
		img := image.NewRGBA(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = uint8(rng.Uint32())
			if i%4 == 3 {
				img.Pix[i] = 255
			}
		}
		got, err := png.Decode(bytes.NewReader(encodePNG(img)))
		if err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		for y := range size.Y {
			for x := range size.X {
				if color.RGBAModel.Convert(got.At(x, y)) != img.At(x, y) {
					t.Fatalf("%v: pixel %d,%d is %v, want %v", size, x, y, got.At(x, y), img.At(x, y))
				}
			}
		}
	}
}

// TestPNGOfFewColors has flat areas stay as they are, and every pixel within what no eye tells
// apart.
func TestPNGOfFewColors(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	img := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 400 {
			c := color.RGBA{uint8(x / 40 * 25), uint8(y / 60 * 50), 40, 255} // 50 flat colors
			if x%40 == 0 || y%60 == 0 {                                      // edges, of any shade
				c = color.RGBA{uint8(rng.IntN(60)), uint8(rng.IntN(60)), 200, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	encoded := encodePNG(img)
	got, err := png.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got.(*image.Paletted); !ok {
		t.Fatalf("a chart is encoded as %T", got)
	}
	for y := range 300 {
		for x := range 400 {
			want, is := img.RGBAAt(x, y), color.RGBAModel.Convert(got.At(x, y)).(color.RGBA)
			edge := x%40 == 0 || y%60 == 0
			if !edge && is != want || !near(int(is.R)-int(want.R), 20) || !near(int(is.G)-int(want.G), 20) || is.B != want.B {
				t.Fatalf("pixel %d,%d is %v, want %v", x, y, is, want)
			}
		}
	}
}

func TestAffine(t *testing.T) {
	m := Identity.Translate(vg.Point{X: 3, Y: 4}).Rotate(0.7).Scale(2, -3)
	back, ok := m.Inverse()
	if !ok {
		t.Fatal("no inverse")
	}
	p := vg.Point{X: 5, Y: -6}
	if q := back.Apply(m.Apply(p)); math.Hypot(float64(p.X-q.X), float64(p.Y-q.Y)) > 1e-9 {
		t.Errorf("there and back leads from %v to %v", p, q)
	}
	if k := m.Magnification(); math.Abs(k-math.Sqrt(6)) > 1e-9 {
		t.Errorf("magnification %v, want √6", k)
	}
	if _, ok := Identity.Scale(0, 1).Inverse(); ok {
		t.Error("a map onto a line has an inverse")
	}
}

func TestPathDataRoundingDoesNotAddUp(t *testing.T) {
	var p vg.Path
	p.Move(vg.Point{})
	for i := 1; i <= 1000; i++ {
		p.Line(vg.Point{X: vg.Length(i) * 0.0149, Y: vg.Length(i % 2)})
	}
	var x, y float64
	// Commands of such a path: M x y, then l dx dy, v dy; read them back.
	data := pathData(p, Identity, 2)
	d := strings.NewReplacer("M", " M ", "l", " l ", "v", " v ", "h", " h ", "-", " -").Replace(data)
	fields := strings.Fields(d)
	num := func(s string) float64 {
		v, sign := 0.0, 1.0
		if strings.HasPrefix(s, "-") {
			s, sign = s[1:], -1
		}
		whole, frac, _ := strings.Cut(s, ".")
		for _, c := range whole {
			v = v*10 + float64(c-'0')
		}
		for i, c := range frac {
			v += float64(c-'0') / math.Pow10(i+1)
		}
		return sign * v
	}
	op := ""
	for i := 0; i < len(fields); i++ {
		switch f := fields[i]; f {
		case "M", "l", "v", "h":
			op = f
		default:
			switch op {
			case "M", "l":
				x, y = x+num(f), y+num(fields[i+1])
				i++
			case "v":
				y += num(f)
			case "h":
				x += num(f)
			}
		}
	}
	if math.Abs(x-14.9) > 0.006 || math.Abs(y) > 0.006 {
		t.Errorf("the path ends at %v,%v, want 14.9,0", x, y)
	}
}

func TestShortNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", -0.5: "-.5", 12.345: "12.35", 0.001: "0", 0.05: ".05", -3: "-3", math.NaN(): "0"} {
		if got := short(v, 2); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func TestDocumentIsXMLWithIdentifiersOfItsOwn(t *testing.T) {
	document := func(text string) string {
		c := NewSVG(100, 50, color.White)
		c.Begin("a <tooltip> & \xff\x01", "data-name", `"quoted"`)
		c.FillStringCased(Sans(10, false), vg.Point{X: 5, Y: 5}, text, color.White, 2)
		c.StrokeCased(vg.Rectangle{Max: vg.Point{X: 9, Y: 9}}.Path(), color.White, 3)
		c.End()
		c.Script = "if (1 < 2 && ']]>') {}"
		return c.Document("title <&>", "description")
	}
	a, b := document("letters"), document("other letters")
	for _, doc := range []string{a, b} {
		d := xml.NewDecoder(strings.NewReader(doc))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in\n%s", err, doc)
			}
		}
	}
	if a != document("letters") {
		t.Error("the same calls gave another document")
	}
	for part := range strings.SplitSeq(a, ` id="`) {
		if id, _, ok := strings.Cut(part, `"`); ok && !strings.HasPrefix(part, "<svg") && strings.Contains(b, ` id="`+id+`"`) {
			t.Errorf("both documents define %s", id)
		}
	}
}

func TestLettersThatAFontLacksComeFromAnother(t *testing.T) {
	f := Sans(10, false)
	if w := Width(f, "ab"); math.Abs(float64(w-Width(f, "a")-Width(f, "b"))) > 1e-9 || w <= 0 {
		t.Errorf("width %v", w)
	}
	if len(Outline(f, vg.Point{}, " ")) != 0 || len(Outline(f, vg.Point{}, "a")) == 0 {
		t.Error("a blank has ink or a letter has none")
	}
}
