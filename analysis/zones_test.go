package analysis

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

const (
	guest = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60"
	other = "c4d8e2f0-7a13-4b5c-8e96-1f2a3b4c5d6e"
)

// machine writes what a script prints on a machine with two zones: python of the first works in
// bursts, qemu of the platform serves it, and both move the disk; nginx of the second and the
// platform's cron go their own ways. row prints the count of a kind.
func machine(row func(b *strings.Builder, kind, zone, exec string, n int)) string {
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	load := 0.0
	for i := range 240 {
		load = 0.6*load + 40*rng.ExpFloat64()
		web := 100 * rng.ExpFloat64()
		part := func(x float64) int { return int(x*(0.9+0.2*rng.Float64())) + rng.IntN(4) }
		fmt.Fprintf(&b, "%d000000000\n", 1795896000+i)
		row(&b, "syscall", guest, "python", 1+part(3*load))
		row(&b, "syscall", "global", "qemu", 1+part(2*load))
		row(&b, "bio_ops", "global", "qemu", 1+part(load))
		row(&b, "syscall", other, "nginx", 1+part(web))
		row(&b, "syscall", "global", "cron", 1+rng.IntN(30))
		b.WriteByte('\n')
	}
	return b.String()
}

func learnZones(t *testing.T, text string, o SeriesOptions) (*Series, *Model) {
	t.Helper()
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"machine.txt": {Data: []byte(text)}}, "machine.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromCapture(c, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Learn(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func (m *Model) links(a, b string) bool {
	return slices.ContainsFunc(m.Edges, func(e Edge) bool {
		x, y := m.Names[e.From], m.Names[e.To]
		return x == a && y == b || x == b && y == a
	})
}

// TestZonesAndThePlatform repeats the experiment of 2013: a process inside a zone is linked with
// the process of the platform that serves it, and with that one's I/O, and with nothing else.
func TestZonesAndThePlatform(t *testing.T) {
	text := machine(func(b *strings.Builder, kind, zone, exec string, n int) {
		fmt.Fprintf(b, "%s %s %s %d\n", kind, zone, exec, n)
	})
	_, m := learnZones(t, text, SeriesOptions{By: []string{"kind", "zonename", "execname"}})
	python, qemu, disk := "syscall "+guest+" python", "syscall global qemu", "bio_ops global qemu"
	if !m.links(python, qemu) || !m.links(python, disk) && !m.links(qemu, disk) {
		t.Errorf("python is not linked with qemu and its I/O:\n%v", m)
	}
	origins := map[string]source.Origin{python: source.Zone, qemu: source.Platform, disk: source.Storage, "syscall " + other + " nginx": source.Zone}
	zones := map[string]string{python: guest, qemu: source.Global, disk: source.Global, "syscall " + other + " nginx": other}
	label := map[string]int{}
	for i, name := range m.Names {
		label[name] = m.Labels[i]
		if want, ok := origins[name]; ok && (m.Origins[i] != want || m.Zones[i] != zones[name]) {
			t.Errorf("%s: %v of zone %q, want %v of %q", name, m.Origins[i], m.Zones[i], want, zones[name])
		}
	}
	if label[python] != label[qemu] || label[python] != label[disk] {
		t.Errorf("python, qemu and the disk are in clusters %d, %d and %d", label[python], label[qemu], label[disk])
	}
	if m.links(python, "syscall "+other+" nginx") || m.links(qemu, "syscall global cron") {
		t.Errorf("what runs on its own is linked:\n%v", m)
	}
	if text := m.String(); strings.Contains(text, guest+" python") || !strings.Contains(text, "6b3f1c9e python") || !strings.Contains(text, "6b3f1c9e  "+guest) {
		t.Errorf("zones are not written short, with their whole name once:\n%s", text)
	}
	frame := m.EdgesFrame()
	if names := frame.Names(); !slices.Contains(names, "source_zone") || !slices.Contains(names, "with_zone") {
		t.Errorf("the frame of links has columns %v", names)
	}
	svg := m.Graph().SVG()
	for _, want := range []string{"zone 6b3f1c9e: 1 source", "zone c4d8e2f0: 1 source", ": zone process, zone 6b3f1c9e", ": platform"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the graph does not say %q", want)
		}
	}
}

// TestDimensionsByTheirLook holds that words for dimensions find the columns of a table that names
// none, and that every form gives the same sources.
func TestDimensionsByTheirLook(t *testing.T) {
	tuple := machine(func(b *strings.Builder, kind, zone, exec string, n int) {
		if kind == "syscall" {
			fmt.Fprintf(b, "  %-40s %-20s %15d\n", zone, exec, n)
		}
	})
	house := machine(func(b *strings.Builder, kind, zone, exec string, n int) {
		fmt.Fprintf(b, "%s %s %s %d\n", kind, zone, exec, n)
	})
	want := []string{guest + " python", other + " nginx", "global cron", "global qemu"}
	for form, text := range map[string]string{"aggregation": tuple, "house": house} {
		s, m := learnZones(t, text, SeriesOptions{By: []string{"zonename", "execname"}})
		names := slices.Sorted(slices.Values(s.Names))
		if !slices.Equal(names, want) {
			t.Errorf("%s: sources %q, want %q", form, names, want)
		}
		if !m.links(guest+" python", "global qemu") {
			t.Errorf("%s: python is not linked with qemu:\n%v", form, m)
		}
		if says := s.Measure.String(); form == "aggregation" && !strings.Contains(says, "(zonename)") {
			t.Errorf("the measure does not say what the keys are: %s", says)
		}
		s, _ = learnZones(t, text, SeriesOptions{By: []string{"zone"}})
		if names := slices.Sorted(slices.Values(s.Names)); !slices.Equal(names, []string{guest, other, "global"}) {
			t.Errorf("%s by zone: sources %q", form, names)
		}
	}
}

// TestZonesOfAFrame holds that the rows of a frame give the same zones and origins as the capture.
func TestZonesOfAFrame(t *testing.T) {
	house := machine(func(b *strings.Builder, kind, zone, exec string, n int) {
		fmt.Fprintf(b, "%s %s %s %d\n", kind, zone, exec, n)
	})
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"machine.txt": {Data: []byte(house)}}, "machine.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := FromCapture(c, SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromFrame(c.Activity().DataFrame(), SeriesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Names) != 4 || !slices.Equal(a.Names, b.Names) || !slices.Equal(a.Zones, b.Zones) || !slices.Equal(a.Origins, b.Origins) {
		t.Errorf("capture %q %q %v, frame %q %q %v", a.Names, a.Zones, a.Origins, b.Names, b.Zones, b.Origins)
	}
}
