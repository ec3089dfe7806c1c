package display

import (
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
)

// hooks take what code shows to where the session wants it.
var (
	publisher atomic.Pointer[func(b Bundle, id string, update bool)]
	clearer   atomic.Pointer[func(wait bool)]
)

// SetPublisher sends everything shown from now on to publish, with the meaning of cell.Output's
// Display; nil shows the text on standard output again. Publish may be called concurrently.
func SetPublisher(publish func(b Bundle, id string, update bool)) {
	if publish == nil {
		publisher.Store(nil)
		return
	}
	publisher.Store(&publish)
}

// SetClearer sends every Clear from now on to clear; nil ignores them again.
func SetClearer(clear func(wait bool)) {
	if clear == nil {
		clearer.Store(nil)
		return
	}
	clearer.Store(&clear)
}

func publish(b Bundle, id string, update bool) {
	if b.Empty() {
		return
	}
	if p := publisher.Load(); p != nil {
		(*p)(b, id, update)
		return
	}
	fmt.Fprintln(os.Stdout, b.Text())
}

// Display shows values at once, each as by Render. A display_id in the Transient of a bundle names
// it, as Show does. The error is always nil; it is there because gophernotes' Display has one.
func Display(values ...any) error {
	for _, v := range values {
		b := Render(v)
		id, _ := b.Transient["display_id"].(string)
		publish(b, id, false)
	}
	return nil
}

// Clear removes what the running cell has shown and printed. With wait, it does so only when the
// cell next shows something.
func Clear(wait bool) {
	if c := clearer.Load(); c != nil {
		(*c)(wait)
	}
}

// Handle names something shown, so that it can be replaced in place. It shows nothing itself.
type Handle struct{ id string }

// idPrefix makes names differ from those of other sessions in the same document.
var (
	idPrefix = rand.Text()
	idCount  atomic.Int64
)

// Show shows v and returns a handle to replace it.
func Show(v any) *Handle {
	h := &Handle{idPrefix + "-" + strconv.FormatInt(idCount.Add(1), 10)}
	publish(Render(v), h.id, false)
	return h
}

// ShowAs shows v under a name of the caller's choice, for Named to find again from any cell.
func ShowAs(id string, v any) *Handle {
	h := Named(id)
	publish(Render(v), id, false)
	return h
}

// Named returns the handle of what was shown as id.
func Named(id string) *Handle { return &Handle{id} }

// Update replaces what was shown, wherever in the notebook it stands.
func (h *Handle) Update(v any) { publish(Render(v), h.id, true) }

// ID returns the display_id of the handle.
func (h *Handle) ID() string { return h.id }
