package dtracefs

import (
	"bytes"
	"io"
	"math"
	"testing"

	"dtnotes/dtracefs/internal/generate"
)

// countStream counts generated text as a file is, and tells whether lines were counted without decoding
// them.
func countStream(t testing.TB, r io.Reader, o CountOptions, slow bool) (*Matrix, bool) {
	t.Helper()
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(r, head)
	head = head[:n]
	c := counting{opt: o, scanner: newScanner(Options{}, "x", dialectOf(head))}
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), c.scanner.dialect.cut)
	chunks.lines = true
	if slow {
		c.size = math.MinInt64 // the sample never ends
	}
	if err := c.all(t.Context(), chunks); err != nil {
		t.Fatal(err)
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	m, err := c.tally.finish().IntoMatrix()
	if err != nil {
		t.Fatal(err)
	}
	return m, c.quick > 0
}

// TestFastLinesCountAsDecoding holds that counting lines without decoding them gives what decoding
// gives, for every form that a large capture is generated in.
func TestFastLinesCountAsDecoding(t *testing.T) {
	for _, kind := range generate.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			const size = 6 << 20
			got, fast := countStream(t, generate.NewReader(kind, size, 1), CountOptions{}, false)
			want, _ := countStream(t, generate.NewReader(kind, size, 1), CountOptions{}, true)
			if !fast {
				t.Error("was decoded")
			}
			if !got.same(want) {
				t.Errorf("%d sources in %d buckets differ from %d in %d", len(got.Sources), got.Buckets, len(want.Sources), want.Buckets)
			}
		})
	}
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
