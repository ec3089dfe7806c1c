package widget_test

import (
	"fmt"

	"dtnotes/kernel/jupyter/widget"
)

// A value outside of the range is kept within it.
func ExampleNewIntSlider() {
	slider := widget.NewIntSlider("threads", widget.IntRange{Min: 1, Max: 8, Value: 20})
	fmt.Println(slider.Value())
	slider.Set(3)
	fmt.Println(slider.Value())
	// Output:
	// 8
	// 3
}
