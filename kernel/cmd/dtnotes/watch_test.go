package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"dtnotes/analysis/behavior"
)

// standIn prints what a tracer would, as a script says: words, each a number of seconds and what
// happens in them. What takes a second is printed in a few milliseconds.
func standIn(script string) {
	clock := int64(1700001000)
	seed := uint64(77)
	normal := strings.Split(strings.TrimSuffix(webCapture(seed, 600, -1), "\n\n"), "\n\n")
	at := 0
	block := func(change func(string) string) {
		body := normal[at%len(normal)]
		at++
		_, body, _ = strings.Cut(body, "\n")
		if change != nil {
			body = change(body)
		}
		fmt.Printf("%d000000000\n%s\n\n", clock, body)
		if clock++; at%10 == 0 {
			time.Sleep(260 * time.Millisecond)
		}
	}
	calls := regexp.MustCompile(`syscall web \d+\n?`)
	for _, word := range strings.Fields(script) {
		var n int
		var what string
		fmt.Sscanf(word, "%d%s", &n, &what)
		switch what {
		case "hang":
			time.Sleep(time.Duration(n) * time.Second)
		case "die":
			os.Exit(n)
		case "back":
			clock -= int64(n)
		case "forth":
			clock += int64(n)
		default:
			for range n {
				switch what {
				case "normal":
					block(nil)
				case "outage":
					block(func(b string) string {
						return regexp.MustCompile(`sysfail web \d+\n?`).ReplaceAllString(calls.ReplaceAllString(b, ""), "")
					})
				case "failing":
					block(func(b string) string {
						return regexp.MustCompile(`sysfail web \d+`).ReplaceAllString(b, "sysfail web 5000")
					})
				case "garbage":
					fmt.Println("the quick brown fox; jumps: over the lazy dog!")
					if at++; at%20 == 0 {
						time.Sleep(260 * time.Millisecond)
					}
				case "lossy":
					fmt.Fprintln(os.Stderr, "dtrace: 120 drops on CPU 0")
					block(nil)
				}
			}
		}
	}
	os.Exit(0)
}

// watched runs watch beside a stand-in.
func watched(t *testing.T, script string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	t.Setenv("STAND_IN", script)
	self, e := os.Executable()
	if e != nil {
		t.Fatal(e)
	}
	return dtnotes(t, append(append([]string{"watch", "normal.json"}, args...), "--", self)...)
}

// learned is a folder with a behavior of normal running.
func learned(t *testing.T) {
	t.Helper()
	inFolder(t, map[string]string{"a.txt": webCapture(1, 200, -1), "b.txt": webCapture(2, 200, -1)})
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt", "b.txt"); err != nil {
		t.Fatal(err, stderr)
	}
}

