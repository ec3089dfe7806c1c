package figure_test

import (
	"encoding/csv"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"dtnotes/analysis/figure"
	"dtnotes/analysis/source"
)

// style is how the examples' figures look: small, so that they are quick to compare.
func style(title string) figure.Style {
	return figure.Style{Title: title, Width: 340}
}

func save(f interface{ Save(string) error }, name string) {
	if err := f.Save("testdata/" + name); err != nil {
		log.Fatal(err)
	}
}

// read returns a CSV file's header and columns of numbers; what is no number is NaN.
func read(name string) (header []string, columns [][]float64, rows [][]string) {
	f, err := os.Open("testdata/" + name)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	columns = make([][]float64, len(all[0]))
	for _, row := range all[1:] {
		for i, s := range row {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				v = math.NaN()
			}
			columns[i] = append(columns[i], v)
		}
	}
	return all[0], columns, all[1:]
}

// graph is a web server beside a build.
func graph() figure.Graph {
	return figure.Graph{
		Style: style("A web server beside a build"),
		Unit:  "calls/s",
		Nodes: []figure.Node{
			{Name: "nginx", Cluster: 0, Activity: 1245},
			{Name: "webapp.py", Cluster: 0, Activity: 2688, Origin: source.Zone},
			{Name: "redis-server", Cluster: 0, Activity: 910, Origin: source.Zone},
			{Name: "postgres", Cluster: 1, Activity: 640, Origin: source.Zone},
			{Name: "kworker", Cluster: 1, Activity: 80, Origin: source.Platform},
			{Name: "disk writes", Cluster: 1, Activity: 210, Origin: source.Storage},
			{Name: "tcp accepts", Cluster: 0, Activity: 310, Origin: source.Network},
			{Name: "make", Cluster: 2, Activity: 95},
			{Name: "cc1", Cluster: 2, Activity: 1800},
			{Name: "as", Cluster: 2, Activity: 240},
			{Name: "cron", Cluster: 3, Activity: 2},
		},
		Edges: []figure.Edge{
			{From: 0, To: 1, Weight: 0.62, Stability: 1},
			{From: 0, To: 6, Weight: 0.55, Stability: 0.97},
			{From: 1, To: 2, Weight: 0.48, Stability: 1},
			{From: 1, To: 3, Weight: 0.31, Stability: 0.9},
			{From: 3, To: 5, Weight: 0.57, Stability: 1},
			{From: 4, To: 5, Weight: 0.4, Stability: 0.95},
			{From: 3, To: 4, Weight: 0.12, Stability: 0.4},
			{From: 2, To: 5, Weight: -0.18, Stability: 0.7},
			{From: 7, To: 8, Weight: 0.44, Stability: 1, Leads: true},
			{From: 8, To: 9, Weight: 0.52, Stability: 1},
			{From: 7, To: 9, Weight: 0.2, Stability: 0.6},
		},
	}
}

func ExampleGraph() {
	save(graph(), "graph.png")
}

func difference() figure.Difference {
	before := graph().Placed()
	after := before
	after.Edges = append([]figure.Edge(nil), before.Edges...)
	after.Edges[0].Weight = 0.2                      // nginx and webapp.py have less in common
	after.Edges[4].Weight = 0.8                      // postgres and the disk more
	after.Edges[7].Weight = 0.2                      // redis-server and the disk go together now
	after.Edges[3] = figure.Edge{To: 3, Weight: 0.5} // nginx, not webapp.py, goes with postgres
	return figure.Difference{Style: style("What the fault changed"), Before: before, After: after}
}

func ExampleDifference() {
	save(difference(), "difference.png")
}

func timeline() figure.Timeline {
	header, columns, _ := read("vm-start.csv")
	labels, spans, names := read("vm-start.labels.csv")
	_ = labels
	t := figure.Timeline{
		Style: style("System calls while a virtual machine starts"),
		Times: columns[0], Names: header[1:], Values: columns[1:],
		Unit: "calls", Every: time.Second, Top: 5,
		Marks: []figure.Mark{{Time: columns[0][10], Name: "a mark"}},
	}
	t.Height = 230
	for i, row := range names {
		t.Intervals = append(t.Intervals, figure.Interval{Start: spans[0][i], End: spans[1][i], Name: row[2]})
	}
	return t
}

func ExampleTimeline() {
	save(timeline(), "timeline.png")
}

func ExampleTimeline_log() {
	t := timeline()
	t.Log = true
	save(t, "timeline_log.png")
}

func ExampleTimeline_stacked() {
	t := timeline()
	t.Stacked = true
	save(t, "timeline_stacked.png")
}

