package dtracefs

import "testing"

// Integers that are one float, such as addresses of the kernel, are told apart, and so are those of
// other parts of a capture.
func TestRangeOfLargeIntegers(t *testing.T) {
	for _, c := range []struct {
		parts [][]string
		want  string
	}{
		{[][]string{{"18446612132314218625", "18446612132314218703", "18446612132314218624"}}, "18446612132314218624 … 18446612132314218703"},
		{[][]string{{"18446612132314218625"}, {"18446612132314218703"}, {"18446612132314218624"}}, "18446612132314218624 … 18446612132314218703"},
		{[][]string{{"-9007199254740993", "-9007199254740992", "-9007199254740994"}}, "-9007199254740994 … -9007199254740992"},
		{[][]string{{"9999999999999999", "10000000000000000"}}, "9999999999999999 … 10000000000000000"},
	} {
		var s columnSummary
		for _, cells := range c.parts {
			col := newColumn("c", String)
			for _, cell := range cells {
				col.appendString(cell)
			}
			col.infer()
			s.add(col)
		}
		if got := s.String(); got != c.want {
			t.Errorf("%v: %s, want %s", c.parts, got, c.want)
		}
	}
}
