package gather

// withoutVectors runs f as a machine without the instructions would.
func withoutVectors(f func()) {
	defer func(v bool) { vectors = v }(vectors)
	vectors = false
	f()
}
