package widget

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/comm"
)

// frontEnd plays the other side: it keeps the states that it is told of.
type frontEnd struct {
	t      *testing.T
	states map[string]map[string]any
	order  []string
}

func connect(t *testing.T) *frontEnd {
	f := &frontEnd{t: t, states: map[string]map[string]any{}}
	comm.SetTransport(f.hear, func(err error) { t.Error(err) })
	t.Cleanup(func() { comm.SetTransport(nil, nil) })
	return f
}

func (f *frontEnd) hear(m comm.Message) {
	var data struct {
		Method string
		State  map[string]any
		States map[string]any
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		f.t.Fatal(err)
	}
	switch {
	case m.Type == "comm_open":
		if m.Target != "jupyter.widget" || string(m.Metadata) != `{"version":"2.1.0"}` {
			f.t.Errorf("comm_open to %s with %s", m.Target, m.Metadata)
		}
		f.states[m.ID] = data.State
		f.order = append(f.order, m.ID)
		f.resolve(data.State)
	case data.Method == "update":
		maps.Copy(f.states[m.ID], data.State)
	case data.Method == "update_states":
		f.states[m.ID] = data.States
	}
}

// resolve checks that every model a state refers to is known already.
func (f *frontEnd) resolve(state map[string]any) {
	for name, v := range state {
		refs, ok := v.([]any)
		if !ok {
			refs = []any{v}
		}
		for _, ref := range refs {
			if id, ok := strings.CutPrefix(fmt.Sprint(ref), "IPY_MODEL_"); ok && f.states[id] == nil {
				f.t.Errorf("%s refers to %s, which is not there yet", name, id)
			}
		}
	}
}

// show renders a widget and returns the ID of its model.
func (f *frontEnd) show(w Widget) string {
	f.t.Helper()
	b := display.Render(w)
	view, ok := b.Data[viewType].(map[string]any)
	if !ok || b.Text() == "" {
		f.t.Fatalf("shows as %v", b.Data)
	}
	return view["model_id"].(string)
}

func (f *frontEnd) say(id, data string) {
	comm.Deliver(comm.Message{Type: "comm_msg", ID: id, Data: json.RawMessage(data)})
}

func TestControls(t *testing.T) {
	f := connect(t)
	slider, whole := NewSlider("load", Range{Value: 7}), NewIntSlider("lag", IntRange{Min: 5, Max: 50})
	menu, box, text := NewDropdown("who", []string{"init", "httpd"}, "httpd"), NewCheckbox("log", true), NewText("name", "x")
	var got []any
	slider.OnChange(func(v float64) { got = append(got, v) })
	whole.OnChange(func(v int) { got = append(got, v) })
	menu.OnChange(func(v string) { got = append(got, v) })
	box.OnChange(func(v bool) { got = append(got, v) })
	text.OnChange(func(v string) { got = append(got, v) })
	tests := []struct {
		w     Widget
		model string
		text  string
		say   string
		want  any
		now   func() any
		bad   string
	}{
		{slider, "FloatSliderModel", "load: 1", `{"value":0.25}`, 0.25, func() any { return slider.Value() }, `{"value":"x"}`},
		{whole, "IntSliderModel", "lag: 5", `{"value":8}`, 8, func() any { return whole.Value() }, `{"value":1.5}`},
		{menu, "DropdownModel", "who: httpd", `{"index":0}`, "init", func() any { return menu.Value() }, `{"index":9}`},
		{box, "CheckboxModel", "log: true", `{"value":false}`, false, func() any { return box.Value() }, `{"value":3}`},
		{text, "TextModel", "name: x", `{"value":"é"}`, "é", func() any { return text.Value() }, `{"other":"x"}`},
	}
	for _, tt := range tests {
		if got := display.Render(tt.w).Text(); got != tt.text {
			t.Errorf("%s: text %q, want %q", tt.model, got, tt.text)
		}
		id := f.show(tt.w)
		if f.states[id]["_model_name"] != tt.model || f.states[id]["layout"] == nil || f.states[id]["style"] == nil {
			t.Errorf("%s: state %v", tt.model, f.states[id])
		}
		got = nil
		f.say(id, `{"method":"update","state":`+tt.bad+`}`)
		f.say(id, `{"method":"update","state":`+tt.say+`}`)
		if !slices.Equal(got, []any{tt.want}) || tt.now() != tt.want {
			t.Errorf("%s: callback %v, value %v, want %v", tt.model, got, tt.now(), tt.want)
		}
		if again := f.show(tt.w); again != id {
			t.Errorf("%s: shown twice, it is two models", tt.model)
		}
	}
	got = nil
	slider.Set(-3)
	whole.Set(99)
	menu.Set("httpd")
	menu.Set("nobody")
	box.Set(true)
	text.Set("y")
	for w, want := range map[Widget]any{slider: 0.0, whole: 50.0, box: true, text: "y"} {
		if v := f.states[f.show(w)]["value"]; v != want {
			t.Errorf("the front end has %v, want %v", v, want)
		}
	}
	if v := f.states[f.show(menu)]["index"]; v != 1.0 || len(got) != 0 {
		t.Errorf("the front end has %v; callbacks %v", v, got)
	}
}