// latencies returns columns of counts by power of two, slower for a while.
func latencies() (times, edges []float64, counts [][]float64) {
	for e := 256.0; e <= 1<<24; e *= 2 {
		edges = append(edges, e)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for t := range 60 {
		col := make([]float64, len(edges)-1)
		slow := 0.0
		if t >= 30 && t < 40 {
			slow = 3
		}
		for range 200 {
			v := 14 + slow + 1.6*rng.NormFloat64() // binary logarithm of nanoseconds
			if r := int(v) - 8; r >= 0 && r < len(col) {
				col[r]++
			}
		}
		times = append(times, 1795376741+float64(t))
		counts = append(counts, col)
	}
	return times, edges, counts
}

func heat() figure.Heat {
	times, edges, counts := latencies()
	return figure.Heat{Style: style("How long reads take"), Times: times, Edges: edges, Counts: counts, Unit: "ns", ValueName: "latency of read"}
}

func ExampleHeat() {
	save(heat(), "heat.png")
}

func histogram() figure.Histogram {
	_, edges, counts := latencies()
	sum := make([]float64, len(edges)-1)
	for _, col := range counts {
		for r, c := range col {
			sum[r] += c
		}
	}
	return figure.Histogram{Style: style("How long reads take"), Edges: edges, Counts: sum, Unit: "ns", ValueName: "latency of read"}
}

func ExampleHistogram() {
	save(histogram(), "histogram.png")
}

func offsets() figure.OffsetHeat {
	o := figure.OffsetHeat{Style: style("When within the second"), Name: "wakeups", Rows: 40}
	rng := rand.New(rand.NewPCG(3, 4))
	for k := range 3000 {
		// Every 110 ms, drifting, and a little of anything at any time.
		o.Times = append(o.Times, 1795376741+0.0201*float64(k/10*11)/11*10+0.004*rng.NormFloat64())
		if k%5 == 0 {
			o.Times = append(o.Times, 1795376741+60*rng.Float64())
		}
	}
	return o
}

func ExampleOffsetHeat() {
	save(offsets(), "offsets.png")
}

func flame() figure.Flame {
	return figure.Flame{
		Style: style("Where the processor's time goes"),
		Stacks: []figure.Stack{
			{Frames: []string{"nginx", "nginx`main", "nginx`process_events", "libc`recv", "vmlinux`tcp_recvmsg+0x1f"}, Count: 30},
			{Frames: []string{"nginx", "nginx`main", "nginx`process_events", "libc`recv", "vmlinux`tcp_recvmsg+0x8a"}, Count: 22},
			{Frames: []string{"nginx", "nginx`main", "nginx`process_events", "libc`writev", "vmlinux`tcp_sendmsg"}, Count: 41},
			{Frames: []string{"nginx", "nginx`main", "nginx`expire_timers"}, Count: 9},
			{Frames: []string{"postgres", "postgres`main", "postgres`ExecScan", "postgres`heap_getnext", "vmlinux`copy_page"}, Count: 57},
			{Frames: []string{"postgres", "postgres`main", "postgres`ExecScan"}, Count: 18},
			{Frames: []string{"postgres", "postgres`main", "postgres`XLogFlush", "vmlinux`vfs_fsync"}, Count: 35},
			{Frames: []string{"swapper", "vmlinux`cpu_idle"}, Count: 25},
		},
	}
}

func ExampleFlame() {
	save(flame(), "flame.png")
}

func flameDifference() figure.Flame {
	f := flame()
	f.Title = "What takes more of the time than before"
	f.Base = append([]figure.Stack(nil), f.Stacks...)
	f.Base[4].Count = 20
	f.Base[7].Count = 90
	return f
}

func ExampleFlame_difference() {
	save(flameDifference(), "flame_difference.png")
}

var (
	names  = []string{"nginx", "webapp.py", "redis-server", "postgres", "disk", "make", "cc1", "as"}
	merges = []figure.Merge{{A: 0, B: 1, Height: 0.2}, {A: 6, B: 7, Height: 0.25}, {A: 3, B: 4, Height: 0.3}, {A: 8, B: 2, Height: 0.45}, {A: 9, B: 5, Height: 0.5}, {A: 11, B: 10, Height: 0.8}, {A: 13, B: 12, Height: 1}}
)

func dendrogram() figure.Dendrogram {
	return figure.Dendrogram{Style: style("Who behaves like whom"), Names: names, Merges: merges, Cut: 0.6}
}

func ExampleDendrogram() {
	save(dendrogram(), "dendrogram.png")
}

func matrix() figure.Matrix {
	m := figure.Matrix{Style: style("Correlations, clusters together"), Names: names, Labels: []int{0, 0, 0, 1, 1, 2, 2, 2}, Merges: merges}
	for i := range names {
		row := make([]float64, len(names))
		for j := range row {
			switch {
			case i == j:
				row[j] = 1
			case m.Labels[i] == m.Labels[j]:
				row[j] = 0.75 - 0.1*math.Abs(float64(i-j))
			default:
				row[j] = -0.3 + 0.1*float64((i*j)%5)
			}
		}
		m.Values = append(m.Values, row)
	}
	return m
}

func ExampleMatrix() {
	save(matrix(), "matrix.png")
}

func processTree() figure.ProcessTree {
	t := figure.ProcessTree{
		Style: style("A build starts programs"),
		Procs: []figure.Proc{
			{PID: 300, Name: "bash", Parent: -1, Start: math.NaN(), End: math.NaN()},
			{PID: 301, Name: "make", Parent: 0, Start: 0.5, End: 9},
			{PID: 302, Name: "gcc", Parent: 1, Start: 0.8, End: 4.5, Execs: []figure.Mark{{Time: 0.9, Name: "gcc"}}},
			{PID: 303, Name: "cc1", Parent: 2, Start: 1, End: 4},
			{PID: 304, Name: "as", Parent: 2, Start: 4, End: 4.4},
			{PID: 305, Name: "gcc", Parent: 1, Start: 4.6, End: 8},
			{PID: 306, Name: "cc1", Parent: 5, Start: 4.8, End: 7.6},
			{PID: 307, Name: "ld", Parent: 1, Start: 8.1, End: 8.9},
		},
	}
	return t
}

func ExampleProcessTree() {
	save(processTree(), "process_tree.png")
}

func strips() figure.Strips {
	s := figure.Strips{Style: style("What each thread does"), Names: []string{"reader", "worker", "writer"}, States: []string{"on CPU", "waits for disk", "waits for a lock", "sleeps"}}
	rng := rand.New(rand.NewPCG(5, 6))
	for row := range s.Names {
		for t := 0.0; t < 60; {
			d := math.Min(60-t, rng.ExpFloat64()*float64(1+row))
			s.Spans = append(s.Spans, figure.Span{Row: row, Start: t, End: t + d, State: rng.IntN(len(s.States))})
			t += d
		}
	}
	return s
}

func grid() figure.Grid {
	g := figure.Grid{Style: style("Hosts and how they deviate from their role"), Columns: []string{"nginx", "php-fpm", "redis-server", "sshd", "curl"},
		Rows: []string{"db-1", "db-2", "web-1", "web-2", "web-3"}, Groups: []string{"db", "db", "web", "web", "web"}, ValueName: "deviations"}
	rng := rand.New(rand.NewPCG(7, 8))
	for row := range g.Rows {
		values, marks := make([]float64, len(g.Columns)), make([]bool, len(g.Columns))
		for i := range values {
			if values[i] = rng.NormFloat64(); row < 2 && i < 2 {
				values[i] = math.NaN()
			}
		}
		if row == 3 {
			values[4], marks[4] = 6, true
		}
		g.Values, g.Marks = append(g.Values, values), append(g.Marks, marks)
	}
	return g
}

func ExampleGrid() {
	save(grid(), "grid.png")
}

func ExampleStrips() {
	save(strips(), "strips.png")
}

// spectrum is that of a cron job and of the shell that it wakes every minute, which also works by
// itself.
func spectrum() figure.Spectrum {
	s := figure.Spectrum{Style: style("A timer that wakes a shell"), Names: [2]string{"cron", "sh"}, Unit: "calls", Chance: 0.15,
		Rule: "coherence that chance gives nowhere in 19 of 20 spectra", Peaks: []float64{1.0 / 60, 1.0 / 30, 1.0 / 20}}
	rng := rand.New(rand.NewPCG(1, 1))
	for k := range 301 {
		f := float64(k) / 600
		top := 0.0 // a line at each multiple of once a minute
		if k > 0 && k%10 == 0 {
			top = 40 / float64(1+k/10)
		}
		s.Frequencies = append(s.Frequencies, f)
		s.Density[0] = append(s.Density[0], 0.5+0.2*rng.Float64()+top)
		s.Density[1] = append(s.Density[1], 2/(0.02+f)+rng.Float64()+top/2)
		s.Coherence = append(s.Coherence, math.Min(0.95, 0.1*rng.Float64()+top/20))
	}
	return s
}

func ExampleSpectrum() {
	save(spectrum(), "spectrum.png")
}
