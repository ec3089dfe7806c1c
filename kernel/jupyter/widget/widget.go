package widget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"dtnotes/kernel/display"
)

// control is a widget with a value of type T that the user can change.
type control[T any] struct {
	m        *model
	label    string
	mu       sync.Mutex
	value    T
	onChange func(T)
}

// bind makes the control follow the entry of the state called name; parse reads its values.
func (c *control[T]) bind(name string, parse func(json.RawMessage) (T, bool)) {
	c.m.updated = func(state map[string]json.RawMessage) {
		raw, ok := state[name]
		if !ok {
			return
		}
		v, ok := parse(raw)
		if !ok {
			return
		}
		var kept any
		if json.Unmarshal(raw, &kept) == nil {
			c.m.keep(name, kept)
		}
		c.mu.Lock()
		c.value = v
		f := c.onChange
		c.mu.Unlock()
		if f != nil {
			f(v)
		}
	}
}

// parseAs reads a value as JSON has it.
func parseAs[T any](raw json.RawMessage) (v T, ok bool) {
	return v, json.Unmarshal(raw, &v) == nil
}

// Value returns the value that the widget has now.
func (c *control[T]) Value() T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value
}

// OnChange calls f with every value that the user chooses, in place of the function given before.
func (c *control[T]) OnChange(f func(value T)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onChange = f
}

// store notes a value that code has set. It does not count as a change by the user.
func (c *control[T]) store(v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value = v
}

func (c *control[T]) model() *model { return c.m }

// SimpleRender shows the widget.
func (c *control[T]) SimpleRender() display.MIMEMap {
	return c.m.render(fmt.Sprintf("%s: %v", c.label, c.Value()))
}

// Range says what a slider can be set to. The zero value is 0 to 1 in steps of a hundredth.
type Range struct {
	Min, Max float64 // 0 and 0 stand for 0 and 1
	Step     float64 // 0 stands for a hundredth of the range
	Value    float64 // at first; kept within the range
}

// Slider chooses a number.
type Slider struct {
	control[float64]
	r Range
}

// NewSlider makes a slider.
func NewSlider(label string, r Range) *Slider {
	if r.Min == 0 && r.Max == 0 {
		r.Max = 1
	}
	if r.Step <= 0 {
		r.Step = (r.Max - r.Min) / 100
	}
	s := &Slider{r: r}
	r.Value = s.within(r.Value)
	s.control = control[float64]{label: label, value: r.Value, m: newControl("FloatSlider", "SliderStyle", map[string]any{
		"description": label, "min": r.Min, "max": r.Max, "step": r.Step, "value": r.Value,
		"continuous_update": true, "orientation": "horizontal", "readout": true, "readout_format": ".4~g",
	})}
	s.bind("value", parseAs[float64])
	return s
}

func (s *Slider) within(v float64) float64 { return math.Max(s.r.Min, math.Min(s.r.Max, v)) }

// Set moves the slider, within its range.
func (s *Slider) Set(v float64) {
	v = s.within(v)
	s.store(v)
	s.m.set("value", v)
}

// IntRange says what a slider of whole numbers can be set to. The zero value is 0 to 100 in steps
// of 1.
type IntRange struct {
	Min, Max int // 0 and 0 stand for 0 and 100
	Step     int // 0 stands for 1
	Value    int // at first; kept within the range
}

// IntSlider chooses a whole number.
type IntSlider struct {
	control[int]
	r IntRange
}

// NewIntSlider makes a slider of whole numbers.
func NewIntSlider(label string, r IntRange) *IntSlider {
	if r.Min == 0 && r.Max == 0 {
		r.Max = 100
	}
	if r.Step <= 0 {
		r.Step = 1
	}
	s := &IntSlider{r: r}
	r.Value = s.within(r.Value)
	s.control = control[int]{label: label, value: r.Value, m: newControl("IntSlider", "SliderStyle", map[string]any{
		"description": label, "min": r.Min, "max": r.Max, "step": r.Step, "value": r.Value,
		"continuous_update": true, "orientation": "horizontal", "readout": true, "readout_format": "d",
	})}
	s.bind("value", parseAs[int])
	return s
}

func (s *IntSlider) within(v int) int { return max(s.r.Min, min(s.r.Max, v)) }

// Set moves the slider, within its range.
func (s *IntSlider) Set(v int) {
	v = s.within(v)
	s.store(v)
	s.m.set("value", v)
}

// Dropdown chooses one of several texts.
type Dropdown struct {
	control[string]
	options []string
}

// NewDropdown makes a menu of options. The option equal to chosen is chosen, or else the first one.
func NewDropdown(label string, options []string, chosen string) *Dropdown {
	d := &Dropdown{options: slices.Clone(options)}
	index := max(0, slices.Index(d.options, chosen))
	value, state := "", any(nil)
	if len(d.options) > 0 {
		value, state = d.options[index], index
	}
	d.control = control[string]{label: label, value: value, m: newControl("Dropdown", "DescriptionStyle", map[string]any{
		"description": label, "_options_labels": d.options, "index": state,
	})}
	d.bind("index", func(raw json.RawMessage) (string, bool) {
		i, ok := parseAs[int](raw)
		if !ok || i < 0 || i >= len(d.options) {
			return "", false
		}
		return d.options[i], true
	})
	return d
}

// Set chooses an option. A text that is not one of the options changes nothing.
func (d *Dropdown) Set(option string) {
	if i := slices.Index(d.options, option); i >= 0 {
		d.store(option)
		d.m.set("index", i)
	}
}

