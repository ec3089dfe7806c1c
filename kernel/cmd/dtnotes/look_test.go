package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"dtnotes/analysis/figure"
)

// TestLooks holds that every command that draws can draw in every look, each of which is another
// picture.
func TestLooks(t *testing.T) {
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		draws := strings.Contains(cmd.Flags().FlagUsages(), ".svg")
		for _, flag := range []string{"xkcd", "theme"} {
			if draws && cmd.Flags().Lookup(flag) == nil {
				t.Errorf("%s draws and has no --%s", cmd.CommandPath(), flag)
			}
		}
		for _, c := range cmd.Commands() {
			look(c)
		}
	}
	look(command())

	inFolder(t, nil)
	drawn := map[string]string{}
	draw := func(args ...string) {
		name := strings.Join(args, " ")
		if _, _, err := dtnotes(t, append([]string{"learn", "vm-start.dtrace.txt", "--graph", "graph.svg"}, args...)...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		svg := mustRead(t, "graph.svg")
		if other, ok := drawn[svg]; ok {
			t.Errorf("%q draws what %q draws", name, other)
		}
		drawn[svg] = name
	}
	draw("--xkcd")
	for _, theme := range figure.Themes() {
		draw("--theme", theme.String())
	}
	if _, _, err := dtnotes(t, "learn", "vm-start.dtrace.txt", "--theme", "blue"); err == nil || !strings.Contains(err.Error(), "light, dark, gray") {
		t.Errorf("a theme that there is not: %v", err)
	}
}
