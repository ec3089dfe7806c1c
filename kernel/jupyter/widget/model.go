package widget

import (
	"encoding/json"
	"maps"
	"sync"

	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/comm"
)

// These are names that the protocol uses.
const (
	target          = "jupyter.widget"
	controlTarget   = "jupyter.widget.control"
	protocolVersion = "2.1.0"
	viewType        = "application/vnd.jupyter.widget-view+json"
	reference       = "IPY_MODEL_" // before the ID of a model that a state refers to
)

// module is where a front end finds the code of a model.
type module struct{ name, version string }

var (
	base     = module{"@jupyter-widgets/base", "2.0.0"}
	controls = module{"@jupyter-widgets/controls", "2.0.0"}
	outputs  = module{"@jupyter-widgets/output", "1.0.0"}
)

// model is the state of one widget, or of its layout or style, which the front end has a copy of.
// The copies are made when the widget is first shown.
type model struct {
	mu       sync.Mutex
	state    map[string]any
	parts    map[string]*model // models that the state refers to by name: layout, style
	children func() []*model   // nil if the widget holds no others
	comm     *comm.Comm        // nil before the widget is shown
	updated  func(state map[string]json.RawMessage)
	custom   func(content json.RawMessage)
}

// newModel makes a model. Models without a view, such as that of a style, have hasView false.
func newModel(m module, name string, hasView bool, state map[string]any) *model {
	all := map[string]any{
		"_model_module": m.name, "_model_module_version": m.version, "_model_name": name + "Model",
		"_view_module": m.name, "_view_module_version": m.version, "_view_name": name + "View",
	}
	if !hasView {
		all["_view_module"], all["_view_module_version"], all["_view_name"] = base.name, base.version, "StyleView"
	}
	maps.Copy(all, state)
	return &model{state: all}
}

// newControl makes the model of a control with its layout and style.
func newControl(name, style string, state map[string]any) *model {
	m := newModel(controls, name, true, state)
	m.parts = map[string]*model{
		"layout": newModel(base, "Layout", true, nil),
		"style":  newModel(controls, style, false, nil),
	}
	return m
}

// live holds the models that a front end has, by ID, for a front end that comes later.
var live struct {
	mu     sync.Mutex
	models map[string]*model
}

func init() {
	live.models = map[string]*model{}
	comm.Register(controlTarget, func(c *comm.Comm, _ json.RawMessage) {
		c.OnMessage(func(json.RawMessage, [][]byte) {
			c.Send(map[string]any{"method": "update_states", "states": allStates(), "buffer_paths": []any{}})
		})
	})
}

// allStates describes all live models to a front end that has just come.
func allStates() map[string]any {
	live.mu.Lock()
	models := maps.Clone(live.models)
	live.mu.Unlock()
	states := make(map[string]any, len(models))
	for id, m := range models {
		state := m.snapshot()
		states[id] = map[string]any{
			"model_name": state["_model_name"], "model_module": state["_model_module"],
			"model_module_version": state["_model_module_version"], "state": state,
		}
	}
	return states
}

// open sends the model to the front end, once, after the models that it refers to.
func (m *model) open() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.comm != nil {
		return nil
	}
	for name, part := range m.parts {
		if err := part.open(); err != nil {
			return err
		}
		m.state[name] = part.reference()
	}
	if m.children != nil {
		refs := []string{}
		for _, c := range m.children() {
			if err := c.open(); err != nil {
				return err
			}
			refs = append(refs, c.reference())
		}
		m.state["children"] = refs
	}
	c, err := comm.Open(target, map[string]any{"state": m.state, "buffer_paths": []any{}}, map[string]any{"version": protocolVersion})
	if err != nil {
		return err
	}
	m.comm = c
	c.OnMessage(func(data json.RawMessage, _ [][]byte) { m.receive(data) })
	c.OnClose(m.closed)
	live.mu.Lock()
	live.models[c.ID()] = m
	live.mu.Unlock()
	return nil
}

// closed forgets the front end's copy, so that the widget can be shown again.
func (m *model) closed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.comm == nil {
		return
	}
	live.mu.Lock()
	delete(live.models, m.comm.ID())
	live.mu.Unlock()
	m.comm = nil
}

func (m *model) reference() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return reference + m.comm.ID()
}

// receive handles a message of the front end.
func (m *model) receive(data json.RawMessage) {
	var msg struct {
		Method  string                     `json:"method"`
		State   map[string]json.RawMessage `json:"state"`
		Content json.RawMessage            `json:"content"`
	}
	if json.Unmarshal(data, &msg) != nil {
		return
	}
	switch msg.Method {
	case "update":
		if m.updated != nil {
			m.updated(msg.State)
		}
	case "request_state":
		m.send(m.snapshot())
	case "custom":
		if m.custom != nil {
			m.custom(msg.Content)
		}
	}
}

func (m *model) snapshot() map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.state)
}

// set changes an entry of the state, here and in the front end.
func (m *model) set(name string, value any) {
	m.keep(name, value)
	m.send(map[string]any{name: value})
}

// keep notes an entry of the state that the front end has already.
func (m *model) keep(name string, value any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state[name] = value
}

// send sends entries of the state to the front end, if it has the widget.
func (m *model) send(state map[string]any) {
	m.mu.Lock()
	c := m.comm
	m.mu.Unlock()
	if c != nil {
		c.Send(map[string]any{"method": "update", "state": state, "buffer_paths": []any{}})
	}
}

// render returns what a notebook shows for the widget, which is only text if there is no front end.
func (m *model) render(text string) display.MIMEMap {
	b := display.MIMEMap{display.MIMETypeText: text}
	if m.open() == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.comm != nil {
			b[viewType] = map[string]any{"version_major": 2, "version_minor": 1, "model_id": m.comm.ID()}
		}
	}
	return b
}

// A Widget is anything that this package shows.
type Widget interface {
	SimpleRender() display.MIMEMap
	model() *model
}
