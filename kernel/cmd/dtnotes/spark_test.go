package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dtnotes/dtracefs/fleet"
)

var sparkFlag = flag.String("spark", "", "`FOLDER` of Apache Spark, such as that of the package pyspark")

// Spark runs the examples on two workers, of which one dies at a random moment with all that it
// runs, and what was merged is byte for byte what one process counts.
func TestSpark(t *testing.T) {
	if *sparkFlag == "" {
		t.Skip("without -spark")
	}
	const hosts, tasks = 40, 10
	examples, err := filepath.Abs("examples/fleet")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, nil)
	if err := (fleet.Fleet{Hosts: hosts, Seconds: 600}).WriteFolder("captures"); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := dtnotes(t, "count", "captures", "-o", "plain.counts"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	parts := filepath.Join(dir, "parts")
	if err := os.Mkdir(parts, 0o755); err != nil {
		t.Fatal(err)
	}
	// Half of the time would go into compiling what runs for a few seconds.
	const quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	spark := exec.CommandContext(ctx, filepath.Join(*sparkFlag, "bin", "spark-sql"), "--master", "local-cluster[2,1,1024]",
		"--conf", "spark.sql.catalogImplementation=in-memory", "--conf", "spark.ui.enabled=false",
		"--driver-java-options", quick, "--conf", "spark.executor.extraJavaOptions="+quick,
		"--hivevar", "captures="+dir+"/captures/*/calls.txt", "--hivevar", fmt.Sprint("tasks=", tasks), "--hivevar", "groups=4",
		"-f", filepath.Join(examples, "fleet.sql"))
	spark.Env = append(os.Environ(), "SPARK_HOME="+*sparkFlag, "SPARK_LOCAL_IP=127.0.0.1", "DTNOTES_PARTS="+parts, "DTNOTES_HOST={host}/calls.txt",
		"PATH="+programFolder(t)+":"+examples+":"+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	spark.Stdout, spark.Stderr = &stdout, &stderr
	if err := spark.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- spark.Wait() }()
	after := 1 + rng.IntN(tasks-1)
	killed := false
	for poll := time.NewTicker(2 * time.Millisecond); ; {
		select {
		case err = <-ended:
			poll.Stop()
		case <-poll.C:
			if !killed {
				done, _ := filepath.Glob(parts + "/part-*.counts")
				killed = len(done) >= after && killExecutor(t, spark.Process.Pid, rng)
			}
			continue
		}
		break
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	if !killed || !strings.Contains(stderr.String(), "Lost executor") {
		t.Errorf("killed: %v; Spark tells of no worker that died\n%s", killed, stderr.Bytes())
	}
	merged := strings.TrimSpace(stdout.String())
	if mustRead(t, merged) != mustRead(t, "plain.counts") {
		t.Errorf("what Spark merged to %s differs from what one process counted", merged)
	}
	u := spark.ProcessState
	t.Logf("a worker died after %d of %d parts; Spark took %.1f CPU seconds", after, tasks, (u.UserTime() + u.SystemTime()).Seconds())
}

// killExecutor kills one of the executors that run under a process, with all that runs under it,
// as if its machine had died, and tells whether there was one.
func killExecutor(t *testing.T, under int, rng *rand.Rand) bool {
	children := childProcesses()
	executors := slices.DeleteFunc(below(children, under), func(pid int) bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return !bytes.Contains(line, []byte("CoarseGrainedExecutorBackend"))
	})
	if len(executors) == 0 {
		return false
	}
	slices.Sort(executors)
	victim := executors[rng.IntN(len(executors))]
	for _, pid := range append([]int{victim}, below(children, victim)...) {
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Kill()
		}
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("killing process %d: %v", pid, err)
		}
	}
	return true
}

// childProcesses lists the children of each process.
func childProcesses() map[int][]int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		// The name of the program, in parentheses, may hold anything.
		words := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if parent, err := strconv.Atoi(words[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	return children
}

// below lists all processes under one.
func below(children map[int][]int, pid int) []int {
	var all []int
	for _, child := range children[pid] {
		all = append(append(all, child), below(children, child)...)
	}
	return all
}
