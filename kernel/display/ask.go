package display

import (
	"errors"
	"sync/atomic"
)

// ErrNobodyToAsk is the error of a question where nobody can answer it: the front end does not
// allow questions, or there is none.
var ErrNobodyToAsk = errors.New("nobody can be asked")

var asker atomic.Pointer[func(prompt string, password bool) (string, error)]

// SetAsker has every question from now on answered by ask; nil leaves nobody to ask.
func SetAsker(ask func(prompt string, password bool) (string, error)) {
	if ask == nil {
		asker.Store(nil)
		return
	}
	asker.Store(&ask)
}

// Ask asks the user for a line of text. It fails if nobody can be asked or the cell is interrupted.
func Ask(prompt string) (string, error) { return question(prompt, false) }

// Password asks the user for a line of text that does not show while it is typed and is not kept
// in the notebook.
func Password(prompt string) (string, error) { return question(prompt, true) }

func question(prompt string, password bool) (string, error) {
	ask := asker.Load()
	if ask == nil {
		return "", ErrNobodyToAsk
	}
	return (*ask)(prompt, password)
}
