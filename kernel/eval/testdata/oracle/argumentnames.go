// Instances of generic types have the names of their arguments, without those that are aliases.
package main

import "fmt"

type pair[K comparable, V any] struct {
	Key   K
	Value V
}

func (p *pair[K, V]) set(k K, v V) { p.Key, p.Value = k, v }

type list[T any] struct {
	v    T
	next *list[T]
	all  []list[T]
}

type tree[K comparable] struct {
	k    K
	kids map[K]*tree[K]
}

func (t *tree[K]) add(k K) *tree[K] {
	if t.kids == nil {
		t.kids = map[K]*tree[K]{}
	}
	t.kids[k] = &tree[K]{k: k}
	return t.kids[k]
}

func (t tree[K]) key() K { return t.k }

func grown[T comparable](k T) any { return (&tree[T]{}).add(k) }

type own = []byte

func main() {
	fmt.Printf("%T %T %T\n", &pair[byte, int]{}, &pair[rune, []byte]{}, &pair[any, map[byte]func(rune)]{})
	fmt.Printf("%T %T\n", &pair[string, own]{}, &pair[[2]rune, pair[byte, any]]{})
	l := &list[byte]{v: 1}
	fmt.Printf("%T %T %T\n", l, l.next, l.all)
	var t tree[rune]
	fmt.Printf("%T %v %T\n", t.add('x'), t.add('y').key(), t.kids)
	var runes interface{ key() rune } = t
	var ints interface{ key() int32 } = &t
	fmt.Printf("%T %T %v\n", runes, ints, runes.key())
	fmt.Printf("%T %T %T\n", grown[byte](1), grown[uint8](2), grown('x'))
	_, one := grown[byte](1).(*tree[uint8])
	_, other := grown[uint8](1).(*tree[byte])
	fmt.Println(one, other)
}
