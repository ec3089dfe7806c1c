package display

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

type shown struct {
	text   string
	id     string
	update bool
}

func capture(t *testing.T) *[]shown {
	var got []shown
	SetPublisher(func(b Bundle, id string, update bool) {
		got = append(got, shown{b.Text(), id, update})
	})
	t.Cleanup(func() { SetPublisher(nil) })
	return &got
}

func TestDisplayAndHandles(t *testing.T) {
	got := capture(t)
	Display(1, "two", &Handle{})
	h := Show(3)
	h.Update(4)
	ShowAs("mine", 5)
	Named("mine").Update(6)
	Display(Bundle{Data: MIMEMap{MIMETypeText: "7"}, Transient: MIMEMap{"display_id": "own"}})
	want := []shown{{"1", "", false}, {"two", "", false}, {"3", h.ID(), false}, {"4", h.ID(), true},
		{"5", "mine", false}, {"6", "mine", true}, {"7", "own", false}}
	if len(*got) != len(want) {
		t.Fatalf("got %v, want %v", *got, want)
	}
	for i, w := range want {
		if (*got)[i] != w {
			t.Errorf("%d: got %v, want %v", i, (*got)[i], w)
		}
	}
	if h.ID() == Show(3).ID() {
		t.Error("two handles have one name")
	}
}

func TestClear(t *testing.T) {
	var waits []bool
	SetClearer(func(wait bool) { waits = append(waits, wait) })
	Clear(true)
	Clear(false)
	SetClearer(nil)
	Clear(true)
	if len(waits) != 2 || !waits[0] || waits[1] {
		t.Errorf("got %v", waits)
	}
}

func TestAsk(t *testing.T) {
	if _, err := Ask("name?"); err != ErrNobodyToAsk {
		t.Errorf("got %v", err)
	}
	SetAsker(func(prompt string, password bool) (string, error) { return fmt.Sprint(prompt, password), nil })
	defer SetAsker(nil)
	name, _ := Ask("name?")
	secret, _ := Password("secret?")
	if name != "name?false" || secret != "secret?true" {
		t.Errorf("got %q, %q", name, secret)
	}
}

func TestProgress(t *testing.T) {
	got := capture(t)
	clock := time.Unix(0, 0)
	b := &bar{label: "learning", start: clock, now: func() time.Time { return clock }}
	for done := 0; done <= 4000; done++ {
		b.report(done, 4000)
		clock = clock.Add(time.Millisecond)
	}
	b.report(4000, 4000)
	if n := len(*got); n < 12 || n > 18 {
		t.Fatalf("%d updates of 3 s of work: %v", n, *got)
	}
	first, last := (*got)[0], (*got)[len(*got)-1]
	if first.update || first.text != "learning ██████░░░░░░░░░░░░░░░░░░ 25% · 1,000 of 4,000 · 1,000/s · 3s left" {
		t.Errorf("first: %+v", first)
	}
	if !last.update || last.id != first.id || !strings.HasSuffix(last.text, "4,000 in 4s · 1,000/s") {
		t.Errorf("last: %+v", last)
	}
}

func TestShortProgressShowsNothing(t *testing.T) {
	got := capture(t)
	report := Progress("fast")
	for i := range 11 {
		report(i, 10)
	}
	report(11, 10)
	if len(*got) != 0 {
		t.Errorf("shows %v", *got)
	}
}

func TestProgressOfUnknownTotal(t *testing.T) {
	got := capture(t)
	clock := time.Unix(0, 0)
	b := &bar{label: "reading", start: clock, now: func() time.Time { return clock }}
	clock = clock.Add(2 * time.Second)
	b.report(50, 0)
	if len(*got) != 1 || (*got)[0].text != "reading 50 done · 25/s · 2s" {
		t.Errorf("shows %v", *got)
	}
}