func TestButton(t *testing.T) {
	f := connect(t)
	b, clicks := NewButton("learn"), 0
	id := f.show(b)
	f.say(id, `{"method":"custom","content":{"event":"click"}}`)
	b.OnClick(func() { clicks++ })
	f.say(id, `{"method":"custom","content":{"event":"click"}}`)
	f.say(id, `{"method":"custom","content":{"event":"hover"}}`)
	f.say(id, `{"method":"custom"}`)
	f.say(id, `5`)
	if clicks != 1 {
		t.Errorf("%d clicks", clicks)
	}
}

func TestOutput(t *testing.T) {
	f := connect(t)
	o := NewOutput()
	fmt.Fprint(o, "before ")
	id := f.show(o)
	fmt.Fprintln(o, "it shows")
	o.Display(display.PNG([]byte("x")), 5)
	raw, _ := json.Marshal(f.states[id]["outputs"])
	if want := `[{"name":"stdout","output_type":"stream","text":"before it shows\n"},{"data":{"image/png":"eA==","text/plain":"image/png, 1 bytes"},"metadata":{},"output_type":"display_data"},{"data":{"text/plain":"5"},"metadata":{},"output_type":"display_data"}]`; string(raw) != want {
		t.Errorf("got %s", raw)
	}
	o.Clear()
	if raw, _ := json.Marshal(f.states[id]["outputs"]); string(raw) != "[]" {
		t.Errorf("got %s", raw)
	}
}

func TestBoxAndLaterFrontEnd(t *testing.T) {
	f := connect(t)
	id := f.show(NewColumn(NewButton("a"), NewRow(NewText("b", ""), NewCheckbox("c", false))))
	if children := f.states[id]["children"].([]any); len(children) != 2 {
		t.Errorf("children %v", children)
	}
	comm.Deliver(comm.Message{Type: "comm_open", ID: "control", Target: "jupyter.widget.control", Data: json.RawMessage("{}")})
	f.say("control", `{"method":"request_states"}`)
	for _, id := range f.order {
		if f.states["control"][id] == nil {
			t.Errorf("model %s is not told of", id)
		}
	}
	f.states[id] = map[string]any{}
	f.say(id, `{"method":"request_state"}`)
	if f.states[id]["_model_name"] != "VBoxModel" {
		t.Errorf("state %v", f.states[id])
	}
	comm.Deliver(comm.Message{Type: "comm_close", ID: id})
	if _, known := allStates()[id]; known {
		t.Error("a closed model is live")
	}
}

func TestNoFrontEnd(t *testing.T) {
	s := NewSlider("load", Range{Min: 1, Max: 3})
	s.Set(2)
	b := display.Render(s)
	if _, shows := b.Data[viewType]; shows || b.Text() != "load: 2" {
		t.Errorf("shows as %v", b.Data)
	}
}
