package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	arrowmemory "github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"dtnotes/dtracefs"
)

const (
	twoMaps  = "Attaching 1 probe...\n@reads[nginx]: 3\n@reads[\xffx]: 4\n\n@writes[nginx]: 5\n"
	stacksBT = "Attaching 1 probe...\n@[sh, \n    leaf+1\n    root+2\n]: 3\n@[sh, \n    leaf+5\n    root+2\n]: 4\n"
)

// filesIn lists the files below a folder.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// readArrow reads a table that was exported, text cells as they are.
func readArrow(t *testing.T, name string) (rows [][]string, names []string) {
	t.Helper()
	data := []byte(mustRead(t, name))
	var schema *arrow.Schema
	var batches []arrow.RecordBatch
	if strings.HasSuffix(name, ".parquet") {
		pf, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		fr, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 1 << 20}, arrowmemory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		rr, err := fr.GetRecordReader(context.Background(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		schema = rr.Schema()
		for rr.Next() {
			b := rr.RecordBatch()
			b.Retain()
			batches = append(batches, b)
		}
	} else {
		r, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		schema = r.Schema()
		for i := range r.NumRecords() {
			b, err := r.RecordBatch(i)
			if err != nil {
				t.Fatal(err)
			}
			batches = append(batches, b)
		}
	}
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	for _, b := range batches {
		for j := range int(b.NumRows()) {
			row := make([]string, b.NumCols())
			for i, c := range b.Columns() {
				row[i] = c.ValueStr(j)
			}
			rows = append(rows, row)
		}
	}
	return rows, names
}

func TestExportFormats(t *testing.T) {
	inFolder(t, nil)
	c, err := dtracefs.Load(t.Context(), os.DirFS("."), "vm-start.dtrace.txt", dtracefs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	table := c.Activity()
	for _, name := range []string{"a.parquet", "a.arrow", "a.feather"} {
		if _, stderr, err := dtnotes(t, "export", "vm-start.dtrace.txt", "-o", name); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr)
		}
		rows, names := readArrow(t, name)
		if len(rows) != table.NumRows() || strings.Join(names, " ") != "time kind execname value" {
			t.Fatalf("%s: %d rows of %v, want %d", name, len(rows), names, table.NumRows())
		}
		for i, row := range rows {
			for k, c := range table.Columns {
				if k > 0 && row[k] != c.Text(i) {
					t.Fatalf("%s: row %d of %s is %q, want %q", name, i, c.Name, row[k], c.Text(i))
				}
			}
		}
	}
	var want bytes.Buffer
	if err := table.WriteCSV(&want); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dtnotes(t, "export", "vm-start.dtrace.txt", "-o", "a.csv"); err != nil || mustRead(t, "a.csv") != want.String() {
		t.Errorf("CSV: %v", err)
	}
	out, _, err := dtnotes(t, "export", "vm-start.dtrace.txt", "-o", "-", "--table", "activity")
	if err != nil || out != want.String() {
		t.Errorf("CSV on standard output: %v", err)
	}
	if leftover, _ := filepath.Glob("*.partial"); len(leftover) > 0 {
		t.Errorf("left behind: %v", leftover)
	}
}

