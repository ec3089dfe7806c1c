package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"dtnotes/dtracefs/fleet"
)

// hostCalls prints what processes of a host did in n seconds from second from on, under a clock.
func hostCalls(host, from, n int) string {
	var b strings.Builder
	for i := range n {
		at := from + i
		fmt.Fprintf(&b, "2026-03-01 10:%02d:%02d\n", at/60, at%60)
		beat := (at*7 + host) % 13
		fmt.Fprintf(&b, "@[nginx]: %d\n@[php-fpm]: %d\n@[sshd]: %d\n", 100+20*beat, 30+5*beat, 5+(at*(5+host))%11)
	}
	return b.String()
}

// From folders of hosts to one file that the other commands take.
func TestCountAndMerge(t *testing.T) {
	files := map[string]string{}
	for host := range 3 {
		for part := range 2 {
			files[fmt.Sprintf("all/web%d/calls-%d.txt", host, part)] = hostCalls(host, part*90, 90)
		}
	}
	inFolder(t, files)
	run := func(args ...string) string {
		t.Helper()
		text, stderr, err := dtnotes(t, args...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr)
		}
		return text
	}
	run("count", "all", "-o", "all.counts")
	// The same by parts, whose hosts are found in three ways.
	run("count", "all/*/calls-0.txt", "--host-from", "{host}/calls-*.txt", "-o", "0.counts")
	run("count", "all/web0/calls-1.txt", "--host", "web0", "-o", "1.counts")
	run("count", "all/web1/calls-1.txt", "all/web2/calls-1.txt", "--host-from", "all/{host}/*", "-o", "2.counts")
	run("merge", "2.counts", "0.counts", "-o", "20.counts")
	run("merge", "1.counts", "20.counts", "-o", "merged.counts")
	if mustRead(t, "all.counts") != mustRead(t, "merged.counts") {
		t.Error("parts that were merged differ from the whole")
	}
	if got := run("series", "merged.counts", "--host", "web1"); got != run("series", "all/web1/calls-0.txt", "all/web1/calls-1.txt") {
		t.Errorf("series of a host:\n%s", got)
	}
	if head, _, _ := strings.Cut(run("series", "merged.counts"), "\n"); head != "time,web0 nginx,web0 php-fpm,web0 sshd,web1 nginx,web1 php-fpm,web1 sshd,web2 nginx,web2 php-fpm,web2 sshd" {
		t.Errorf("sources %s", head)
	}
	if text := run("learn", "merged.counts", "--host", "web2"); !strings.Contains(text, "nginx") {
		t.Errorf("learned %s", text)
	}
	run("learn", "-o", "role.json", "merged.counts")
	run("score", "role.json", "merged.counts", "--host", "web0")
	run("learn", "-o", "web0.json", "merged.counts", "--host", "web0")
	run("learn", "-o", "web1.json", "merged.counts", "--host", "web1")
	run("compare", "web0.json", "web1.json")
}

func TestCountRefuses(t *testing.T) {
	inFolder(t, map[string]string{
		"a.txt": hostCalls(0, 0, 60), "b.txt": hostCalls(1, 0, 60), "logs/a/calls.txt": hostCalls(0, 0, 60), "logs/b/calls.txt": hostCalls(1, 0, 60),
		"damaged.counts": "dtnotes counts\x01 and so on, but nothing sound",
	})
	for _, args := range [][]string{{"count", "a.txt", "-o", "a.counts"}, {"count", "logs", "-o", "two.counts"}, {"learn", "-o", "n.json", "a.txt"}} {
		if _, stderr, err := dtnotes(t, args...); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr)
		}
	}
	for _, c := range []struct{ args, says string }{
		{"count a.txt b.txt -o c.counts", "is a part there twice?"},
		{"count none-*.txt -o c.counts", "none-*.txt: file does not exist"},
		{"count a.txt --host x --host-from {host} -o c.counts", "say one of them"},
		{"count a.txt --host-from web* -o c.counts", "say {host} once"},
		{"count a.txt --host-from {host}/b.txt -o c.counts", "does not match it"},
		{"count a.txt -o nowhere/c.counts", "nowhere"},
		{"merge a.counts a.txt -o c.counts", "a.counts holds counts and a.txt does not"},
		{"merge a.counts damaged.counts -o c.counts", "damaged.counts: reading counts: not a sound counts file"},
		{"merge a.counts --half-life 3h -o c.counts", "counts add up"},
		{"merge n.json -o c.json", "nothing to be merged with"},
		{"series damaged.counts", "damaged.counts: reading counts"},
		{"series a.counts --by pid", "a.counts is counted already: say --by when counting"},
		{"series two.counts --host c", `no host "c"; there are ["a" "b"]`},
		{"score n.json two.counts", "counts of 2 hosts: say --host"},
	} {
		_, _, err := dtnotes(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", c.args, err, c.says)
		}
	}
	if left, err := os.ReadDir("."); err != nil {
		t.Fatal(err)
	} else {
		for _, e := range left {
			if e.Name() == "c.counts" || strings.HasPrefix(e.Name(), ".dtnotes") {
				t.Errorf("%s was left behind", e.Name())
			}
		}
	}
}

