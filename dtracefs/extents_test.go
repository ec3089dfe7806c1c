package dtracefs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A pieced capture is what a tracer printed, in pieces between which it may be cut.
type pieced struct {
	name   string
	head   string // each part starts with it
	pieces []string
	o      MeasureOptions
	least  int // pieces of a part
}

// recordings are captures of each way in which times are printed, in buckets narrower and wider
// than their parts.
func recordings(rng *rand.Rand) []pieced {
	var all []pieced
	blocks := func(name string, every time.Duration, jitter int64) {
		r := pieced{name: name, o: MeasureOptions{Every: every, By: []string{"execname"}, As: AsCount}, least: 3}
		at := int64(1_700_000_000e9)
		for range 90 {
			at += 1e9
			var b strings.Builder
			fmt.Fprintf(&b, "%d\n", at+rng.Int64N(jitter+1))
			for _, source := range []string{"nginx", "postgres", "cron"} {
				if rng.IntN(3) > 0 {
					fmt.Fprintf(&b, "syscall %s %d\n", source, 1+rng.IntN(500))
				}
			}
			r.pieces = append(r.pieces, b.String()+"syscall sshd 7\n\n")
		}
		all = append(all, r)
	}
	for _, every := range []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Hour} {
		blocks(fmt.Sprint("blocks each ", every), every, 0)
		blocks(fmt.Sprint("blocks that jitter each ", every), every, 60e6)
	}
	for _, every := range []time.Duration{time.Second, 10 * time.Second, 10 * time.Minute} {
		r := pieced{name: fmt.Sprint("events each ", every), o: MeasureOptions{Every: every, As: AsEvents}, least: 200}
		at := int64(1_700_000_000e9)
		for i := range 2000 {
			at += 1 + rng.Int64N(40e6)
			if i%300 == 299 {
				at += 20e9
			}
			r.pieces = append(r.pieces, fmt.Sprintf("%d %s %s:entry\n", at, []string{"nginx", "cron", "sshd"}[rng.IntN(3)], []string{"read", "write"}[rng.IntN(2)]))
		}
		all = append(all, r)
		levels := pieced{name: fmt.Sprint("levels each ", every), head: "time,%cpu\n", o: MeasureOptions{Every: every, As: AsGauge, Value: []string{"%cpu"}}, least: 4}
		for i := range 100 {
			levels.pieces = append(levels.pieces, fmt.Sprintf("%s,%.2f\n", time.Unix(1_700_000_000+int64(i), 0).UTC().Format("2006-01-02T15:04:05Z"), 50*rng.Float64()))
		}
		all = append(all, levels)
	}
	return append(all, logs(rng)...)
}

// logs are those in which several lines have one time, by clocks that tell it in many ways, from
// one source and from many, as many lines in each tick and by chance.
func logs(rng *rand.Rand) []pieced {
	var all []pieced
	for _, clock := range []struct {
		name, head, line string
		tick             time.Duration
		format           func(time.Time) string
	}{
		{"seconds", "", "%s %s %s:entry\n", time.Second, func(t time.Time) string { return fmt.Sprint(t.Unix()) }},
		{"dates", "", "%s %s %s:entry\n", time.Second, func(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }},
		{"ns in whole seconds", "", "%s %s %s:entry\n", time.Second, func(t time.Time) string { return fmt.Sprint(t.UnixNano()) }},
		{"seconds in CSV", "time,execname,probe\n", "%s,%s,%s\n", time.Second, func(t time.Time) string { return fmt.Sprint(t.Unix()) }},
		{"ms", "", "%s %s %s:entry\n", 100 * time.Millisecond, func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }},
		{"decimals in CSV", "time,execname,bytes\n", "%s,%s,7%.0[3]s\n", 20 * time.Millisecond, func(t time.Time) string { return fmt.Sprintf("%.3f", float64(t.UnixMilli())/1e3) }},
		{"amounts in CSV", "time,execname,bytes\n", "%s,%s,1%.0[3]s\n", time.Second, func(t time.Time) string { return fmt.Sprint(t.Unix()) }},
	} {
		for _, even := range []bool{true, false} {
			for _, sources := range [][]string{{"nginx"}, {"nginx", "cron", "sshd"}} {
				r := pieced{name: fmt.Sprintf("log of %s, evenly %v, from %d sources", clock.name, even, len(sources)), head: clock.head}
				at := time.Unix(1_700_000_000, 0).UTC()
				for range 300 {
					n := 6
					if !even {
						n = 3 + rng.IntN(9)
					}
					for range n {
						r.pieces = append(r.pieces, fmt.Sprintf(clock.line, clock.format(at), sources[rng.IntN(len(sources))], []string{"read", "write"}[rng.IntN(2)]))
					}
					at = at.Add(clock.tick)
				}
				// A part is of two seconds at least.
				r.least = max(30, 2*9*int(time.Second/clock.tick))
				all = append(all, r)
			}
		}
	}
	return all
}

