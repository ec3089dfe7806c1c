package cell

import "testing"

func TestHeadline(t *testing.T) {
	for _, c := range [][3]string{
		{"panic", "no", "[panic:] no"},
		{"interrupted", "interrupted", "[interrupted]"},
		{"exit", "exit status 3", "[exit] status 3"},
		{"exit", "exits", "[exit:] exits"},
		{"stack overflow", "stack overflow: a recursion does not end", "[stack overflow]: a recursion does not end"},
	} {
		got := Headline(c[0], c[1])
		want := ""
		for _, r := range c[2] {
			switch r {
			case '[':
				want += Strong
			case ']':
				want += Plain
			default:
				want += string(r)
			}
		}
		if got != want {
			t.Errorf("Headline(%q, %q) is %q, want %q", c[0], c[1], got, want)
		}
	}
	if got := (&Error{Name: "a", Message: "b"}).Shown(); len(got) != 1 || got[0] != Headline("a", "b") {
		t.Errorf("an error without a traceback shows %q", got)
	}
}
