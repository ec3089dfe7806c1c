//go:build !linux

package supervise

// trim does nothing here.
func trim() {}
