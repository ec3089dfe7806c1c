package jupyter

import "testing"

func TestHistoryRequest(t *testing.T) {
	c := serveKernel(t).connect("me")
	c.execute("value 1")
	c.execute("value 2", map[string]any{"store_history": false})
	c.execute("value 3", map[string]any{"silent": true})
	for content, want := range map[string]string{
		`"output":true`:  `{"history":[[1,1,["value 1","1"]]],"status":"ok"}`,
		`"output":false`: `{"history":[[1,1,"value 1"]],"status":"ok"}`,
	} {
		got := c.ask("shell", "history_request", map[string]any{"hist_access_type": "tail", "n": 10, "output": content == `"output":true`, "raw": true}).reply
		if string(got.message.content) != want {
			t.Errorf("got %s, want %s", got.message.content, want)
		}
	}
}
