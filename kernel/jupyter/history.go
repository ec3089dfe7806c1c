package jupyter

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the database of the history
)

// DefaultHistory returns where the history is kept: dtnotes/history.sqlite in the user's data folder.
func DefaultHistory() (string, error) {
	dir, err := userData()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "dtnotes", "history.sqlite"), nil
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

// history keeps the cells of this and earlier sessions in an SQLite database. Entries are written a
// moment later and together, so that a cell does not wait for the disk; whoever asks sees them all.
type history struct {
	path string
	logf func(format string, args ...any)

	mu      sync.Mutex
	db      *sql.DB
	failed  bool  // the database cannot be used; entries are dropped
	session int64 // of this kernel; 0 before the first entry is written
	pending []entry
	timer   *time.Timer
}

// entry is one input or output to be written.
type entry struct {
	line   int
	text   string
	output bool
}

// writeDelay is how long entries may wait to be written.
const writeDelay = 500 * time.Millisecond

const schema = `
CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, start TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cells (session INTEGER NOT NULL, line INTEGER NOT NULL, source TEXT NOT NULL, output TEXT, PRIMARY KEY (session, line)) WITHOUT ROWID;
`

// openHistory returns the history of the database at path; "" stands for DefaultHistory, "none" for one
// that is forgotten at the end. The file is made when there is something to write.
func openHistory(path string, logf func(format string, args ...any)) *history {
	h := &history{path: path, logf: logf}
	if path == "none" {
		h.path = ":memory:"
	}
	if path == "" {
		p, err := DefaultHistory()
		if err != nil {
			logf("no place for the history: %v", err)
			p = ":memory:"
		}
		h.path = p
	}
	return h
}

// input adds the code of a cell.
func (h *history) input(line int, source string) { h.add(entry{line: line, text: source}) }

// output adds the text of a cell's result.
func (h *history) output(line int, text string) { h.add(entry{line: line, text: text, output: true}) }

func (h *history) add(e entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending = append(h.pending, e)
	if h.timer == nil {
		h.timer = time.AfterFunc(writeDelay, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.timer = nil
			h.write()
		})
	}
}

// write writes what is pending; h.mu is held. A database that fails is reported once and given up.
func (h *history) write() {
	if len(h.pending) == 0 || h.failed {
		h.pending = nil
		return
	}
	if err := h.writePending(); err != nil {
		h.failed = true
		h.logf("history %s is not kept: %v", h.path, err)
	}
	h.pending = nil
}

func (h *history) writePending() error {
	if err := h.open(); err != nil {
		return err
	}
	tx, err := h.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if h.session == 0 {
		res, err := tx.Exec("INSERT INTO sessions (start) VALUES (?)", time.Now().UTC().Format(time.RFC3339))
		if err != nil {
			return err
		}
		if h.session, err = res.LastInsertId(); err != nil {
			return err
		}
	}
	for _, e := range h.pending {
		query := "INSERT OR REPLACE INTO cells (source, session, line) VALUES (?, ?, ?)"
		if e.output {
			query = "UPDATE cells SET output = ? WHERE session = ? AND line = ?"
		}
		if _, err := tx.Exec(query, e.text, h.session, e.line); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// open opens the database, and makes it if there is none; h.mu is held.
func (h *history) open() error {
	if h.db != nil {
		return nil
	}
	if h.path != ":memory:" {
		if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(h.path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		f.Close()
	}
	db, err := sql.Open("sqlite", h.path)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA busy_timeout = 10000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -512", schema} {
		if _, err := db.Exec(statement); err != nil {
			db.Close()
			return err
		}
	}
	h.db = db
	return nil
}

func (h *history) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
	}
	h.write()
	if h.db == nil {
		return nil
	}
	err := h.db.Close()
	h.db, h.failed = nil, true
	return err
}

// historyQuery is the content of a history_request.
type historyQuery struct {
	Output  bool   `json:"output"`
	Access  string `json:"hist_access_type"`
	Session int64  `json:"session"` // of range; 0 is this one, negative counts back from it
	Start   int    `json:"start"`
	Stop    *int   `json:"stop"` // exclusive
	N       int    `json:"n"`
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"`
}

func (k *kernel) historyRequest(r request) (any, error) {
	var q historyQuery
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	rows, err := k.history.find(q)
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	return map[string]any{"status": "ok", "history": rows}, nil
}

// find returns entries, oldest first, in the form of a history_reply: session, line, input or, if
// outputs are asked for, input and output.
func (h *history) find(q historyQuery) ([]any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.write()
	if h.failed {
		return []any{}, nil
	}
	if err := h.open(); err != nil {
		return nil, err
	}
	query, args, err := h.query(q)
	if err != nil {
		return nil, err
	}
	rows, err := h.db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []any{}
	for rows.Next() {
		var session, line int64
		var source string
		var output sql.NullString
		if err := rows.Scan(&session, &line, &source, &output); err != nil {
			return nil, err
		}
		var text any = source
		if q.Output {
			pair := []any{source, nil}
			if output.Valid {
				pair[1] = output.String
			}
			text = pair
		}
		found = append(found, []any{session, line, text})
	}
	return found, rows.Err()
}

// query makes the statement that finds what is asked for.
func (h *history) query(q historyQuery) (string, []any, error) {
	const columns = "SELECT session, line, source, output FROM "
	const inOrder = " ORDER BY session, line"
	limit := q.N
	if limit <= 0 {
		limit = -1
	}
	switch q.Access {
	case "tail":
		return columns + "(SELECT * FROM cells ORDER BY session DESC, line DESC LIMIT ?)" + inOrder, []any{limit}, nil
	case "range":
		session := q.Session
		if session <= 0 {
			session += h.current()
		}
		stop := 1 << 62
		if q.Stop != nil {
			stop = *q.Stop
		}
		return columns + "cells WHERE session = ? AND line >= ? AND line < ?" + inOrder, []any{session, q.Start, stop}, nil
	case "search":
		pattern := q.Pattern
		if pattern == "" {
			pattern = "*"
		}
		from := "cells WHERE source GLOB ?"
		if q.Unique {
			from = "(SELECT session, line, source, output, max(session * 1000000000 + line) FROM cells WHERE source GLOB ? GROUP BY source)"
		}
		return columns + "(" + columns + from + " ORDER BY session DESC, line DESC LIMIT ?)" + inOrder, []any{pattern, limit}, nil
	}
	return "", nil, errors.New("hist_access_type is " + strings.TrimSpace(fmt.Sprintf("%q", q.Access)) + ", want tail, range or search")
}

// current is the number of this session, or the one it would get.
func (h *history) current() int64 {
	if h.session != 0 {
		return h.session
	}
	var last sql.NullInt64
	if h.db.QueryRow("SELECT seq FROM sqlite_sequence WHERE name = 'sessions'").Scan(&last) != nil {
		return 1
	}
	return last.Int64 + 1
}
