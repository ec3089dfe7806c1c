package figure

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"dtnotes/analysis/source"
)

// zoned returns a graph of n nodes in four zones and on the platform.
func zoned(n int, seed uint64) Graph {
	rng := rand.New(rand.NewPCG(seed, 3))
	var g Graph
	for i := range n {
		zone := fmt.Sprintf("%08x-0d52-4a77-9a41-2f8e5c7d1b60", rng.IntN(4))
		node := Node{Name: fmt.Sprintf("%s p%d", zone, i), Zone: zone, Origin: source.Zone, Activity: 100 * rng.Float64(), Cluster: rng.IntN(3)}
		if rng.IntN(4) == 0 {
			node.Name, node.Zone, node.Origin = fmt.Sprintf("global p%d", i), source.Global, source.Platform
		}
		g.Nodes = append(g.Nodes, node)
		if i > 0 && rng.IntN(5) > 0 {
			g.Edges = append(g.Edges, Edge{From: i, To: rng.IntN(i), Weight: rng.Float64()})
		}
	}
	return g
}

// TestHullsKeepToTheirZone holds that the ground of a zone lies behind all of its nodes and reaches
// the center of no other.
func TestHullsKeepToTheirZone(t *testing.T) {
	for seed := range uint64(12) {
		g := zoned(8+4*int(seed), seed).short()
		pl := g.place(pen{}, 40)
		for _, z := range g.zones() {
			h := g.hull(pl, z)
			in := map[int]bool{}
			for _, i := range h.discs {
				in[i] = true
			}
			for i, n := range g.Nodes {
				if in[i] != (n.Zone == z.name) {
					t.Fatalf("seed %d: node %s in the hull of %s: %v", seed, n.Name, z.name, in[i])
				}
				if in[i] {
					continue
				}
				for _, j := range h.discs {
					if away(pl.at[i], pl.at[j]) <= float64(pl.reach[j])+hullMargin {
						t.Errorf("seed %d: %s stands on the ground of %s", seed, n.Name, g.Nodes[j].Name)
					}
				}
				for _, neck := range h.necks {
					if l := inside(pl.at[neck[0]], pl.at[neck[1]], rect(pl.at[i].X-hullNeck/2, pl.at[i].Y-hullNeck/2, pl.at[i].X+hullNeck/2, pl.at[i].Y+hullNeck/2)); l > 0 {
						t.Errorf("seed %d: what joins %s and %s runs over %s", seed, g.Nodes[neck[0]].Name, g.Nodes[neck[1]].Name, n.Name)
					}
				}
			}
		}
	}
}

// TestZonesInEveryStyle holds that a graph names its zones, short, however it is drawn, and that
// data keep the whole names.
func TestZonesInEveryStyle(t *testing.T) {
	var styles []Style
	for _, theme := range Themes() {
		styles = append(styles, Style{Theme: theme}, Style{Theme: theme, XKCD: true})
	}
	for _, s := range styles {
		g := zoned(14, 1)
		g.Style = s
		svg := g.SVG()
		for _, want := range []string{"zone 00000000: ", "zone 00000003: ", ": platform", ": zone process, zone 0000000"} {
			if !strings.Contains(svg, want) {
				t.Errorf("%+v: the picture does not say %q", s, want)
			}
		}
		if strings.Contains(svg, "4a77-9a41") {
			t.Errorf("%+v: the picture has whole identities", s)
		}
		if spec := string(g.Vega()); spec != "" && (!strings.Contains(spec, `"grounds"`) || !strings.Contains(spec, "zone process, zone 00000000") || strings.Contains(spec, "4a77-9a41")) {
			t.Errorf("%+v: the live graph does not have zones with short names", s)
		}
		if again := g.SVG(); again != svg {
			t.Errorf("%+v: drawn twice, two pictures", s)
		}
		for name, write := range map[string]func(*strings.Builder) error{
			"DOT": func(b *strings.Builder) error { return g.WriteDOT(b) }, "GraphML": func(b *strings.Builder) error { return g.WriteGraphML(b) },
			"JSON": func(b *strings.Builder) error { return g.WriteJSON(b) },
		} {
			var b strings.Builder
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), "00000000-0d52-4a77-9a41-2f8e5c7d1b60 p") {
				t.Errorf("%s does not keep whole names", name)
			}
		}
	}
}
