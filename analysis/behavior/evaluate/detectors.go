package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/gonum/stat"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
)

// A detector gives every bucket of every run a score and, some of them, ranks
// processes.
type detector struct {
	name   string
	scores [][]float64
	ranks  [][]map[string]float64 // by run and bucket: score of each process; nil if it names none
}

func scoreOurs(ctx context.Context, b *behavior.Behavior, runs []*run) (detector, []*behavior.Report, error) {
	d := detector{name: "dtnotes"}
	var reports []*behavior.Report
	for _, r := range runs {
		report, err := behavior.Score(ctx, b, r.series, behavior.ScoreOptions{})
		if err != nil {
			return d, nil, fmt.Errorf("%s: %w", r.name, err)
		}
		var scores []float64
		var ranks []map[string]float64
		for _, v := range report.Buckets {
			scores = append(scores, v.Score)
			rank := map[string]float64{}
			for _, f := range v.Sources {
				rank[f.Name] = f.Score
			}
			ranks = append(ranks, rank)
		}
		d.scores, d.ranks = append(d.scores, scores), append(d.ranks, ranks)
		reports = append(reports, report)
	}
	return d, reports, nil
}

// matrix holds log(1+count), standardized by the mean and deviation of the
// buckets to learn from. Its columns are the sources of all runs: detectors
// that cannot know of new sources see them appear. A column that is constant
// in training has deviation 1.
type matrix struct {
	names []string
	train [][]float64
	test  [][][]float64
}

func newMatrix(train []*analysis.Series, runs []*run, ignored []string) *matrix {
	m := &matrix{}
	all := slices.Clone(train)
	for _, r := range runs {
		all = append(all, r.series)
	}
	calls := map[string]bool{}
	for _, s := range all {
		for _, name := range s.Names {
			if process, ok := strings.CutPrefix(name, "syscall "); ok {
				calls[process] = true
			}
		}
	}
	for _, s := range all {
		for _, name := range s.Names {
			_, process, _ := strings.Cut(name, " ")
			if calls[process] && !slices.Contains(ignored, process) && !slices.Contains(m.names, name) {
				m.names = append(m.names, name)
			}
		}
	}
	sort.Strings(m.names)
	for _, s := range train {
		m.train = append(m.train, m.rows(s)...)
	}
	for _, r := range runs {
		m.test = append(m.test, m.rows(r.series))
	}
	m.standardize()
	return m
}

func (m *matrix) rows(s *analysis.Series) [][]float64 {
	out := make([][]float64, len(s.Times))
	for i := range out {
		out[i] = make([]float64, len(m.names))
	}
	for j, name := range s.Names {
		k, ok := slices.BinarySearch(m.names, name)
		if !ok {
			continue
		}
		for i := range out {
			out[i][k] = math.Log1p(s.Values.At(i, j))
		}
	}
	return out
}

func (m *matrix) standardize() {
	for k := range m.names {
		column := make([]float64, len(m.train))
		for i, row := range m.train {
			column[i] = row[k]
		}
		mean, dev := stat.PopMeanStdDev(column, nil)
		if dev == 0 {
			dev = 1
		}
		for _, rows := range append([][][]float64{m.train}, m.test...) {
			for _, row := range rows {
				row[k] = (row[k] - mean) / dev
			}
		}
	}
}

// maxZ scores a bucket by its largest deviation.
func (m *matrix) maxZ() detector {
	d := detector{name: "max-|z|"}
	for _, rows := range m.test {
		var scores []float64
		var ranks []map[string]float64
		for _, row := range rows {
			most, rank := 0.0, map[string]float64{}
			for k, name := range m.names {
				_, process, _ := strings.Cut(name, " ")
				z := math.Abs(row[k])
				most = max(most, z)
				rank[process] = max(rank[process], z)
			}
			scores, ranks = append(scores, most), append(ranks, rank)
		}
		d.scores, d.ranks = append(d.scores, scores), append(d.ranks, ranks)
	}
	return d
}

func (m *matrix) peers(ctx context.Context, python, script string) ([]detector, error) {
	in, err := json.Marshal(map[string]any{"train": m.train, "test": m.test, "seed": 0})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, script)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running %s: %w\n%s", script, err, stderr.String())
	}
	scores := map[string][][]float64{}
	if err := json.Unmarshal(out, &scores); err != nil {
		return nil, fmt.Errorf("reading what %s printed: %w", script, err)
	}
	var ds []detector
	for _, name := range []string{"Mahalanobis LW", "kNN", "PCA", "IsolationForest", "EllipticEnvelope", "LOF", "OneClassSVM"} {
		ds = append(ds, detector{name: name, scores: scores[name]})
	}
	return ds, nil
}
