package eval

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// A server is a language server, asked in the way that editors ask it.
type server struct {
	in    io.WriteCloser
	out   *bufio.Reader
	dir   string // a module that requires what this one does
	id    int
	files int
}

// startServer starts a language server, which ends with the test.
func startServer(t *testing.T, name string) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	module := filepath.Dir(goEnv(t, "GOMOD"))
	for _, f := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(module, f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, f), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(name)
	cmd.Dir = s.dir
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the language server: %v", err)
	}
	t.Cleanup(func() {
		s.in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	uri := "file://" + s.dir
	s.call(t, "initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": uri, "capabilities": map[string]any{},
		"workspaceFolders": []any{map[string]any{"uri": uri, "name": "masked"}},
	})
	s.write(t, map[string]any{"jsonrpc": "2.0", "method": "initialized", "params": map[string]any{}})
	return s
}

// ask opens a file with the place, alone in a folder of its own, and asks for what belongs there.
// The second of two answers is timed, when the server knows the packages that the file imports.
func (s *server) ask(t *testing.T, p place, typed int) (names []string, took time.Duration) {
	s.files++
	dir := filepath.Join(s.dir, fmt.Sprintf("p%d", s.files))
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	head := "package p" + p.typed(typed)
	path := filepath.Join(dir, "p.go")
	if err := os.WriteFile(path, []byte(head+p.after), 0o666); err != nil {
		t.Fatal(err)
	}
	file := map[string]any{"uri": "file://" + path}
	s.write(t, map[string]any{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": map[string]any{
		"textDocument": map[string]any{"uri": file["uri"], "languageId": "go", "version": 1, "text": head + p.after}}})
	at := map[string]any{"line": strings.Count(head, "\n"), "character": len(utf16.Encode([]rune(head[strings.LastIndexByte(head, '\n')+1:])))}
	for range 2 {
		start := time.Now()
		raw := s.call(t, "textDocument/completion", map[string]any{"textDocument": file, "position": at})
		took = time.Since(start)
		type item struct{ Label, SortText string }
		var list struct{ Items []item }
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(list.Items, func(a, b item) int { return cmp.Compare(a.SortText, b.SortText) })
		names = nil
		for _, it := range list.Items {
			names = append(names, it.Label)
		}
	}
	s.write(t, map[string]any{"jsonrpc": "2.0", "method": "textDocument/didClose", "params": map[string]any{"textDocument": file}})
	return names, took
}

// call waits for the answer, and answers what the server asks in the meantime.
func (s *server) call(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	s.id++
	s.write(t, map[string]any{"jsonrpc": "2.0", "id": s.id, "method": method, "params": params})
	for {
		var m struct {
			ID     *json.RawMessage
			Method string
			Params json.RawMessage
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		s.read(t, &m)
		switch {
		case m.ID == nil:
		case m.Method != "":
			var asked struct{ Items []any }
			json.Unmarshal(m.Params, &asked)
			s.write(t, map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": make([]any, len(asked.Items))})
		case string(*m.ID) == fmt.Sprint(s.id):
			if m.Error != nil {
				t.Fatalf("%s: %s", method, m.Error.Message)
			}
			return m.Result
		}
	}
}

func (s *server) write(t *testing.T, m any) {
	t.Helper()
	text, err := json.Marshal(m)
	if err == nil {
		_, err = fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(text), text)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) read(t *testing.T, m any) {
	t.Helper()
	length := 0
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(s.out, text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, m); err != nil {
		t.Fatal(err)
	}
}
