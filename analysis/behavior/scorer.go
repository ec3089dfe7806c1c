package behavior

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// compiled is a behavior made ready to score with.
type compiled struct {
	sources   []judge
	index     map[string]int // of a source, by name
	processes []string
	silence   []float64 // of each process: how surprising it is that it does nothing
	process   map[string]int
	typical   float64 // scale of the tails of all sources
}

// judge is one source made ready to score.
type judge struct {
	name, kind   string
	process      int
	unit         float64 // of the kind
	upper, lower slope
	high, low    float64 // thresholds, as counts
	mean, dev    float64 // of log(1+count)
}

// magnitude brings counts of any size to one scale: linear below unit, then
// logarithmic, so that tails of bursty counts become about exponential.
func magnitude(v, unit float64) float64 {
	return math.Copysign(math.Log1p(math.Abs(v)/unit), v)
}

func (b *Behavior) unit(kind string) float64 {
	if u := b.Kinds[kind]; u > 0 {
		return u
	}
	return 1
}

func (b *Behavior) compile() *compiled {
	if b.compiled != nil {
		return b.compiled
	}
	c := &compiled{index: map[string]int{}, process: map[string]int{}}
	for name := range b.Presence {
		c.processes = append(c.processes, name)
	}
	sort.Strings(c.processes)
	for i, name := range c.processes {
		c.process[name] = i
		c.silence = append(c.silence, -math.Log(float64(b.Buckets-b.Presence[name]+1)/float64(b.Buckets+2)))
	}
	names := make([]string, 0, len(b.Sources))
	for name := range b.Sources {
		names = append(names, name)
	}
	sort.Strings(names)
	c.typical = b.typicalScale(names)
	for i, name := range names {
		src, kind := b.Sources[name], kindOf(name, b.ByKind)
		j := judge{name: name, kind: kind, process: c.process[processOf(name, b.ByKind)], unit: b.unit(kind)}
		j.high, j.low = src.Upper.At, src.Lower.At
		j.mean, j.dev = src.moments(b.Buckets)
		j.upper = src.Upper.slope(j.unit, 1, b.Buckets, c.typical)
		j.lower = src.Lower.slope(j.unit, -1, b.Buckets, c.typical)
		c.index[name] = i
		c.sources = append(c.sources, j)
	}
	b.compiled = c
	return c
}

// moments are the mean and the deviation of log(1+count), 1 for a source that
// never varied.
func (s *Source) moments(n int) (mean, dev float64) {
	mean = s.LogSum / float64(n)
	variance := s.LogSquares/float64(n) - mean*mean
	if variance <= 1e-12*(1+mean*mean) {
		return mean, 1
	}
	return mean, math.Sqrt(variance)
}

// excess sums how far the values of a tail lie beyond its threshold.
func (t Tail) excess(unit, sign float64) float64 {
	at, sum := sign*magnitude(t.At, unit), 0.0
	for _, v := range t.Beyond {
		sum += sign*magnitude(v, unit) - at
	}
	return sum
}

func (t Tail) slope(unit, sign float64, n int, typical float64) slope {
	return fit(sign*magnitude(t.At, unit), t.excess(unit, sign), len(t.Beyond), n, typical)
}

// typicalScale is the mean, over all sources, of how far the values of an
// upper tail lie beyond its threshold.
func (b *Behavior) typicalScale(names []string) float64 {
	sum, k := 0.0, 0
	for _, name := range names {
		t := b.Sources[name].Upper
		if len(t.Beyond) > 0 {
			sum += t.excess(b.unit(kindOf(name, b.ByKind)), 1) / float64(len(t.Beyond))
			k++
		}
	}
	if k == 0 || sum == 0 {
		return 1
	}
	return sum / float64(k)
}

// A Finding is a process, or any source told apart, that stands out.
type Finding struct {
	Name  string  `json:"name"`
	Score float64 `json:"score"` // -ln of how often normal running shows as much
	Why   []Sign  `json:"why,omitempty"`
}

// A Sign is a count that gives a source away.
type Sign struct {
	Source string  `json:"source"`
	State  State   `json:"state"`
	Value  float64 `json:"value"` // in the bucket
	Usual  float64 `json:"usual"` // nine of ten normal buckets stay below (or above, for low counts)
	Score  float64 `json:"score"`
}

// State says in which way a count is unusual.
type State string

// The states.
const (
	New    State = "new"    // never seen before
	High   State = "high"   // above the usual
	Low    State = "low"    // below the usual
	Silent State = "silent" // nothing where there always or often is something
)

func (s Sign) String() string {
	switch s.State {
	case New:
		return fmt.Sprintf("%s %.4g, never seen before", s.Source, s.Value)
	case Silent:
		return fmt.Sprintf("%s silent, usually at least %.4g", s.Source, s.Usual)
	case Low:
		return fmt.Sprintf("%s %.4g, usually at least %.4g", s.Source, s.Value, s.Usual)
	}
	return fmt.Sprintf("%s %.4g, usually at most %.4g", s.Source, s.Value, s.Usual)
}

// evidence is what one bucket shows before calibration.
type evidence struct {
	score  float64 // of the process that stands out most
	steady float64 // of the process that stands out most in this bucket and two of the four before
	back   int     // buckets since that process began to
	z      Deviation
	found  []Finding
}

// A Deviation is the source whose count lies farthest from its mean, in
// deviations of log(1+count): the simplest of scores, to compare others with.
type Deviation struct {
	Source string  `json:"source"`
	Z      float64 `json:"z"`
}

