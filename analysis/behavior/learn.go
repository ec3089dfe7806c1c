package behavior

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-gota/gota/dataframe"

	"dtnotes/analysis"
	"dtnotes/analysis/figure"
)

// FewestBuckets is the least number of buckets that can be learned from.
const FewestBuckets = 20

// Sources counts the rows of a capture's activity into buckets of that width,
// a source for each kind of event of each process: the series that shows
// misbehavior best. Learn from it with [Options.ByKind].
func Sources(frame dataframe.DataFrame, width time.Duration) (*analysis.Series, error) {
	return analysis.FromFrame(frame, analysis.SeriesOptions{
		Every: width, By: []string{"kind", "execname"}, Kinds: []string{"*"},
	})
}

// Learn learns what is normal from one or several captures of normal running,
// with the default options.
func Learn(series ...*analysis.Series) (*Behavior, error) {
	return LearnContext(context.Background(), series, Options{})
}

// LearnContext is [Learn] with options, stopped when ctx is done.
//
// All series must have buckets of the same width; a source missing from one of
// them was silent there. Scores are calibrated on buckets held out: each series
// in turn is scored by what the others teach, a single series in five
// stretches. Fewer than [FewestBuckets] buckets in all, NaN and infinite
// values are errors.
func LearnContext(ctx context.Context, series []*analysis.Series, opts Options) (*Behavior, error) {
	b, err := learn(ctx, series, opts)
	if err != nil {
		return nil, fmt.Errorf("learning behavior: %w", err)
	}
	b.Measure = series[0].Measure
	return b, nil
}

func learn(ctx context.Context, series []*analysis.Series, opts Options) (*Behavior, error) {
	rec, err := newRecord(series, opts)
	if err != nil {
		return nil, err
	}
	b := rec.behavior(rec.all())
	b.Tags, b.Ignored, b.Notes = slices.Clone(opts.Tags), rec.ignored, rec.notes
	b.IncludeKernel, b.IncludeObserver = opts.IncludeKernel, opts.IncludeObserver
	scores, steady, err := rec.calibrate(ctx, opts)
	if err != nil {
		return nil, err
	}
	distances, err := rec.learnLinks(ctx, b, opts)
	if err != nil {
		return nil, err
	}
	b.calibrate(scores, steady, distances, rec.steadily(distances))
	return b, nil
}

// A record is the data learned from: all series one after the other, the
// sources of all.
type record struct {
	width   time.Duration
	units   string
	byKind  bool
	names   []string
	columns [][]float64 // of each source, over all buckets
	starts  []int       // first bucket of each series, and the end
	ignored []string
	notes   []string
}

func newRecord(series []*analysis.Series, opts Options) (*record, error) {
	if len(series) == 0 {
		return nil, errors.New("no series")
	}
	r := &record{byKind: opts.ByKind, starts: []int{0}}
	ignored := map[string]bool{}
	for i, s := range series {
		if err := check(s); err != nil {
			return nil, fmt.Errorf("series %d of %d: %w", i+1, len(series), err)
		}
		if i == 0 {
			r.width, r.units = s.Width, s.Units
		}
		if s.Width != r.width {
			return nil, fmt.Errorf("series %d of %d has buckets of %v, the first one of %v: bring them to one width", i+1, len(series), s.Width, r.width)
		}
		n, _ := s.Dims()
		r.starts = append(r.starts, r.starts[i]+n)
		for _, p := range leftOut(s, opts) {
			ignored[p] = true
		}
		for _, note := range s.Notes {
			if !slices.Contains(r.notes, note) {
				r.notes = append(r.notes, note)
			}
		}
	}
	if n := r.buckets(); n < FewestBuckets {
		return nil, fmt.Errorf("%d buckets of %v: want at least %d to know what is normal", n, r.width, FewestBuckets)
	}
	for p := range ignored {
		r.ignored = append(r.ignored, p)
	}
	sort.Strings(r.ignored)
	r.notes = append(r.notes, leftOutNotes(r.ignored)...)
	r.fill(series, ignored)
	if len(r.names) == 0 {
		return nil, errors.New("no source but the kernel and the observer")
	}
	return r, nil
}

