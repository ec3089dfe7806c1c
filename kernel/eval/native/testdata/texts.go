package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// texts calls compiled functions of texts, numbers and errors, and looks at what they return.
func texts(i int) string {
	var b strings.Builder
	n, err := b.WriteString("line ")
	bad := b.WriteByte('a' + byte(i%26))
	m, failed := b.WriteRune('é' + rune(i%3))
	list := strings.Fields(" x " + strconv.Itoa(i) + " y")
	parts := strings.Split("a,b,"+list[1], ",")
	x, wrong := strconv.Atoi(list[i%3])
	s := strings.TrimPrefix(strings.ToUpper(b.String()), "LI")
	at, has := strings.Index(s, "É"), strings.Contains(s, list[1])
	return fmt.Sprintf("%d %v %v %d %v %q %q %d %v %q %d %t %d %d %t", n, err, bad, m, failed, list, parts, x, wrong, s, at, has,
		utf8.RuneCountInString(s), b.Len(), utf8.ValidString(s[:len(s)-i%2]))
}

// dropped looks at no results, or at one of two.
func dropped(i int) string {
	var b strings.Builder
	b.WriteString("line ")
	b.WriteByte('0' + byte(i%10))
	b.WriteRune(rune(0x20ac))
	strconv.Atoi("none")
	strings.Fields(b.String())
	strings.ToUpper(b.String())
	n, _ := b.WriteString(strconv.Itoa(i))
	_, err := strconv.Atoi("no" + strconv.Itoa(n))
	return b.String() + err.Error()
}

func nilBuilder() {
	defer func() { fmt.Println(recover()) }()
	var b *strings.Builder
	b.WriteString("x")
}

func main() {
	for i := range 60 {
		fmt.Println(texts(i), dropped(i))
	}
	var all strings.Builder
	for i := 0; i < 3000; i++ {
		all.WriteString("line ")
		all.WriteString(strconv.Itoa(i))
		all.WriteString(fmt.Sprintf(" %d\n", i*2))
	}
	sum := 0
	for _, l := range strings.Split(all.String(), "\n") {
		if f := strings.Fields(l); len(f) == 3 {
			n, _ := strconv.Atoi(f[2])
			sum += n
		}
	}
	fmt.Println(all.Len(), sum)
	nilBuilder()
}
