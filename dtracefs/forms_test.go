//go:build unix

package dtracefs

import (
	"bytes"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"dtnotes/dtracefs/internal/generate"
)

// plainPeer has the plain Python peer count a capture. It returns the CPU seconds that this took
// and the matrix as CSV.
func plainPeer(tb testing.TB, python, form, path string) (seconds float64, matrix string) {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "matrix.csv")
	cmd := exec.Command(python, "testdata/peer_forms.py", form, path, out)
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v", form, err)
	}
	if seconds, err = strconv.ParseFloat(strings.TrimSpace(string(printed)), 64); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return seconds, string(text)
}

// generateFile writes a capture and returns its matrix as CSV.
func generateFile(tb testing.TB, path string, kind generate.Kind, size int64) string {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r := generate.NewReader(kind, size, 1)
	var m generate.Matrix
	r.Cell = m.Add
	if _, err := io.Copy(f, r); err != nil {
		tb.Fatal(err)
	}
	var text bytes.Buffer
	if err := m.WriteCSV(&text); err != nil {
		tb.Fatal(err)
	}
	return text.String()
}

// sinceFirst counts the times of a matrix from the first, as a clock without a date tells no more.
func sinceFirst(tb testing.TB, matrix string) string {
	tb.Helper()
	lines := strings.Split(matrix, "\n")
	first := int64(-1)
	for i, line := range lines[1:] {
		second, rest, ok := strings.Cut(line, ",")
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(second, 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		if first < 0 {
			first = n
		}
		lines[i+1] = strconv.FormatInt(n-first, 10) + "," + rest
	}
	return strings.Join(lines, "\n")
}

// TestPlainPeer holds that the plain Python peer and the generator are of one mind about every
// form, over midnight too: neither knows of the other.
func TestPlainPeer(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	for _, kind := range generate.Kinds() {
		size := int64(300_000)
		if kind == generate.ClockMap || kind == generate.ClockJSON {
			size = 3_000_000 // hours
		}
		path := filepath.Join(t.TempDir(), "capture")
		want := generateFile(t, path, kind, size)
		if _, got := plainPeer(t, python, kind.String(), path); sinceFirst(t, got) != sinceFirst(t, want) {
			t.Errorf("%v: the peer's matrix is another", kind)
		}
	}
}

// cpuSeconds is the CPU time that this process took so far.
func cpuSeconds(tb testing.TB) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkCountForms counts large captures of every form to the matrix.
func BenchmarkCountForms(b *testing.B) {
	for _, kind := range generate.Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			const size = 256 << 20
			text, err := io.ReadAll(generate.NewReader(kind, size, 1))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ResetTimer()
			before := cpuSeconds(b)
			for b.Loop() {
				countStream(b, bytes.NewReader(text), CountOptions{Workers: 1}, false)
			}
			cpu := cpuSeconds(b) - before
			b.ReportMetric(float64(len(text))*float64(b.N)/1e6/cpu, "MB/CPU-s")
		})
	}
}

// BenchmarkBesidePlainPython counts captures of every form beside plain Python, one core each, in
// CPU time of both, since others may run on the machine. Forms that Count does not read show the
// peer alone:
//
//	DTNOTES_PEER=python3 go test -run NONE -bench BesidePlainPython -benchtime 1x ./dtracefs
func BenchmarkBesidePlainPython(b *testing.B) {
	peer := os.Getenv("DTNOTES_PEER")
	if peer == "" {
		b.Skip("DTNOTES_PEER names no Python")
	}
	for _, kind := range generate.Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			dir := b.TempDir()
			const size = 32 << 20
			generateFile(b, filepath.Join(dir, "capture"), kind, size)
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			for b.Loop() {
				seconds, _ := plainPeer(b, peer, kind.String(), filepath.Join(dir, "capture"))
				b.ReportMetric(size/1e6/seconds, "peer-MB/s")
				best := math.Inf(1)
				for range 3 {
					before := cpuSeconds(b)
					mustCount(b, dir, MeasureOptions{})
					best = min(best, cpuSeconds(b)-before)
				}
				b.ReportMetric(size/1e6/best, "MB/s")
				b.ReportMetric(seconds/best, "times-peer")
			}
		})
	}
}
