package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCapture(t *testing.T) {
	matrix := filepath.Join(t.TempDir(), "matrix.csv")
	var out, said bytes.Buffer
	if err := run([]string{"-form", "pairs", "-size", "2KB", "-seed", "4", "-matrix", matrix}, &out, &said); err != nil {
		t.Fatal(err)
	}
	if out.Len() < 2000 || out.Len() > 4000 || !strings.HasPrefix(out.String(), "1700000001\n") {
		t.Errorf("%d bytes:\n%s", out.Len(), out.String())
	}
	if !strings.Contains(said.String(), " bytes, ") || !strings.Contains(said.String(), "nginx: ") {
		t.Errorf("it says\n%s", said.String())
	}
	if csv, err := os.ReadFile(matrix); err != nil || !strings.HasPrefix(string(csv), `time,"Web Content","as"`) {
		t.Errorf("%v\n%s", err, csv)
	}
	for _, args := range [][]string{{"-form", "poem"}, {"-size", "much"}, {"-size", "-1"}, {"-size", "99999999999GB"}, {"-color"}} {
		if err := run(args, &out, &said); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"17": 17, "3KB": 3000, "2mb": 2_000_000, "10GB": 10_000_000_000} {
		if got, err := parseSize(text); got != want || err != nil {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
}
