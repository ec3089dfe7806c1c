package gather

// ways runs f with vector instructions of 256 bits only, and as a machine without any would.
func ways(f func()) {
	defer func(v, w bool) { vectors, wide = v, w }(vectors, wide)
	wide = false
	f()
	vectors = false
	f()
}
