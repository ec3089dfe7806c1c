package main

import (
	"path/filepath"
	"testing"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// TestLearnsEachServer learns from the normal part of each server of the public set. Their gauges
// are so nearly the same that models of links are near singular, each in its own way.
func TestLearnsEachServer(t *testing.T) {
	files, err := filepath.Glob("testdata/asd/*.train.csv.gz")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		s, err := readGauges(file)
		if err == nil {
			_, err = behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{})
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
