package dtracefs

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBesidePython counts captures beside a plain Python parser of the same text and
// beside pandas with the same rows as CSV, one core each, and holds that all make the same
// matrix:
//
//	DTNOTES_PEER=python3 go test -run NONE -bench BesidePython -benchtime 1x ./dtracefs
func BenchmarkBesidePython(b *testing.B) {
	peer := os.Getenv("DTNOTES_PEER")
	if peer == "" {
		b.Skip("DTNOTES_PEER names no Python with numpy and pandas")
	}
	for _, name := range []string{"activity", "log"} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			text := inMemory(b, generated[name], 64<<20)["capture"].Data
			if err := os.WriteFile(filepath.Join(dir, "capture"), text, 0o600); err != nil {
				b.Fatal(err)
			}
			writeCSV(b, dir)
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			for b.Loop() {
				var ours *Matrix
				best := bestTime(5, func() { ours = mustCount(b, dir, kindsApart[name]) })
				megabytes := float64(len(text)) / 1e6
				b.ReportMetric(megabytes/best, "MB/s")
				for _, how := range []string{"text", "csv"} {
					seconds, sources, values := runPeer(b, peer, dir, how, name)
					if !slices.Equal(sources, ours.Sources) || !slices.Equal(values, ours.Values) {
						b.Errorf("%s: the peer's matrix of %d sources is another than ours of %d", how, len(sources), len(ours.Sources))
					}
					b.ReportMetric(megabytes/seconds, how+"-peer-MB/s")
					b.ReportMetric(seconds/best, "times-"+how+"-peer")
				}
			}
		})
	}
}

// BenchmarkCores reports how many times faster all cores are than one.
func BenchmarkCores(b *testing.B) {
	all := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(all)
	for _, name := range []string{"activity", "bpftrace", "log"} {
		fsys := inMemory(b, generated[name], 128<<20)
		for what, run := range map[string]func() error{
			"count": func() error {
				_, err := countOf(b, fsys, "capture", CountOptions{}).Matrix()
				return err
			},
			"load": func() error {
				_, err := Load(b.Context(), fsys, "capture", Options{})
				return err
			},
			"scan": func() error {
				for _, err := range Scan(context.Background(), fsys, "capture", Options{}) {
					if err != nil {
						return err
					}
				}
				return nil
			},
		} {
			b.Run(name+"/"+what, func(b *testing.B) {
				for b.Loop() {
					one, many := math.Inf(1), math.Inf(1)
					for range 7 {
						for _, cores := range []int{1, all} {
							runtime.GOMAXPROCS(cores)
							seconds := bestTime(1, func() {
								if err := run(); err != nil {
									b.Fatal(err)
								}
							})
							if cores == 1 {
								one = min(one, seconds)
							} else {
								many = min(many, seconds)
							}
						}
					}
					b.ReportMetric(128*1.048576/one, "MB/s-one")
					b.ReportMetric(128*1.048576/many, "MB/s-all")
					b.ReportMetric(one/many, "times-faster")
				}
			})
		}
	}
}

// bestTime returns the least seconds that f takes of n times.
func bestTime(n int, f func()) float64 {
	best := math.Inf(1)
	for range n {
		runtime.GC()
		begin := time.Now()
		f()
		best = min(best, time.Since(begin).Seconds())
	}
	return best
}

func mustCount(b *testing.B, dir string, o MeasureOptions) *Matrix {
	return matrixOf(b, countOf(b, os.DirFS(dir), "capture", CountOptions{MeasureOptions: o}))
}

// writeCSV writes the rows of the capture in dir as CSV beside it. What it holds needs no
// quotes.
func writeCSV(b *testing.B, dir string) {
	c, err := Load(b.Context(), os.DirFS(dir), "capture", Options{})
	if err != nil {
		b.Fatal(err)
	}
	var w bytes.Buffer
	table := c.Tables[0]
	for i, col := range table.Columns {
		fmt.Fprintf(&w, "%s%s", separator(i), col.Name)
	}
	for r := range table.NumRows() {
		w.WriteByte('\n')
		for i, col := range table.Columns {
			w.WriteString(separator(i))
			if col.Type() == String {
				w.WriteString(col.Text(r))
			} else {
				w.WriteString(strconv.FormatInt(col.Int(r), 10))
			}
		}
	}
	w.WriteByte('\n')
	if err := os.WriteFile(filepath.Join(dir, "capture.csv"), w.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// runPeer returns the seconds that the peer took and its matrix, row by row.
func runPeer(b *testing.B, peer, dir, how, kind string) (seconds float64, sources []string, values []float64) {
	path, out := filepath.Join(dir, "capture"), filepath.Join(dir, "matrix")
	if how == "csv" {
		path += ".csv"
	}
	cmd := exec.Command(peer, "testdata/peer.py", how, kind, path, out)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	cmd.Stderr = os.Stderr
	printed, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	if seconds, err = strconv.ParseFloat(strings.TrimSpace(string(printed)), 64); err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	names, raw, _ := bytes.Cut(data, []byte("\n\n"))
	values = make([]float64, len(raw)/8)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, values); err != nil {
		b.Fatal(err)
	}
	return seconds, strings.Split(string(names), "\n"), values
}
