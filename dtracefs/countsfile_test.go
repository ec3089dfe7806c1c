package dtracefs

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// hostSeconds prints a block of counts for each second from from on, with gauges if level is set.
func hostSeconds(from, n int, seed uint64, level bool) string {
	rng := rand.New(rand.NewPCG(seed, uint64(from)))
	var b strings.Builder
	for i := range n {
		at := time.Unix(1700000000+int64(from+i), 0).UTC()
		if level {
			fmt.Fprintf(&b, "%s %d %.2f\n", at.Format("2006-01-02T15:04:05Z"), 100+rng.IntN(50), 50*rng.Float64())
			continue
		}
		fmt.Fprintf(&b, "%s\n", at.Format("2006 Jan _2 15:04:05"))
		for _, name := range []string{"nginx", "cron job", "postgres", "é"} {
			if rng.IntN(4) > 0 {
				fmt.Fprintf(&b, "  %-16s %12d\n", name, 1+rng.IntN(1000))
			}
		}
	}
	if level {
		return "time,rss,%cpu\n" + strings.ReplaceAll(b.String(), " ", ",")
	}
	return b.String()
}

func countPart(t *testing.T, name, text string, o MeasureOptions) *Counts {
	t.Helper()
	c, err := CountFiles(context.Background(), []File{{fstest.MapFS{name: {Data: []byte(text)}}, name}}, CountOptions{Aligned: true, MeasureOptions: o})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func countsBytes(t *testing.T, host string, c *Counts) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewCountsWriter(&b)
	if err := errors.Join(w.Write(host, c), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mergeBytes(parts ...[]byte) ([]byte, error) {
	var files []io.ReadSeeker
	for _, p := range parts {
		files = append(files, bytes.NewReader(p))
	}
	var b bytes.Buffer
	err := MergeCounts(context.Background(), &b, files...)
	return b.Bytes(), err
}

// mergeShuffled merges parts in groups and an order that chance gives.
func mergeShuffled(t *testing.T, rng *rand.Rand, parts [][]byte) []byte {
	t.Helper()
	left := slices.Clone(parts)
	for len(left) > 1 {
		rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
		n := min(len(left), 2+rng.IntN(3))
		some, err := mergeBytes(left[:n]...)
		if err != nil {
			t.Fatal(err)
		}
		left = append(left[n:], some)
	}
	return left[0]
}

// Whichever way parts are grouped and ordered, what they merge to is the same to the bit, and holds
// what the whole holds.
func TestCountsMergeInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var parts [][]byte
	for host := range 3 {
		for i := range 5 {
			text := hostSeconds(i*40, 40, uint64(host), false)
			parts = append(parts, countsBytes(t, fmt.Sprintf("web%d", host), countPart(t, "calls.txt", text, MeasureOptions{})))
		}
	}
	want, err := mergeBytes(parts...)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if !bytes.Equal(mergeShuffled(t, rng, parts), want) {
			t.Fatal("another order of merging gives other bytes")
		}
	}
	r, err := NewCountsReader(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	for host := range uint64(3) {
		name, c, err := r.Next()
		if err != nil || name != fmt.Sprintf("web%d", host) {
			t.Fatalf("host %q, error %v", name, err)
		}
		got, err := c.IntoMatrix()
		if err != nil {
			t.Fatal(err)
		}
		var whole strings.Builder
		for i := range 5 {
			whole.WriteString(hostSeconds(i*40, 40, host, false))
		}
		m, err := countPart(t, "calls.txt", whole.String(), MeasureOptions{}).IntoMatrix()
		if err != nil {
			t.Fatal(err)
		}
		if !got.same(m) {
			t.Errorf("%s: %d×%d of parts, %d×%d of the whole", name, got.Buckets, len(got.Sources), m.Buckets, len(m.Sources))
		}
		if got.Measure.String() != m.Measure.String() {
			t.Errorf("measure %q, want %q", got.Measure, m.Measure)
		}
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last host: %v", err)
	}
}

func TestCountsFileKeepsLevels(t *testing.T) {
	c := countPart(t, "top.csv", hostSeconds(0, 60, 1, true), MeasureOptions{As: AsGauge, Every: 10 * time.Second, Value: []string{"%cpu", "rss"}})
	data := countsBytes(t, "", c)
	var back Counts
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	want, err := c.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if !got.same(want) || !slices.Equal(got.Levels, want.Levels) || !slices.Contains(want.Levels, true) {
		t.Errorf("levels differ: %v and %v", got.Values, want.Values)
	}
}

// Gob and other encoders keep counts or say why not, of values as of pointers.
func TestCountsEncodeThemselves(t *testing.T) {
	text := hostSeconds(0, 30, 1, false)
	c := countPart(t, "calls.txt", text, MeasureOptions{})
	want, err := c.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	off, err := CountFiles(t.Context(), []File{{fstest.MapFS{"a": {Data: []byte(text)}}, "a"}}, CountOptions{Origin: time.Unix(0, 3e8)})
	if err != nil {
		t.Fatal(err)
	}
	type holder struct{ C Counts }
	for name, through := range map[string]func(from, to any) error{
		"gob": func(from, to any) error {
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(from); err != nil {
				return err
			}
			return gob.NewDecoder(&b).Decode(to)
		},
		"json": func(from, to any) error {
			b, err := json.Marshal(from)
			if err != nil {
				return err
			}
			return json.Unmarshal(b, to)
		},
	} {
		var back Counts
		var held holder
		if err := errors.Join(through(c, &back), through(holder{*c}, &held)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, b := range []*Counts{&back, &held.C} {
			if got, err := b.Matrix(); err != nil || !got.same(want) || got.Buckets != 30 {
				t.Errorf("%s: %v, error %v, want %v", name, got, err, want)
			}
		}
		for _, refused := range []any{off, holder{*off}, &Counts{}} {
			if err := through(refused, &Counts{}); err == nil {
				t.Errorf("%s: encoded counts that cannot be merged", name)
			}
		}
	}
}

func TestCountsRefuse(t *testing.T) {
	part := func(from, n int, host string, o MeasureOptions) []byte {
		return countsBytes(t, host, countPart(t, "calls.txt", hostSeconds(from, n, 1, false), o))
	}
	a := part(0, 40, "a", MeasureOptions{})
	for _, c := range []struct {
		name  string
		parts [][]byte
		says  string
	}{
		{"a part twice", [][]byte{a, a}, "twice"},
		{"a bucket twice", [][]byte{part(0, 1, "a", MeasureOptions{Every: time.Second}), part(0, 1, "a", MeasureOptions{Every: time.Second})}, "twice"},
		{"parts that overlap", [][]byte{a, part(35, 20, "a", MeasureOptions{})}, "both counted the time from 2023-11-14T22:13:55Z to 2023-11-14T22:13:59Z"},
		{"other buckets", [][]byte{a, part(40, 40, "a", MeasureOptions{Every: 5 * time.Second})}, "buckets of"},
		{"no counts at all", [][]byte{a, []byte("PAR1 and so on, which is something else")}, "file 2: reading counts: not a sound counts file"},
		{"an empty file", [][]byte{nil}, "not a sound"},
		{"a cut file", [][]byte{a[:len(a)-7]}, "cut or damaged"},
		{"more than the file", [][]byte{append(slices.Clone(a), 0)}, "cut or damaged"},
		{"another version", [][]byte{append(append([]byte(countsMagic), 9), a[len(countsMagic)+1:]...)}, "its version is 9, that of this program is 3"},
	} {
		if _, err := mergeBytes(c.parts...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.says)
		}
	}
	for i := range a {
		damaged := slices.Clone(a)
		damaged[i] ^= 1 << (i % 8)
		if _, err := mergeBytes(damaged); err == nil {
			t.Fatalf("byte %d damaged: no error", i)
		}
	}
	if _, err := mergeBytes(a, part(0, 40, "b", MeasureOptions{})); err != nil {
		t.Errorf("two hosts at one time: %v", err)
	}
}

// Parts that meet within a bucket share it.
func TestCountsShareABucket(t *testing.T) {
	o := MeasureOptions{Every: 10 * time.Second}
	whole := countsBytes(t, "", countPart(t, "calls.txt", hostSeconds(0, 20, 1, false)+hostSeconds(20, 75, 1, false), o))
	got, err := mergeBytes(
		countsBytes(t, "", countPart(t, "calls.txt", hostSeconds(20, 75, 1, false), o)),
		countsBytes(t, "", countPart(t, "calls.txt", hostSeconds(0, 20, 1, false), o)))
	if err != nil {
		t.Fatal(err)
	}
	var a, b Counts
	if err := errors.Join(a.UnmarshalBinary(whole), b.UnmarshalBinary(got)); err != nil {
		t.Fatal(err)
	}
	x, err := a.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if !x.same(y) {
		t.Errorf("%v, want %v", y.Values, x.Values)
	}
}

// TestCountsOfNoName holds that what was lost stands with the first host, also where that has no
// name, and that no parts are refused.
func TestCountsOfNoName(t *testing.T) {
	for range 20 {
		c := newCounts(grid{every: 1e9}, newSourceNames())
		c.measure = &Measure{Every: time.Second, Names: []string{"host", "execname"}, Dims: []Dimension{Host, ExecName}}
		for _, host := range []string{"b", "", "a"} {
			c.add(c.row(1), c.sources.number(host+sourceSep+"nginx"), 1)
		}
		c.Skipped = 7
		if hosts := c.ByHost(); hosts[""].Skipped != 7 || hosts["a"].Skipped+hosts["b"].Skipped > 0 {
			t.Fatalf("skipped lines stand with hosts %d, %d, %d", hosts[""].Skipped, hosts["a"].Skipped, hosts["b"].Skipped)
		}
	}
	if _, err := JoinAll(nil); err == nil {
		t.Error("no parts were joined")
	}
}

func TestCountsByHost(t *testing.T) {
	text := "time,host,execname,count\n"
	for i := range 40 {
		for h := range 3 {
			text += fmt.Sprintf("%d,web%d,nginx,%d\n%[1]d,web%[2]d,sshd,%d\n", 1700000000+i, h, 10+i%7+h, 3+h)
		}
	}
	c := countPart(t, "calls.csv", text, MeasureOptions{})
	hosts := c.ByHost()
	if len(hosts) != 3 {
		t.Fatalf("%d hosts of %v", len(hosts), c.Measure())
	}
	want, err := c.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	all, err := AcrossHosts(hosts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := all.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if !got.same(want) {
		t.Errorf("sources %q, want %q", got.Sources, want.Sources)
	}
	one, err := hosts["web1"].Matrix()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(one.Sources, []string{"nginx", "sshd"}) || one.Row(2)[0] != 13 {
		t.Errorf("web1: %q, %v", one.Sources, one.Row(2))
	}
}

func FuzzCountsFile(f *testing.F) {
	c, err := CountFiles(f.Context(), []File{{fstest.MapFS{"a": {Data: []byte(hostSeconds(0, 12, 1, false))}}, "a"}}, CountOptions{Aligned: true})
	if err != nil {
		f.Fatal(err)
	}
	body, err := c.body()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(body[:len(body)/2])
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := countsOfBody(body, 0, 0)
		if _, thin := countsOfBody(body, 40, 10); (thin == nil) != (err == nil) {
			t.Fatalf("read as a whole: %v, in stretches: %v", err, thin)
		}
		if err != nil {
			return
		}
		// What is read is written so that it reads the same.
		again, err := c.body()
		if err != nil {
			t.Fatal(err)
		}
		d, err := countsOfBody(again, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		third, err := d.body()
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("read and written again it differs: %v", err)
		}
	})
}

