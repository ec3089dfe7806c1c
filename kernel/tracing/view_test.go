package tracing

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dtnotes/dtracefs"
	"dtnotes/kernel/display"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// captures are what scripts of each kind print.
func captures() map[string]string {
	var counts, latency, rows strings.Builder
	counts.WriteString("Attaching 2 probes...\n")
	for s := range 6 {
		fmt.Fprintf(&counts, "179537674%d.000000\n@n[syscall, nginx]: %d\n@n[syscall, sh]: 3\n@n[csw, <b>&]: 17\n\n", s, 1000*(1+7*s%5))
		fmt.Fprintf(&latency, "179537674%d.000000\n@us[read]: \n[1]                    3 |@@@                 |\n[2, 4)                %d |@@@@@@@@            |\n[4, 8)                 1 |@                   |\n\n", s, 5+s)
		fmt.Fprintf(&rows, "sh 17 %d\ncat 203 7\n", s)
	}
	return map[string]string{
		"counts": counts.String(), "latency": latency.String(), "rows": rows.String(),
		"stacks": "Attaching 1 probe...\n\n@[sh, \n    vfs_read+3\n    do_syscall_64+55\n, \n    read+13\n    main+40\n]: 9\n@[cat, \n    vfs_write+3\n    do_syscall_64+55\n, \n    write+13\n]: 4\n",
		"silent": "Attaching 1 probe...\n",
	}
}

// script is what printed them.
const script = `tracepoint:raw_syscalls:sys_enter { @n["syscall", comm] = count(); @us["read"] = hist(1); printf("%s %d %d\n", comm, pid, args->id); }
interval:s:1 { print(@n); clear(@n); print(@us); clear(@us); }`

// play shows a view what a capture holds as if it came by and by.
func play(t testing.TB, name, text string) (*view, display.Bundle) {
	t.Helper()
	clock := time.Unix(1795376740, 0)
	v := newView("bpftrace", func() time.Time { return clock })
	fsys := fstest.MapFS{name: {Data: []byte(text)}}
	for b, err := range dtracefs.Scan(context.Background(), fsys, name, dtracefs.Options{Script: script}) {
		if err != nil {
			t.Fatal(err)
		}
		v.add(b)
		clock = clock.Add(time.Second)
		v.bundle()
	}
	clock = clock.Add(time.Second)
	v.finish("ended")
	return v, v.bundle()
}

func TestViews(t *testing.T) {
	for name, text := range captures() {
		_, b := play(t, name+".txt", text)
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(golden, []byte(b.Text()+"\n"), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || b.Text()+"\n" != string(want) {
			t.Errorf("%s: %v, shows\n%s", name, err, b.Text())
		}
		svg, _ := b.Data[display.MIMETypeSVG].(string)
		checkXML(t, name, svg)
		if dir := os.Getenv("DTNOTES_PICTURES"); dir != "" {
			os.WriteFile(filepath.Join(dir, name+".svg"), []byte(svg), 0o666)
		}
	}
}

func checkXML(t *testing.T, name, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("the picture of %s is no XML: %v", name, err)
			return
		}
	}
}

// TestViewIsBounded holds that neither what a view remembers nor what it shows grows with the
// trace: hours of buckets, sources without end, stacks that are all different.
func TestViewIsBounded(t *testing.T) {
	clock := time.Unix(1795376740, 0)
	v := newView("bpftrace", func() time.Time { return clock })
	fsys := fstest.MapFS{}
	var sizes []int
	for part := range 12 {
		var text strings.Builder
		for s := range 100 {
			at := 1795376740 + 100*part + s
			fmt.Fprintf(&text, "%d.000000\n", at)
			for k := range 20 {
				fmt.Fprintf(&text, "@n[syscall, p%d]: %d\n", (part*100+s)*20+k, 1+k)
			}
			fmt.Fprintf(&text, "\n")
		}
		fsys["part.txt"] = &fstest.MapFile{Data: []byte(text.String())}
		for b, err := range dtracefs.Scan(context.Background(), fsys, "part.txt", dtracefs.Options{Script: script}) {
			if err != nil {
				t.Fatal(err)
			}
			v.add(b)
		}
		var stacks strings.Builder
		for k := range 1000 {
			fmt.Fprintf(&stacks, "@[sh, \n    f%d+3\n    g%d+5\n]: 1\n", part*1000+k, k)
		}
		fsys["stacks.txt"] = &fstest.MapFile{Data: []byte("\n" + stacks.String())}
		for b, err := range dtracefs.Scan(context.Background(), fsys, "stacks.txt", dtracefs.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			v.addStacksOf(b)
		}
		clock = clock.Add(100 * time.Second)
		if part%4 == 3 {
			svg, _ := v.bundle().Data[display.MIMETypeSVG].(string)
			sizes = append(sizes, len(svg))
		}
	}
	v.finish("ended")
	if len(v.buckets) > mostBuckets || len(v.totals) > mostSources || len(v.stacks) > mostStacks || v.others == 0 {
		t.Errorf("%d buckets, %d sources, %v of others, %d stacks", len(v.buckets), len(v.totals), v.others, len(v.stacks))
	}
	if first, last := sizes[0], sizes[len(sizes)-1]; last > 2*first || last > 1<<20 {
		t.Errorf("the picture grows: %d bytes", sizes)
	}
	if got := v.counted(); got != 12*100*(20*21/2) {
		t.Errorf("counted %d", got)
	}
}

// addStacksOf takes in the stacks of a batch alone.
func (v *view) addStacksOf(b *dtracefs.Batch) {
	for _, t := range b.Tables {
		if hasStacks(t) {
			v.addStacks(t)
		}
	}
}
