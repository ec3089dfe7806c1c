package dtracefs

import (
	"fmt"
	"strings"
	"testing"
)

// TestSilentClocks holds that the clock of an interval is kept where nothing follows it but records
// that file no rows, and that it makes no interval of its own where rows follow.
func TestSilentClocks(t *testing.T) {
	for record, silent := range map[string]bool{
		`{}`:           true,
		`{"type":"x"}`: true,
		`{"type":"lost_events","data":{"events":3}}`:       true,
		`{"type":"attached_probes","data":{"probes":3}}`:   true,
		`{"type":"errorf","data":"no such file"}`:          true,
		`{"type":"runtime_error","msg":"bad","helper":""}`: true,
		`{"type":"printf","data":"\n"}`:                    true,
		`{"type":"map","data":{"@a":{}}}`:                  true,
		`{"type":"value","data":{"@a":{}}}`:                true,
		`{"type":"stats","data":{"@a":{}}}`:                true,
		`{"type":"hist","data":{"@a":{}}}`:                 true,
		`{"type":"printf","data":"a b\n"}`:                 false,
		`{"type":"map","data":{"@a":{"x":1}}}`:             false,
		`{"type":"value","data":{}}`:                       false,
		`{"type":"hist","data":{"@a":{"x":[]}}}`:           false,
		`{"type":"benchmark","data":{"x":{}}}`:             false,
	} {
		var b strings.Builder
		for i := range 3 {
			fmt.Fprintf(&b, "{\"type\":\"printf\",\"data\":\"100000000%d.0\\n\"}\n%s\n", i, record)
		}
		c := &Capture{Name: "x"}
		newDecoder(c, Options{}, nil).decode([]byte(b.String()))
		rows := 0
		if table := c.Table("intervals"); table != nil {
			rows = table.NumRows()
		}
		if want := map[bool]int{true: 3, false: 0}[silent]; rows != want {
			t.Errorf("%s under each of 3 clocks gives %d intervals of silence, want %d", record, rows, want)
		}
		if lost := lostWords(c, []byte(b.String())); lost != nil {
			t.Errorf("%s: lost %q", record, lost)
		}
	}
}
