package behavior

import (
	"errors"

	"dtnotes/analysis"
)

// Fits reports whether a series was counted as those that the behavior was learned from: an error
// names the first thing in which the two differ.
func (b *Behavior) Fits(s *analysis.Series) error {
	switch {
	case b.Measure == nil && s.Measure == nil:
		return nil
	case b.Measure == nil && b.ByKind == s.Measure.Kinded():
		return nil // saved before behaviors remembered their measure
	case b.Measure == nil:
		return errors.New("it was learned from matrices")
	case s.Measure == nil:
		return errors.New("it was learned from captures")
	}
	return b.Measure.Match(s.Measure)
}