// A script of faults, and what must become of each.
func TestWatchFaults(t *testing.T) {
	learned(t)
	for _, c := range []struct {
		name, script string
		args         []string
		status       int
		want         []string // in the output, in this order
		phases       string   // pattern of what the hook was told
	}{
		{name: "normal", script: "60normal"},
		{name: "permanent outage", script: "30normal 40outage", status: 3, want: []string{"alert: ", "web", "alert ended"}, phases: "start(,update)*,end"},
		{name: "flapping", script: "30normal 3outage 8normal 3outage 8normal 3outage 10normal", status: 3, want: []string{"alert: ", "alert ended"}, phases: "start(,update)*,end(,start(,update)*,end)*"},
		{name: "hang", script: "20normal 60hang", args: []string{"--blind-after", "700ms", "--give-up", "1s"}, status: 4, want: []string{"blind: the tracer has printed nothing"}, phases: "blind"},
		// A busy machine pauses by itself.
		{name: "a pause", script: "20normal 2hang 60normal", args: []string{"--blind-after", "700ms"}, status: 4, want: []string{"blind: ", "seeing again"}, phases: "blind,seeing(,blind,seeing)*"},
		{name: "death", script: "20normal 3die", status: 4, want: []string{"blind: the tracer", "exit status 3"}, phases: "blind"},
		{name: "death in an outage", script: "30normal 6outage 3die", status: 4, want: []string{"alert: ", "blind: the tracer"}, phases: "start(,update)*,blind"},
		{name: "garbage", script: "20normal 400garbage", args: []string{"--blind-after", "700ms"}, status: 4, want: []string{"blind: what the tracer prints is not understood", "the quick brown fox"}, phases: "blind(,seeing)?"},
		{name: "loss", script: "20normal 20lossy 3hang", args: []string{"--blind-after", "1s"}, status: 4, want: []string{"the tracer lost ", "blind: the tracer loses events: 120"}, phases: "blind"},
		{name: "the clock set", script: "30normal 3600back 20normal 7200forth 20normal 5failing 20normal", status: 3, want: []string{"alert: ", "web", "alert ended"}, phases: "start(,update)*,end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove("told")
			os.Remove("normal.watch.json")
			args := append([]string{"--exec", `echo "$DTNOTES_PHASE" >> told`, "--update", "1ms"}, c.args...)
			stdout, stderr, err := watched(t, c.script, args...)
			status := 0
			var blind blindness
			var exit exitStatus
			switch {
			case errors.As(err, &blind):
				status = blindStatus
			case errors.As(err, &exit):
				status = int(exit)
			case err != nil:
				t.Fatal(err)
			}
			if status != c.status {
				t.Errorf("status %d, want %d: %v\n%s%s", status, c.status, err, stdout, stderr)
			}
			rest := stdout
			for _, want := range c.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Errorf("no %q in\n%s\n%s", want, stdout, stderr)
					break
				}
				rest = after
			}
			told, _ := os.ReadFile("told")
			phases := strings.Join(strings.Fields(string(told)), ",")
			if !regexp.MustCompile("^(" + c.phases + ")$").MatchString(phases) {
				t.Errorf("hooks were told %s, want %s\n%s", phases, c.phases, stdout)
			}
		})
	}
}

// The hook is told of an outage within its first seconds, long before it ends.
func TestAnOutagePagesAtOnce(t *testing.T) {
	learned(t)
	var mu sync.Mutex
	var events []event
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		mu.Lock()
		events = append(events, e)
		n := len(events)
		mu.Unlock()
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway) // and it tries again
		}
	}))
	defer server.Close()
	if _, _, err := watched(t, "30normal 40outage", "--webhook", server.URL, "--update", "1ms"); !errors.Is(err, misbehavior) {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(events) < 3 || events[0].Phase != phaseStart || events[1].Phase != phaseStart || events[len(events)-1].Phase != phaseEnd {
		t.Fatalf("events %+v", events)
	}
	first := events[0].Alert
	if first.Sources[0].Name != "web" || first.End-first.Start > 4 || first.Start < 1700001028 || first.Start > 1700001031 {
		t.Errorf("first told %+v", first)
	}
}

