//go:build !race

package eval

const raceMode = 0
