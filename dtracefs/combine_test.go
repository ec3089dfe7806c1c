package dtracefs

import (
	"strings"
	"testing"
)

// TestCombine holds that one program of all scripts has the clauses of each, and prints one block.
func TestCombine(t *testing.T) {
	for _, system := range []string{"linux", "illumos", "freebsd"} {
		for _, container := range []bool{false, true} {
			scripts := ScriptsOn(system)
			if container {
				for i := range scripts {
					scripts[i] = scripts[i].ByContainer()
				}
			}
			all, err := Combine(scripts...)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range scripts {
				for _, c := range []struct{ whole, part, timer, clear string }{
					{all.D, s.D, "tick-1s", "trunc("}, {all.Bpftrace, s.Bpftrace, "interval:s:1", "clear("},
				} {
					parts, err := clausesOf(c.part)
					if err != nil {
						t.Fatal(err)
					}
					for _, cl := range parts.clauses {
						if !strings.Contains(c.whole, cl.body) && !strings.Contains(cl.body, "print") && !strings.Contains(cl.body, "clear(") {
							t.Errorf("%s of %s is not in\n%s", cl.body, s.Name, c.whole)
						}
					}
					if n := strings.Count(c.whole, c.timer); n != 1 {
						t.Errorf("%d of %s in\n%s", n, c.timer, c.whole)
					}
					tick := c.whole[strings.Index(c.whole, c.timer):]
					if strings.Index(tick, c.clear) < strings.LastIndex(tick[:strings.Index(tick, "\n}")], "print") {
						t.Errorf("clears before it prints:\n%s", tick)
					}
				}
			}
		}
	}
	if _, err := Combine(); err == nil {
		t.Error("nothing combines")
	}
	one := ScriptNamed("io")
	if same, err := Combine(one, one); err != nil || same.Name != "io" {
		t.Errorf("a script combined with itself is %q, %v", same.Name, err)
	}
}
