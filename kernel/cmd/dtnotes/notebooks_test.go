//go:build arm64 || loong64

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dtnotes/kernel/eval"
	"dtnotes/kernel/notebook"
)

// TestNotebooks executes the notebooks on another architecture than amd64, where the committed
// ones were made and .ci/run holds them to the same bytes. A processor that rounds a product and
// a sum together must show the same words, with numbers that are close and pictures that look
// alike. The session is in this process: an emulator does not start a program of another
// architecture.
func TestNotebooks(t *testing.T) {
	if testing.Short() {
		t.Skip("executing the notebooks takes a while")
	}
	files, err := filepath.Glob("../../../notebooks/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d notebooks, %v", len(files), err)
	}
	for _, file := range files {
		dir, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			committed, err := readNotebook(name)
			if err != nil {
				t.Fatal(err)
			}
			executed, err := readNotebook(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := eval.New(eval.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := executed.Execute(t.Context(), s, notebook.Options{}); err != nil {
				t.Fatal(err)
			}
			text, err := executed.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if executed, err = notebook.Parse(text); err != nil { // as the committed one was read
				t.Fatal(err)
			}
			for i, c := range committed.Cells {
				if why := differ(c.Outputs, executed.Cells[i].Outputs); why != "" {
					t.Errorf("cell %d: %s", i+1, why)
				}
			}
		})
	}
}

// differ says in what outputs differ that should look alike.
func differ(was, is []*notebook.Output) string {
	if len(was) != len(is) {
		return fmt.Sprintf("%d outputs, want %d", len(is), len(was))
	}
	for i := range was {
		if why := near(was[i].Text, is[i].Text); why != "" {
			return why
		}
		for mime, content := range was[i].Bundle.Data {
			var why string
			switch a, b := content, is[i].Bundle.Data[mime]; mime {
			case "image/png":
				why = alike(a, b)
			case "image/svg+xml":
				// A path of the hand-drawn style may have a point more or less; the raster shows
				// whether it matters.
			default:
				why = near(fmt.Sprint(a), fmt.Sprint(b))
			}
			if why != "" {
				return mime + ": " + why
			}
		}
	}
	return ""
}

var number = regexp.MustCompile(`[-+]?\d+(\.\d+)?([eE][-+]?\d+)?`)

// near compares texts: the numbers in them may differ by a unit of the last digit printed, or by
// 10⁻⁹ of their size.
func near(a, b string) string {
	if x, y := number.ReplaceAllString(a, "#"), number.ReplaceAllString(b, "#"); x != y {
		return fmt.Sprintf("%.200q, want %.200q", y, x)
	}
	p, q := number.FindAllString(a, -1), number.FindAllString(b, -1)
	for i := range p {
		x, _ := strconv.ParseFloat(p[i], 64)
		y, _ := strconv.ParseFloat(q[i], 64)
		unit := 0.0
		if _, fraction, ok := strings.Cut(p[i], "."); ok && !strings.ContainsAny(fraction, "eE") {
			unit = math.Pow10(-len(fraction)) * 1.001
		}
		if math.Abs(x-y) > max(unit, 1e-9*math.Abs(x)) {
			return fmt.Sprintf("%s, want %s", q[i], p[i])
		}
	}
	return ""
}

// alike compares pictures: of their pixels, one in a hundred may have another color.
func alike(was, is any) string {
	var decoded [2]image.Image
	for i, v := range []any{was, is} {
		raw, ok := v.([]byte)
		if !ok {
			return fmt.Sprintf("a picture is %T", v)
		}
		var err error
		if decoded[i], err = png.Decode(bytes.NewReader(raw)); err != nil {
			return err.Error()
		}
	}
	r := decoded[0].Bounds()
	if r != decoded[1].Bounds() {
		return fmt.Sprintf("%v, want %v", decoded[1].Bounds(), r)
	}
	other := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if decoded[0].At(x, y) != decoded[1].At(x, y) {
				other++
			}
		}
	}
	if share := float64(other) / float64(r.Dx()*r.Dy()); share > 0.01 {
		return fmt.Sprintf("%.1f %% of the pixels differ", 100*share)
	}
	return ""
}
