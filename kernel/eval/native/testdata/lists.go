package main

import "fmt"

type celsius float64

func (c celsius) String() string { return fmt.Sprintf("%.1f°", float64(c)) }

type pairOf struct{ a, b celsius }

func (p *pairOf) String() string {
	return fmt.Sprint(p.a.String(), "/", p.b.String(), "/", 1000+len(fmt.Sprint(p.a.String(), 4000)))
}

func word(i int) string { return fmt.Sprintf("%d%s", i*1000, []string{"a", "bc", ""}[i%3]) }

// last returns the last of its arguments, which so is kept.
func last(list ...any) any { return list[len(list)-1] }

func main() {
	var kept []any
	s := "text"
	for i := range 6 {
		n := i * 1_000_003
		f := float64(n) / 8
		fmt.Println(n, fmt.Sprintf("%d %s %v", n+1, fmt.Sprint(n+2, s, n+3), word(i)), f, s, uint64(n)<<40, int8(n), n > 4e6, complex(f, 1), rune(n), 'x', "x")
		fmt.Println(celsius(f).String(), (&pairOf{celsius(f), celsius(i)}).String(), n, word(n), nil, []int{n}, [2]string{s, word(1)}, error(nil))
		kept = append(kept, n, s, f, last(n, n+1), last(s, s+"!"))
		s += fmt.Sprint(n)
		text := fmt.Sprintf("%*d|%[1]T|%[3]q|%v", 9, n, s, kept[len(kept)-1])
		fmt.Print(text, len(text), "\n")
	}
	fmt.Println(kept...)
	defer func() { fmt.Println(recover(), s, len(s)) }()
	for i := range 9 {
		fmt.Println(i*1_000_000, word(i), 1_000_000/(3-i))
	}
}
