package display_test

import (
	"fmt"

	"dtnotes/kernel/display"
)

// A Temperature shows itself: methods are all it needs, no import.
type Temperature float64

func (t Temperature) HTML() string   { return fmt.Sprintf("<b>%.1f °C</b>", float64(t)) }
func (t Temperature) String() string { return fmt.Sprintf("%.1f °C", float64(t)) }

func ExampleRender() {
	b := display.Render(Temperature(21))
	fmt.Println(b.Data[display.MIMETypeHTML])
	fmt.Println(b.Text())
	// Output:
	// <b>21.0 °C</b>
	// 21.0 °C
}
