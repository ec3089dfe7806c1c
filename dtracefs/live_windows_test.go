package dtracefs

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"testing"
	"time"
)

// The program of the tests, which is called after dtrace, is a tracer where this variable is set:
// one that prints its aggregation when it gets a break, or one that heeds none.
const standIn = "DTNOTES_STAND_IN"

func init() {
	mode := os.Getenv(standIn)
	if mode == "" {
		return
	}
	breaks := make(chan os.Signal, 1)
	signal.Notify(breaks, os.Interrupt)
	fmt.Print("1795376741000000000\nbusy a 1\n\n")
	<-breaks
	if mode == "deaf" {
		select {}
	}
	fmt.Print("1795376742000000000\nlast a 7\n\n")
	os.Exit(0)
}

// TestLiveBreak holds that a tracer is asked to end, so that what it prints on its way out comes,
// and is killed if it does not. Where it cannot be asked, for want of a console, it is told what is
// lost.
func TestLiveBreak(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for mode, grace := range map[string]time.Duration{"tracer": time.Minute, "deaf": time.Second} {
		t.Run(mode, func(t *testing.T) {
			t.Setenv(standIn, mode)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var record strings.Builder
			r, err := Live(ctx, "tick-1s { printa(@); }", LiveOptions{Tracer: program, Record: &record, Every: 20 * time.Millisecond, Grace: grace})
			if err != nil {
				t.Fatal(err)
			}
			if r.Tracer() != "dtrace" {
				t.Fatalf("%s is no dtrace", program)
			}
			var last error
			for b, err := range r.Batches() {
				if last = err; err == nil && len(b.Tables) > 0 {
					cancel()
				}
			}
			ended := strings.Contains(record.String(), "last a 7")
			if ended != (last == nil) || last != nil && !strings.Contains(last.Error(), "is lost") || ended && mode == "deaf" {
				t.Errorf("printed %q, %v", record.String(), last)
			}
			t.Logf("%s: asked to end: %v", mode, ended)
		})
	}
}
