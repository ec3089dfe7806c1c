// Package history keeps the cells of a kernel's sessions in a folder: one file of JSON lines for
// each session.
//
// Only the session itself writes its file, so that kernels that run at the same time need no lock:
// the number of a session is that of the first file that it could create as its own. What is added
// is appended in one write. A kernel that is killed leaves at worst a last line that is not whole,
// which readers skip. If the disk is full, what could not be written stays in memory and is tried
// again with the next cell. Nothing is forced to the disk at once, so that a loss of power may cost
// the cells of the last moments.
package history

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Entry is a cell.
type Entry struct {
	Session int64
	Line    int
	Source  string
	Output  *string // nil if it had none
}

// Query says which entries are wanted, in the terms of Jupyter's history_request.
type Query struct {
	Access  string `json:"hist_access_type"` // tail, range or search
	Session int64  `json:"session"`          // of range; 0 is this one, negative counts back
	Start   int    `json:"start"`            // of range
	Stop    *int   `json:"stop"`             // of range, exclusive; nil for no end
	N       int    `json:"n"`                // of tail and search: the latest N at most; 0 for all
	// Pattern is of search, with *, ? and [] as in a shell. It is empty for all.
	Pattern string `json:"pattern"`
	Unique  bool   `json:"unique"` // of search: of equal sources only the latest
}

// record is a line of a file: the start of the session, the source of a cell or its output.
type record struct {
	Start  string  `json:"start,omitempty"`
	Line   int     `json:"line,omitempty"`
	Source *string `json:"source,omitempty"`
	Output *string `json:"output,omitempty"`
}

// writeDelay is how long records may wait to be written, and so how much a kernel that is killed
// may lose.
const writeDelay = 500 * time.Millisecond

// Store is the history of this session and of those before it. Records are written a moment later
// and together, so that a cell does not wait for the disk; whoever asks sees them all.
type Store struct {
	dir  string
	logf func(format string, args ...any)

	mu      sync.Mutex
	session int64    // of this kernel; 0 before its file is made
	file    *os.File // of this session
	torn    bool     // the file may end inside a line
	failing bool     // the last attempt to write failed
	taken   bool     // what an earlier version kept has been looked for
	closed  bool
	pending []record // not yet written
	timer   *time.Timer
}

// Open returns the history in the folder dir, or one that is forgotten at the end if dir is empty.
// The folder is made when there is something to write. What goes wrong is reported by logf.
func Open(dir string, logf func(format string, args ...any)) *Store {
	return &Store{dir: dir, logf: logf}
}

// Input adds the source of a cell.
func (s *Store) Input(line int, source string) { s.add(record{Line: line, Source: &source}) }

// Output adds the text of a cell's result.
func (s *Store) Output(line int, text string) { s.add(record{Line: line, Output: &text}) }

func (s *Store) add(r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, r)
	if s.timer == nil && s.dir != "" && !s.closed {
		s.timer = time.AfterFunc(writeDelay, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.timer = nil
			s.write()
		})
	}
}

// Close writes what is not written yet.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.write()
	s.closed = true
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// write writes what is pending; s.mu is held. A failure is reported once, until writing succeeds
// again.
func (s *Store) write() {
	if s.dir == "" || s.closed || len(s.pending) == 0 {
		return
	}
	err := s.writePending()
	if err != nil && !s.failing {
		s.logf("the history in %s is not kept: %v; every cell tries it again", s.dir, err)
	}
	if err == nil && s.failing {
		s.logf("the history in %s is kept again", s.dir)
	}
	s.failing = err != nil
}

