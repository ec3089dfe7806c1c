package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// webCapture is what a tracer prints of a web server, second by second; from second fault on, five
// seconds long, calls fail.
func webCapture(seed uint64, seconds, fault int) string {
	rng := rand.New(rand.NewPCG(seed, 3))
	var b strings.Builder
	for i := range seconds {
		load := 50 + rng.IntN(100)
		fmt.Fprintf(&b, "%d000000000\ncsw kworker/0:1 %d\nsysfail web %d\nsyscall bpftrace %d\nsyscall db %d\nsyscall web %d\n\n",
			1700000000+i, 3+rng.IntN(5), failed(i, fault, rng), 10+rng.IntN(9000), 5*load+rng.IntN(20), 9*load+rng.IntN(30))
	}
	return b.String()
}

func failed(i, fault int, rng *rand.Rand) int {
	if fault >= 0 && i >= fault && i < fault+5 {
		return 5000
	}
	return 1 + rng.IntN(4)
}

func TestLearnScoreWatchCompare(t *testing.T) {
	inFolder(t, map[string]string{
		"a.txt": webCapture(1, 100, -1), "b.txt": webCapture(2, 100, -1), "good.txt": webCapture(3, 60, -1), "bad.txt": webCapture(4, 60, 30),
	})
	text, _, err := dtnotes(t, "learn", "-o", "normal.json", "--tag", "host a", "a.txt", "b.txt")
	if err != nil || !strings.Contains(text, "2 processes") || !strings.Contains(text, "left out kworker/0:1") || !strings.Contains(text, "left out the observer bpftrace") {
		t.Fatalf("learn: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "learn", "-o", "all.json", "--include-observer", "--include-kernel", "a.txt"); err != nil || !strings.Contains(text, "4 processes") || strings.Contains(text, "left out") {
		t.Errorf("learn with the observer: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "score", "all.json", "good.txt"); err != nil || !strings.Contains(text, "nothing stands out in 60 buckets") {
		t.Errorf("score with the observer: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "score", "normal.json", "good.txt"); err != nil || !strings.Contains(text, "nothing stands out in 60 buckets") {
		t.Errorf("score of normal running: %v\n%s", err, text)
	}
	text, _, err = dtnotes(t, "score", "normal.json", "bad.txt", "--json", "--alerts", "alerts.csv", "--exec", "cat > hook.json", "--timeline", "t.svg", "--graph", "g.png")
	if !errors.Is(err, misbehavior) {
		t.Errorf("score of misbehavior ends with %v, want status 3", err)
	}
	type finding struct {
		Name  string
		Score float64
	}
	type alert struct {
		Start, End, Score float64
		Sources           []finding
		Edges             []map[string]any
	}
	var report struct {
		Buckets []struct {
			Time, Score, P float64
			Alert          bool
			Sources        []finding
		}
		Alerts []alert
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Buckets) != 60 || len(report.Alerts) != 1 {
		t.Fatalf("%d buckets, %d alerts", len(report.Buckets), len(report.Alerts))
	}
	if a := report.Alerts[0]; a.Start != 1700000029 || a.End < 1700000034 || a.End > 1700000036 || a.Sources[0].Name != "web" || a.Edges == nil {
		t.Errorf("alert %+v", a)
	}
	if b := report.Buckets[32]; !b.Alert || b.P > 0.001 || b.Time != 1700000031 || b.Sources[0].Name != "web" {
		t.Errorf("bucket %+v", b)
	}
	var hook alert
	if err := json.Unmarshal([]byte(mustRead(t, "hook.json")), &hook); err != nil || hook.Start != 1700000029 {
		t.Errorf("the hook got %v, %v", hook, err)
	}
	if rows := strings.Split(mustRead(t, "alerts.csv"), "\n"); len(rows) != 3 || rows[0] != "start,end,score,p,sources,edges" || !strings.HasPrefix(rows[1], "1700000029.000,170000003") {
		t.Errorf("alerts.csv: %q", rows)
	}
	if !strings.Contains(mustRead(t, "t.svg"), "<svg") || !strings.Contains(mustRead(t, "g.png"), "PNG") {
		t.Error("pictures are missing")
	}
	if cat, err := exec.LookPath("cat"); err == nil {
		text, _, err = dtnotes(t, "watch", "normal.json", "--", cat, "bad.txt")
		if !errors.Is(err, misbehavior) || strings.Count(text, "alert:") != 1 || strings.Count(text, "alert ended") != 1 {
			t.Errorf("watch: %v\n%s", err, text)
		}
	}
	if _, _, err := dtnotes(t, "learn", "-o", "b.json", "b.txt"); err != nil {
		t.Fatal(err)
	}
	if text, _, err := dtnotes(t, "compare", "normal.json", "b.json"); err != nil || !strings.HasPrefix(text, "0 sources and 0 links differ") {
		t.Errorf("compare: %v\n%s", err, text)
	}
}

func TestScoreSaysWhatIsWrong(t *testing.T) {
	inFolder(t, map[string]string{"a.txt": webCapture(1, 60, -1), "short.txt": webCapture(1, 5, -1), "m.csv": "web,db\n1,2\n3,4\n", "old.json": `{"version":9}`})
	if _, _, err := dtnotes(t, "learn", "-o", "normal.json", "a.txt"); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("empty.txt", nil, 0o644)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"learn", "-o", "x.json", "short.txt"}, "want at least 20"},
		{[]string{"learn", "a.txt", "short.txt"}, "say -o FILE"},
		{[]string{"learn", "-o", "x.json", "a.txt", "m.csv"}, "do not mix"},
		{[]string{"score", "old.json", "a.txt"}, "unknown version of a behavior: 9"},
		{[]string{"score", "a.txt", "a.txt"}, "not a behavior"},
		{[]string{"score", "normal.json", "m.csv"}, "learned from captures"},
		{[]string{"score", "normal.json", "empty.txt"}, "empty.txt"},
		{[]string{"score", "normal.json", "a.txt", "--false-alarms", "-1"}, "want a positive number"},
		{[]string{"watch", "normal.json", "--", "./no-such-tracer"}, "running the tracer"},
		{[]string{"watch", "normal.json", "--", "false"}, "exit status 1"},
	} {
		if _, _, err := dtnotes(t, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}

// What a matrix holds besides counts: levels, running totals and holes.
func TestLearnMatrices(t *testing.T) {
	rows := func(seed uint64, odd int) string {
		rng := rand.New(rand.NewPCG(seed, 4))
		var b strings.Builder
		b.WriteString("memory,requests\n")
		total := 1000
		for i := range 200 {
			memory := 0.5 + 0.01*rng.NormFloat64()
			if i == odd {
				memory = 0.7
			}
			total += 90 + rng.IntN(20)
			if i%9 == 5 {
				fmt.Fprintf(&b, ",%d\n", total)
			} else {
				fmt.Fprintf(&b, "%.4f,%d\n", memory, total)
			}
		}
		return b.String()
	}
	inFolder(t, map[string]string{"a.csv": rows(1, -1), "good.csv": rows(2, -1), "bad.csv": rows(3, 100), "flat.csv": "a,b\n" + strings.Repeat("1,0\n", 50)})
	if _, _, err := dtnotes(t, "learn", "-o", "n.json", "a.csv"); err == nil || !strings.Contains(err.Error(), "a.csv:7:1") {
		t.Errorf("a hole: %v", err)
	}
	text, _, err := dtnotes(t, "learn", "-o", "n.json", "--missing", "skip", "a.csv")
	if err != nil || !strings.Contains(text, "running totals") || !strings.Contains(text, "at most 4 false alerts an hour") {
		t.Fatalf("learn: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "score", "n.json", "good.csv"); err != nil {
		t.Errorf("score: %v\n%s", err, text)
	}
	if text, _, err := dtnotes(t, "score", "n.json", "bad.csv"); !errors.Is(err, misbehavior) || !strings.Contains(text, "memory") {
		t.Errorf("score: %v\n%s", err, text)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--missing", "guess", "a.csv"}, `"guess"`}, {[]string{"--missing", "zero", "--values", "memory=level", "a.csv"}, `"level"`},
		{[]string{"flat.csv"}, "all 2 sources are constant in 50 buckets"},
	} {
		if _, _, err := dtnotes(t, append([]string{"learn", "-o", "x.json"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}