func TestExportFolders(t *testing.T) {
	inFolder(t, map[string]string{"two.txt": twoMaps, "stacks.txt": stacksBT})
	if _, _, err := dtnotes(t, "export", "two.txt", "-o", "new/", "--format", "csv"); err != nil {
		t.Fatal(err)
	}
	if got := filesIn(t, "new"); !slices.Equal(got, []string{"@reads.csv", "@writes.csv"}) {
		t.Errorf("files %q", got)
	}
	if got := mustRead(t, "new/@reads.csv"); got != "key1,value\nnginx,3\n\\xffx,4\n" {
		t.Errorf("@reads is %q", got)
	}
	if _, _, err := dtnotes(t, "export", "two.txt", "-o", "parquet"); err != nil {
		t.Fatal(err)
	}
	if rows, _ := readArrow(t, "parquet/@writes.parquet"); len(rows) != 1 || rows[0][0] != "nginx" || rows[0][1] != "5" {
		t.Errorf("@writes is %v", rows)
	}
	out, _, err := dtnotes(t, "export", "stacks.txt", "-o", "-", "--format", "folded")
	if err != nil || out != "sh;root;leaf 7\n" {
		t.Errorf("folded: %v\n%s", err, out)
	}
	// More tables than files are open at once.
	var many strings.Builder
	for i := range filesAtOnce + 7 {
		many.WriteString("@m" + itoa(i) + "[a]: " + itoa(i) + "\n\n")
	}
	if err := os.WriteFile("many.txt", []byte(many.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dtnotes(t, "export", "many.txt", "-o", "many/", "--format", "csv"); err != nil {
		t.Fatal(err)
	}
	for i := range filesAtOnce + 7 {
		if got := mustRead(t, "many/@m"+itoa(i)+".csv"); !strings.HasSuffix(got, "\na,"+itoa(i)+"\n") {
			t.Errorf("@m%d is %q", i, got)
		}
	}
	if err := os.Remove("many.txt"); err != nil {
		t.Fatal(err)
	}
	// A folder of captures gives a folder of each.
	if err := errors.Join(os.Mkdir("captures", 0o777), os.Rename("two.txt", "captures/two.txt"), os.Rename("stacks.txt", "captures/stacks.txt")); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := dtnotes(t, "export", "captures", "-o", "all/"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if got := filesIn(t, "all"); !slices.Equal(got, []string{"stacks.txt/@.parquet", "two.txt/@reads.parquet", "two.txt/@writes.parquet"}) {
		t.Errorf("files %q", got)
	}
}

func TestExportKeepsFiles(t *testing.T) {
	inFolder(t, map[string]string{"two.txt": twoMaps, "old.csv": "mine\n", "folder/@writes.csv": ""})
	if _, _, err := dtnotes(t, "export", "two.txt", "--table", "@reads", "-o", "old.csv"); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a file that exists: %v", err)
	}
	if mustRead(t, "old.csv") != "mine\n" {
		t.Error("the file that existed was changed")
	}
	if _, _, err := dtnotes(t, "export", "two.txt", "-o", "folder", "--format", "csv"); err == nil || !strings.Contains(err.Error(), "@writes.csv exists") {
		t.Errorf("a file that exists in the folder: %v", err)
	}
	if got := filesIn(t, "folder"); len(got) != 1 {
		t.Errorf("an export that was refused wrote %v", got)
	}
	if _, _, err := dtnotes(t, "export", "two.txt", "--table", "@reads", "-o", "old.csv", "--force"); err != nil || mustRead(t, "old.csv") == "mine\n" {
		t.Errorf("--force: %v", err)
	}
	if _, _, err := dtnotes(t, "export", "two.txt", "--table", "@reads", "-o", "two.txt", "--format", "csv", "--force"); err == nil ||
		!strings.Contains(err.Error(), "the capture itself") {
		t.Errorf("onto the capture: %v", err)
	}
}

func TestExportErrors(t *testing.T) {
	inFolder(t, map[string]string{"two.txt": twoMaps, "empty.txt": "", "binary.txt": "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"folder/a.txt": twoMaps, "folder/b.txt": twoMaps})
	for args, want := range map[string]string{
		"two.txt":                                 `"out" not set`,
		"two.txt -o x.csv":                        "@reads (map): 2 rows",
		"two.txt -o x.csv --table @rea":           "no table @rea; it has @reads, @writes",
		"two.txt -o x.folded":                     "no table with stacks to fold; it has @reads, @writes",
		"two.txt -o x.folded --table @reads":      "@reads has no stacks to fold; it has none",
		"two.txt -o x.xls":                        "its ending tells no format",
		"two.txt -o x.csv --format arrow":         "its ending says csv, but --format says arrow",
		"two.txt -o x --format xls":               "the formats are csv, parquet, arrow, folded",
		"two.txt -o no/x.csv --table @reads":      "no/x.csv",
		"folder -o x.csv":                         "holds 2 captures",
		"empty.txt -o x.csv":                      "no table in it",
		"binary.txt -o x.csv":                     "not text",
		"missing.txt -o x.csv":                    "missing.txt",
		"two.txt -o two.txt/x.csv --table @reads": "two.txt",
	} {
		_, _, err := dtnotes(t, append([]string{"export"}, strings.Fields(args)...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("export %s: %v; want an error with %q", args, err, want)
		}
	}
	if _, err := os.Stat("x.csv"); err == nil {
		t.Error("an export that failed left a file")
	}
	if left, _ := filepath.Glob("*.partial"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, _, err := dtnotes(t, "export", "two.txt", "-o", ""); err == nil || !strings.Contains(err.Error(), "names no file") {
		t.Errorf("no name: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd := command()
	cmd.SetArgs([]string{"export", "two.txt", "-o", "interrupted/"})
	if err := cmd.ExecuteContext(ctx); err == nil {
		t.Error("an export that was interrupted succeeded")
	}
}

// TestExportStreams holds that a capture too large to be decoded at once gives the same rows, and
// that what its tracer lost is told.
func TestExportStreams(t *testing.T) {
	inFolder(t, nil)
	text := strings.Repeat(mustRead(t, "vm-start.dtrace.txt"), 20) // several chunks
	if err := errors.Join(os.WriteFile("big.txt", []byte(text), 0o666), os.WriteFile("big.txt.stderr", []byte("dtrace: 7 drops on CPU 1\n"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"small.csv", "small.parquet"} {
		if _, _, err := dtnotes(t, "export", "big.txt", "-o", name); err != nil {
			t.Fatal(err)
		}
	}
	defer func(n int64) { smallCapture = n }(smallCapture)
	smallCapture = 0
	for _, name := range []string{"large.csv", "large.parquet"} {
		_, stderr, err := dtnotes(t, "export", "big.txt", "-o", name)
		if err != nil || !strings.Contains(stderr, "dropped data 1 times") {
			t.Fatalf("%v\n%s", err, stderr)
		}
	}
	if mustRead(t, "small.csv") != mustRead(t, "large.csv") {
		t.Error("CSV written in parts is another")
	}
	small, _ := readArrow(t, "small.parquet")
	large, _ := readArrow(t, "large.parquet")
	if len(small) < 40_000 || !slices.EqualFunc(small, large, slices.Equal[[]string]) {
		t.Errorf("Parquet written in parts has %d rows, want the %d", len(large), len(small))
	}
}

func TestFileNames(t *testing.T) {
	taken := fileNames{}
	for _, test := range []struct{ text, want string }{
		{"agg", "agg"}, {"agg", "agg-2"}, {"AGG", "AGG-3"}, {"@reads", "@reads"}, {"a/b\\c:d*?\"<>|", "a_b_c_d______"}, {"", "table"}, {"...", "table-2"},
		{"..", "table-3"}, {"nul", "_nul"}, {"COM1.x", "_COM1.x"}, {"company", "company"}, {"\xff\x00\n", "___"}, {"größe", "größe"},
		{"Sat Nov 28 20:16", "Sat_Nov_28_20_16"}, {strings.Repeat("ä", 200), strings.Repeat("ä", 50)},
	} {
		if got := taken.next(test.text); got != test.want {
			t.Errorf("the name for %q is %q, want %q", test.text, got, test.want)
		}
	}
}
