package eval

import (
	"fmt"
	"strings"
	"testing"

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

// TestNativePlaces holds where panics are said to be within what compiled code calls, and within
// functions whose code stands in others.
func TestNativePlaces(t *testing.T) {
	if raceMode != 0 {
		t.Skip("the interpreter executes everything")
	}
	for _, tier := range []string{"portable", "machine"} {
		t.Setenv(nativeVariable, tier)
		s := newSession(t)
		must(t, s, "s := []int{3, 1, 2}\nvar p *struct{ n int }\nfunc part(x, y int) int {\n\treturn x /\n\t\ty\n}")
		for _, c := range []struct{ code, want string }{
			{"sort.Slice(s, func(i, j int) bool {\n\treturn s[i] <\n\t\ts[j+5]\n})", "cell[2]:3: runtime error: index out of range [5] with length 3"},
			{"strings.Map(func(r rune) rune {\n\tif r == 'a' {\n\t\treturn r\n\t}\n\treturn r + rune(p.n)\n}, \"aab\")", "cell[3]:5: runtime error: invalid memory address"},
			{"sort.Slice(s, func(i, j int) bool { return part(s[i], s[j]-3) < 4 })", "cell[1]:4: runtime error: integer divide by zero"},
			{"for i := range s {\n\t_ = part(1, s[i]-1)\n}", "cell[1]:4: runtime error: integer divide by zero"},
		} {
			if _, _, err := run1(t, s, c.code); err == nil || !strings.Contains(err.Message, c.want) {
				t.Errorf("%s, %s: %v; want %s", tier, c.code, err, c.want)
			} else if trace := strings.Join(err.Traceback, "\n"); strings.Contains(c.want, "cell[1]") && (!strings.Contains(trace, "part") || !strings.Contains(trace, "cell["+fmt.Sprint(s.cells)+"]")) {
				t.Errorf("%s, %s: the stack is\n%s", tier, c.code, trace)
			}
		}
	}
}
