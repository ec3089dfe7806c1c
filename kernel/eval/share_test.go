package eval

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dtnotes/kernel/cell"
)

// TestShareCompiled counts how many of the functions and top levels of sessions and notebooks
// package native takes, and tells why it does not take the others. Those of a program that it does
// not take as a whole are left to the interpreter, all of them.
func TestShareCompiled(t *testing.T) {
	if raceMode != 0 {
		t.Skip("where races are looked for, the interpreter executes everything")
	}
	t.Setenv(nativeVariable, "portable")
	var files []string
	for _, p := range []string{"testdata/sessions/*.txt", "../../notebooks/*.ipynb"} {
		list, _ := filepath.Glob(p)
		for _, f := range list {
			abs, err := filepath.Abs(f)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, abs)
		}
	}
	var all, taken int
	why := map[string]int{}
	for _, f := range files {
		s := newSession(t)
		allBefore, takenBefore := all, taken
		if filepath.Ext(f) == ".ipynb" {
			t.Chdir(filepath.Dir(f))
		}
		for _, code := range cellsOf(t, f) {
			tier := s.engine.builder.native
			tier.told = nil
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			s.Eval(ctx, cell.Cell{Code: code, Out: &cellOutput{}})
			cancel()
			for _, line := range tier.told {
				all++
				if reason, ok := strings.CutPrefix(line, "interpreted\t"); ok {
					_, reason, _ = strings.Cut(reason, ": ")
					why[reason]++
				} else {
					taken++
				}
			}
		}
		t.Logf("%s: %d of %d", filepath.Base(f), taken-takenBefore, all-allBefore)
	}
	reasons := make([]string, 0, len(why))
	for r := range why {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b string) int { return why[b] - why[a] })
	for _, r := range reasons {
		t.Logf("%4d %s", why[r], r)
	}
	t.Logf("%.1f %% of %d", 100*float64(taken)/float64(all), all)
	if taken*100 < all*95 {
		t.Error("fewer than 95 % are compiled")
	}
}

func cellsOf(t *testing.T, file string) (out []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) == ".ipynb" {
		var nb struct {
			Cells []struct {
				Kind   string   `json:"cell_type"`
				Source []string `json:"source"`
			} `json:"cells"`
		}
		if err := json.Unmarshal(text, &nb); err != nil {
			t.Fatal(err)
		}
		for _, c := range nb.Cells {
			if c.Kind == "code" {
				out = append(out, strings.Join(c.Source, ""))
			}
		}
		return out
	}
	for _, block := range strings.Split(string(text), "\n---\n") {
		var code strings.Builder
		for line := range strings.Lines(block) {
			if !strings.HasPrefix(line, "=> ") {
				code.WriteString(line)
			}
		}
		out = append(out, code.String())
	}
	return out
}