func TestWatchState(t *testing.T) {
	learned(t)
	// Interrupted in an outage, it goes on with the same alert: it is not told to start again.
	stdout, _, err := watched(t, "30normal 10outage 3die")
	var blind blindness
	if !errors.As(err, &blind) || !strings.Contains(stdout, "alert: ") || strings.Contains(stdout, "alert ended") {
		t.Fatalf("%v\n%s", err, stdout)
	}
	stdout, _, err = watched(t, "40forth 10outage 20normal", "--exec", `echo "$DTNOTES_PHASE" >> told`)
	if !errors.Is(err, misbehavior) || strings.Count(stdout, "alert ended") != 1 {
		t.Errorf("%v\n%s", err, stdout)
	}
	if told := strings.Join(strings.Fields(mustRead(t, "told")), ","); strings.TrimPrefix(told, "update,") != "end" {
		t.Errorf("after a restart the hook was told %s", told)
	}
	// What is accepted is normal from then on.
	list, _, err := dtnotes(t, "accept", "normal.json")
	if err != nil || !strings.HasPrefix(list, "1  ") || !strings.Contains(list, "web") {
		t.Fatalf("accept: %v\n%s", err, list)
	}
	if _, _, err := dtnotes(t, "accept", "normal.json", "9"); err == nil || !strings.Contains(err.Error(), "no alert 9") {
		t.Error(err)
	}
	if _, _, err := dtnotes(t, "accept", "normal.json", "1"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dtnotes(t, "accept", "normal.json", "1"); err == nil || !strings.Contains(err.Error(), "before") {
		t.Error(err)
	}
	if stdout, stderr, err := watched(t, "500forth 30normal 12outage 20normal"); err != nil {
		t.Errorf("accepted, and %v\n%s%s", err, stdout, stderr)
	}
	if stdout, _, err := watched(t, "1000forth 30normal 12failing 20normal"); !errors.Is(err, misbehavior) {
		t.Errorf("another fault: %v\n%s", err, stdout)
	}
	// What is suppressed is not judged.
	out, _, err := dtnotes(t, "suppress", "normal.json", "web", "--for", "200000h")
	if err != nil || !strings.Contains(out, "web is not judged before") {
		t.Fatalf("suppress: %v\n%s", err, out)
	}
	if stdout, _, err := watched(t, "2000forth 30normal 12failing 20normal"); err != nil {
		t.Errorf("suppressed, and %v\n%s", err, stdout)
	}
	if out, _, err := dtnotes(t, "suppress", "normal.json", "web", "--for", "0s"); err != nil || out != "" {
		t.Errorf("suppress: %v\n%s", err, out)
	}
}

// A suppression ends by the clock of the machine, whatever that of the tracer says: this one is
// years behind.
func TestASuppressionEnds(t *testing.T) {
	learned(t)
	if out, _, err := dtnotes(t, "suppress", "normal.json", "web", "--for", "3s"); err != nil || out == "" {
		t.Fatalf("suppress: %v\n%s", err, out)
	}
	stdout, stderr, err := watched(t, "30normal 200failing 20normal")
	before, after, ok := strings.Cut(stdout, "judges again what was suppressed")
	if !errors.Is(err, misbehavior) || !ok || strings.Contains(before, "alert: ") || !strings.Contains(after, "alert: ") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}

// An alert is learned once, whatever could not be written when it was accepted.
func TestAnAlertIsAcceptedOnce(t *testing.T) {
	learned(t)
	if stdout, _, err := watched(t, "30normal 12outage 20normal"); !errors.Is(err, misbehavior) {
		t.Fatalf("%v\n%s", err, stdout)
	}
	before := mustRead(t, "normal.json")
	// Nothing can be created in the folder, unless whoever runs the tests may do everything.
	if err := os.Chmod(".", 0o555); err != nil {
		t.Fatal(err)
	}
	_, _, err := dtnotes(t, "accept", "normal.json", "1")
	os.Chmod(".", 0o755)
	if err == nil {
		t.Log("a folder that may not be written to was written to")
		if err := os.WriteFile("normal.json", []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if mustRead(t, "normal.json") != before {
		t.Error("the behavior changed, though accept failed")
	}
	// Where the orders belong is something that cannot be written to.
	if err := os.Mkdir("normal.orders.json", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dtnotes(t, "accept", "normal.json", "1"); err != nil {
		t.Fatal(err)
	}
	taught := mustRead(t, "normal.json")
	if taught == before {
		t.Error("nothing was learned")
	}
	if _, _, err := dtnotes(t, "accept", "normal.json", "1"); err == nil || !strings.Contains(err.Error(), "accepted before") {
		t.Error(err)
	}
	if list, _, err := dtnotes(t, "accept", "normal.json"); err != nil || list != "" {
		t.Errorf("still to accept: %v\n%s", err, list)
	}
	if mustRead(t, "normal.json") != taught {
		t.Error("the alert was learned twice")
	}
	// A behavior that was learned anew knows nothing of it.
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt", "b.txt"); err != nil {
		t.Fatal(err, stderr)
	}
	if list, _, err := dtnotes(t, "accept", "normal.json"); err != nil || !strings.HasPrefix(list, "1  ") {
		t.Errorf("after learning anew: %v\n%s", err, list)
	}
}

// What another command wrote meanwhile is neither undone by a lesson nor gone on with if it counts
// something else.
func TestBehaviorsChangedMeanwhile(t *testing.T) {
	learned(t)
	changed := stamps("normal.json")
	b, err := behavior.Load("normal.json")
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	opt := &watchOptions{halfLife: time.Hour}
	w := &watch{opt: opt, path: "normal.json", b: b, warnings: &told, changed: changed, state: &watchState{}, lessons: behavior.Lessons{HalfLife: opt.halfLife}}
	if err := w.restart(behavior.Memory{}); err != nil {
		t.Fatal(err)
	}
	start := 1.8e9
	lesson := func() {
		for i := range behavior.Lesson {
			start++
			counts := map[string]float64{"syscall web": float64(900 + 37*(i%11)), "syscall db": float64(500 + 23*(i%7))}
			w.learnOn(t.Context(), behavior.Update{Bucket: behavior.Bucket{Time: start, Counts: counts}})
		}
	}
	lesson()
	if taught := mustRead(t, "normal.json"); w.b == b || told.Len() > 0 {
		t.Errorf("learned nothing: %s\n%.100s", &told, taught)
	}
	// Another command writes the behavior, later than any clock of files could miss.
	b.Accepted = append(b.Accepted, behavior.Acceptance{Number: 1, Start: 1})
	if err := b.Save("normal.json"); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes("normal.json", later, later); err != nil {
		t.Fatal(err)
	}
	written := mustRead(t, "normal.json")
	lesson()
	if mustRead(t, "normal.json") != written || !strings.Contains(told.String(), "the last lesson is left out") {
		t.Errorf("the lesson was saved: %s", &told)
	}
	if _, stderr, err := dtnotes(t, "learn", "-o", "normal.json", "--by", "kind", "a.txt", "b.txt"); err != nil {
		t.Fatal(err, stderr)
	}
	before := w.b
	if w.reload(); w.b != before || !strings.Contains(told.String(), "start the watch again") {
		t.Errorf("goes on with another measure: %s", &told)
	}
}

// A change that lasts stays an alert, which tells once how it becomes normal; nothing of it is
// learned before.
func TestAChangeThatLasts(t *testing.T) {
	learned(t)
	stdout, stderr, err := watched(t, "30normal 700failing", "--half-life", "10m")
	if !errors.Is(err, misbehavior) || strings.Count(stdout, "alert number 1 goes on since ") != 1 || !strings.Contains(stdout, "if this is normal from now on: dtnotes accept normal.json 1\n") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	if strings.Count(stdout, "alert: ") != 1 {
		t.Errorf("alerts told:\n%s", stdout)
	}
	if stdout, _, err = watched(t, "1000forth 30normal 100failing", "--no-state"); !errors.Is(err, misbehavior) || !strings.Contains(stdout, "without --no-state it could be accepted") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

// What is kept of alerts with thousands of names stays small.
func TestKeptAlertsStaySmall(t *testing.T) {
	var s watchState
	for number := range 30 {
		var buckets []behavior.Bucket
		for i := range 100 {
			b := behavior.Bucket{Time: float64(number*1000 + i), Counts: map[string]float64{}}
			for k := range 2000 {
				b.Counts[strconv.Itoa(k)] = 1
			}
			buckets = append(buckets, b)
		}
		s.keep(number, behavior.Alert{}, buckets)
		last := s.Alerts[len(s.Alerts)-1]
		if n := valuesOf(last.Buckets); last.Number != number || n == 0 || n > mostValues || last.Buckets[len(last.Buckets)-1].Time != float64(number*1000+99) {
			t.Fatalf("alert %d keeps %d values", last.Number, n)
		}
	}
	if n := len(s.Alerts); n != mostInAll/mostValues {
		t.Errorf("%d alerts are kept", n)
	}
}

// On a terminal no line is longer than it is wide; elsewhere all is told.
func TestAlertsFitTheTerminal(t *testing.T) {
	why := []behavior.Sign{
		{Source: "syscall a-process-of-a-long-name", State: behavior.More, Value: 12345, Usual: 78.88},
		{Source: "sysfail a-process-of-a-long-name", State: behavior.High, Value: 12345, Usual: 78.88},
	}
	alert := &behavior.Alert{Start: 1.7e9, End: 1.7e9 + 20, Score: 12, P: 1e-9, Sources: []behavior.Finding{{Name: "a-process-of-a-long-name", Score: 12, Why: why}}}
	v := behavior.Verdict{Score: 12, P: 1e-9, Sources: alert.Sources}
	for _, terminal := range []bool{true, false} {
		var out bytes.Buffer
		view := &view{out: &out, terminal: terminal}
		view.show(behavior.Update{Verdict: v, Alert: alert}, 7)
		view.show(behavior.Update{Verdict: v, Alert: alert, Ended: true}, 7)
		longest := 0
		for line := range strings.Lines(regexp.MustCompile(`\x1b\[[0-9]*[A-Z]`).ReplaceAllString(out.String(), "")) {
			longest = max(longest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
		}
		if terminal != (longest <= 80) || !strings.Contains(out.String(), "alert ended: ") {
			t.Errorf("terminal %v: %d columns in\n%s", terminal, longest, out.String())
		}
	}
}

func TestMergeCommand(t *testing.T) {
	learned(t)
	for _, name := range []string{"a", "b"} {
		if _, _, err := dtnotes(t, "learn", "-o", name+".json", "--tag", name, name+".txt"); err != nil {
			t.Fatal(err)
		}
	}
	text, _, err := dtnotes(t, "merge", "a.json", "b.json", "-o", "both.json", "--half-life", "24h")
	if err != nil || !strings.Contains(text, "(a, b)") {
		t.Fatalf("merge: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "score", "both.json", "a.txt"); err != nil {
		t.Errorf("score: %v\n%s", err, text)
	}
	if _, _, err := dtnotes(t, "merge", "a.json", "b.json"); err == nil {
		t.Error("merged into nothing")
	}
}

// The metrics are OpenMetrics, of this machine alone unless a host is named.
func TestMetrics(t *testing.T) {
	m := newMetrics()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	address, err := m.serve(ctx, "0", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("listens at %s", address)
	}
	m.update(behavior.Update{Bucket: behavior.Bucket{Time: 7}, Verdict: behavior.Verdict{Score: 9.5, P: 0.001}, Alert: &behavior.Alert{Sources: []behavior.Finding{{Name: "we\xffb", Score: 8}}}}, true)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"dtnotes_score 9.5", "dtnotes_alert 1", "dtnotes_alerts_total 1", "dtnotes_blind 0", `dtnotes_source_score{source="we�b"} 8`, "# EOF"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// The examples for service managers are well-formed, and say what they must.
func TestExamples(t *testing.T) {
	unit := mustRead(t, "examples/dtnotes-watch.service")
	section := ""
	found := map[string]bool{}
	for i, line := range strings.Split(unit, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = line
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || value == "" || section == "" || strings.ContainsAny(key, " \t") {
				t.Errorf("line %d of the unit: %q", i+1, line)
			}
			found[section+key] = true
		}
	}
	for _, key := range []string{"[Unit]Description", "[Service]ExecStart", "[Service]Restart", "[Install]WantedBy"} {
		if !found[key] {
			t.Errorf("the unit has no %s", key)
		}
	}
	if verify, err := exec.LookPath("systemd-analyze"); err == nil {
		// It also wants the program to exist: any will do.
		path := filepath.Join(t.TempDir(), "dtnotes-watch.service")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(unit, "/usr/local/bin/dtnotes", "/bin/true")), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(verify, "verify", path).CombinedOutput(); err != nil && !bytes.Contains(out, []byte("Failed to")) {
			t.Errorf("systemd-analyze: %v\n%s", err, out)
		}
	}
	decoder := xml.NewDecoder(strings.NewReader(mustRead(t, "examples/dtnotes-watch.xml")))
	elements := map[string]int{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
		}
	}
	for name, n := range map[string]int{"service_bundle": 1, "service": 1, "exec_method": 2, "create_default_instance": 1, "template": 1} {
		if elements[name] != n {
			t.Errorf("the manifest has %d %s, want %d", elements[name], name, n)
		}
	}
	if lint, err := exec.LookPath("xmllint"); err == nil {
		if out, err := exec.Command(lint, "--noout", "--nonet", "examples/dtnotes-watch.xml").CombinedOutput(); err != nil {
			t.Errorf("xmllint: %v\n%s", err, out)
		}
	}
	if sh, err := exec.LookPath("sh"); err == nil {
		if out, err := exec.Command(sh, "-n", "examples/dtnotes_watch.rc").CombinedOutput(); err != nil {
			t.Errorf("sh -n: %v\n%s", err, out)
		}
	}
	rc := mustRead(t, "examples/dtnotes_watch.rc")
	for _, want := range []string{"#!/bin/sh", "# PROVIDE: dtnotes_watch", ". /etc/rc.subr", "rcvar=", "load_rc_config $name", `run_rc_command "$1"`} {
		if !strings.Contains(rc, want) {
			t.Errorf("the rc.d script has no %q", want)
		}
	}
}
