package jupyter

import (
	"os"
	"path/filepath"
	"runtime"

	"dtnotes/kernel/jupyter/history"
)

// DefaultHistory returns the folder where the history is kept: dtnotes/history in the user's data
// folder.
func DefaultHistory() (string, error) {
	dir, err := userData()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "dtnotes", "history"), nil
}

// userData is the user's folder for data of programs.
func userData() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support"), nil
	case "windows":
		if dir := os.Getenv("APPDATA"); dir != "" {
			return dir, nil
		}
	}
	return filepath.Join(home, ".local", "share"), nil
}

// openHistory opens the history in folder dir; "" stands for DefaultHistory, and "none" for a
// history that is forgotten at the end.
func openHistory(dir string, logf func(format string, args ...any)) *history.Store {
	switch dir {
	case "none":
		dir = ""
	case "":
		var err error
		if dir, err = DefaultHistory(); err != nil {
			logf("no place for the history: %v", err)
		}
	}
	return history.Open(dir, logf)
}

// historyQuery is the content of a history_request.
type historyQuery struct {
	history.Query
	Output bool `json:"output"`
}

// historyRequest replies with rows of session, line and input or, if outputs are asked for, input
// and output.
func (k *kernel) historyRequest(r request) (any, error) {
	var q historyQuery
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	entries, err := k.history.Find(q.Query)
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for _, e := range entries {
		var text any = e.Source
		if q.Output {
			text = []any{e.Source, e.Output}
		}
		rows = append(rows, []any{e.Session, e.Line, text})
	}
	return map[string]any{"status": "ok", "history": rows}, nil
}
