package display

import (
	"errors"
	"sync/atomic"
)

// ErrNobodyToAsk is the error of a question that nobody can answer, because the front end does not
// allow questions or because there is no front end.
var ErrNobodyToAsk = errors.New("nobody can be asked")

var asker atomic.Pointer[func(prompt string, password bool) (string, error)]

// SetAsker lets ask answer every question from now on. With nil, there is nobody to ask.
func SetAsker(ask func(prompt string, password bool) (string, error)) {
	if ask == nil {
		asker.Store(nil)
		return
	}
	asker.Store(&ask)
}

// Ask asks the user for a line of text. It fails if nobody can be asked or the cell is interrupted.
func Ask(prompt string) (string, error) { return question(prompt, false) }

// Password asks the user for a line of text that is not visible while it is typed and is not kept
// in the notebook.
func Password(prompt string) (string, error) { return question(prompt, true) }

func question(prompt string, password bool) (string, error) {
	ask := asker.Load()
	if ask == nil {
		return "", ErrNobodyToAsk
	}
	return (*ask)(prompt, password)
}
