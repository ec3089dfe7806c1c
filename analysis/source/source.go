// Package source names what a column of a series is: a process, one of a zone, a part of the
// platform, storage or the network.
//
// It stands below both the series that carry an [Origin] with each source and the figures that draw
// it as a shape, so that who only counts or learns does not need to know how it is drawn.
package source

import "fmt"

// Origin says where a source comes from. Figures choose the shape of a node by it.
type Origin int

// Origins.
const (
	Process  Origin = iota // a process: circle
	Zone                   // a process of a zone or container: circle with a ring
	Platform               // a kernel thread or a process of the platform: hexagon
	Storage                // an I/O source: square
	Network                // a network source: diamond
)

// Global is the zone of what belongs to the platform itself.
const Global = "global"

var names = [...]string{"process", "zone process", "platform", "I/O", "network"}

// Origins returns all origins, in the order in which legends list them.
func Origins() []Origin {
	return []Origin{Process, Zone, Platform, Storage, Network}
}

// String returns the origin's name.
func (o Origin) String() string {
	if o < 0 || int(o) >= len(names) {
		return fmt.Sprintf("origin %d", int(o))
	}
	return names[o]
}
