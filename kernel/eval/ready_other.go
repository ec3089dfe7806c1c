//go:build !linux

package eval

// A readiness knows nothing on this system: only reading shows whether there is something to read.
type readiness struct{}

func newReadiness(pipes ...*pipe) (*readiness, error) { return &readiness{}, nil }

func (*readiness) ready() bool { return true }

func (*readiness) close() {}
