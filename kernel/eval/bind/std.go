package bind

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"hash"
	"hash/maphash"
	"reflect"

	"github.com/goplus/ixgo"
	_ "github.com/goplus/ixgo/pkg/testing/fstest"
	_ "github.com/goplus/ixgo/pkg/testing/iotest"
	_ "github.com/goplus/ixgo/pkg/testing/quick"
	_ "github.com/goplus/ixgo/pkg/testing/slogtest"
)

// ixgo has no code for some generic functions of the standard library. They are source here, for
// which instances of the real ones do the work.

const stdPath = "dtnotes/kernel/eval/std"

func init() {
	Register(&Table{
		Path: stdPath, Name: "std", Deps: "hash hash\nhash/maphash maphash",
		Funcs: []Symbol{
			{"HKDFKey", hkdf.Key[hash.Hash]}, {"HKDFExtract", hkdf.Extract[hash.Hash]}, {"HKDFExpand", hkdf.Expand[hash.Hash]},
			{"PBKDF2Key", pbkdf2.Key[hash.Hash]}, {"Comparable", comparableHash}, {"WriteComparable", writeComparable},
		},
	})
	registered = registered[:len(registered)-1] // it is not for cells
	for path, source := range map[string]string{
		"errors": `package errors
import "errors"
func AsType[E error](err error) (E, bool) {
	var target E
	ok := errors.As(err, &target)
	return target, ok
}`,
		"reflect": `package reflect
import "reflect"
func TypeAssert[T any](v reflect.Value) (T, bool) {
	if !v.IsValid() {
		panic(&reflect.ValueError{Method: "reflect.TypeAssert", Kind: reflect.Invalid})
	}
	x, ok := v.Interface().(T)
	return x, ok
}`,
		"crypto/hkdf": `package hkdf
import ("hash"; "` + stdPath + `")
func Extract[H hash.Hash](h func() H, secret, salt []byte) ([]byte, error) {
	return std.HKDFExtract(func() hash.Hash { return h() }, secret, salt)
}
func Expand[H hash.Hash](h func() H, pseudorandomKey []byte, info string, keyLength int) ([]byte, error) {
	return std.HKDFExpand(func() hash.Hash { return h() }, pseudorandomKey, info, keyLength)
}
func Key[Hash hash.Hash](h func() Hash, secret, salt []byte, info string, keyLength int) ([]byte, error) {
	return std.HKDFKey(func() hash.Hash { return h() }, secret, salt, info, keyLength)
}`,
		"crypto/pbkdf2": `package pbkdf2
import ("hash"; "` + stdPath + `")
func Key[Hash hash.Hash](h func() Hash, password string, salt []byte, iter, keyLength int) ([]byte, error) {
	return std.PBKDF2Key(func() hash.Hash { return h() }, password, salt, iter, keyLength)
}`,
		"hash/maphash": `package maphash
import ("hash/maphash"; "` + stdPath + `")
func Comparable[T comparable](seed maphash.Seed, v T) uint64 { return std.Comparable(seed, v) }
func WriteComparable[T comparable](h *maphash.Hash, x T) { std.WriteComparable(h, x) }`,
	} {
		ixgo.RegisterPatch(path, source)
	}
}

// comparableHash is maphash.Comparable of a value whose type is known at run time only. For basic
// types it is the same number as compiled code gets.
func comparableHash(seed maphash.Seed, v any) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	writeComparable(&h, v)
	return h.Sum64()
}

func writeComparable(h *maphash.Hash, v any) {
	switch x := v.(type) {
	case string:
		maphash.WriteComparable(h, x)
	case int:
		maphash.WriteComparable(h, x)
	case bool:
		maphash.WriteComparable(h, x)
	case float64:
		maphash.WriteComparable(h, x)
	default:
		if v != nil && !reflect.TypeOf(v).Comparable() {
			panic("maphash: unhashable type " + reflect.TypeOf(v).String())
		}
		maphash.WriteComparable(h, v)
	}
}
