package analysis_test

import (
	"strings"
	"testing"

	"dtnotes/analysis"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// The sample's VM reads its disk: sources of several origins, linked.
func TestPicturesOfASample(t *testing.T) {
	c, err := dtracefs.Load(t.Context(), dtracefs.Samples(), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := analysis.FromFrame(c.Activity().DataFrame(), analysis.SeriesOptions{By: []string{"kind", "execname"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]source.Origin{
		"syscall qemu-system-x86": source.Process, "bio_ops qemu-system-x86": source.Storage,
		"csw ksoftirqd/0": source.Platform, "csw redis-server": source.Process,
	}
	for i, name := range s.Names {
		if o, ok := want[name]; ok && s.Origins[i] != o {
			t.Errorf("%s is taken for %v; want %v", name, s.Origins[i], o)
		}
	}
	m, err := analysis.Learn(t.Context(), s, analysis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graph()
	if len(g.Nodes) != len(m.Names) || len(g.Edges) != len(m.Edges) || len(g.Edges) == 0 {
		t.Fatalf("%d nodes and %d edges of %d sources and %d links", len(g.Nodes), len(g.Edges), len(m.Names), len(m.Edges))
	}
	for i, n := range g.Nodes {
		if o, ok := want[n.Name]; ok && n.Origin != o {
			t.Errorf("node %s is taken for %v; want %v", n.Name, n.Origin, o)
		}
		if !(n.Activity > 0) {
			t.Errorf("node %d, %s, has activity %v", i, n.Name, n.Activity)
		}
	}
	if text := s.Timeline().String(); !strings.Contains(text, "csw swapper/1") {
		t.Errorf("timeline in text lacks the busiest source:\n%s", text)
	}
}