// farther returns the one farther out, of two as far the first by name.
func (d Deviation) farther(source string, z float64) Deviation {
	if a, b := math.Abs(z), math.Abs(d.Z); a > b || a == b && source < d.Source {
		return Deviation{source, z}
	}
	return d
}

// scorer scores buckets that follow each other.
type scorer struct {
	b      *Behavior
	c      *compiled
	ignore map[string]bool
	alive  map[string]bool      // new processes that made a system call
	before []map[string]float64 // score of each process in the buckets before, the oldest first
}

func newScorer(b *Behavior) *scorer {
	s := &scorer{b: b, c: b.compile(), ignore: map[string]bool{}, alive: map[string]bool{}}
	if !b.IncludeObserver {
		for _, p := range analysis.Observers {
			s.ignore[p] = true
		}
	}
	for _, p := range b.Ignored {
		s.ignore[p] = true
	}
	return s
}

// mostNames bounds what is remembered of names that never end.
const mostNames = 10_000

// mostFindings and mostSigns bound what a bucket and a finding tell.
const (
	mostFindings = 20
	mostSigns    = 5
)

// raw scores a bucket: its counts by source, zeros left out or not.
func (s *scorer) raw(counts map[string]float64) evidence {
	signs := map[string][]Sign{}
	present := make([]bool, len(s.c.processes))
	for name, v := range counts {
		if v == 0 {
			continue
		}
		if i, ok := s.c.process[processOf(name, s.b.ByKind)]; ok {
			present[i] = true
		}
	}
	var e evidence
	for i := range s.c.sources {
		j := &s.c.sources[i]
		name := s.c.processes[j.process]
		if s.ignore[name] {
			continue
		}
		v := counts[j.name]
		e.z = e.z.farther(j.name, (magnitude(v, 1)-j.mean)/j.dev)
		if sign, ok := j.sign(v); ok {
			signs[name] = append(signs[name], sign)
		}
	}
	e.z = s.unseen(counts, signs, e.z)
	scores := make(map[string]float64, len(signs))
	for name, list := range signs {
		slices.SortFunc(list, func(a, b Sign) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Source, b.Source))
		})
		f := Finding{Name: name, Score: list[0].Score, Why: list[:min(len(list), mostSigns)]}
		scores[name] = f.Score
		e.score = max(e.score, f.Score)
		past := make([]float64, len(s.before))
		for i, b := range s.before {
			past[i] = b[name]
		}
		if v, back := steadily(f.Score, past); v > e.steady || v == e.steady && back > e.back {
			e.steady, e.back = v, back
		}
		if i, known := s.c.process[name]; known && !present[i] {
			f.Score += s.c.silence[i]
		}
		e.found = append(e.found, f)
	}
	s.before = remember(s.before, scores)
	rank(e.found)
	e.found = e.found[:min(len(e.found), mostFindings)]
	return e
}

// memory is the number of buckets before that a bucket is judged with.
const memory = 4

func remember[T any](past []T, now T) []T {
	if len(past) == memory {
		past = append(past[:0], past[1:]...)
	}
	return append(past, now)
}

// steadily returns the value that a measure reaches now and in two of the
// buckets before, and how long ago it first did. What lasts but is not
// remarkable in any one bucket shows in it; one odd bucket does not.
func steadily(now float64, past []float64) (value float64, back int) {
	sorted := slices.Sorted(slices.Values(past))
	if len(sorted) < 2 {
		return 0, 0
	}
	value = min(now, sorted[len(sorted)-2])
	for i, v := range past {
		if v >= value {
			return value, len(past) - i
		}
	}
	return value, 0
}

func rank(found []Finding) {
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Name, b.Name))
	})
}

// sign tells whether a count of a known source is unusual.
func (j *judge) sign(v float64) (Sign, bool) {
	m := magnitude(v, j.unit)
	if up := j.upper.beyond(m - j.upper.at); up > 0 {
		return Sign{Source: j.name, State: High, Value: v, Usual: j.high, Score: up}, true
	}
	down := j.lower.beyond(-m - j.lower.at)
	if down == 0 {
		return Sign{}, false
	}
	state := Low
	if v == 0 {
		state = Silent
	}
	return Sign{Source: j.name, State: state, Value: v, Usual: j.low, Score: down}, true
}

// unseen takes in the sources that the behavior does not know. A process that
// makes no system calls where those are counted is a thread of the kernel. It
// returns the farthest deviation; a source never seen has mean 0, deviation 1.
func (s *scorer) unseen(counts map[string]float64, signs map[string][]Sign, z Deviation) Deviation {
	_, counted := s.b.Kinds["syscall"]
	for name, v := range counts {
		if _, known := s.c.index[name]; known || v == 0 {
			continue
		}
		process, kind := processOf(name, s.b.ByKind), kindOf(name, s.b.ByKind)
		if s.ignore[process] {
			continue
		}
		if _, known := s.c.process[process]; !known && s.b.ByKind && counted && !s.b.IncludeKernel {
			if len(s.alive) >= mostNames {
				clear(s.alive)
			}
			s.alive[process] = s.alive[process] || counts["syscall "+process] != 0
			if !s.alive[process] {
				continue
			}
		}
		score := math.Log(float64(s.b.Buckets+1)) + math.Abs(magnitude(v, s.b.unit(kind)))/s.c.typical
		signs[process] = append(signs[process], Sign{Source: name, State: New, Value: v, Score: score})
		z = z.farther(name, magnitude(v, 1))
	}
	return z
}

func newDense(n, p int) *mat.Dense {
	if n == 0 || p == 0 {
		return &mat.Dense{}
	}
	return mat.NewDense(n, p, nil)
}