// cut parts a capture by chance.
func (r pieced) cut(rng *rand.Rand) []string {
	var parts []string
	for from := 0; from < len(r.pieces); {
		to := from + r.least + rng.IntN(len(r.pieces)/3)
		if to+r.least > len(r.pieces) {
			to = len(r.pieces)
		}
		parts = append(parts, r.head+strings.Join(r.pieces[from:to], ""))
		from = to
	}
	return parts
}

// However a capture is parted, and in whichever order and tree its parts are merged, the file is
// that of the whole, to the bit, and no part is taken twice on the way, whatever it was merged with
// before.
func TestCountsOfPartsAreThoseOfTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, r := range recordings(rng) {
		t.Run(r.name, func(t *testing.T) {
			count := func(text string) []byte {
				return countsBytes(t, "web1", countPart(t, "capture", text, r.o))
			}
			whole := r.head + strings.Join(r.pieces, "")
			want := count(whole)
			for range 6 {
				type merged struct {
					file  []byte
					parts []int
				}
				texts := r.cut(rng)
				var single [][]byte
				var left []merged
				for i, text := range texts {
					single = append(single, count(text))
					left = append(left, merged{single[i], []int{i}})
				}
				for len(left) > 1 {
					rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
					n := min(len(left), 2+rng.IntN(3))
					var files [][]byte
					var of []int
					for _, m := range left[:n] {
						files, of = append(files, m.file), append(of, m.parts...)
					}
					file, err := mergeBytes(files...)
					if err != nil {
						t.Fatalf("parts %v of %d: %v", of, len(texts), err)
					}
					for _, i := range of {
						if _, err := mergeBytes(file, single[i]); err == nil {
							t.Fatalf("part %d was merged with %v, which hold it", i, of)
						}
						// With others that hold it, too.
						for _, m := range left[n:] {
							if again, err := mergeBytes(m.file, single[i]); err == nil {
								if _, err := mergeBytes(file, again); err == nil {
									t.Fatalf("part %d was merged twice, by way of %v", i, m.parts)
								}
							}
						}
					}
					left = append(left[n:], merged{file, of})
				}
				if got := left[0].file; !bytes.Equal(got, want) {
					t.Fatalf("%d parts merged differ from the whole: %s", len(texts), differ(t, got, want))
				}
				if all, err := mergeBytes(single...); err != nil || !bytes.Equal(all, left[0].file) {
					t.Fatalf("merged at once, they differ from the tree; error %v", err)
				}
			}
		})
	}
}

