package dtracefs

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestTextsOfTheNextDay has times of the day that are text in a table: the same text means the
// next day once the clock has gone round, and a batch that spans half a day is read only once.
func TestTextsOfTheNextDay(t *testing.T) {
	var text strings.Builder
	text.WriteString("time,proc,calls\n")
	for hour := 8; hour <= 56; hour += 3 {
		fmt.Fprintf(&text, "%02d:00:00,nginx,5\n", hour%24)
	}
	m := counted(t, text.String(), CountOptions{MeasureOptions: MeasureOptions{As: AsEvents}})
	var ones []float64
	for i := range m.Buckets {
		if v := m.Values[i]; v != 0 {
			if v != 1 {
				t.Errorf("bucket %d has %v rows", i, v)
			}
			ones = append(ones, float64(i))
		}
	}
	if len(ones) != 17 || ones[16]-ones[0] != 48*3600 {
		t.Errorf("rows in buckets %v", ones)
	}
}

// TestStepAcrossMidnight holds that a few rows around midnight are as far apart as their clocks
// say, and no day.
func TestStepAcrossMidnight(t *testing.T) {
	m, err := Infer(load(t, "TIME     COMM   READS\n23:59:58 nginx  12\n00:00:00 nginx  13\n00:00:02 nginx  14\n").Tables, MeasureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Every != 2*time.Second {
		t.Errorf("buckets of %v, want 2s", m.Every)
	}
}

// A running total whose first fraction comes late did not fall then.
func TestTotalsOfBothKinds(t *testing.T) {
	whole, part := totalValue{whole: 10}, totalValue{part: 10.5}
	if part.less(whole) || !whole.less(part) {
		t.Error("10.5 is less than 10")
	}
	if d := part.minus(whole); d.float() != 0.5 {
		t.Errorf("10.5 - 10 = %v", d)
	}
	large := totalValue{whole: math.MaxInt64}
	if d := large.minus(totalValue{whole: math.MaxInt64 - 1}); d.whole != 1 {
		t.Errorf("whole numbers lose digits: %v", d)
	}
}

// TestUnsignedTwice has more than one number beyond 2^63 in a column that a format says is one of
// numbers.
func TestUnsignedTwice(t *testing.T) {
	c := newColumn("address", Int)
	for _, cell := range []string{"5", "18446744073709551615", "18446744073709551614"} {
		formatCell(Options{}, c, 0, []byte(cell))
	}
	if c.typ != Int || !c.unsigned || uint64(c.ints[2]) != math.MaxUint64-1 {
		t.Errorf("type %v, unsigned %t, %v", c.typ, c.unsigned, c.ints)
	}
}
