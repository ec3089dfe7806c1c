package parallel

import "testing"

func TestFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		done := make([]int, n)
		For(n, func(i int) { done[i]++ })
		for i, d := range done {
			if d != 1 {
				t.Errorf("%d of %d ran %d times", i, n, d)
			}
		}
	}
}