// Checkbox is on or off.
type Checkbox struct{ control[bool] }

// NewCheckbox makes a check box.
func NewCheckbox(label string, checked bool) *Checkbox {
	c := &Checkbox{control[bool]{label: label, value: checked, m: newControl("Checkbox", "CheckboxStyle", map[string]any{
		"description": label, "value": checked, "indent": false,
	})}}
	c.bind("value", parseAs[bool])
	return c
}

// Set checks the box, or clears it.
func (c *Checkbox) Set(checked bool) {
	c.store(checked)
	c.m.set("value", checked)
}

// Text is a line that the user can edit. It changes when the user is done with it.
type Text struct{ control[string] }

// NewText makes a text field.
func NewText(label, value string) *Text {
	t := &Text{control[string]{label: label, value: value, m: newControl("Text", "TextStyle", map[string]any{
		"description": label, "value": value, "continuous_update": false, "placeholder": "",
	})}}
	t.bind("value", parseAs[string])
	return t
}

// Set replaces the text.
func (t *Text) Set(value string) {
	t.store(value)
	t.m.set("value", value)
}

// Button calls a function when it is clicked.
type Button struct {
	m       *model
	label   string
	mu      sync.Mutex
	onClick func()
}

// NewButton makes a button.
func NewButton(label string) *Button {
	b := &Button{label: label, m: newControl("Button", "ButtonStyle", map[string]any{"description": label, "button_style": "", "icon": ""})}
	b.m.custom = func(content json.RawMessage) {
		event, ok := parseAs[struct {
			Event string `json:"event"`
		}](content)
		b.mu.Lock()
		f := b.onClick
		b.mu.Unlock()
		if ok && event.Event == "click" && f != nil {
			f()
		}
	}
	return b
}

// OnClick calls f at every click, in place of the function given before.
func (b *Button) OnClick(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onClick = f
}

func (b *Button) model() *model { return b.m }

// SimpleRender shows the button.
func (b *Button) SimpleRender() display.MIMEMap { return b.m.render("[" + b.label + "]") }

// Output is an area that code fills and clears whenever it likes. It is an io.Writer.
type Output struct {
	m     *model
	mu    sync.Mutex
	shown []map[string]any // as notebook files have outputs
}

// NewOutput makes an empty output area.
func NewOutput() *Output {
	m := newModel(outputs, "Output", true, map[string]any{"outputs": []any{}, "msg_id": ""})
	m.parts = map[string]*model{"layout": newModel(base, "Layout", true, nil)}
	return &Output{m: m}
}

// Write adds text to the area.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := string(bytes.ToValidUTF8(p, []byte("\uFFFD")))
	if n := len(o.shown); n > 0 && o.shown[n-1]["output_type"] == "stream" {
		text = o.shown[n-1]["text"].(string) + text
		o.shown = o.shown[:n-1]
	}
	o.add(map[string]any{"output_type": "stream", "name": "stdout", "text": text})
	return len(p), nil
}

// Display adds values to the area, each as the notebook would show it.
func (o *Output) Display(values ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range values {
		data, metadata := display.Render(v).Encode()
		if len(data) > 0 {
			o.add(map[string]any{"output_type": "display_data", "data": data, "metadata": metadata})
		}
	}
}

// Clear empties the area.
func (o *Output) Clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shown = nil
	o.m.set("outputs", []any{})
}

// add shows one more output; o.mu is held.
func (o *Output) add(output map[string]any) {
	o.shown = append(slices.Clip(o.shown), output)
	o.m.set("outputs", o.shown)
}

func (o *Output) model() *model { return o.m }

// SimpleRender shows the area.
func (o *Output) SimpleRender() display.MIMEMap {
	o.mu.Lock()
	n := len(o.shown)
	o.mu.Unlock()
	return o.m.render(fmt.Sprintf("output area, %d outputs", n))
}

// Box holds widgets beside or below each other.
type Box struct {
	m        *model
	children []Widget
}

// NewColumn shows widgets below each other.
func NewColumn(children ...Widget) *Box { return newBox("VBox", children) }

// NewRow shows widgets beside each other.
func NewRow(children ...Widget) *Box { return newBox("HBox", children) }

func newBox(name string, children []Widget) *Box {
	b := &Box{m: newModel(controls, name, true, map[string]any{"box_style": ""}), children: slices.Clone(children)}
	b.m.parts = map[string]*model{"layout": newModel(base, "Layout", true, nil)}
	b.m.children = func() []*model {
		models := make([]*model, len(b.children))
		for i, c := range b.children {
			models[i] = c.model()
		}
		return models
	}
	return b
}

func (b *Box) model() *model { return b.m }

// SimpleRender shows the widgets in the box.
func (b *Box) SimpleRender() display.MIMEMap {
	text := ""
	for i, c := range b.children {
		if i > 0 {
			text += "\n"
		}
		text += fmt.Sprint(c.SimpleRender()[display.MIMETypeText])
	}
	return b.m.render(text)
}

var (
	_ Widget = (*Slider)(nil)
	_ Widget = (*IntSlider)(nil)
	_ Widget = (*Dropdown)(nil)
	_ Widget = (*Checkbox)(nil)
	_ Widget = (*Text)(nil)
	_ Widget = (*Button)(nil)
	_ Widget = (*Output)(nil)
	_ Widget = (*Box)(nil)
)