// check refuses what cannot be judged.
func check(s *analysis.Series) error {
	if s == nil {
		return errors.New("no series")
	}
	n, p := s.Dims()
	if rows, cols := s.Values.Dims(); n*p > 0 && (rows != n || cols != p) {
		return fmt.Errorf("values are %d×%d for %d times and %d names", rows, cols, n, p)
	}
	if s.Width <= 0 {
		return fmt.Errorf("buckets of %v: want a positive width", s.Width)
	}
	if n*p == 0 {
		return nil
	}
	for i := range n {
		for j, v := range s.Values.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("source %q, bucket %d is %v: fill or drop missing values first", s.Names[j], i, v)
			}
		}
	}
	return nil
}

// leftOut lists the processes of a series that are not judged, some more than
// once.
func leftOut(s *analysis.Series, opts Options) []string {
	var out []string
	for j, name := range s.Names {
		process := processOf(name, opts.ByKind)
		kernel := !opts.IncludeKernel && s.Origins != nil && s.Origins[j] == figure.Platform
		observer := !opts.IncludeObserver && slices.Contains(analysis.Observers, process)
		if kernel || observer || slices.Contains(opts.Exclude, process) {
			out = append(out, process)
		}
	}
	return out
}

// leftOutNotes say what was left out: observers by the words that
// [analysis.FromFrame] has for them.
func leftOutNotes(processes []string) []string {
	var notes, rest []string
	for _, p := range processes {
		if slices.Contains(analysis.Observers, p) {
			notes = append(notes, "left out the observer "+p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(rest) > 0 {
		notes = append(notes, "left out "+listing(rest, 5)+" (the kernel's own, or excluded)")
	}
	return notes
}

// processOf takes the kind off a source's name.
func processOf(name string, byKind bool) string {
	if _, process, ok := strings.Cut(name, " "); ok && byKind {
		return process
	}
	return name
}

func kindOf(name string, byKind bool) string {
	if kind, _, ok := strings.Cut(name, " "); ok && byKind {
		return kind
	}
	return ""
}

func listing(names []string, most int) string {
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func (r *record) fill(series []*analysis.Series, ignored map[string]bool) {
	index := map[string]int{}
	for i, s := range series {
		for j, name := range s.Names {
			if ignored[processOf(name, r.byKind)] {
				continue
			}
			k, ok := index[name]
			if !ok {
				k = len(r.names)
				index[name] = k
				r.names = append(r.names, name)
				r.columns = append(r.columns, make([]float64, r.buckets()))
			}
			for t := range s.Times {
				r.columns[k][r.starts[i]+t] = s.Values.At(t, j)
			}
		}
	}
}

func (r *record) buckets() int { return r.starts[len(r.starts)-1] }

func (r *record) all() []int {
	rows := make([]int, r.buckets())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// behavior describes the given buckets, without calibration or links. Sources
// silent in all of them are left out.
func (r *record) behavior(rows []int) *Behavior {
	b := &Behavior{
		Width: r.width, ByKind: r.byKind, Units: r.units, Buckets: len(rows),
		Sources: map[string]*Source{}, Presence: map[string]int{}, Kinds: map[string]float64{},
	}
	usual := map[string][]float64{}
	present := map[string][]bool{}
	col := make([]float64, len(rows))
	for j, name := range r.names {
		kind, process := kindOf(name, r.byKind), processOf(name, r.byKind)
		src := &Source{}
		for i, row := range rows {
			v := r.columns[j][row]
			if col[i] = v; v == 0 {
				continue
			}
			if present[process] == nil {
				present[process] = make([]bool, len(rows))
			}
			present[process][i] = true
			src.Active++
			m := magnitude(v, 1)
			src.LogSum, src.LogSquares = src.LogSum+m, src.LogSquares+m*m
			src.Total += v
			usual[kind] = append(usual[kind], math.Abs(v))
		}
		if src.Active == 0 {
			continue
		}
		src.Blocks = blockMeans(col)
		slices.Sort(col)
		src.Upper, src.Lower = upperTail(col), lowerTail(col)
		b.Sources[name] = src
	}
	for kind, values := range usual {
		slices.Sort(values)
		b.Kinds[kind] = values[len(values)/10]
	}
	for process, on := range present {
		for _, p := range on {
			if p {
				b.Presence[process]++
			}
		}
	}
	return b
}

// mostBlocks bounds the stretches of time that a source keeps means of.
const mostBlocks = 60

// blockMeans averages stretches of at least ten values: means of so many are
// nearly independent, where single counts are not.
func blockMeans(values []float64) []float64 {
	size := max(10, (len(values)+mostBlocks-1)/mostBlocks)
	var out []float64
	for from := 0; from+size <= len(values); from += size {
		sum := 0.0
		for _, v := range values[from : from+size] {
			sum += v
		}
		out = append(out, sum/float64(size))
	}
	return out
}

// folds splits the buckets to hold out in turn: series by series, or a single
// one in five stretches.
func (r *record) folds() [][2]int {
	var out [][2]int
	for i := 1; i < len(r.starts); i++ {
		if r.starts[i] > r.starts[i-1] {
			out = append(out, [2]int{r.starts[i-1], r.starts[i]})
		}
	}
	if len(out) > 1 {
		return out
	}
	out = out[:0]
	const parts = 5
	for i := range parts {
		out = append(out, [2]int{i * r.buckets() / parts, (i + 1) * r.buckets() / parts})
	}
	return out
}

// calibrate takes what held-out buckets show: the scores and distances of each
// by itself and with those before. There are no distances without links.
func (b *Behavior) calibrate(scores, steadyScores, distances, steadyDistances []float64) {
	b.Bucket, b.SteadyBucket = []Calibration{calibrate(scores, nat)}, []Calibration{calibrate(steadyScores, nat)}
	if len(distances) > 0 {
		b.Distance, b.SteadyDistance = []Calibration{calibrate(distances, 0)}, []Calibration{calibrate(steadyDistances, 0)}
	}
	joint := make([]float64, len(scores))
	for i := range scores {
		m := measures{score: scores[i], steadyScore: steadyScores[i]}
		if len(distances) > 0 {
			m.distance, m.steadyDistance = distances[i], steadyDistances[i]
		}
		joint[i] = b.probabilities(m).score(b.Buckets)
	}
	b.Joint = []Calibration{calibrate(joint, nat)}
}

// measures are what a bucket shows.
type measures struct {
	score, steadyScore, distance, steadyDistance float64
}

// probabilities are the parts of normal buckets that show as much.
type probabilities struct {
	process, distance             float64
	steadyProcess, steadyDistance float64
}

// steady is the p-value of what lasts, the smaller of two (Bonferroni).
func (p probabilities) steady() float64 { return min(1, 2*min(p.steadyProcess, p.steadyDistance)) }

// surest bounds from below, as a part of one normal bucket, the p-value of what
// lasts that goes into the score of a bucket: three like buckets may be one odd
// moment, such as a load that ended, so that their tail does not reach far.
const surest = 0.1

// score is -ln of the least p-value, n normal buckets being known.
func (p probabilities) score(n int) float64 {
	return -math.Log(min(p.process, p.distance, max(p.steady(), surest/float64(n))))
}

// unusual is the p-value of a bucket from which it may be part of what lasts.
const unusual = 0.1

// probabilities compares a bucket with normal ones. One that is usual by
// itself does not go on with what was before.
func (b *Behavior) probabilities(m measures) probabilities {
	p := probabilities{pooled(b.Bucket, m.score), 1, 1, 1}
	if p.process <= unusual {
		p.steadyProcess = pooled(b.SteadyBucket, m.steadyScore)
	}
	if len(b.Distance) > 0 {
		p.distance = pooled(b.Distance, m.distance)
		if p.distance <= unusual {
			p.steadyDistance = pooled(b.SteadyDistance, m.steadyDistance)
		}
	}
	return p
}

// calibrate scores each fold by what the others teach and returns the scores
// of all buckets, by themselves and with those before.
func (r *record) calibrate(ctx context.Context, opts Options) (single, steady []float64, err error) {
	for k, fold := range r.folds() {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if opts.Progress != nil {
			opts.Progress("calibration", k)
		}
		var rest []int
		for i := range r.buckets() {
			if i < fold[0] || i >= fold[1] {
				rest = append(rest, i)
			}
		}
		scorer := newScorer(r.behavior(rest))
		for i := fold[0]; i < fold[1]; i++ {
			e := scorer.raw(r.bucket(i))
			single, steady = append(single, e.score), append(steady, e.steady)
		}
	}
	return single, steady, nil
}

// steadily takes the distances of all buckets with those before in their fold.
func (r *record) steadily(distances []float64) []float64 {
	var out []float64
	if len(distances) == 0 {
		return out
	}
	for _, fold := range r.folds() {
		var past []float64
		for _, d := range distances[fold[0]:fold[1]] {
			v, _ := steadily(d, past)
			out, past = append(out, v), remember(past, d)
		}
	}
	return out
}

func (r *record) bucket(i int) map[string]float64 {
	out := map[string]float64{}
	for j, name := range r.names {
		if v := r.columns[j][i]; v != 0 {
			out[name] = v
		}
	}
	return out
}