func (s *Store) writePending() error {
	if s.file == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	// A line that may have been begun is ended, so that what follows is a line of its own.
	if s.torn {
		b.WriteByte('\n')
	}
	for _, r := range s.pending {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if _, err := s.file.Write(b.Bytes()); err != nil {
		s.torn = true // records that are written twice are read as one
		return err
	}
	s.torn, s.pending = false, nil
	return nil
}

// begin makes the file of this session.
func (s *Store) begin() error {
	if err := os.MkdirAll(filepath.Dir(s.dir), 0o700); err != nil {
		return err
	}
	s.takeOver()
	if err := os.Mkdir(s.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	all, err := s.sessions()
	if err != nil {
		return err
	}
	// Another kernel may have taken the number meanwhile: O_EXCL lets only one create a file.
	for next := s.current(all); ; next++ {
		f, err := os.OpenFile(s.path(next), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		s.file, s.session = f, next
		s.pending = slices.Insert(s.pending, 0, record{Start: time.Now().UTC().Format(time.RFC3339)})
		return nil
	}
}

const suffix = ".jsonl"

func (s *Store) path(session int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%06d%s", session, suffix))
}

// sessions are the numbers of the sessions that have a file, the latest first.
func (s *Store) sessions() ([]int64, error) {
	if s.dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []int64
	for _, f := range files {
		name, isSession := strings.CutSuffix(f.Name(), suffix)
		if n, err := strconv.ParseInt(name, 10, 64); isSession && err == nil && n > 0 {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, latestFirst)
	return slices.Compact(all), nil
}

func latestFirst(a, b int64) int { return cmp.Compare(b, a) }

// read returns the records of a session. What is not a record, such as the last line of a kernel
// that was killed, is reported and skipped.
func (s *Store) read(session int64) []record {
	text, err := os.ReadFile(s.path(session))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may have been taken away meanwhile
		s.logf("reading the history: %v", err)
	}
	var records []record
	unread := 0
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var r record
		if json.Unmarshal(line, &r) != nil {
			unread++
			continue
		}
		records = append(records, r)
	}
	if unread > 0 {
		s.logf("reading the history: %d lines of %s are not whole and are passed over", unread, s.path(session))
	}
	return records
}

// entries joins records to cells, by line.
func entries(session int64, records []record) []Entry {
	byLine := map[int]*Entry{}
	var all []*Entry
	for _, r := range records {
		e := byLine[r.Line]
		if e == nil && r.Source != nil {
			e = &Entry{Session: session, Line: r.Line}
			byLine[r.Line] = e
			all = append(all, e)
		}
		if r.Source != nil {
			// If a line comes again, because it was written twice or its number was used anew, the
			// later one counts.
			e.Source, e.Output = *r.Source, nil
		}
		if r.Output != nil && e != nil {
			e.Output = r.Output
		}
	}
	slices.SortFunc(all, func(a, b *Entry) int { return a.Line - b.Line })
	found := make([]Entry, len(all))
	for i, e := range all {
		found[i] = *e
	}
	return found
}

// Find returns the entries that a query asks for, oldest first.
func (s *Store) Find(q Query) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write()
	s.takeOver()
	all, err := s.sessions()
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	current := s.current(all)
	// This session has no file yet, but may have cells that wait to be written.
	if !slices.Contains(all, current) {
		all = append(all, current)
		slices.SortFunc(all, latestFirst)
	}
	cells := func(session int64) []Entry {
		var records []record
		if session != current || s.session != 0 {
			records = s.read(session)
		}
		if session == current {
			records = append(records, s.pending...)
		}
		return entries(session, records)
	}
	keep := func(Entry) bool { return true }
	switch q.Access {
	case "tail":
	case "range":
		if q.Session <= 0 {
			q.Session += current
		}
		stop := math.MaxInt
		if q.Stop != nil {
			stop = *q.Stop
		}
		return slices.DeleteFunc(cells(q.Session), func(e Entry) bool { return e.Line < q.Start || e.Line >= stop }), nil
	case "search":
		match, err := glob(q.Pattern)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		keep = func(e Entry) bool {
			if !match.MatchString(e.Source) || q.Unique && seen[e.Source] {
				return false
			}
			if q.Unique {
				seen[e.Source] = true
			}
			return true
		}
	default:
		return nil, fmt.Errorf("hist_access_type is %q, want tail, range or search", q.Access)
	}
	var found []Entry
	for _, session := range all {
		// Entries are read backwards from the latest, so that no more sessions are read than are
		// needed for N entries.
		for _, e := range slices.Backward(cells(session)) {
			if q.N > 0 && len(found) == q.N {
				break
			}
			if keep(e) {
				found = append(found, e)
			}
		}
		if q.N > 0 && len(found) == q.N {
			break
		}
	}
	slices.Reverse(found)
	return found, nil
}

// current is the number of this session, or the number that it would get, where all are the
// sessions with a file.
func (s *Store) current(all []int64) int64 {
	if s.session != 0 || len(all) == 0 {
		return max(s.session, 1)
	}
	return all[0] + 1
}

// glob is the regular expression of a shell's pattern. An empty pattern matches everything.
func glob(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		pattern = "*"
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for len(pattern) > 0 {
		n := 1 // bytes of the pattern that are dealt with
		switch class := bracket(pattern); {
		case pattern[0] == '*':
			b.WriteString(`.*`)
		case pattern[0] == '?':
			b.WriteString(`.`)
		case class != "":
			n = len(class)
			not := ""
			if class = class[1 : n-1]; class[0] == '^' || class[0] == '!' {
				not, class = "^", class[1:]
			}
			b.WriteString("[" + not + strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(class) + "]")
		default:
			if n = 1 + strings.IndexAny(pattern[1:], "*?["); n == 0 {
				n = len(pattern)
			}
			b.WriteString(regexp.QuoteMeta(pattern[:n]))
		}
		pattern = pattern[n:]
	}
	b.WriteString(`\z`)
	match, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("the pattern cannot be read: %w", err)
	}
	return match, nil
}

// bracket is the class in brackets with which a pattern begins. A bracket that closes right after
// the opening is a member of the class.
func bracket(pattern string) string {
	members := 1
	if len(pattern) > 1 && (pattern[1] == '^' || pattern[1] == '!') {
		members = 2
	}
	if pattern[0] != '[' || len(pattern) <= members {
		return ""
	}
	end := strings.IndexByte(pattern[members+1:], ']')
	if end < 0 {
		return ""
	}
	return pattern[:members+end+2]
}
