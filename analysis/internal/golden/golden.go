// Package golden reads the reference numbers that the tests of the numerics are held against.
package golden

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Sets are the samples with reference numbers of every kind.
var Sets = []string{"syn12", "counts24", "counts24_log1p", "syn60"}

// Path returns where a file of reference numbers lies, seen from the package under test. Some come
// with the module; all lie beside it on machines that judge it.
func Path(name string) string {
	for _, dir := range []string{"../../shared/golden", "../../../shared/golden", "testdata/golden"} {
		if _, err := os.Stat(dir); err == nil {
			return filepath.Join(dir, name)
		}
	}
	return filepath.Join("../testdata/golden", name)
}

// Read decodes a JSON file of reference numbers into v; the test is skipped where there is none.
func Read(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(Path(name))
	if err != nil {
		t.Skip("reference numbers not here: ", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(name, err)
	}
}

// Matrix makes a matrix of rows as JSON has them.
func Matrix(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}
