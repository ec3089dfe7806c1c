package jupyter

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func find(t *testing.T, h *history, q historyQuery) string {
	t.Helper()
	rows, err := h.find(q)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dtnotes", "history.sqlite")
	first := openHistory(path, t.Errorf)
	first.input(1, "x := 1")
	first.input(2, "x")
	first.output(2, "1")
	first.input(3, "y := \"é*\"")
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	h := openHistory(path, t.Errorf)
	defer h.close()
	h.input(1, "x")
	h.output(1, "2")
	h.input(2, "z[3]")
	two := 2
	tests := []struct {
		q    historyQuery
		want string
	}{
		{historyQuery{Access: "tail", N: 2}, `[[2,1,"x"],[2,2,"z[3]"]]`},
		{historyQuery{Access: "tail", N: 3, Output: true}, `[[1,3,["y := \"é*\"",null]],[2,1,["x","2"]],[2,2,["z[3]",null]]]`},
		{historyQuery{Access: "range", Session: 1, Start: 1, Stop: &two}, `[[1,1,"x := 1"]]`},
		{historyQuery{Access: "range", Session: -1, Start: 2}, `[[1,2,"x"],[1,3,"y := \"é*\""]]`},
		{historyQuery{Access: "range", Start: 2}, `[[2,2,"z[3]"]]`},
		{historyQuery{Access: "search", Pattern: "x*"}, `[[1,1,"x := 1"],[1,2,"x"],[2,1,"x"]]`},
		{historyQuery{Access: "search", Pattern: "x*", Unique: true}, `[[1,1,"x := 1"],[2,1,"x"]]`},
		{historyQuery{Access: "search", Pattern: "x*", N: 1, Output: true}, `[[2,1,["x","2"]]]`},
		{historyQuery{Access: "search", Pattern: "?"}, `[[1,2,"x"],[2,1,"x"]]`},
		{historyQuery{Access: "search", Pattern: "nothing like it"}, `[]`},
	}
	for _, tt := range tests {
		if got := find(t, h, tt.q); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, got, tt.want)
		}
	}
	for _, name := range []string{"history.sqlite", "history.sqlite-wal"} {
		if info, err := os.Stat(filepath.Join(filepath.Dir(path), name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestHistoryOfManyKernels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.sqlite")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			h := openHistory(path, t.Errorf)
			h.input(1, "x")
			h.find(historyQuery{Access: "tail", N: 1})
			h.input(2, "y")
			if err := h.close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h := openHistory(path, t.Errorf)
	defer h.close()
	rows, err := h.find(historyQuery{Access: "tail", N: 100})
	if err != nil || len(rows) != 40 {
		t.Errorf("%d entries, %v", len(rows), err)
	}
}

func TestHistoryThatCannotBeKept(t *testing.T) {
	var said []string
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "garbage")} {
		os.WriteFile(filepath.Join(folder, "garbage"), []byte(strings.Repeat("not a database ", 1000)), 0o600)
		said = nil
		h := openHistory(path, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
		h.input(1, "x")
		if got := find(t, h, historyQuery{Access: "tail", N: 1}); got != "[]" {
			t.Errorf("%s: %s", path, got)
		}
		h.input(2, "x")
		if err := h.close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if len(said) != 1 || !strings.Contains(said[0], path) {
			t.Errorf("%s: %q is logged", path, said)
		}
	}
}

func TestHistoryRequest(t *testing.T) {
	c := serveKernel(t).connect("me")
	c.execute("value 1")
	c.execute("value 2", map[string]any{"store_history": false})
	c.execute("value 3", map[string]any{"silent": true})
	got := c.ask("shell", "history_request", map[string]any{"hist_access_type": "tail", "n": 10, "output": true, "raw": true}).reply
	if want := `{"history":[[1,1,["value 1","1"]]],"status":"ok"}`; string(got.message.content) != want {
		t.Errorf("got %s, want %s", got.message.content, want)
	}
}
