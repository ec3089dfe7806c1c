//go:build !unix

package main

import "time"

// limitCPU does nothing where the system has no such limit: what waits too long ends, too.
func limitCPU(time.Duration) error { return nil }
