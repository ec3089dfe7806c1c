package dtracefs

import "testing"

// TestBanners holds which lines say that a script is at work or how to end it, and which only look
// like it.
func TestBanners(t *testing.T) {
	for line, want := range map[string]bool{
		"Tracing block I/O... Hit Ctrl-C to end.": true,
		"  tracing":               true,
		"SAMPLING at 99 Hz":       true,
		"Monitoring, press ^C":    true,
		"hit control-c when done": true,
		"Press CTRL-C to stop":    true,
		"press ctrlc":             true,
		"it runs; ctrl-c to quit": true,
		"press Ctrl+C to end":     true,
		"Ending tracing...":       true,
		"ending tracing of nginx": false,
		"tracingd 12":             false,
		"tracing_on 1":            false,
		"tracer 12":               false,
		"monitoringagent 1":       false,
		"ctrl-c 12":               false,
		"ahit ctrl-c":             false,
		"calc`main 1":             false,
		"^C":                      false,
		"c":                       false,
		"":                        false,
		"press any key to count what the disks write": false,
	} {
		if isBanner([]byte(line)) != want {
			t.Errorf("%q: a banner is %v, want %v", line, !want, want)
		}
	}
}

// TestInstants holds the numbers that are an instant: in seconds or a part of them, cut off
// anywhere.
func TestInstants(t *testing.T) {
	k := &kept{times: []int64{1700000001_250000000, 1700000002_000000000}}
	for word, want := range map[string]bool{
		"1700000001": true, "1700000001250": true, "1700000001250000": true, "1700000001250000000": true,
		"1700000001.2": true, "1700000001.25": true, "1700000001.250000000": true, "1700000002.0": true,
		"1700000001.3": false, "1700000001.26": false, "1700000003": false, "1700000001251": false, "170000000": false,
		"1700000001.2500000000": false, "1.7e9": false, "9223372036854775807": false, "": false, ".": false,
	} {
		if k.isInstant(word) != want {
			t.Errorf("%q is an instant: %v, want %v", word, !want, want)
		}
	}
}
