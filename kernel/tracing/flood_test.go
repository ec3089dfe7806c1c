//go:build unix

package tracing

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"dtnotes/kernel/display"
)

// TestMain plays the tracer of TestFlood.
func TestMain(m *testing.M) {
	if seconds, err := strconv.Atoi(os.Getenv("DTNOTES_FLOOD")); err == nil {
		flood(seconds)
		return
	}
	os.Exit(m.Run())
}

// flood prints 100,000 events a second, in the shape of a printf.
func flood(seconds int) {
	w := bufio.NewWriterSize(os.Stdout, 64<<10)
	defer w.Flush()
	begun := time.Now()
	for n := range seconds * 100 {
		for k := range 1000 {
			fmt.Fprintf(w, "%d proc-%d read %d\n", 1795376741000000000+int64(n)*10_000_000+int64(k)*10_000, k%300, k*7919%4096)
		}
		w.Flush()
		time.Sleep(time.Until(begun.Add(time.Duration(n+1) * 10 * time.Millisecond)))
	}
}

// TestFlood traces 100,000 events a second: what is shown and what is held stay small, and the
// capture has what came. A minute of it:
//
//	DTNOTES_FLOOD_SECONDS=60 go test -v -run Flood ./kernel/tracing
func TestFlood(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	seconds, _ := strconv.Atoi(os.Getenv("DTNOTES_FLOOD_SECONDS"))
	if seconds == 0 {
		seconds = 2
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	tracer := filepath.Join(dir, "bpftrace")
	if err := os.WriteFile(tracer, fmt.Appendf(nil, "#!/bin/sh\nDTNOTES_FLOOD=%d exec %s\n", seconds, self), 0o755); err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(dir, "events.txt.zst")
	var updates, largest atomic.Int64
	var held, most runtime.MemStats
	screen := func(b display.Bundle, update bool) {
		updates.Add(1)
		svg, _ := b.Data[display.MIMETypeSVG].(string)
		largest.Store(max(largest.Load(), int64(len(svg)+len(b.Text()))))
		if runtime.ReadMemStats(&held); held.HeapInuse > most.HeapInuse {
			most = held
		}
	}
	script := `tracepoint:raw_syscalls:sys_enter { printf("%lu %s %s %d\n", nsecs, comm, "read", args->id); }`
	c, err := Run(context.Background(), script, screen, io.Discard, Options{Tracer: tracer, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, table := range c.Tables {
		rows += table.NumRows()
	}
	info, err := os.Stat(output)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d updates, the largest %d bytes; heap in use while it ran at most %d MB; %d rows in the capture, %d MB in the file",
		updates.Load(), largest.Load(), most.HeapInuse>>20, rows, info.Size()>>20)
	if largest.Load() > 500_000 {
		t.Errorf("a picture has %d bytes", largest.Load())
	}
	if most.HeapInuse > 600<<20 {
		t.Errorf("%d MB are in use while it runs", most.HeapInuse>>20)
	}
	if want := seconds * 100_000; rows != want && c.Bytes < mostText/2 {
		t.Errorf("%d rows of %d", rows, want)
	}
}
