package dtracefs

import (
	"bytes"
	"context"
	"io"
	"testing"

	"dtnotes/dtracefs/internal/generate"
)

// countStream counts generated text as a file is, and tells whether lines were counted without decoding
// them.
func countStream(t testing.TB, r io.Reader, slow bool) (*Matrix, bool) {
	t.Helper()
	var o CountOptions
	head := make([]byte, 64<<10)
	n, _ := io.ReadFull(r, head)
	head = head[:n]
	c := counting{opt: o, scanner: newScanner(Options{}, "x", dialectOf(head))}
	chunks := newChunker(io.MultiReader(bytes.NewReader(head), r), c.scanner.dialect.cut)
	chunks.lines = true
	fast := 0
	var buf []byte
	for {
		k, err := chunks.next(context.Background(), buf)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if slow {
			c.fast = nil
		}
		before := c.size
		if err := c.chunk(k); err != nil {
			t.Fatal(err)
		}
		if c.fast != nil && len(c.fast.log) > 0 && before == c.size {
			fast++
		}
		buf = k.data
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	m, err := c.tally.finish().Matrix()
	if err != nil {
		t.Fatal(err)
	}
	return m, fast > 0
}

// TestFastLinesCountAsDecoding holds that counting lines without decoding them gives what decoding
// gives, for every form that a large capture is generated in.
func TestFastLinesCountAsDecoding(t *testing.T) {
	for _, kind := range generate.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			const size = 6 << 20
			got, fast := countStream(t, generate.NewReader(kind, size, 1), false)
			want, _ := countStream(t, generate.NewReader(kind, size, 1), true)
			if !fast {
				t.Error("was decoded")
			}
			if !got.same(want) {
				t.Errorf("%d sources in %d buckets differ from %d in %d", len(got.Sources), len(got.Times), len(want.Sources), len(want.Times))
			}
		})
	}
}

// BenchmarkCountForms counts large captures of every form to the matrix.
func BenchmarkCountForms(b *testing.B) {
	for _, kind := range generate.Kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			const size = 64 << 20
			text, err := io.ReadAll(generate.NewReader(kind, size, 1))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ResetTimer()
			before := cpuSeconds(b)
			for b.Loop() {
				countStream(b, bytes.NewReader(text), false)
			}
			cpu := cpuSeconds(b) - before
			b.ReportMetric(float64(len(text))*float64(b.N)/1e6/cpu, "MB/CPU-s")
		})
	}
}
