package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// A run is a capture with labeled faults.
type run struct {
	name   string
	series *analysis.Series
	faults []fault
}

type fault struct {
	start, end float64
	kind       string
	culprits   map[string]bool // processes
}

// grace is how long, in seconds, a fault may be felt after its end.
const grace = 5

func newRun(name string, captures fs.FS, s *analysis.Series) (*run, error) {
	r := &run{name: name, series: s}
	labels := path.Join(name, "labels.csv")
	f, err := captures.Open(labels)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", labels, err)
	}
	commands, err := readTimeline(captures, path.Join(name, "timeline.tsv"))
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		start, err1 := strconv.ParseFloat(row[0], 64)
		end, err2 := strconv.ParseFloat(row[1], 64)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%s: fault from %q to %q", labels, row[0], row[1])
		}
		text := row[len(row)-1]
		for _, c := range commands {
			if c.at >= start-0.1 && c.at < start+0.1 {
				text += " " + c.detail
			}
		}
		r.faults = append(r.faults, fault{start, end, row[2], r.culprits(text)})
	}
	return r, nil
}

type command struct {
	at     float64
	detail string
}

// readTimeline lists the commands started or stopped.
func readTimeline(captures fs.FS, name string) ([]command, error) {
	f, err := captures.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []command
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Split(sc.Text(), "\t")
		if len(fields) < 5 || fields[2] != "start" && fields[2] != "stop" || strings.HasPrefix(fields[4], "wrk ") {
			continue
		}
		at, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, command{at, fields[4]})
	}
	return out, nil
}

// longestName is the number of bytes that the kernel keeps of a process's name.
const longestName = 15

// culprits are the processes of the run that the text names, without timeout,
// which only limits how long a fault lasts.
func (r *run) culprits(text string) map[string]bool {
	words := strings.FieldsFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("._-", c)
	})
	for i, w := range words {
		words[i] = w[:min(len(w), longestName)]
	}
	out := map[string]bool{}
	for _, name := range r.series.Names {
		_, process, _ := strings.Cut(name, " ")
		if process != "timeout" && slices.Contains(words, process) {
			out[process] = true
		}
	}
	return out
}

// head is the series up to a bucket before the first fault.
func (r *run) head() (*analysis.Series, error) {
	w := r.series.Every.Seconds()
	n := 0
	for n < len(r.series.Times) && r.series.Times[n]+float64(2*w) <= r.faults[0].start {
		n++
	}
	if n == 0 {
		return nil, fmt.Errorf("%s: nothing before the first label", r.name)
	}
	out := *r.series
	out.Times = out.Times[:n]
	out.Values = mat.DenseCopyOf(r.series.Values.Slice(0, n, 0, len(r.series.Names)))
	return &out, nil
}

// overlap is the part of bucket i that the fault covers.
func (r *run) overlap(i int, f fault) float64 {
	t, w := r.series.Times[i], r.series.Every.Seconds()
	return max(0, min(f.end, t+w)-max(f.start, t)) / w
}

// during lists the buckets at least half inside the fault.
func (r *run) during(f fault) []int {
	var out []int
	for i := range r.series.Times {
		if r.overlap(i, f) >= 0.5 {
			out = append(out, i)
		}
	}
	return out
}

// normal lists the buckets that no fault touches, nor the bucket beside them:
// a tracer that misses a tick prints two seconds as one.
func (r *run) normal() []int {
	w := r.series.Every.Seconds()
	var out []int
	for i, t := range r.series.Times {
		if !slices.ContainsFunc(r.faults, func(f fault) bool { return t-w < f.end && t+float64(2*w) > f.start }) {
			out = append(out, i)
		}
	}
	return out
}

// explained reports whether an alert is due to a fault.
func (r *run) explained(start, end float64) bool {
	w := r.series.Every.Seconds()
	return slices.ContainsFunc(r.faults, func(f fault) bool { return start < f.end+grace && end > f.start-w })
}

func (r *run) normalHours() float64 {
	return float64(len(r.normal())) * r.series.Every.Hours()
}
