package dtracefs

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// TestFollowRestless holds that a tracer which never falls silent is decoded as it prints, block by
// whole block or line by line, and that nothing of it is lost.
func TestFollowRestless(t *testing.T) {
	for _, c := range []struct {
		name  string
		print func(w io.Writer, i int)
	}{
		{"blocks", func(w io.Writer, i int) {
			fmt.Fprintf(w, "%d%02d0000000\nsyscall web %d\n", 1_700_000_000+i/20, i%20*5, 1+i%7)
			fmt.Fprint(w, "syscall db 3\n\n")
		}},
		{"events", func(w io.Writer, i int) {
			fmt.Fprintf(w, "%d.%02d00 open web /etc/hosts\n", 1000+i/20, i%20*5)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const prints = 400 // in 20 seconds
				r, w := io.Pipe()
				begun := time.Now()
				go func() {
					defer w.Close()
					for i := range prints {
						c.print(w, i)
						time.Sleep(50 * time.Millisecond)
					}
				}()
				lines, batches, last := 0, 0, time.Duration(0)
				for b, err := range Follow(t.Context(), r, c.name, Options{}) {
					if err != nil {
						t.Fatal(err)
					}
					now := time.Since(begun)
					if now-last > 3*time.Second {
						t.Errorf("nothing for %v", now-last)
					}
					lines, batches, last = lines+b.Lines, batches+1, now
					for _, table := range b.Tables {
						if v := table.Column("value"); v != nil && table.NumRows()%2 != 0 {
							t.Errorf("a batch of %d rows: half a block", table.NumRows())
						}
					}
				}
				want := prints
				if c.name == "blocks" {
					want *= 4
				}
				if lines != want || batches < 10 {
					t.Errorf("%d lines in %d batches, want %d", lines, batches, want)
				}
			})
		})
	}
}

// TestFollowEnds holds that what a reader has held back comes at the end, although the tracer was
// silent before it: a call that never returned, and a text without the end of its line.
func TestFollowEnds(t *testing.T) {
	var calls strings.Builder
	for i := range 8 {
		fmt.Fprintf(&calls, "[pid %d] close(%d) = 0\n", 11+i%2, i)
	}
	for _, c := range []struct{ name, text string }{
		{"strace", calls.String() + "[pid 12] read(3,  <unfinished ...>\n"},
		{"bpftrace", `{"type": "attached_probes", "data": {"probes": 1}}` + strings.Repeat("\n"+`{"type": "printf", "data": "nginx 12\n"}`, 4) +
			"\n" + `{"type": "printf", "data": "sshd "}` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole, err := Load(t.Context(), fstest.MapFS{"x": {Data: []byte(c.text)}}, "x", Options{})
			if err != nil {
				t.Fatal(err)
			}
			cells := func(c *Capture) (n int) {
				for _, table := range c.Tables {
					n += table.NumRows()
				}
				return n
			}
			want := cells(whole)
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				go func() {
					defer w.Close()
					fmt.Fprint(w, c.text)
					time.Sleep(2 * quiet)
				}()
				got := 0
				for b, err := range Follow(t.Context(), r, "x", Options{}) {
					if err != nil {
						t.Fatal(err)
					}
					got += cells(&b.Capture)
				}
				if got != want || want == 0 {
					t.Errorf("%d rows, and %d of the whole", got, want)
				}
			})
		})
	}
}

// TestFollowOpenEntry holds that an entry is decoded as a whole though the tracer falls silent in
// the middle of it, and that what is printed before it does not wait.
func TestFollowOpenEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		go func() {
			defer w.Close()
			fmt.Fprint(w, "Attaching 2 probes...\n\n\n@[12, web, \n    vfs_read+1\n, \n    main+7\n]: 3\n@[13, db, \n    vfs_read+1\n")
			time.Sleep(2 * time.Second)
			fmt.Fprint(w, "    ksys_read+95\n, \n")
			time.Sleep(2 * time.Second)
			fmt.Fprint(w, "    main+9\n]: 4\n")
		}()
		var rows []int
		for b, err := range Follow(t.Context(), r, "stacks", Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range b.Tables {
				if table.Column("key2") == nil || table.Column("key4") == nil {
					t.Errorf("a table of another form: %v", table)
				}
				rows = append(rows, table.NumRows())
			}
		}
		if fmt.Sprint(rows) != "[1 1]" {
			t.Errorf("tables of %v rows, want [1 1]", rows)
		}
	})
}
