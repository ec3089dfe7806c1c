package dtracefs

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// toolCaptures returns the captures in testdata of each tool.
func toolCaptures(t *testing.T) map[*tool][][]byte {
	captures := map[*tool][][]byte{}
	for _, name := range cases(t) {
		data, err := fs.ReadFile(os.DirFS("testdata"), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range tools {
			if dialectOf(data).name == tool.name {
				captures[tool] = append(captures[tool], data)
			}
		}
	}
	return captures
}

// TestToolsTakeTurns holds that a tool's tables are found after those of any other tool, as a loop
// in a shell prints them.
func TestToolsTakeTurns(t *testing.T) {
	rows := func(data []byte) (rows map[string]int, unparsed int) {
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: data}}, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		rows = map[string]int{}
		for _, table := range c.Tables {
			// Only a tool that comes first has a first report.
			rows[strings.TrimSuffix(table.Name, " since boot")] += table.NumRows()
		}
		return rows, len(c.Unparsed)
	}
	captures := toolCaptures(t)
	for _, first := range tools {
		before := captures[first][0]
		rowsBefore, unparsedBefore := rows(before)
		for _, then := range tools {
			for _, data := range captures[then] {
				alone, unparsed := rows(data)
				both, unparsedBoth := rows(bytes.Join([][]byte{before, data}, []byte("\n")))
				for name, n := range alone {
					if first != then && both[name] != n+rowsBefore[name] {
						t.Errorf("%.60q after %s: %d rows of %s, want %d", data, first.name, both[name], name, n+rowsBefore[name])
					}
				}
				if unparsedBoth > unparsed+unparsedBefore {
					t.Errorf("%.60q after %s: %d lines are not understood, want %d", data, first.name, unparsedBoth, unparsed+unparsedBefore)
				}
			}
		}
	}
}

// TestTablesOfOneRun holds that the tables of interrupts are those of the tool that runs, and that
// no row stands under the names of another table.
func TestTablesOfOneRun(t *testing.T) {
	const text = "Linux 6.1.0 (host) \t11/28/26 \t_x86_64_\t(2 CPU)\n\n" +
		"10:08:27     CPU    %usr   %nice    %sys %iowait    %irq   %soft   %idle\n" +
		"10:08:28     all   87.94    0.00    8.04    0.00    0.00    0.00    4.02\n\n" +
		"10:08:27     CPU       24/s       25/s      NMI/s\n10:08:28       0       4.00       0.00       1.00\n\n" +
		"10:08:27     NEW       ones      nobody       knows         yet        here        some\n" +
		"10:08:28       0       4.00       0.00       1.00       1.00       1.00       1.00\n"
	c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: []byte(text)}}, "x.txt", Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkNothingIsLeft(t, "the text", c)
	if len(c.Tables) != 2 || c.Tables[0].NumRows() != 1 || c.Tables[1].Name != "mpstat 24/s" || len(c.Unparsed) != 2 {
		t.Errorf("it decodes to\n%s", describe(c))
	}
}

// TestToolUnderDate holds that the time that a loop in a shell prints above a tool is that of the
// tool's block, and that a time does not stay for the blocks after it.
func TestToolUnderDate(t *testing.T) {
	const block = "Mem: 1234K used, 5678K free, 90K shrd, 12K buff, 345K cached\nCPU:   1% usr   2% sys\n" +
		"  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n    1     0 root     S     1234   1%   0   0% init\n"
	load := func(text string) string {
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: []byte(text)}}, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Table("top").Columns[0].Text(c.Table("top").NumRows() - 1)
	}
	dates := []string{"Sat Nov 28 20:16:47 UTC 2026\n", "Sat Nov 28 20:16:48 UTC 2026\n"}
	if at := load(dates[0] + block + dates[1] + block); !strings.HasPrefix(at, "2026-11-28T20:16:48") {
		t.Errorf("the last row is of %q, want the date above it", at)
	}
	if at := load(dates[0] + block + block); at != "" {
		t.Errorf("the last row is of %q, and no time was printed above it", at)
	}
}

// TestWhatKeysName holds that a tool's keys are what the tool says, and never guessed to be
// processes.
func TestWhatKeysName(t *testing.T) {
	const banner = "Linux 6.1.0 (host) \t11/28/26 \t_x86_64_\t(2 CPU)\n\n"
	const disks = "dT: 1.003s  w: 1.000s\n L(q)  ops/s    r/s   kBps   ms/r    w/s   kBps   ms/w   %busy Name\n" +
		"    0     52     12    384    0.4     40   5120    1.2    3.1  mirror/root\n    0     52     12    384    0.4     40   5120    1.2    3.1  cd0\n"
	for text, want := range map[string]Dimension{
		disks + disks + disks: Device,
		banner + "20:16:47  MBfsfree  MBfsused   %fsused  %ufsused     Ifree     Iused    %Iused FILESYSTEM\n" +
			"20:16:48     10000      5000     33.33     35.00    600000     10000      1.64 /dev/root\n": Device,
		banner + "20:16:47     NODE    %usr   %nice    %sys   %irq   %idle\n20:16:48        0    1.00    0.00    2.00   0.00   97.00\n": CPU,
	} {
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: []byte(text)}}, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range c.Tables {
			for _, col := range table.Columns {
				if col.role == roleKey && col.dimension() != want {
					t.Errorf("%s of %s is a %q, want %q", col.Name, table.Name, col.dimension(), want)
				}
			}
		}
		m, err := Infer(c.Tables, MeasureOptions{})
		if err != nil || m.Dims[len(m.Dims)-1] != want {
			t.Errorf("the sources of %q are %v: %v", text, m, err)
		}
	}
}

// TestKeysThatAreNoProcesses holds that a key of which the reader of a tool knows what it names is
// not taken for a process, as a lock is none.
func TestKeysThatAreNoProcesses(t *testing.T) {
	for _, name := range []string{"lockstat.txt", "perf-stat-I.csv"} {
		c, err := Load(t.Context(), os.DirFS("testdata"), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := Infer(c.Tables, MeasureOptions{By: []string{"execname"}}); err == nil {
			t.Errorf("%s has sources by %v, which are processes", name, m.Names)
		} else if !strings.Contains(err.Error(), "no table has such a column") {
			t.Error(err)
		}
		if m, err := Infer(c.Tables, MeasureOptions{}); err == nil && slices.Contains(m.Dims, ExecName) {
			t.Errorf("%s has sources by %v of %v", name, m.Names, m.Dims)
		}
	}
}
