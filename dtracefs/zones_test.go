package dtracefs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestZonesOfActivity(t *testing.T) {
	const a, b = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60", "c4d8e2f0-7a13-4b5c-8e96-1f2a3b4c5d6e"
	for _, c := range []struct {
		name, text, column string
		zones, execs       []string
	}{
		{"zones", "1795896000000000000\nsyscall " + a + " Web Content 3\nbio_ops global qemu 4\n\n", "zonename", []string{a, "global"}, []string{"Web Content", "qemu"}},
		{"containers", "1795896000000000000\nsyscall " + strings.Repeat("0af1", 16) + " sh 3\n\n", "container", []string{strings.Repeat("0af1", 16)}, []string{"sh"}},
		{"cgroups", "1795896000000000000\n@[syscall, 4711, sh]: 3\n@[syscall, 1, init]: 4\n\n", "cgroup", []string{"4711", "1"}, []string{"sh", "init"}},
		{"no zones", "1795896000000000000\nsyscall Web Content 3\nsyscall global 3\n\n", "", nil, []string{"Web Content", "global"}},
		{"not all", "1795896000000000000\nsyscall " + a + " sh 3\nsyscall " + b + " sh 3\nsyscall nginx 4\n\n", "", nil, []string{a + " sh", b + " sh", "nginx"}},
	} {
		capture, err := Load(t.Context(), fstest.MapFS{"c.txt": {Data: []byte(c.text)}}, "c.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		table := capture.Activity()
		if table == nil {
			t.Errorf("%s: no activity", c.name)
			continue
		}
		column := zoneColumn(table)
		if (column == nil) != (c.column == "") || column != nil && column.Name != c.column {
			t.Errorf("%s: zones in %v, want %q", c.name, column, c.column)
			continue
		}
		for i := range table.NumRows() {
			if got := table.Column("execname").Text(i); got != c.execs[i] {
				t.Errorf("%s, row %d: execname %q, want %q", c.name, i, got, c.execs[i])
			}
			if column != nil && column.Text(i) != c.zones[i] {
				t.Errorf("%s, row %d: zone %q, want %q", c.name, i, column.Text(i), c.zones[i])
			}
		}
	}
}

// TestZonesInParts holds that parts of a capture whose names look otherwise than those of the first
// part are counted as it was.
func TestZonesInParts(t *testing.T) {
	const zone = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60"
	block := func(second int, names ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "%d000000000\n", 1795896000+second)
		for _, n := range names {
			fmt.Fprintf(&b, "syscall %s 2\n", n)
		}
		return b.String() + "\n"
	}
	for _, c := range []struct {
		name   string
		blocks []string
		want   map[string]float64
	}{
		{"a zone with a name comes later", []string{block(0, zone+" sh"), block(1, zone+" sh"), block(2, "web01 sh", zone+" sh")}, map[string]float64{zone + " sh": 6, "web01 sh": 2}},
		{"zones come later", []string{block(0, "web01 sh"), block(1, "web01 sh"), block(2, zone+" sh")}, map[string]float64{"web01 sh": 4, zone + " sh": 2}},
	} {
		n := counting{}
		for i, text := range c.blocks {
			capture, err := Load(t.Context(), fstest.MapFS{"c.txt": {Data: []byte(text)}}, "c.txt", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if b := (&Batch{Capture: *capture}); n.tally != nil {
				n.add(b)
			} else {
				n.sample = append(n.sample, b)
			}
			if i == 1 {
				if err := n.start(); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := totalsOf(t, n.tally.finish())
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (sources %v)", c.name, got, c.want, slices.Sorted(maps.Keys(got)))
		}
	}
}

func totalsOf(t *testing.T, c *Counts) map[string]float64 {
	t.Helper()
	m, err := c.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, row := range m.Rows {
		for j, v := range row {
			got[m.Sources[j]] += v
		}
	}
	return got
}

// TestZonesOfALargeCapture holds that a capture that is counted in one pass gives the sources and
// totals of one that is loaded, and that its measure knows the zones.
func TestZonesOfALargeCapture(t *testing.T) {
	for _, late := range []string{"c4d8e2f0-7a13-4b5c-8e96-1f2a3b4c5d6e sh", "web01 sh"} {
		var b strings.Builder
		for i := range 24000 {
			fmt.Fprintf(&b, "%d000000000\n", 1795896000+i)
			fmt.Fprintf(&b, "syscall 6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60 Web Content %d\nsyscall global qemu %d\n", i%97, i%31)
			if i > 20000 {
				fmt.Fprintf(&b, "syscall %s %d\n", late, i%11)
			}
			b.WriteByte('\n')
		}
		fsys := fstest.MapFS{"c.txt": {Data: []byte(b.String())}}
		counts, err := CountFiles(t.Context(), []File{{fsys, "c.txt"}}, CountOptions{})
		if err != nil {
			t.Fatal(err)
		}
		capture, err := Load(t.Context(), fsys, "c.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		whole, err := CountCapture(capture, CountOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, want := totalsOf(t, counts), totalsOf(t, whole)
		if !maps.Equal(got, want) || len(got) != 3 {
			t.Errorf("counted %v, loaded %v", got, want)
		}
		if dims := counts.measure.Dims; len(dims) != 2 || dims[0] != ZoneName {
			t.Errorf("the measure has %v", dims)
		}
	}
}
