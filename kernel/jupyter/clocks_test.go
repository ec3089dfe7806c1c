package jupyter

import (
	"testing"
	"time"
)

// TestClocks has messages come from clients whose clocks are behind or ahead, by ways of
// different length. What is told of the time at which a message was sent is late rather than
// early, unless the clocks may be the same.
func TestClocks(t *testing.T) {
	ms := time.Millisecond
	quick := []time.Duration{3 * ms, ms, 2 * ms, 40 * ms, ms}
	slow := []time.Duration{900 * ms, 700 * ms, 600 * ms, 1500 * ms, 650 * ms}
	for _, c := range []struct {
		name   string
		behind time.Duration // what the client's clock is behind the kernel's
		ways   []time.Duration
		exact  bool // the last one is told exactly
	}{
		{"the same clock", 0, quick, true},
		{"the same clock, a busy machine", 0, slow, true},
		{"five seconds behind", 5 * time.Second, quick, false},
		{"five seconds behind, a busy machine", 5 * time.Second, slow, false},
		{"half a second behind", 500 * ms, quick, false},
		{"an hour behind", time.Hour, quick, false},
		{"an hour ahead", -time.Hour, slow, false},
	} {
		var clocks clocks
		now := time.Now()
		for i, way := range c.ways {
			now = now.Add(time.Second)
			h := header{Session: "s", Date: now.Add(-c.behind).Format(time.RFC3339Nano)}
			off := clocks.sent(h, now.Add(way)).Sub(now)
			if i < len(c.ways)-1 {
				continue
			}
			if c.exact && off != 0 || off < 0 || off > way {
				t.Errorf("%s: a message is said to be sent %v after it was", c.name, off)
			}
		}
	}
}

// TestClockIsSet has a client's clock set while it works.
func TestClockIsSet(t *testing.T) {
	var clocks clocks
	now := time.Now()
	for _, behind := range []time.Duration{0, time.Hour, -time.Hour, 0} {
		for range 3 {
			now = now.Add(time.Second)
			h := header{Session: "s", Date: now.Add(-behind).Format(time.RFC3339Nano)}
			if off := clocks.sent(h, now.Add(time.Millisecond)).Sub(now); off < 0 || off > time.Millisecond {
				t.Errorf("with a clock that is %v behind, a message is said to be sent %v after it was", behind, off)
			}
		}
	}
}
