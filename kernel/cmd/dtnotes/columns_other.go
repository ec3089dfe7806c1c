//go:build !unix || aix

package main

import "os"

// columns is the width of a terminal, 0 where it cannot be told.
func columns(*os.File) int { return 0 }
