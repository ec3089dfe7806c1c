package dtracefs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// acrossOf reads a counts file by Across.
func acrossOf(t *testing.T, file []byte, keep func(string) bool) (*Across, error) {
	t.Helper()
	r, err := NewCountsReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := os.Create(t.TempDir() + "/scratch")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scratch.Close() })
	return NewAcross(context.Background(), r, keep, scratch)
}

// What is read stretch by stretch is what the matrix of all hosts holds, whichever hosts there are
// when.
func TestAcrossIsTheMatrixOfAllHosts(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	// host is a capture of so many seconds from one on, with gaps.
	host := func(from, n int, levels bool) string {
		var b strings.Builder
		for i := range n {
			if rng.IntN(9) == 0 {
				continue
			}
			if levels {
				fmt.Fprintf(&b, "%d,a,%.2f\n%d,b,%.2f\n", 1_700_000_000+from+i, 100*rng.Float64(), 1_700_000_000+from+i, 100*rng.Float64())
				continue
			}
			fmt.Fprintf(&b, "%d\n", int64(1_700_000_000+from+i)*1e9)
			for _, source := range []string{"cron", "nginx", "sshd"} {
				if rng.IntN(3) > 0 {
					fmt.Fprintf(&b, "syscall %s %d\n", source, 1+rng.IntN(500))
				}
			}
			b.WriteString("syscall init 1\n\n")
		}
		return b.String()
	}
	for _, levels := range []bool{false, true} {
		for hosts := range 4 {
			var files [][]byte
			for k := range hosts + 1 {
				o, head := MeasureOptions{By: []string{"execname"}, As: AsCount}, ""
				if levels {
					o, head = MeasureOptions{Value: []string{"%cpu"}, As: AsGauge}, "time,execname,%cpu\n"
				}
				files = append(files, countsBytes(t, fmt.Sprintf("web%d", k), countPart(t, "capture", head+host(rng.IntN(3000), 50+rng.IntN(2500), levels), o)))
			}
			file, err := mergeBytes(files...)
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]*Counts{}
			r, err := NewCountsReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			for {
				name, c, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				all[name] = c
			}
			counts, err := AcrossHosts(all)
			if err != nil {
				t.Fatal(err)
			}
			want := matrixOf(t, counts)
			a, err := acrossOf(t, file, func(string) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			if n, p := a.Dims(); n != want.Buckets || p != len(want.Sources) {
				t.Fatalf("%d×%d, want %d×%d", n, p, want.Buckets, len(want.Sources))
			}
			same := func(got *Matrix, from, row, n int) {
				t.Helper()
				if !slices.Equal(got.Sources, want.Sources) || !slices.Equal(got.Levels, want.Levels) || !got.End(row).Equal(want.End(from)) {
					t.Fatalf("sources %q, levels %v, first %v, want %q, %v, %v", got.Sources, got.Levels, got.End(row), want.Sources, want.Levels, want.End(from))
				}
				for i := range n {
					for j, v := range got.Row(row + i) {
						if w := want.Row(from + i)[j]; v != w && (v == v || w == w) {
							t.Fatalf("bucket %d, source %q: %v, want %v", from+i, got.Sources[j], v, w)
						}
					}
				}
			}
			for range 20 {
				from, n := rng.IntN(want.Buckets), 1+rng.IntN(2000)
				m, err := a.Matrix(from, n)
				if err != nil {
					t.Fatal(err)
				}
				if m.Buckets != min(n, want.Buckets-from) {
					t.Fatalf("%d buckets of %d from %d on", m.Buckets, want.Buckets, from)
				}
				same(m, from, 0, m.Buckets)
			}
			thin, err := a.Thin(0, 25)
			if err != nil {
				t.Fatal(err)
			}
			if thin.Buckets != 25 || thin.LeftOut == 0 {
				t.Fatalf("%d buckets, %d left out", thin.Buckets, thin.LeftOut)
			}
			same(thin, 0, 0, 5)
			same(thin, want.Buckets-5, 20, 5)
			whole, err := a.Thin(1<<30, 5)
			if err != nil {
				t.Fatal(err)
			}
			same(whole, 0, 0, want.Buckets)
			if _, err := a.Matrix(want.Buckets, 1); err == nil {
				t.Error("a bucket behind the last")
			}
		}
	}
}

func TestAcrossRefuses(t *testing.T) {
	a := countsBytes(t, "a", countPart(t, "capture", hostSeconds(0, 30, 1, false), MeasureOptions{}))
	b := countsBytes(t, "b", countPart(t, "capture", hostSeconds(0, 30, 1, false), MeasureOptions{Every: 2e9}))
	file, err := mergeBytes(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acrossOf(t, file, func(string) bool { return true }); err == nil || !strings.Contains(err.Error(), `host "b"`) {
		t.Errorf("buckets of two widths: error %v", err)
	}
	if _, err := acrossOf(t, file, func(h string) bool { return h == "a" }); err != nil {
		t.Errorf("one host: %v", err)
	}
	if _, err := acrossOf(t, file, func(string) bool { return false }); err == nil {
		t.Error("no host: no error")
	}
}
