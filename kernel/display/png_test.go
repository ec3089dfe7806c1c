package display

import (
	"testing"

	"dtnotes/analysis/figure"
)

func TestPNGShowsAtItsResolution(t *testing.T) {
	g := figure.Graph{Nodes: []figure.Node{{Name: "a"}, {Name: "b"}}, Edges: []figure.Edge{{From: 0, To: 1, Weight: 0.5}}}
	size, _ := Render(g).Metadata[MIMETypePNG].(MIMEMap)
	if w, _ := size["width"].(int); w < 400 || w > 1000 {
		t.Errorf("a figure of 192 dots an inch shows %v wide", size)
	}
	for _, bad := range []string{"", "\x89PNG\r\n\x1a\n", "\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR", "GIF89a"} {
		if got := pngSize([]byte(bad)); got != nil {
			t.Errorf("size of %q: %v", bad, got)
		}
	}
}
