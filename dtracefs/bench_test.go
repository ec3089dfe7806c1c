package dtracefs

import (
	"bytes"
	"context"
	"io"
	"runtime/metrics"
	"testing"
	"testing/fstest"

	"dtnotes/dtracefs/internal/generate"
)

var generated = map[string]generate.Kind{"activity": generate.Activity, "bpftrace": generate.BpftraceMap, "json": generate.BpftraceJSON, "log": generate.EventLog}

// inMemory is a generated capture of size bytes.
func inMemory(tb testing.TB, kind generate.Kind, size int64) fstest.MapFS {
	tb.Helper()
	data, err := io.ReadAll(generate.NewReader(kind, size, 1))
	if err != nil {
		tb.Fatal(err)
	}
	return fstest.MapFS{"capture": {Data: data}}
}

func benchmark(b *testing.B, size int64, f func(b *testing.B, fsys fstest.MapFS)) {
	for _, name := range []string{"activity", "bpftrace", "json", "log"} {
		b.Run(name, func(b *testing.B) {
			fsys := inMemory(b, generated[name], size)
			b.SetBytes(int64(len(fsys["capture"].Data)))
			b.ReportAllocs()
			for b.Loop() {
				f(b, fsys)
			}
		})
	}
}

// BenchmarkCount reads captures to the dense (bucket, source) matrix.
func BenchmarkCount(b *testing.B) {
	benchmark(b, 64<<20, func(b *testing.B, fsys fstest.MapFS) {
		if _, err := countOf(b, fsys, "capture", CountOptions{MeasureOptions: MeasureOptions{Kinds: []string{"*"}}}).Matrix(); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkScan reads captures to full tables, batch by batch.
func BenchmarkScan(b *testing.B) {
	benchmark(b, 64<<20, func(b *testing.B, fsys fstest.MapFS) {
		for _, err := range Scan(context.Background(), fsys, "capture", Options{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkInspect summarizes captures of every form, as everybody does first.
func BenchmarkInspect(b *testing.B) {
	for _, kind := range generate.Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			fsys := inMemory(b, kind, 8<<20)
			b.SetBytes(8 << 20)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Inspect(context.Background(), fsys, "capture"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanLarge scans captures of 2 GB, generated as they are read, and reports the
// most memory that the Go runtime held. It says nothing of speed: making the text takes
// longer than reading it.
func BenchmarkScanLarge(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	for _, name := range []string{"activity", "log"} {
		b.Run(name, func(b *testing.B) {
			peak := uint64(0)
			sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
			for b.Loop() {
				n := 0
				for batch, err := range Scan(context.Background(), generate.FS{Kind: generated[name], Size: 2 << 30}, "capture", Options{}) {
					if err != nil {
						b.Fatal(err)
					}
					if n += len(batch.Tables); n%16 == 0 {
						metrics.Read(sample)
						peak = max(peak, sample[0].Value.Uint64())
					}
				}
			}
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
		})
	}
}

// BenchmarkLoad reads captures to full tables.
func BenchmarkLoad(b *testing.B) {
	benchmark(b, 32<<20, func(b *testing.B, fsys fstest.MapFS) {
		if _, err := Load(b.Context(), fsys, "capture", Options{}); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkOddText scans 100 MB of one thing over and over.
func BenchmarkOddText(b *testing.B) {
	if testing.Short() {
		b.Skip("takes minutes")
	}
	for name, unit := range map[string]string{"one line": "x", "blank lines": "\n", "@": "@\n", "frames": "              unix`idle+0x3b\n"} {
		b.Run(name, func(b *testing.B) {
			fsys := fstest.MapFS{"capture": {Data: bytes.Repeat([]byte(unit), 100_000_000/len(unit))}}
			b.SetBytes(int64(len(fsys["capture"].Data)))
			for b.Loop() {
				for _, err := range Scan(context.Background(), fsys, "capture", Options{}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
