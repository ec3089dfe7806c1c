//go:build race

package eval

import "github.com/goplus/ixgo"

// raceMode leaves out an optimization of ixgo whose pointer arithmetic the checks that come with
// the race detector refuse.
const raceMode = ixgo.DisableDynamicFuncCallAnalysis