// A cut in the middle of a block, or of the lines of one time where these are levels, is refused,
// if it does not give what the whole does; what a part cannot tell is said.
func TestBlocksThatAreCutAreRefused(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	var csv, levels, stamped []string
	for i := range int64(40) {
		at := 1_700_000_000 + i
		stamped = append(stamped, fmt.Sprintf("%d\n", at*1e9))
		for _, source := range []string{"cron", "nginx", "postgres", "sshd"} {
			csv = append(csv, fmt.Sprintf("%d,%s,%d\n", at, source, 1+rng.IntN(500)))
			levels = append(levels, fmt.Sprintf("%d,%s,%.2f\n", at, source, 100*rng.Float64()))
			stamped = append(stamped, fmt.Sprintf("syscall %s %d\n", source, 1+rng.IntN(500)))
		}
	}
	sparse := slices.Clone(levels)
	for i := len(sparse) - 2; i > 0; i -= 2 {
		if i%8 != 0 {
			// Mostly one line of a time is left, so that they look like those of a log.
			sparse = slices.Delete(sparse, i, i+1)
		}
	}
	for _, r := range []pieced{
		{name: "counts in CSV", head: "time,execname,calls\n", pieces: csv},
		{name: "levels in CSV", head: "time,execname,%cpu\n", pieces: levels, o: MeasureOptions{Value: []string{"%cpu"}, As: AsGauge}},
		{name: "few levels in CSV", head: "time,execname,%cpu\n", pieces: sparse, o: MeasureOptions{Value: []string{"%cpu"}, As: AsGauge}},
		{name: "under clocks", pieces: stamped, o: MeasureOptions{By: []string{"execname"}, As: AsCount}},
	} {
		want := countsBytes(t, "", countPart(t, "capture", r.head+strings.Join(r.pieces, ""), r.o))
		refused := 0
		for at := 20; at < len(r.pieces)-20; at++ {
			a := countPart(t, "capture", r.head+strings.Join(r.pieces[:at], ""), r.o)
			b := countPart(t, "capture", r.head+strings.Join(r.pieces[at:], ""), r.o)
			got, err := mergeBytes(countsBytes(t, "", a), countsBytes(t, "", b))
			told := slices.ContainsFunc(b.Notes, func(n string) bool { return strings.Contains(n, "before the first clock") })
			if err != nil {
				refused++
			} else if !told && !bytes.Equal(got, want) {
				t.Errorf("%s, cut before line %d: other than the whole: %s", r.name, at, differ(t, got, want))
			}
		}
		if refused == 0 && r.head != "" {
			t.Errorf("%s: no cut was refused", r.name)
		}
	}
}

// One part may have lines that look like events, and another, of the same log, such that look like
// counts.
func TestPartsThatWereCountedOtherwiseAreRefused(t *testing.T) {
	var few, many strings.Builder
	few.WriteString("time,execname,bytes\n")
	many.WriteString("time,execname,bytes\n")
	for i := range 60 {
		fmt.Fprintf(&few, "%d,nginx,%d\n", 1_700_000_000+i, 100+i%7)
		for k := range 5 {
			fmt.Fprintf(&many, "%d,nginx,%d\n", 1_700_000_100+i, 100+i%7*k)
		}
	}
	file := func(text string, o MeasureOptions) []byte {
		return countsBytes(t, "", countPart(t, "capture", text, o))
	}
	var none MeasureOptions
	if _, err := mergeBytes(file(few.String(), none), file(many.String(), none)); err == nil || !strings.Contains(err.Error(), "--value") {
		t.Errorf("error %v", err)
	}
	for _, o := range []MeasureOptions{{Value: []string{"bytes"}, As: AsSum}, {As: AsEvents}} {
		if _, err := mergeBytes(file(few.String(), o), file(many.String(), o)); err != nil {
			t.Errorf("as %s: %v", o.As, err)
		}
	}
}

// differ tells in what counts files differ.
func differ(t *testing.T, a, b []byte) string {
	var x, y Counts
	if err := x.UnmarshalBinary(hostless(t, a)); err != nil {
		t.Fatal(err)
	}
	if err := y.UnmarshalBinary(hostless(t, b)); err != nil {
		t.Fatal(err)
	}
	p, q := matrixOf(t, &x), matrixOf(t, &y)
	return fmt.Sprintf("extents %v, %v\nmeasures %+v, %+v\ncovered %v, %v\nsame values: %v, bytes %d, %d", x.seen, y.seen, x.measure.wire(), y.measure.wire(),
		p.Covered, q.Covered, slices.Equal(p.Values, q.Values), x.Bytes, y.Bytes)
}

