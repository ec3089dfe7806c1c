// Package figure draws what was learned from a capture: who depends on whom, who does how much and
// when, and where time goes.
//
// Every figure is a plain value. Its fields are data and style, its zero style looks good, and it
// shows itself: SVG returns a document for the browser, PNG returns the same picture at two pixels
// per CSS pixel for viewers that show no SVG, String returns what it says in words, and Save writes
// a file whose extension, .svg or .png, chooses the format. Graphs, timelines and flame graphs show
// themselves as Vega 5 too, which notebooks draw so that it can be touched: hovered, moved,
// enlarged, searched; so can their SVG opened on its own. What cannot be drawn gives a picture that
// says so, and an error from Save; nothing panics and nothing is silently left out.
//
// Text is drawn as outlines, so a picture looks the same wherever it is opened. The same figure
// gives the same bytes on one processor architecture.
//
// # How to add a figure or an option of one
//
// A figure is a file with a struct that embeds [Style] and with the methods SVG, PNG, Save and
// String, each of which calls what draws every figure (render.go). The shortest to imitate is
// strips.go. What differs is its check, which says what is wrong with its data, its words, its
// size, and how it is drawn on a page. Names go through visible, which escapes what could mislead,
// and lengths are points.
//
// An option consists of a field whose zero value leaves the picture as it was, the places that draw
// by it, and a test of what it changes. Graphs, timelines and flame graphs have two such places at
// least: the drawing and the Vega form, which notebooks show. What must not be stretched when a
// timeline is zoomed has the class "when" in its SVG (touch.js). An option that all figures have
// is a field of Style. A theme is a constant of [Theme] and an entry in themes (style.go) with its
// name and colors, its paper in TestPaperIsTheThemes, and a cell in the gallery.
//
// A new figure needs an entry in the map figures of golden_test.go, an Example in TestExamples, and
// a cell in notebooks/gallery.ipynb; tests fail where one is missing. Then, from the root of the
// module:
//
//	go generate ./...
//	go test ./analysis/figure -update      # and look at testdata/*_golden.png
//	go run ./kernel/cmd/dtnotes run notebooks/gallery.ipynb -o notebooks/gallery.ipynb
package figure
