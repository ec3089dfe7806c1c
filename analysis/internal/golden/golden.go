// Package golden holds the reference numbers that the tests of the numerics are held against, and
// the samples they were computed from: by scikit-learn 1.2.1, scipy 1.10, statsmodels 0.13 and
// matplotlib 3.6, compressed, without what no test reads. Those of what explores a series are
// computed by explore.py, which needs later versions of these and cvxpy.
package golden

import (
	"embed"
	"encoding/csv"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"gonum.org/v1/gonum/mat"
)

//go:embed testdata/*.zst
var files embed.FS

// Sets are the samples with reference numbers of every kind.
var Sets = []string{"syn12", "counts24", "counts24_log1p", "syn60"}

// Text returns a file of reference numbers or a sample.
func Text(t testing.TB, name string) string {
	t.Helper()
	compressed, err := files.ReadFile("testdata/" + name + ".zst")
	if err != nil {
		t.Fatal(err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := d.DecodeAll(compressed, nil)
	if err != nil {
		t.Fatal(name, err)
	}
	return string(text)
}

// Read decodes a JSON file of reference numbers into v.
func Read(t testing.TB, name string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(Text(t, name)), v); err != nil {
		t.Fatal(name, err)
	}
}

// Scaled returns the observations of a set, a row each, transformed and each column divided by its
// deviation, as the reference numbers were computed.
func Scaled(t testing.TB, set string) *mat.Dense {
	t.Helper()
	var scale struct {
		Transform string
		Std       []float64
	}
	Read(t, set+".scale.json", &scale)
	rows, err := csv.NewReader(strings.NewReader(Text(t, strings.TrimSuffix(set, "_log1p")+".csv"))).ReadAll()
	if err != nil {
		t.Fatal(set, err)
	}
	x := mat.NewDense(len(rows)-1, len(scale.Std), nil)
	for i, row := range rows[1:] {
		for j, cell := range row[1:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				t.Fatal(set, err)
			}
			if scale.Transform == "log1p" {
				v = math.Log1p(v)
			}
			x.Set(i, j, v/scale.Std[j])
		}
	}
	return x
}

// Matrix makes a matrix of rows as JSON has them.
func Matrix(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}
