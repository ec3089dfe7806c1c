//go:build !amd64

package gather

func ways(f func()) { f() }
