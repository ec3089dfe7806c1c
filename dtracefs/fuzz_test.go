package dtracefs

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// seeds are short texts of every shape, one dialect after the other.
var seeds = map[string][]string{
	"dtrace": {
		"1795376741117661993\ncsw a 1\ncsw new\nline 2\n\n",
		"dtrace: script 'x.d' matched 2 probes\nCPU     ID                    FUNCTION:NAME\n  1   3566                     openat:entry   cat                                    24477\n",
		"CPU FUNCTION                                 \n  1  => write                                   nginx                                               4\n  1  <= write     2\n",
		"  read                                                webapp.py                                         \n           value  ------------- Distribution ------------- count    \n            4096 |                                         0        \n            8192 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 1        \n",
		"\n  bufmod                                            \n              bufmod`sbrput+0xb9\n                1\n",
		"\n              a`b+0x1\n\n              c`d\n                1\n",
		"  UID   PID D    BLOCK   SIZE       COMM PATHNAME\n    0  1234 R   123456   8192       tar /etc\n",
		"2005 Jul 16 00:34:40,  load: 1.21,  disk_r:  12891 KB\n\n  UID    PID CMD\n    0      3 fsflush\n",
		"PID/LWP   SYSCALL(args)                  = return\n27547/1:  read(0x3F, \"\\0\", 0x400)                = 0 0\n",
		"C    PID  DELTA(us)              FILE:LINE TYPE     -- SUB\n0 305127          2       func_abc.pl:15   sub      -> func_a\n",
		"   ID   PROVIDER            MODULE                          FUNCTION NAME\n    1     dtrace                                                     BEGIN\n",
		"             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n         0: 4c 69                                            Li\n",
		"foo_t {\n    int [3] a = [ 0x1 ]\n    struct b {\n        int c = 1\n    }\n}\n{ptr} = *\n     (struct x) {\n      .a = (int)1,\n     }\n",
		"\n     min .---. max  | count\n      1    0 : X : 2    | 1\n",
		"Stability attributes for script x:\n\n\tMinimum Probe Description Attributes\n\t\tIdentifier Names: Unstable\n",
		"1795380942588427649 1 4662 4662 gzip read:entry 0 93857846403072 32768\n",
		"\n 3   min .---. max  | count\n      1    \x80\x00: X : 2    | 1\n", "2005 Jul 16 00:34:40,  load: 1.21,  disk_r: load: 1. 128", "a: 1\nb: 2\n", "x  1\ny  2\n", "^C  7\n", "...\n", "\x1b[2;32m0  1\x1b[0m\n", "\x1b[2;32m", "  0   1   :tick 1\n    [CPU 3]   12\n",
	},
	"bpftrace": {
		"Attaching 3 probes...\n1795376740.831366\n@n[csw, migration/1]: 1\n@bytes[read_bytes, a]: 5\n",
		"@[postgres, \n    a+5\n, \n    0x7f\n]: 1\n@[\na+1\n]: 2\n", "@s: count 2, average 6, total 12\n@t[1]: (1, 2)\n@: 5\n",
		"@us[x]:\n[0]    1 |@@|\n[1K, 2M)  4 |@|\n(..., 0)  1 |@|\n", "Lost 3 events\n22:29:50 PIDs/sec: @: 121\n",
		"@:\n             -5                                                  5\nhh:mm:ss.ms  |____|\n10:00:00.100 *      | -5\n",
	},
	"bpftrace-json": {
		`{"type": "attached_probes", "data": {"probes": 11}}` + "\n" + `{"type": "printf", "data": "1795376741.056662\n"}` + "\n" + `{"type": "map", "data": {"@n": {"csw,a": 1}}}` + "\n",
		`{"type": "hist", "data": {"@": {"a": [{"max": -1, "count": 1}]}}}`, `{"type": "stats", "data": {"@s": {"count": 2, "average": 6, "total": 12}}}`,
		`{"type": "map", "data": {"@": {"gzip,\n    a+5\n,\n    0x1\n": 1}}}`, `{"type": "time", "data": "10:00:00\n"}`, `{"type": "lost_events", "data": {"events": 3}}`,
	},
	"libxo-json": {`{"dtrace": {"probes": [{"timestamp": 1, "cpu": 0, "id": 2, "provider": "a", "output": [{"message": "x"}, {"value": 1}, {"aggregation-data": [{"keys": ["a"], "count": 3}]}]}]}}`},
	"libxo-xml":  {"<?xml version=\"1.0\"?>\n<dtrace>\n <probes><cpu>1</cpu><module/><output><value>1</value></output></probes>\n</dtrace>\n"},
	"statemap":   {`{"start": [1, 2], "states": {"a": {"value": 0, "color": "#fff"}}}` + "\n" + `{"time": "5", "entity": "1", "state": 0}` + "\n"},
	"folded":     {"a;b;c 12\nunix`x;y z 3\n"},
}