// A model of more than is learned from at once is the same bytes whichever way it was counted and
// with any number of threads, and its covariance is that of all buckets.
func TestLearnFromLongCounts(t *testing.T) {
	inFolder(t, nil)
	if err := (fleet.Fleet{Hosts: 5, Seconds: 5000}).WriteFolder("fleet"); err != nil {
		t.Fatal(err)
	}
	mostLearned = 30_000
	defer func() { mostLearned = 2_000_000 }()
	run := func(args ...string) string {
		t.Helper()
		_, stderr, err := dtnotes(t, args...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr)
		}
		return stderr
	}
	run("count", "fleet", "-o", "all.counts")
	var parts []string
	for k, host := range []string{"web-03", "db-01", "web-01", "batch-01", "web-02"} {
		// Half of it by itself.
		text := mustRead(t, "fleet/"+host+"/calls.txt")
		at := strings.Index(text[len(text)/2:], "2026-") + len(text)/2
		for i, half := range []string{text[at:], text[:at]} {
			name := fmt.Sprintf("part%d", 2*k+i)
			if err := os.WriteFile(name+".txt", []byte(half), 0o644); err != nil {
				t.Fatal(err)
			}
			run("count", name+".txt", "--host", host, "-o", name+".counts")
			parts = append(parts, name+".counts")
		}
	}
	run(append([]string{"merge", "-o", "merged.counts"}, parts...)...)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	first := ""
	for threads := 1; threads <= 2; threads++ {
		runtime.GOMAXPROCS(threads)
		for _, file := range []string{"all.counts", "merged.counts"} {
			if stderr := run("learn", file, "--json", "model.json", "--graph", "graph.svg"); !strings.Contains(stderr, "judged by 1000 of 5000 buckets") {
				t.Errorf("told: %s", stderr)
			}
			model := mustRead(t, "model.json")
			if first == "" {
				first = model
			}
			if model != first {
				t.Errorf("another model of %s with %d threads", file, threads)
			}
		}
	}
	if stderr := run("learn", "all.counts", "--json", "model.json", "--transform", "normal"); !strings.Contains(stderr, "so are their strengths") {
		t.Errorf("normal scores: %s", stderr)
	}
	if mustRead(t, "model.json") == first {
		t.Error("with normal scores, the same model")
	}
}

// Which host of a folder stands out from its role is told of counts as of behaviors, and drawn.
func TestCompareHosts(t *testing.T) {
	inFolder(t, nil)
	if err := (fleet.Fleet{Hosts: 20, Seconds: 200, Odd: "web-07"}).WriteFolder("fleet"); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, string) {
		t.Helper()
		text, stderr, err := dtnotes(t, args...)
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderr)
		}
		return text, stderr
	}
	run("count", "fleet", "-o", "all.counts")
	text, _ := run("compare", "all.counts", "--role", "{role}-*", "--picture", "hosts.svg", "--lags", "2")
	if !strings.HasPrefix(text, "1 of 20 hosts stand out") || !strings.Contains(text, "web-07 (web)") || !strings.Contains(text, "nginx → db-") {
		t.Errorf("compared: %s", text)
	}
	if !strings.Contains(mustRead(t, "hosts.svg"), "web-07, curl") {
		t.Error("the picture does not mark what stands out")
	}
	if text, stderr := run("compare", "all.counts", "--host", "web-*"); !strings.HasPrefix(text, "1 of 12 hosts") || !strings.Contains(stderr, "--role tells roles apart") {
		t.Errorf("one role: %s, %s", text, stderr)
	}
	if text, _ := run("compare", "all.counts", "--host", "web-0[12]"); !strings.Contains(text, "links differ of") {
		t.Errorf("two hosts: %s", text)
	}
	var saved []string
	for i := range 12 {
		host := fmt.Sprintf("web-%02d", i+1)
		run("learn", "-o", host+".json", "all.counts", "--host", host)
		saved = append(saved, host+".json")
	}
	if text, _ := run(append([]string{"compare", "--json"}, saved...)...); !strings.Contains(text, `"name":"web-07"`) {
		t.Errorf("saved behaviors: %s", text)
	}
	for _, c := range []struct{ args, says string }{
		{"compare all.counts --role web", "say {role} once"},
		{"compare all.counts --role {role}-x", "does not match"},
		{"compare all.counts --host web-01", "cannot be compared"},
		{"compare all.counts --host web-0[123]", "it takes 4"},
		{"compare all.counts --graph g.svg", "say --picture"},
		{"compare web-05.json web-06.json --picture g.svg", "more than two"},
		{"compare all.counts --host [", "syntax error in pattern"},
	} {
		if _, _, err := dtnotes(t, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", c.args, err, c.says)
		}
	}
	if _, stderr := run("count", "fleet/web-01/calls.txt", "-o", "one.counts"); !strings.Contains(stderr, "its host has no name: --host or --host-from says it") {
		t.Errorf("a host without a name: %s", stderr)
	}
}
