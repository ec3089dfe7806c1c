package main

import (
	"testing"
)

func TestTablesAreFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("type-checks all bound packages")
	}
	pkgs, err := load("..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := write(pkgs)
	if err != nil {
		t.Fatal(err)
	}
	stale, err := update("..", files, true)
	if err != nil {
		t.Fatal(err)
	}
	staleDocs, err := updateDocs("..", paths(pkgs), true)
	if err != nil {
		t.Fatal(err)
	}
	if staleDocs {
		stale = append(stale, docsFile)
	}
	if len(stale) > 0 {
		t.Errorf("not up to date: %v; run go generate ./kernel/eval/...", stale)
	}
}
