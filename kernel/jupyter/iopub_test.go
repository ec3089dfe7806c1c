package jupyter

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendEscaped(t *testing.T) {
	var all strings.Builder
	for r := rune(0); r < 0x300; r++ {
		all.WriteRune(r)
	}
	for _, s := range []string{"", "plain", "\"\\\n\r\t\x00\x1f\x7f", "héllo, 世界 🎉", "cut \xf0\x9f\x8e", "\xff\xfea", "\u2028", all.String()} {
		raw := append(appendEscaped([]byte{'"'}, s), '"')
		var got string
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); utf8.ValidString(s) && got != want {
			t.Errorf("%q is read back as %q", s, got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q gives %q", s, got)
		}
	}
}

func TestAppendEscapedAtEveryPlace(t *testing.T) {
	for b := range 0x80 {
		for at := range 17 {
			s := strings.Repeat("x", at) + string(rune(b)) + strings.Repeat("z", 16-at)
			var got string
			if err := json.Unmarshal(append(appendEscaped([]byte{'"'}, s), '"'), &got); err != nil || got != s {
				t.Errorf("%q is read back as %q: %v", s, got, err)
			}
		}
	}
}

func TestWholeRunes(t *testing.T) {
	for s, want := range map[string]int{"": 0, "a": 1, "é": 2, "a\xc3": 1, "a\xe4\xb8": 1, "\xf0\x9f\x8e": 0, "\xf0\x9f\x8e\x89": 4, "a\x80": 2, "\xff": 1, "\x80\x80\x80\x80": 4} {
		if got := wholeRunes(s); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func TestCharactersCutBetweenWrites(t *testing.T) {
	c := serveKernel(t).connect("me")
	c.s.fake.run = func(cl cellOf) {
		text := "世界 🎉"
		for i := range len(text) {
			cl.Out.Stream("stdout", text[i:i+1])
			if i%3 == 0 {
				sleepPastBatch()
			}
		}
	}
	if a := c.execute("run"); a.text() != "世界 🎉" {
		t.Errorf("got %q", a.text())
	}
}

// BenchmarkOutput is 50 MB of lines of 100 bytes, to a client that only receives.
func BenchmarkOutput(b *testing.B) {
	c := serveKernel(b).connect("me")
	line := strings.Repeat("x", 99) + "\n"
	c.s.fake.run = func(cl cellOf) {
		for range 500_000 {
			cl.Out.Stream("stdout", line)
		}
	}
	b.SetBytes(50_000_000)
	for b.Loop() {
		c.execute("run")
	}
}

// BenchmarkRoundTrip is an empty cell from request to idle.
func BenchmarkRoundTrip(b *testing.B) {
	c := serveKernel(b).connect("me")
	for b.Loop() {
		c.execute("")
	}
}
