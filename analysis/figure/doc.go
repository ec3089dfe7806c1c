// Package figure draws what was learned from a capture: who depends on whom, who does how much and
// when, where time goes.
//
// Every figure is a plain value. Its fields are data and style, its zero style looks good, and it
// shows itself: SVG returns a document for the browser, PNG the same picture at two pixels per CSS
// pixel for viewers that show no SVG, String what it says in words, and Save writes a file whose
// extension, .svg or .png, chooses the format. Graphs, timelines and flame graphs show themselves as
// Vega 5 too, which notebooks draw so that it can be touched: hovered, moved, enlarged, searched; so
// can their SVG opened on its own. What cannot be drawn gives a picture that says so, and
// an error from Save; nothing panics and nothing is silently left out.
//
// Text is drawn as outlines, so a picture looks the same wherever it is opened. The same figure gives
// the same bytes on one processor architecture.
package figure
