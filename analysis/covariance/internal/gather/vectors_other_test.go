//go:build !amd64

package gather

func withoutVectors(f func()) { f() }
