package syntax

import (
	"testing"
	"time"
)

func TestParseClock(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixNano()
	}
	for _, c := range []struct {
		text string
		ns   int64
		form ClockForm
		n    int
	}{
		{"1795896180", at("2026-11-28T20:03:00Z"), Epoch, 10},
		{"1795896180 nginx 3", at("2026-11-28T20:03:00Z"), Epoch, 10},
		{"1795896180.5", at("2026-11-28T20:03:00.5Z"), Epoch, 12},
		{"1795896328777", at("2026-11-28T20:05:28.777Z"), Epoch, 13},
		{"1795896328777001", at("2026-11-28T20:05:28.777001Z"), Epoch, 16},
		{"1795896328915304167", at("2026-11-28T20:05:28.915304167Z"), Epoch, 19},
		{"2026 Nov 28 20:05:28", at("2026-11-28T20:05:28Z"), Date, 20},
		{"2026 Nov  8 20:05:28, load", at("2026-11-08T20:05:28Z"), Date, 20},
		{"2026-11-28 20:05:26.140182", at("2026-11-28T20:05:26.140182Z"), Date, 26},
		{"2026-11-28T20:05:26Z x", at("2026-11-28T20:05:26Z"), Date, 20},
		{"2026-11-28T20:05:26+02:00", at("2026-11-28T18:05:26Z"), Date, 25},
		{"2026-11-28 20:05:26 -0700", at("2026-11-29T03:05:26Z"), Date, 25},
		{"2026/11/28 20:05:26", at("2026-11-28T20:05:26Z"), Date, 19},
		{"11/28/26 20:16:47", at("2026-11-28T20:16:47Z"), Date, 17},
		{"11/28/2026 08:16:47 PM", at("2026-11-28T20:16:47Z"), Date, 22},
		{"28/11/2026 08:16:47", at("2026-11-28T08:16:47Z"), Date, 19},
		{"Sat Nov 28 20:15:05 UTC 2026 nginx 28", at("2026-11-28T20:15:05Z"), Date, 28},
		{"Sat Nov  8 20:15:05 CET 2026", at("2026-11-08T20:15:05Z"), Date, 28},
		{"Sat Nov 28 20:15:05 2026", at("2026-11-28T20:15:05Z"), Date, 24},
		{"Sat 28 Nov 2026 08:15:05 PM UTC", at("2026-11-28T20:15:05Z"), Date, 31},
		{"Thu, 01 Jan 1970 00:00:00 UTC", 0, Date, 29},
		{"Nov 28 20:15:05 nginx", at("1970-11-28T20:15:05Z"), DateNoYear, 15},
		{"[2026-11-28 20:05:26] x", at("2026-11-28T20:05:26Z"), Date, 21},
		{"20:05:26", at("1970-01-01T20:05:26Z"), TimeOfDay, 8},
		{"8:05:26.25 x", at("1970-01-01T08:05:26.25Z"), TimeOfDay, 10},
		{"12:05:26 AM", at("1970-01-01T00:05:26Z"), TimeOfDay, 11},
	} {
		got, n, ok := ParseClock([]byte(c.text))
		if !ok || got.NS != c.ns || got.Form != c.form || n != c.n {
			t.Errorf("ParseClock(%q) = %v (%v) form %d, %d bytes, %v; want %v form %d, %d bytes", c.text,
				got.NS, time.Unix(0, got.NS).UTC(), got.Form, n, ok, c.ns, c.form, c.n)
		}
	}
	for _, text := range []string{"", "1", "20:05", "25:00:00", "2026 Xyz 28 20:05:28", "2026-13-28 20:05:26", "179589618", "9999999999",
		"1795896180x", "[0]", "[4, 8)", "Sat", "Nova 28 20:15:05", "2026-11-28", "0x1795896180", "20:05:261"} {
		if got, n, ok := ParseClock([]byte(text)); ok {
			t.Errorf("ParseClock(%q) = %v, %d bytes", text, got, n)
		}
	}
}

func FuzzParseClock(f *testing.F) {
	for _, s := range []string{"1795896180.5", "2026 Nov 28 20:05:28", "Sat Nov 28 20:15:05 UTC 2026", "11/28/26 20:16:47", "[2026-11-28 20:05:26]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, n, ok := ParseClock(b); ok && (n <= 0 || n > len(b) || c.Form == TimeOfDay && c.NS >= 25*3600e9) {
			t.Errorf("%q: %v, %d bytes", b, c, n)
		}
	})
}
