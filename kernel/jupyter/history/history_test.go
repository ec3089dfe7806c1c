package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// find returns what a query finds, as rows of session, line, source and output.
func find(t *testing.T, s *Store, q Query) string {
	t.Helper()
	entries, err := s.Find(q)
	if err != nil {
		t.Fatal(err)
	}
	rows := []any{}
	for _, e := range entries {
		row := []any{e.Session, e.Line, e.Source}
		if e.Output != nil {
			row = append(row, *e.Output)
		}
		rows = append(rows, row)
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestFind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dtnotes", "history")
	first := Open(dir, t.Errorf)
	first.Input(1, "x := 1")
	first.Input(2, "x")
	first.Output(2, "1")
	first.Input(3, "y := \"é*\"")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	onDisk, inMemory := Open(dir, t.Errorf), Open("", t.Errorf)
	defer onDisk.Close()
	for _, s := range []*Store{onDisk, inMemory} {
		s.Input(1, "x")
		s.Output(1, "2")
		s.Input(2, "z[3]")
	}
	two := 2
	tests := []struct {
		q            Query
		want, memory string
	}{
		{Query{Access: "tail", N: 2}, `[[2,1,"x","2"],[2,2,"z[3]"]]`, `[[1,1,"x","2"],[1,2,"z[3]"]]`},
		{Query{Access: "tail", N: 3}, `[[1,3,"y := \"é*\""],[2,1,"x","2"],[2,2,"z[3]"]]`, `[[1,1,"x","2"],[1,2,"z[3]"]]`},
		{Query{Access: "tail"}, `[[1,1,"x := 1"],[1,2,"x","1"],[1,3,"y := \"é*\""],[2,1,"x","2"],[2,2,"z[3]"]]`, `[[1,1,"x","2"],[1,2,"z[3]"]]`},
		{Query{Access: "range", Session: 1, Start: 1, Stop: &two}, `[[1,1,"x := 1"]]`, `[[1,1,"x","2"]]`},
		{Query{Access: "range", Session: -1, Start: 2}, `[[1,2,"x","1"],[1,3,"y := \"é*\""]]`, `[]`},
		{Query{Access: "range", Start: 2}, `[[2,2,"z[3]"]]`, `[[1,2,"z[3]"]]`},
		{Query{Access: "range", Session: 7}, `[]`, `[]`},
		{Query{Access: "search", Pattern: "x*"}, `[[1,1,"x := 1"],[1,2,"x","1"],[2,1,"x","2"]]`, `[[1,1,"x","2"]]`},
		{Query{Access: "search", Pattern: "x*", Unique: true}, `[[1,1,"x := 1"],[2,1,"x","2"]]`, `[[1,1,"x","2"]]`},
		{Query{Access: "search", Pattern: "x*", N: 1}, `[[2,1,"x","2"]]`, `[[1,1,"x","2"]]`},
		{Query{Access: "search", Pattern: "?"}, `[[1,2,"x","1"],[2,1,"x","2"]]`, `[[1,1,"x","2"]]`},
		{Query{Access: "search", Pattern: "nothing like it"}, `[]`, `[]`},
		{Query{Access: "search"}, `[[1,1,"x := 1"],[1,2,"x","1"],[1,3,"y := \"é*\""],[2,1,"x","2"],[2,2,"z[3]"]]`, `[[1,1,"x","2"],[1,2,"z[3]"]]`},
	}
	for _, tt := range tests {
		if got := find(t, onDisk, tt.q); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, got, tt.want)
		}
		if got := find(t, inMemory, tt.q); got != tt.memory {
			t.Errorf("in memory, %+v: %s, want %s", tt.q, got, tt.memory)
		}
	}
	if _, err := onDisk.Find(Query{Access: "all"}); err == nil || !strings.Contains(err.Error(), `"all"`) {
		t.Errorf("got %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "000002.jsonl")); err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("%v, %v", info, err)
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"*", "a\nb", true}, {"a*c", "abc", true}, {"a*c", "abcd", false}, {"?", "é", true}, {"?", "", false},
		{"[a-c]x", "bx", true}, {"[^a-c]x", "bx", false}, {"[!a]", "b", true}, {"[]]", "]", true}, {"[^]]", "a", true}, {"[", "[", true},
		{"x[3]", "x3", true}, {"x[[]3]", "x[3]", true}, {"a.b", "axb", false}, {`\d`, `\d`, true}, {"[\\]", `\`, true},
	} {
		match, err := glob(tt.pattern)
		if err != nil || match.MatchString(tt.text) != tt.want {
			t.Errorf("%q of %q: %v, %v", tt.pattern, tt.text, !tt.want, err)
		}
	}
	if _, err := glob("[z-a]"); err == nil {
		t.Error("no error of a class that is none")
	}
}

func TestManyKernels(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			s := Open(dir, t.Errorf)
			s.Input(1, "x")
			if got, err := s.Find(Query{Access: "range", Start: 1}); err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
			s.Input(2, "y")
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := Open(dir, t.Errorf)
	got, err := s.Find(Query{Access: "tail", N: 100})
	if err != nil || len(got) != 40 || got[39].Session != 20 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}

// TestKilledKernel kills a process that adds to its history without end, and reads what it left.
func TestKilledKernel(t *testing.T) {
	if dir := os.Getenv("DTNOTES_TEST_HISTORY"); dir != "" {
		s := Open(dir, t.Errorf)
		for i := 1; ; i++ {
			s.Input(i, strings.Repeat(fmt.Sprint(i%10), 10_000))
			s.Find(Query{Access: "range", Start: i})
		}
	}
	dir := filepath.Join(t.TempDir(), "history")
	for session := int64(1); session <= 3; session++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledKernel$")
		cmd.Env = append(os.Environ(), "DTNOTES_TEST_HISTORY="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s := Open(dir, func(format string, args ...any) {})
		for len(find(t, s, Query{Access: "range", Session: session})) < 100_000 {
			time.Sleep(time.Millisecond)
		}
		cmd.Process.Kill()
		cmd.Wait()
		entries, err := s.Find(Query{Access: "range", Session: session})
		for i, e := range entries {
			if e.Line != i+1 || e.Source != strings.Repeat(fmt.Sprint(e.Line%10), 10_000) {
				t.Fatalf("entry %d is line %d, %.20s…, of %d bytes", i, e.Line, e.Source, len(e.Source))
			}
		}
		if err != nil || len(entries) < 10 {
			t.Errorf("%d entries, %v", len(entries), err)
		}
	}
}

// TestTornLine is what a kernel leaves that was killed in the middle of a line.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, t.Errorf)
	s.Input(1, "one")
	s.Close()
	f, err := os.OpenFile(s.path(1), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"line":2,"sou`)
	f.Close()
	var said []string
	s = Open(dir, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	if got := find(t, s, Query{Access: "tail"}); got != `[[1,1,"one"]]` || len(said) != 1 || !strings.Contains(said[0], "1 lines of") {
		t.Errorf("%s, %q", got, said)
	}
}

// TestDiskThatFails has every write fail for a while, half way through, as on a full disk.
func TestDiskThatFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	var said []string
	s := Open(dir, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	s.Input(1, "one")
	want := `[[1,1,"one"]]`
	if got := find(t, s, Query{Access: "tail"}); got != want || len(said) != 0 {
		t.Fatalf("%s, %q", got, said)
	}
	good := s.file
	readOnly, err := os.Open(s.path(1))
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	good.WriteString(`{"line":2,"source":"tw`)
	s.file = readOnly
	s.Input(2, "two")
	s.Output(2, "2")
	want = `[[1,1,"one"],[1,2,"two","2"]]`
	for range 3 {
		find(t, s, Query{Access: "tail"})
	}
	if len(said) == 0 || !strings.Contains(said[0], "is not kept") {
		t.Errorf("%q", said)
	}
	if got := find(t, s, Query{Access: "tail"}); got != want {
		t.Errorf("while the disk fails: %s", got)
	}
	s.file = good
	said = nil
	if got := find(t, s, Query{Access: "tail"}); got != want || len(said) == 0 || !strings.Contains(said[0], "is kept again") {
		t.Errorf("%s, %q", got, said)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := find(t, Open(dir, func(string, ...any) {}), Query{Access: "tail"}); got != want {
		t.Errorf("in the next session: %s", got)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var said []string
	s := Open(filepath.Join(file, "history"), func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	s.Input(1, "x")
	if entries, err := s.Find(Query{Access: "tail"}); err == nil && len(entries) != 1 {
		t.Errorf("%v", entries)
	}
	s.Input(2, "x")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], file) {
		t.Errorf("%q is logged", said)
	}
}

// copyDatabase lays a database of testdata where an earlier version would have it.
func copyDatabase(t *testing.T, name string) (dir string) {
	dir = filepath.Join(t.TempDir(), "history")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".sqlite"+suffix))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+".sqlite"+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTakeOver(t *testing.T) {
	dir := copyDatabase(t, "closed")
	var wg sync.WaitGroup
	for range 5 { // kernels at once
		wg.Go(func() { Open(dir, t.Errorf).Find(Query{Access: "tail"}) })
	}
	wg.Wait()
	s := Open(dir, t.Errorf)
	defer s.Close()
	s.Input(1, "new")
	entries, err := s.Find(Query{Access: "tail"})
	if err != nil || len(entries) != 64 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, e := range entries[:60] {
		n := i + 1
		output := ""
		if e.Output != nil {
			output = *e.Output
		}
		want := ""
		if n%3 == 0 {
			want = strings.Repeat(fmt.Sprint(n), n)
		}
		if e.Session != 1 || e.Line != n || e.Source != fmt.Sprintf("x%d := %d // é", n, n*n) || output != want || (e.Output != nil) != (n%3 == 0) {
			t.Errorf("entry %d: %+v %q", i, e, output)
		}
	}
	if e := entries[60]; e.Source != "long := `"+strings.Repeat("0123456789", 1500)+"`" || e.Output != nil {
		t.Errorf("got %.30s… of %d bytes", e.Source, len(e.Source))
	}
	rest := find(t, s, Query{Access: "tail", N: 3})
	if rest != `[[2,1,"second"],[2,2,"x",""],[3,1,"new"]]` {
		t.Errorf("got %s", rest)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "history-*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// TestTakeOverOfAKilledKernel has all but the first page in the write-ahead log, as a kernel that
// was killed leaves it.
func TestTakeOverOfAKilledKernel(t *testing.T) {
	entries, err := Open(copyDatabase(t, "killed"), t.Errorf).Find(Query{Access: "tail"})
	if err != nil || len(entries) != 40 || entries[39].Source != "y40" {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}

func TestTakeOverOfGarbage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	os.WriteFile(dir+".sqlite", bytes.Repeat([]byte("not a database "), 1000), 0o600)
	var said []string
	s := Open(dir, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	defer s.Close()
	s.Input(1, "x")
	if got := find(t, s, Query{Access: "tail"}); got != `[[1,1,"x"]]` || len(said) != 1 || !strings.Contains(said[0], "not a history database") {
		t.Errorf("%s, %q", got, said)
	}
}

func FuzzDatabase(f *testing.F) {
	for _, name := range []string{"closed", "killed"} {
		file, err := os.ReadFile("testdata/" + name + ".sqlite")
		if err != nil {
			f.Fatal(err)
		}
		wal, _ := os.ReadFile("testdata/" + name + ".sqlite-wal")
		f.Add(file, wal)
	}
	f.Fuzz(func(t *testing.T, file, wal []byte) { parseDatabase(file, wal) })
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("{\"start\":\"2026-01-02T03:04:05Z\"}\n{\"line\":1,\"source\":\"x\"}\n{\"line\":1,\"output\":\"1\"}\n"))
	f.Add([]byte("{\"line\":1,\"output\":\"1\"}\n{\"line\":-1,\"source\":null}\n[]\n{\"line\":1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		s := Open(dir, func(string, ...any) {})
		if err := os.WriteFile(s.path(1), text, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := s.Find(Query{Access: "tail"})
		if err != nil {
			t.Fatal(err)
		}
		if some, err := s.Find(Query{Access: "search", N: len(all)}); err != nil || len(some) != len(all) {
			t.Errorf("%d of %d found, %v", len(some), len(all), err)
		}
	})
}
