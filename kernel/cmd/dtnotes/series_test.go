package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// printed is what printa prints each second under %Y of two zones, in which python works for qemu
// of the platform; from second fault on, python stands still.
func printed(seed uint64, seconds, fault int) string {
	rng := rand.New(rand.NewPCG(seed, 1))
	const zone = "8c1dbd26-2a6a-4a0b-9d6e-0a9d2c3b5f11"
	var b strings.Builder
	at := time.Date(2026, 11, 28, 20, 0, 0, 0, time.UTC).Add(time.Duration(seed) * time.Hour)
	for i := range seconds {
		load := 40 + 30*rng.NormFloat64()*rng.Float64()
		fmt.Fprintf(&b, "%s\n\n", at.Add(time.Duration(i)*time.Second).Format("2006 Jan _2 15:04:05"))
		row := func(zone, name string, mean float64) {
			fmt.Fprintf(&b, "  %-38s %-20s %10d\n", zone, name, int(max(1, mean+3*rng.NormFloat64())))
		}
		row("global", "qemu-system-x86_64", 5*load)
		row("global", "sched", 300)
		if fault < 0 || i < fault {
			row(zone, "python3.12", 3*load)
		}
		row(zone, "nginx", 80)
		b.WriteString("\n")
	}
	return b.String()
}

// TestZonesUnderADate takes a capture under %Y, keyed by zone and process, through learn, learn
// -o, score and watch.
func TestZonesUnderADate(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": printed(1, 300, -1), "b.txt": printed(2, 300, -1), "good.txt": printed(3, 100, -1), "bad.txt": printed(4, 100, 60)})
	by := []string{"--by", "zonename,execname"}
	text, stderr, err := dtnotes(t, append([]string{"learn", "a.txt"}, by...)...)
	if err != nil || !strings.Contains(text, "python3.12") || !strings.Contains(stderr, "time from the clock printed before it") {
		t.Errorf("learn: %v\n%s%s", err, text, stderr)
	}
	if text, stderr, err = dtnotes(t, append([]string{"learn", "-o", "normal.json", "a.txt", "b.txt"}, by...)...); err != nil {
		t.Fatalf("learn -o: %v\n%s%s", err, text, stderr)
	}
	if text, stderr, err = dtnotes(t, append([]string{"score", "normal.json", "good.txt"}, by...)...); err != nil || !strings.Contains(text, "nothing stands out in 100 buckets") {
		t.Errorf("score of normal running: %v\n%s%s", err, text, stderr)
	}
	text, stderr, err = dtnotes(t, append([]string{"score", "normal.json", "bad.txt"}, by...)...)
	if !errors.Is(err, misbehavior) || !strings.Contains(text, "python3.12") {
		t.Errorf("score of misbehavior: %v\n%s%s", err, text, stderr)
	}
	if _, _, err = dtnotes(t, "score", "normal.json", "bad.txt", "--by", "execname"); err == nil || !strings.Contains(err.Error(), "--by") {
		t.Errorf("scored by other sources: %v", err)
	}
	if cat, err := exec.LookPath("cat"); err == nil {
		args := append(append([]string{"watch", "normal.json"}, by...), "--", cat, "bad.txt")
		if text, stderr, err := dtnotes(t, args...); !errors.Is(err, misbehavior) || !strings.Contains(text, "python3.12") {
			t.Errorf("watch: %v\n%s%s", err, text, stderr)
		}
	}
}

// TestSeriesAsParquet reads a series that was written as Parquet, and holds it against the same
// as CSV.
func TestSeriesAsParquet(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": printed(1, 30, 20)})
	for _, out := range []string{"a.parquet", "a.csv"} {
		if _, stderr, err := dtnotes(t, "series", "a.txt", "--by", "zonename,execname", "-o", out); err != nil {
			t.Fatal(err, stderr)
		}
	}
	rows, names := readArrow(t, "a.parquet")
	lines := strings.Split(strings.TrimSpace(mustRead(t, "a.csv")), "\n")
	if len(rows) != 30 || len(lines) != 31 || len(names) != 5 || strings.Join(names, ",") != lines[0] {
		t.Fatalf("%d rows of %q, and %d lines of %s", len(rows), names, len(lines)-1, lines[0])
	}
	for i, row := range rows {
		for j, cell := range strings.Split(lines[i+1], ",") {
			a, err1 := strconv.ParseFloat(row[j], 64)
			b, err2 := strconv.ParseFloat(cell, 64)
			if err1 != nil || err2 != nil || a != b {
				t.Fatalf("row %d, %s: %s instead of %s", i, names[j], row[j], cell)
			}
		}
	}
	if at := slices.Index(names, "8c1dbd26-2a6a-4a0b-9d6e-0a9d2c3b5f11 python3.12"); at < 0 || rows[5][at] == "0" || rows[25][at] != "0" {
		t.Errorf("python3.12 is column %d of %q: %q, %q", at, names, rows[5], rows[25])
	}
}

// TestWrongWords holds what is said of options that no table fits, and of a capture that can be
// read in two ways.
func TestWrongWords(t *testing.T) {
	var both strings.Builder
	for i := range 40 {
		at := 1_795_896_564 + i
		fmt.Fprintf(&both, "time=%d exec=nginx calls=5\ntime=%d exec=api calls=6\nwhen=%d disk=sda reads=7\nwhen=%d disk=sdb reads=%d\n", at, at, at, at, i)
	}
	inFolder(t, map[string]string{"a.txt": printed(1, 30, -1), "both.txt": both.String()})
	for args, want := range map[string][]string{
		"series a.txt --by container":   {"a.txt", "--by container: no table has such a column", "columns c1, c2, c3"},
		"learn a.txt --value bytes":     {"a.txt", "--value bytes: no table has such a column", "columns c1, c2, c3"},
		"learn a.txt --time 9 -o b":     {"a.txt", "--time 9: no table has such a column", "columns c1, c2, c3"},
		"series a.txt --as bananas":     {"a.txt", "--as bananas: want one of count, sum, total, gauge, events, distribution"},
		"series a.txt --table @reads":   {"a.txt", "--table @reads: there is no such table among intervals, rows"},
		"series both.txt":               {"both.txt", "several readings are equally good: choose one with --table", "calls", "reads"},
		"learn -o b both.txt":           {"both.txt", "several readings are equally good: choose one with --table", "calls", "reads"},
		"series a.txt -o matrix.tables": {"a series is written as .csv or .parquet"},
	} {
		_, _, err := dtnotes(t, strings.Fields(args)...)
		if err == nil {
			t.Errorf("%s: no error", args)
			continue
		}
		for _, s := range want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: no %q in: %v", args, s, err)
			}
		}
	}
}
