package native

import (
	"runtime"
	"sync"
	"unsafe"
	"weak"
)

// madeFuncs remembers which closures function values of package reflect stand for, as long as the
// values live.
type madeFuncs struct{ m sync.Map }

// madeFunc stands for what a function value of package reflect points to.
type madeFunc struct{ code uintptr }

var madeClosures madeFuncs

func (t *madeFuncs) add(value unsafe.Pointer, c *closure) {
	key := uintptr(value)
	t.m.Store(key, weak.Make(c))
	runtime.AddCleanup((*madeFunc)(value), func(key uintptr) { t.m.Delete(key) }, key)
}

// find returns nil for what was not added.
func (t *madeFuncs) find(value unsafe.Pointer) *closure {
	if w, ok := t.m.Load(uintptr(value)); ok {
		return w.(weak.Pointer[closure]).Value()
	}
	return nil
}
