package dtracefs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecord(t *testing.T) {
	for _, name := range []string{"calls.txt", "calls.txt.zst"} {
		path := filepath.Join(t.TempDir(), name)
		src := `interval:s:1 { print(@n); }`
		r, err := Record(path, RecordOptions{Script: src, Tracer: "bpftrace"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(r, "Attaching 1 probe...\n1795376741.000000\n@n[csw, ")
		fmt.Fprint(r.Stderr(), "Lost 7 events\n")
		if exists(path) || !exists(path+".partial") {
			t.Errorf("%s has its name before it is whole", name)
		}
		fmt.Fprint(r, "a]: 3\n")
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		dir := os.DirFS(filepath.Dir(path))
		c, err := Load(t.Context(), dir, name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Drops) != 1 || c.Activity() == nil || c.Activity().NumRows() != 1 || c.script == nil {
			t.Errorf("%s loads as %v", name, c)
		}
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		if len(files) != 3 {
			t.Errorf("left %q", files)
		}
	}
}

// TestRecordKeepsOthers holds that what is there stays when a recording fails, and that a script
// which is not its own is not written over.
func TestRecordKeepsOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.txt")
	script := filepath.Join(filepath.Dir(path), "calls.d")
	if err := os.WriteFile(script, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Record(path, RecordOptions{Script: "BEGIN {}", Tracer: "dtrace"}); err == nil || !strings.Contains(err.Error(), "is another script") {
		t.Errorf("recording over a script gives %v", err)
	}
	if err := os.WriteFile(path, []byte("before\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Record(path, RecordOptions{Script: "BEGIN {}", Tracer: "dtrace"})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(r, "after\n")
	fmt.Fprint(r.Stderr(), "failed\n")
	if err := r.Discard(); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "before\n" {
		t.Errorf("the file is %q", text)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("left %q", files)
	}
}

// TestRecordRotates holds that the parts, oldest first, are the text that came, whatever its
// pieces.
func TestRecordRotates(t *testing.T) {
	for _, name := range []string{"c.txt", "c.txt.zst"} {
		for _, keep := range []int{0, 2} {
			dir := t.TempDir()
			r, err := Record(filepath.Join(dir, name), RecordOptions{Rotate: time.Hour, Keep: keep})
			if err != nil {
				t.Fatal(err)
			}
			clock := time.Unix(0, 0)
			r.now = func() time.Time { return clock }
			r.begun = clock
			var want strings.Builder
			for i := range 50 {
				clock = clock.Add(7 * time.Minute)
				piece := fmt.Sprintf("line %d\nhalf ", i)
				want.WriteString(piece)
				fmt.Fprint(r, piece)
				if i%10 == 0 {
					fmt.Fprintf(r.Stderr(), "said %d\n", i)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			fsys := os.DirFS(dir)
			parts, err := Rotated(fsys, "c.txt")
			if err != nil {
				t.Fatal(err)
			}
			if n := map[int]int{0: 6, 2: 3}[keep]; len(parts) != n || parts[len(parts)-1] != name {
				t.Errorf("%s, keeping %d: %q", name, keep, parts)
			}
			f, err := Concat(fsys, "all", parts...).Open("all")
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f)
			if err != nil || !strings.HasSuffix(want.String(), string(got)) || keep == 0 && string(got) != want.String() {
				t.Errorf("%s, keeping %d: %v, %d bytes of %d", name, keep, err, len(got), want.Len())
			}
			said, _ := filepath.Glob(filepath.Join(dir, "*.stderr"))
			if len(said) == 0 || slices.ContainsFunc(said, func(s string) bool {
				return !exists(strings.TrimSuffix(s, ".stderr") + strings.TrimPrefix(name, "c.txt"))
			}) {
				t.Errorf("%s, keeping %d: %q", name, keep, said)
			}
		}
	}
}
