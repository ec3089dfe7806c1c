//go:build !linux

package supervise

// Trim does nothing here.
func Trim() {}