// hostless is a counts file of a host, as of none.
func hostless(t *testing.T, file []byte) []byte {
	r, err := NewCountsReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	_, c, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return countsBytes(t, "", c)
}

// The same times are told however they come: in any order, by ones or in runs.
func TestExtents(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		times := make([]int64, 1+rng.IntN(60))
		for i := range times {
			times[i] = rng.Int64N(1000) - 500
		}
		want := extents{reach: 7}
		for _, ns := range slices.Sorted(slices.Values(times)) {
			want.append(extent{ns, ns})
		}
		for range 5 {
			rng.Shuffle(len(times), func(i, j int) { times[i], times[j] = times[j], times[i] })
			parts := make([]extents, 1+rng.IntN(4))
			for i := range parts {
				parts[i].reach = 7
			}
			for _, ns := range times {
				parts[rng.IntN(len(parts))].mark(ns)
			}
			got := extents{reach: 7}
			for i := range parts {
				got.addAll(&parts[i])
			}
			if !slices.Equal(got.runs, want.runs) {
				t.Fatalf("%v: %v, want %v", times, got.runs, want.runs)
			}
		}
	}
}

func TestExtentsOverlap(t *testing.T) {
	const s = int64(time.Second)
	for _, c := range []struct {
		name    string
		a, b    []extent
		apart   int64
		refused bool
	}{
		{"neighbors", []extent{{0, 9 * s}}, []extent{{10 * s, 20 * s}}, s / 2, false},
		{"blocks too near", []extent{{0, 9 * s}}, []extent{{9*s + 1, 20 * s}}, s / 2, true},
		{"one block in both", []extent{{0, 9 * s}}, []extent{{9 * s, 20 * s}}, s / 2, true},
		{"between two", []extent{{0, 9 * s}, {30 * s, 40 * s}}, []extent{{10 * s, 29 * s}}, s / 2, false},
		{"over a gap", []extent{{0, 9 * s}, {30 * s, 40 * s}}, []extent{{10 * s, 31 * s}}, s / 2, true},
		{"a gap within", []extent{{0, 40 * s}}, []extent{{-9 * s, -s}, {41 * s, 44 * s}}, s / 2, false},
		{"events that meet in a second", []extent{{0, 9 * s}}, []extent{{9 * s, 20 * s}}, 0, false},
		{"events that meet within a second", []extent{{0, 9*s + 5}}, []extent{{9*s + 5, 20 * s}}, 0, true},
		{"events that meet in a millisecond", []extent{{0, 9*s + s/1000}}, []extent{{9*s + s/1000, 20 * s}}, 0, false},
		{"levels that meet in a second", []extent{{0, 9 * s}}, []extent{{9 * s, 20 * s}}, 1, true},
		{"an event at the end", []extent{{0, 9 * s}}, []extent{{9 * s, 9 * s}}, 0, true},
		{"events a ns over", []extent{{0, 9 * s}}, []extent{{9*s - 1, 20 * s}}, 0, true},
	} {
		a, b := extents{reach: s, runs: c.a}, extents{reach: s, runs: c.b}
		for _, err := range []error{a.overlap(&b, c.apart), b.overlap(&a, c.apart)} {
			if (err != nil) != c.refused {
				t.Errorf("%s: error %v", c.name, err)
			}
		}
	}
}

func TestRoundedBlock(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: 0, time.Second: time.Second, 983 * time.Millisecond: time.Second, 1017 * time.Millisecond: time.Second, 60 * time.Second: 60 * time.Second,
		299 * time.Second: 300 * time.Second, 9700 * time.Millisecond: 10 * time.Second, 100 * time.Millisecond: 100 * time.Millisecond, 7: 7,
	} {
		if got := roundedBlock(d); got != want {
			t.Errorf("%v: %v, want %v", d, got, want)
		}
	}
}