// Of long counts stretches are read, whose buckets are what they are in the whole.
func TestNextThin(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	var counts, levels strings.Builder
	for at := range 3000 {
		if rng.IntN(40) == 0 {
			continue // a beat that was missed
		}
		fmt.Fprintf(&counts, "2026-03-01 %02d:%02d:%02d\n", 10+at/3600, at/60%60, at%60)
		fmt.Fprintf(&levels, "2026-03-01 %02d:%02d:%02d\n", 10+at/3600, at/60%60, at%60)
		for _, name := range []string{"a", "b", "c"} {
			if rng.IntN(3) > 0 {
				fmt.Fprintf(&counts, "@[%s]: %d\n", name, rng.IntN(500))
				fmt.Fprintf(&levels, "@[%s]: %d\n", name, rng.IntN(500))
			}
		}
	}
	for name, c := range map[string]*Counts{
		"counts": countPart(t, "calls.txt", counts.String(), MeasureOptions{}),
		"levels": countPart(t, "calls.txt", levels.String(), MeasureOptions{As: AsGauge}),
	} {
		file, err := c.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		whole, err := c.Matrix()
		if err != nil {
			t.Fatal(err)
		}
		read := func(most, least int) *Counts {
			r, err := NewCountsReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			_, thin, err := r.NextThin(func(string) bool { return true }, most, least)
			if err != nil {
				t.Fatal(err)
			}
			return thin
		}
		for _, c := range []struct{ most, least, buckets int }{{600, 1, 200}, {9, 100, 100}, {9001, 1, whole.Buckets}, {1, 1, whole.Buckets}} {
			thin := read(c.most, c.least)
			m, err := thin.IntoMatrix()
			if err != nil {
				t.Fatal(err)
			}
			if m.Buckets != c.buckets || m.Buckets+m.LeftOut != whole.Buckets || !slices.Equal(m.Sources, whole.Sources) {
				t.Errorf("%s, %d values: %d buckets, left out %d of %d", name, c.most, m.Buckets, m.LeftOut, whole.Buckets)
			}
			for i, row := range m.Rows {
				at := int(m.End(i).Sub(whole.First) / whole.Every)
				if got, want := fmt.Sprint(m.End(i), row, m.covered(i)), fmt.Sprint(whole.End(at), whole.Row(at), whole.covered(at)); got != want {
					t.Fatalf("%s, %d values, bucket %d: %s, want %s", name, c.most, i, got, want)
				}
			}
		}
		thin := read(600, 1)
		_, err = thin.MarshalBinary()
		for what, err := range map[string]error{"written": err, "merged": thin.Merge(c), "joined": c.Join(thin)} {
			if !errors.Is(err, errThin) {
				t.Errorf("%s: stretches are %s: %v", name, what, err)
			}
		}
	}
}
