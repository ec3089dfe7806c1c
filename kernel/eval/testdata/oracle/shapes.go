// Values of many types behind one interface, in turns.
package main

import "fmt"

type shape interface{ size(int) int }
type one struct{ n int }
type two struct{ a, b int }
type three int
type four [2]int
type five struct{ p *int }

func (x one) size(n int) int   { return x.n + n }
func (x *two) size(n int) int  { return x.a*n + x.b }
func (x three) size(n int) int { return int(x) * n }
func (x four) size(n int) int  { return x[n&1] }
func (x five) size(n int) int  { return *x.p - n }

func shapes() (t int) {
	seven := 7
	list := []shape{one{1}, &two{2, 3}, three(4), four{5, 6}, five{&seven}}
	for i := 0; i < 2000; i++ {
		t = (t*31 + list[i%5].size(i)) % 1000003
		t += list[i%3].size(t & 15)
	}
	return t
}

func main() { fmt.Println(shapes(), shapes()) }
