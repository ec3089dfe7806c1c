package behavior_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/analysis/source"
	"dtnotes/dtracefs"
)

// TestZones holds that the processes of the platform are learned beside those of zones, although
// the kernel's own threads are left out, and that the graph and the text tell them apart.
func TestZones(t *testing.T) {
	const zone = "6b3f1c9e-0d52-4a77-9a41-2f8e5c7d1b60"
	rng := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	for i := range 120 {
		load := 50 + rng.IntN(200)
		fmt.Fprintf(&b, "%d000000000\n", 1795896000+i)
		fmt.Fprintf(&b, "syscall %s python %d\nsyscall global qemu %d\n", zone, 3*load+rng.IntN(9), 2*load+rng.IntN(9))
		fmt.Fprintf(&b, "csw global sched %d\n\n", load+rng.IntN(9))
	}
	c, err := dtracefs.Load(t.Context(), fstest.MapFS{"c.txt": {Data: []byte(b.String())}}, "c.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := analysis.FromCapture(c, analysis.SeriesOptions{By: []string{"kind", "zonename", "execname"}, Kinds: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	learned, err := behavior.Learn(t.Context(), []*analysis.Series{s}, behavior.Options{ByKind: true})
	if err != nil {
		t.Fatal(err)
	}
	if learned.Presence["global qemu"] == 0 || learned.Presence[zone+" python"] == 0 || learned.Presence["global sched"] != 0 {
		t.Errorf("learned of %v", learned.Presence)
	}
	for _, n := range learned.Graph().Nodes {
		want, origin := zone, source.Zone
		if n.Name == "global qemu" {
			want, origin = source.Global, source.Platform
		}
		if n.Zone != want || n.Origin != origin {
			t.Errorf("%s is drawn as %v of zone %q", n.Name, n.Origin, n.Zone)
		}
	}
	if text := learned.String(); !strings.Contains(text, "6b3f1c9e python") || strings.Contains(text, zone) {
		t.Errorf("the text does not write zones short:\n%s", text)
	}
}
