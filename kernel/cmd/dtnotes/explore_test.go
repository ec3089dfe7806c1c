package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// beat is a capture of two names that a timer wakes, one of which is hostile, and of two that
// work together in its first half.
func beat() string {
	var b strings.Builder
	state := uint32(7)
	draw := func(n uint32) uint32 {
		state = state*1664525 + 1013904223
		return (state >> 8) % n
	}
	b.WriteString("time,cron,a\x1b]0;x,nginx,php\n")
	for i := range 600 {
		wake, work := uint32(0), draw(20)
		if i%20 < 2 {
			wake = 30
		}
		php := work
		if i >= 300 {
			php = draw(20)
		}
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d\n", 1700000000+i, wake+draw(3), wake+draw(5), work+draw(4), php+draw(4))
	}
	return b.String()
}

func TestExplore(t *testing.T) {
	inFolder(t, map[string]string{"beat.csv": beat()})
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"explore", "windows", "beat.csv", "--window", "100s", "--step", "100s", "--xkcd"}, "nginx – php: + + + · · ·"},
		{[]string{"explore", "windows", "beat.csv", "--links", "hidden"}, "hidden common causes"},
		{[]string{"explore", "spectrum", "beat.csv", "cron", `a\x1b]0;x`, "--segment", "200"}, "coherence 1.00"},
		{[]string{"explore", "factors", "beat.csv", "--factors", "2"}, "2 factors of 4 sources"},
		{[]string{"explore", "factors", "beat.csv"}, "4 factors of 4 sources"},
	} {
		text, stderr, err := dtnotes(t, append(c.args, "-o", "out.png")...)
		if err != nil || !strings.Contains(text, c.want) || strings.ContainsRune(text+stderr, 0x1b) {
			t.Errorf("%q: %v\n%s%s", c.args, err, text, stderr)
		}
		if picture, err := os.ReadFile("out.png"); err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
			t.Errorf("%q: no picture (%v)", c.args, err)
		}
		os.Remove("out.png")
	}
	for _, c := range [][]string{
		{"explore", "windows", "beat.csv", "--window", "2s"}, {"explore", "windows", "beat.csv", "--step", "1ms"},
		{"explore", "windows", "beat.csv", "--links", "none"}, {"explore", "spectrum", "beat.csv", "cron", "nobody"},
		{"explore", "spectrum", "beat.csv", "cron"}, {"explore", "factors", "beat.csv", "--factors", "9"}, {"explore", "all", "beat.csv"},
		{"learn", "beat.csv", "--links", "none"}, {"learn", "beat.csv", "-o", "n.json", "--links", "hidden"},
		{"explore", "factors", "beat.csv", "-o", "out.gif"},
	} {
		if text, _, err := dtnotes(t, c...); err == nil {
			t.Errorf("%q: no error\n%s", c, text)
		}
	}
	text, _, err := dtnotes(t, "learn", "beat.csv", "--links", "counts", "--graph", "g.svg")
	if err != nil || !strings.Contains(text, "extended Bayesian criterion") || !strings.Contains(mustRead(t, "g.svg"), "<svg") {
		t.Errorf("links of counts: %v\n%s", err, text)
	}
}