// addSeeds adds the seeds and the captures of testdata, each with its dialect.
func addSeeds(f *testing.F, add func(dialect string, data []byte)) {
	for dialect, list := range seeds {
		for _, s := range list {
			add(dialect, []byte(s))
		}
	}
	for _, name := range cases(f) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		add(dialectOf(data).name, data)
	}
}

// FuzzDecode decodes anything as any dialect: whole, and in parts as far as it has records.
func FuzzDecode(f *testing.F) {
	addSeeds(f, func(dialect string, data []byte) { f.Add(dialect, data) })
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		dl := dialectOf(data)
		for _, other := range dialects {
			if other.name == name {
				dl = other
			}
		}
		c := &Capture{Name: "x", Dialect: dl.name, Bytes: int64(len(data))}
		d := newDecoder(c, Options{}, nil)
		c.Lines = dl.start().read(d, data, 1, true)
		d.finish()
		checkCapture(t, c)
		for _, table := range c.Tables {
			if df := table.DataFrame(); df.Err != nil {
				t.Errorf("%s as a data frame: %v", table.Name, df.Err)
			}
		}
		if dl.cut == nil {
			return
		}
		r, lines, booked := dl.start(), 0, Account{}
		for len(data) > 0 {
			n := dl.cut(data[:min(len(data), max(40, len(data)/3))])
			if n == 0 {
				n = len(data)
			}
			part := &Capture{Name: "x", Dialect: dl.name, Bytes: int64(n)}
			d := newDecoder(part, Options{}, nil)
			lines += r.read(d, data[:n], lines+1, n == len(data))
			d.finish()
			for i, share := range []Share{part.Account.Blank, part.Account.Notices, part.Account.Tables, part.Account.Unparsed} {
				to := []*Share{&booked.Blank, &booked.Notices, &booked.Tables, &booked.Unparsed}[i]
				to.Lines += share.Lines
				to.Bytes += share.Bytes
			}
			data = data[n:]
		}
		if n := booked.Blank.Lines + booked.Notices.Lines + booked.Tables.Lines + booked.Unparsed.Lines; lines != c.Lines || n != lines {
			t.Errorf("%d lines in parts, of which %d are accounted for, %d as a whole", lines, n, c.Lines)
		}
		if n := booked.Blank.Bytes + booked.Notices.Bytes + booked.Tables.Bytes + booked.Unparsed.Bytes; n != c.Bytes {
			t.Errorf("%d bytes accounted for in parts of %d", n, c.Bytes)
		}
	})
}

// FuzzCount counts and scans anything.
func FuzzCount(f *testing.F) {
	addSeeds(f, func(_ string, data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys := fstest.MapFS{"x": {Data: data}}
		if c, err := CountFiles(context.Background(), []File{{fsys, "x"}}, CountOptions{Workers: 1}); err == nil && len(c.pages) < 1000 {
			if m, err := c.Matrix(); err == nil && m.Buckets > 0 {
				m.Rates()
			}
		}
		for b, err := range Scan(context.Background(), fsys, "x", Options{}) {
			if err == nil {
				checkCapture(t, &b.Capture)
			}
		}
	})
}

// FuzzOpen opens anything as a file that may be an archive.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte(strings.Repeat("x", 257) + "ustar"))
	path := f.TempDir() + "/x"
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		fsys, err := Open(path)
		if err != nil {
			return
		}
		fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if file, err := fsys.Open(name); err == nil {
					var b bytes.Buffer
					b.ReadFrom(file)
					file.Close()
				}
			}
			return nil
		})
	})
}
