package eval

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dtnotes/kernel/eval/internal/programs"
	"dtnotes/kernel/eval/native"
)

// TestNativeTiers runs the sessions, and what cells print against compiled Go, in the executors
// that the other tests do not run in.
func TestNativeTiers(t *testing.T) {
	if raceMode != 0 {
		t.Skip("where races are looked for, the interpreter executes everything, as the other tests have it do")
	}
	used := newNativeTier()
	for _, tier := range []string{"off", "portable", "machine"} {
		if used.on && used.name() == tier || !used.on && tier == "off" {
			continue
		}
		t.Setenv(nativeVariable, tier)
		t.Run(tier+"/sessions", TestSessions)
		t.Run(tier+"/oracle", TestOracle)
	}
}

// FuzzTiers holds what a generated program prints as a cell, in every executor, against compiled
// Go.
func FuzzTiers(f *testing.F) {
	f.Add(int64(1))
	f.Add(int64(2))
	f.Fuzz(func(t *testing.T, seed int64) {
		src := programs.Generate(seed)
		file := filepath.Join(t.TempDir(), "program.go")
		if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
			t.Fatal(err)
		}
		want := compiledGo(t, file)
		for _, tier := range []string{"off", "portable", "machine"} {
			t.Setenv(nativeVariable, tier)
			programs.Differ(t, tier+" prints other than compiled Go", interpreted(t, src), want)
		}
	})
}

// TestNativeTold asks what executes functions, and has one that is left to the interpreter.
func TestNativeTold(t *testing.T) {
	told := func(tier string, cells ...string) string {
		t.Setenv(nativeVariable, tier)
		s := newSession(t)
		for _, c := range cells {
			must(t, s, c)
		}
		_, printed, err := run1(t, s, "%native")
		if err != nil {
			t.Fatal(err)
		}
		return printed
	}
	for _, c := range []struct {
		tier, code, want string
	}{
		{"off", "1", "interpreted: all functions"},
		{"nonsense", "1", "neither off, portable nor machine"},
		{"machine", "func twice(x int) int { return 2 * x }\ntwice(4)", "machine  main.twice"},
		{"portable", "func twice(x int) int { return 2 * x }\ntwice(4)", "main.twice"},
		{"portable", "import \"runtime\"\n_, _, line, ok := runtime.Caller(0)\nline > 0 && ok", "runtime.Caller needs the interpreter's stack"},
	} {
		if c.tier == "machine" && !native.MachineCode() {
			c.want = "machine code cannot be had here"
		}
		if (c.tier == "portable" || c.tier == "machine") && raceMode != 0 {
			c.want = "races are being looked for"
		}
		if printed := told(c.tier, c.code); !strings.Contains(printed, c.want) {
			t.Errorf("%s in tier %s: %s; want %q", c.code, c.tier, printed, c.want)
		}
	}
}
