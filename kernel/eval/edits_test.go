package eval

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// edit is a random declaration of one of a few names, which uses others of them. Their types vary,
// so that what uses them breaks now and then.
func edit(r *rand.Rand) (name, code string) {
	ref := func() string {
		switch r.IntN(6) {
		case 0, 1:
			return fmt.Sprintf("f%d(n - 1)", r.IntN(4))
		case 2:
			return fmt.Sprintf("c%d", r.IntN(3))
		case 3:
			return fmt.Sprintf("T%d{}.m(n - 1)", r.IntN(2))
		case 4:
			return fmt.Sprintf("len(T%d{}.x)", r.IntN(2))
		default:
			return fmt.Sprint(r.IntN(100))
		}
	}
	switch k := r.IntN(9); {
	case k < 4:
		name = fmt.Sprintf("f%d", r.IntN(4))
		if r.IntN(4) == 0 {
			return name, fmt.Sprintf("func %s(n int) string { if n < 0 { return \"\" }; return fmt.Sprint(%s, %s) }", name, ref(), ref())
		}
		return name, fmt.Sprintf("func %s(n int) int { if n < 0 { return 0 }; return %s + %s }", name, ref(), ref())
	case k < 6:
		name = fmt.Sprintf("c%d", r.IntN(3))
		switch r.IntN(4) {
		case 0:
			return name, fmt.Sprintf("const %s = %q", name, strings.Repeat("x", r.IntN(4)))
		case 1:
			return name, fmt.Sprintf("const %s = c%d + 1", name, r.IntN(3))
		}
		return name, fmt.Sprintf("const %s = %d", name, r.IntN(9))
	default:
		name = fmt.Sprintf("T%d", r.IntN(2))
		size := fmt.Sprintf("c%d", r.IntN(3))
		if r.IntN(2) == 0 {
			size = fmt.Sprint(r.IntN(7))
		}
		return name, fmt.Sprintf("type %[1]s struct{ x [%[2]s]int }\nfunc (t %[1]s) m(n int) int { if n < 0 { return 0 }; return len(t.x) + %[3]s }", name, size, ref())
	}
}

var names = []string{"c0", "c1", "c2", "T0", "T1", "f0", "f1", "f2", "f3"}

const questions = "c0, c1, c2, T0{}.m(3), T1{}.m(3), len(T0{}.x), f0(3), f1(3), f2(3), f3(3)"

// TestEdits holds that after any edits that end in a valid program the names mean what they mean
// when that program is run afresh. With -whole there are three times as many edits.
func TestEdits(t *testing.T) {
	runs := 20
	if *whole {
		runs = 60
	}
	valid, broken := 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newSession(t)
		latest := map[string]string{}
		for _, n := range names {
			for latest[n] == "" {
				name, code := edit(r)
				if name == n {
					latest[n] = code
				}
			}
		}
		first := []string{}
		for _, n := range names {
			first = append(first, latest[n])
		}
		if _, _, err := run1(t, s, strings.Join(first, "\n")); err != nil {
			latest = map[string]string{}
		}
		history := []string{strings.Join(first, "\n")}
		for range 25 {
			name, code := edit(r)
			_, said, err := run1(t, s, code)
			broken += strings.Count(said, "still uses")
			history = append(history, code)
			if err != nil {
				continue
			}
			latest[name] = code
			if len(latest) < len(names) {
				continue
			}
			var program []string
			for _, n := range names {
				program = append(program, latest[n])
			}
			fresh := newSession(t)
			if _, _, err := run1(t, fresh, strings.Join(program, "\n")); err != nil {
				fresh.Close()
				continue
			}
			valid++
			want := must(t, fresh, questions)
			fresh.Close()
			got, printed, err := run1(t, s, questions)
			if got != want || err != nil || strings.Contains(printed, "still uses") {
				t.Fatalf("seed %d: after the cells\n%s\nthe answers are %s %s (%v), of a fresh session %s", seed, strings.Join(history, "\n---\n"), got, printed, err, want)
			}
		}
		s.Close()
	}
	if valid < 3*runs || broken < runs {
		t.Errorf("only %d valid programs, %d declarations broken", valid, broken)
	}
}

// TestStale has a function break, say so whenever it is called, and be mended.
func TestStale(t *testing.T) {
	s := newSession(t)
	must(t, s, "func g() int { return 1 }\nfunc f() int { return g() + 1 }\nfunc h() int { return f() * 10 }")
	_, printed, err := run1(t, s, "func g() string { return \"x\" }")
	if err != nil || !strings.Contains(printed, "warning: f still uses the previous definitions") {
		t.Errorf("%q %v", printed, err)
	}
	for _, call := range []string{"f()", "h()"} {
		if _, printed, _ = run1(t, s, call); !strings.Contains(printed, "warning: f still uses the previous definitions") {
			t.Errorf("%s says %q", call, printed)
		}
	}
	must(t, s, "func g() int { return 5 }")
	got, printed, err := run1(t, s, "f(), h()")
	if got != "6 :: int , 60 :: int" || printed != "" || err != nil {
		t.Errorf("mended: %s %q %v", got, printed, err)
	}
	run1(t, s, "func g() string { return \"x\" }\nx := []int{}[len(os.Args)]")
	must(t, s, "func g() int { return 7 }")
	if got := must(t, s, "h()"); got != "80 :: int" {
		t.Errorf("after a cell that failed: %s", got)
	}
}

// TestStaleBeside has functions on one line, of which a new meaning breaks one.
func TestStaleBeside(t *testing.T) {
	s := newSession(t)
	must(t, s, "func g() int { return 1 }")
	must(t, s, "func e() string { return fmt.Sprint(\"e\", g()) }; func f() int { return g() + 1 }; func h() string { return fmt.Sprint(\"h\", g()) }")
	_, printed, err := run1(t, s, "func g() string { return \"x\" }")
	if err != nil || strings.Count(printed, "warning") != 1 || !strings.Contains(printed, "warning: f still uses the previous definitions") {
		t.Errorf("%q %v", printed, err)
	}
	if got, _, err := run1(t, s, "e(), h()"); got != "ex :: string , hx :: string" || err != nil {
		t.Errorf("%s %v", got, err)
	}
}
