// Package widget gives a notebook sliders, menus, check boxes, text fields, buttons and output
// areas whose changes call Go functions. It speaks the protocol of ipywidgets 8 (version 2.1 of
// the Jupyter widget messaging protocol), so front ends that show Python's widgets show these.
//
// A widget appears where it is the result of a cell or is given to Display:
//
//	lag := widget.NewIntSlider("lag", widget.IntRange{Max: 60, Value: 5})
//	picture := display.Show(plotAt(5))
//	lag.OnChange(func(v int) { picture.Update(plotAt(v)) })
//	lag
//
// A callback runs as a goroutine of its own, one callback at a time, also while a cell runs; what
// it shares with cells needs the care that goroutines need. What a callback prints goes to the
// cell that ran last; an Output collects what should stand in a place of its own, and a display
// handle replaces what a cell has shown. Where there is no front end, widgets keep their values
// and show as text.
package widget
