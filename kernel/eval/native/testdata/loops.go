// Loops whose ends are counted, loaded and changed on the way, numbers in memory that are counted, and
// addresses that are computed again.
package main

import "fmt"

var (
	limit  = 10
	words  = []string{"a", "bc", "def", ""}
	text   = "the quick brown fox"
	counts [128]int
	table  [4][8]int
	where  = &box{}
)

type box struct {
	n, sum int
	small  int8
	next   *box
}

func loaded() (t int) {
	for i := 0; i < limit; i++ {
		t += i
		if i == 3 {
			limit--
		}
	}
	return t
}

func captured(n int) (t int) {
	less := func() { n-- }
	for i := 0; i < n; i++ {
		t += i
		if i%3 == 0 {
			less()
		}
	}
	return t*100 + n
}

func down(n int) (t int) {
	for i := n; i >= 0; i-- {
		t = t*3 + i
	}
	for i := n; i > 1; i -= 2 {
		t += i
	}
	return t
}

func steps(n int) (t int) {
	for i := 0; i <= n; i += 7 {
		t += i
	}
	for i := 0; i <= 100; i += 9 {
		if i == 18 {
			continue
		}
		t = t*2 + i
		if t > 1<<40 {
			break
		}
	}
	for i := -3; i < 5; i++ {
		i := i * i
		t += i
	}
	return t
}

func moving(n int) (t int) {
	for i := 0; i < n; i++ {
		i += i & 1
		n -= i & 2
		t += n - i
	}
	return t
}

func same(n int) (last int) {
	for i, j := 0, n; i < j; i, j = i+1, j-1 {
		last = i*1000 + j
	}
	for i := 0; i < n; i++ {
		last += i
		n = min(n, 20)
	}
	return last
}

func lengths() (t int) {
	for i := 0; i < len(text); i++ {
		counts[text[i]]++
		if i == 5 {
			text = text[:12]
		}
	}
	for i := 0; i < len(words); i++ {
		t += len(words[i])
		if i < 8 {
			words = append(words, "xy")
		}
	}
	for i := range counts {
		if counts[i] != 0 {
			t = t*7%1000003 + i*counts[i]
		}
	}
	return t
}

func tables() (t int) {
	for i := 0; i < 4; i++ {
		for j := 0; j < 8; j++ {
			table[i][j] += i
			table[i][j]++
			table[j&3][j] -= 2
			k := j
			table[i][k]--
			k ^= 1
			table[i][k] += 5
		}
	}
	for _, r := range table {
		for _, x := range r {
			t = t*3 + x
		}
	}
	return t
}

func boxes() string {
	a := &box{n: 5, next: &box{small: 126}}
	for i := 0; i < 10; i++ {
		a.n++
		a.sum += a.n
		a.next.n--
		a.next.small++
		a.next.sum += 1 << 20
		where.n += 3
		where.n -= 1
	}
	x := a.n
	a.n++
	y := a.n
	return fmt.Sprint(x, y, a.sum, *a.next, where.n)
}

func faults() (s string) {
	i := 0
	defer func() { s = fmt.Sprint(i, " ", recover()) }()
	var p *box
	for i = 0; i < 10; i++ {
		if i == 4 {
			p.n++
		}
	}
	return
}

func ends() (s string) {
	p, i := &box{n: 3}, 0
	defer func() { s = fmt.Sprint(i, " ", recover()) }()
	for i = 0; i < p.n; i++ {
		if i == 2 {
			p = nil
		}
	}
	return
}

func empty(n int) int {
	i := 0
	for ; i < n; i++ {
	}
	for range n {
		i++
	}
	for j := range 5 {
		i += j
	}
	return i
}

func nested(n int) (t int) {
	for i := 0; i < n; i++ {
		for j := i; j < n; j++ {
			for k := n; k > j; k-- {
				t += i ^ j ^ k
			}
		}
	}
	return t
}

func narrow() (t int) {
	for i := int8(120); i > 0; i++ {
		t += int(i)
	}
	for i := uint8(250); i >= 250; i++ {
		t += int(i)
	}
	for i := uint64(1 << 63); i < 1<<63+3; i++ {
		t++
	}
	return t
}

type key struct{ a, b int }

func sums() string {
	m, f, k, s, u := map[string]int{}, map[int]float64{}, map[key]int32{}, map[string]string{}, map[byte]uint8{}
	for i := 0; i < 300; i++ {
		w := words[i%len(words)]
		m[w]++
		m[w] += len(w) * i
		m["x"+w] -= i
		f[i&7] += float64(i) / 3
		f[i&3] *= 1.5
		k[key{i & 1, i % 3}] += 1 << 24
		k[key{i & 1, 0}] ^= int32(i)
		s[w] += string(rune('a' + i%26))
		u[byte(i)&3] += 100
		u[byte(i)&3] |= 1
		m[w] = i - m[w]
	}
	return fmt.Sprint(m, f, k, len(s["bc"]), u)
}

func nilMap() (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	var m map[string]int
	m["a"]++
	return
}

func pass(list []int, f func(int) int) (t int) {
	for i := range list {
		list[i]++
		list[i] += f(list[i])
		t += list[i]
	}
	return t
}

func main() {
	for round := 0; round < 3; round++ {
		limit = 1000 + round
		fmt.Println(loaded(), captured(1500), down(40), steps(2000), moving(5000), same(3000))
		fmt.Println(lengths(), tables(), boxes(), faults(), ends(), empty(3000), nested(30), narrow())
		fmt.Println(sums(), nilMap(), pass(make([]int, 2000), func(x int) int { return x & round }))
	}
}
