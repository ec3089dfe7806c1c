package gather

// fma32 is x·y + z, rounded once: the compiler makes one instruction of it here, which a test
// checks.
func fma32(x, y, z float32) float32 { return x*y + z }
