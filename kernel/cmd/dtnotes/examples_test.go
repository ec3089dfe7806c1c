package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"dtnotes/dtracefs/fleet"
)

// programFolder returns a folder with the command in it, for scripts that find it on the PATH.
func programFolder(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	dir := t.TempDir()
	if err = errors.Join(err, os.Symlink(self, filepath.Join(dir, "dtnotes"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A job is what the manifests of Kubernetes say, as far as it can be run without it.
type job struct {
	Spec struct {
		CompletionMode string `yaml:"completionMode"`
		Completions    int
		Template       struct {
			Spec struct {
				Containers []struct {
					Command []string
					Env     []struct{ Name, Value string }
				}
			}
		}
	}
}

// What the examples and README's recipes make of a fleet is byte for byte what one process counts.
func TestFleetExamples(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are scripts of a Unix shell")
	}
	examples, err := filepath.Abs("examples/fleet")
	if err != nil {
		t.Fatal(err)
	}
	readme := mustRead(t, "../../../README.md")
	inFolder(t, nil)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := (fleet.Fleet{Hosts: 5, Seconds: 120}).WriteFolder("captures"); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := dtnotes(t, "count", "captures", "-o", "plain.counts"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	path := programFolder(t) + ":" + examples + ":" + os.Getenv("PATH")
	shell := func(t *testing.T, env []string, command ...string) string {
		t.Helper()
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Env = append(append(os.Environ(), "PATH="+path, "DTNOTES_PARTS=parts", "DTNOTES_HOST={host}/calls*.txt"), env...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v\n%s", command, err, stderr.String())
		}
		return string(out)
	}
	same := func(t *testing.T, merged string) {
		t.Helper()
		if mustRead(t, merged) != mustRead(t, "plain.counts") {
			t.Errorf("%s differs from what one process counted", merged)
		}
		if err := errors.Join(os.RemoveAll("parts"), os.RemoveAll(merged)); err != nil {
			t.Fatal(err)
		}
	}

	_, recipes, _ := strings.Cut(readme, "mkdir -p parts\n")
	recipes, _, _ = strings.Cut(recipes, "```")
	parallel, xargs, ok := strings.Cut(recipes, "# or, without parallel\n")
	if !ok {
		t.Fatal("README has no recipes")
	}
	t.Run("parallel", func(t *testing.T) {
		if _, err := exec.LookPath("parallel"); err != nil {
			t.Skip("no GNU parallel")
		}
		shell(t, nil, "sh", "-euc", "mkdir -p parts\n"+parallel)
		same(t, "all.counts")
	})
	t.Run("xargs", func(t *testing.T) {
		shell(t, nil, "sh", "-euc", xargs)
		same(t, "all.counts")
	})
	t.Run("slurm", func(t *testing.T) {
		shell(t, nil, "sh", "-euc", "ls captures/*/calls*.txt > captures.list")
		for task := range 7 { // more than there are captures
			shell(t, []string{"SLURM_ARRAY_TASK_COUNT=7", "SLURM_ARRAY_TASK_ID=" + strconv.Itoa(task), "DTNOTES_CAPTURES=captures.list"}, "sh", filepath.Join(examples, "fleet.sbatch"))
		}
		shell(t, nil, "sh", "-euc", `dtnotes merge "$DTNOTES_PARTS"/*.counts -o all.counts`)
		same(t, "all.counts")
	})
	t.Run("kubernetes", func(t *testing.T) {
		run := func(name string, index, tasks int) int {
			var j job
			if err := yaml.Unmarshal([]byte(strings.ReplaceAll(mustRead(t, filepath.Join(examples, name)), "/shared", dir)), &j); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if n := len(j.Spec.Template.Spec.Containers); n != 1 {
				t.Fatalf("%s has %d containers", name, n)
			}
			c := j.Spec.Template.Spec.Containers[0]
			env := []string{"JOB_COMPLETION_INDEX=" + strconv.Itoa(index)}
			for _, v := range c.Env {
				if v.Name == "TASKS" {
					if v.Value != strconv.Itoa(j.Spec.Completions) || j.Spec.CompletionMode != "Indexed" {
						t.Errorf("%s: %d completions, %s tasks", name, j.Spec.Completions, v.Value)
					}
					v.Value = strconv.Itoa(tasks)
				}
				env = append(env, v.Name+"="+v.Value)
			}
			shell(t, env, c.Command...)
			return j.Spec.Completions
		}
		for index := range 2 {
			if n := run("count.yaml", index, 2); n < 2 {
				t.Errorf("%d completions", n)
			}
		}
		run("merge.yaml", 0, 0)
		same(t, "all.counts")
	})
	t.Run("fetched", func(t *testing.T) {
		// A command that fetches from a store that is but a folder; names may hold blanks.
		if err := os.Rename("captures", "a store"); err != nil {
			t.Fatal(err)
		}
		hosts := (fleet.Fleet{Hosts: 5}).Names()
		slices.Reverse(hosts)
		var paths strings.Builder
		for _, host := range hosts {
			paths.WriteString("s3a://a store/" + host + "/calls.txt\n")
		}
		fetch := `fetch() { cp "${1#s3a://}" "$2"; }; fetch`
		part := shell(t, []string{"DTNOTES_FETCH=" + fetch, "LIST=" + paths.String()}, "sh", "-euc", `printf %s "$LIST" | count-part`)
		merged := strings.TrimSpace(shell(t, []string{"PART=" + part}, "sh", "-euc", `printf %s "$PART" | merge-parts`))
		same(t, merged)
	})
}
