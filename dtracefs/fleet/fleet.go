// Package fleet simulates the captures of many hosts, to show, test and measure what is counted
// across them: what processes of web servers, databases and batch hosts do each second, as bpftrace
// prints a map under a clock. The same options give the same bytes.
package fleet

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Fleet says what is simulated.
type Fleet struct {
	// Hosts have three roles: three of five are web servers, one is a database, and one does batch
	// work.
	Hosts   int
	Seconds int       // how long each is recorded
	Start   time.Time // of the first second; by default 2026-03-01 10:00 UTC
	Seed    uint64
	Odd     string // the host that misbehaves, "" if none does
}

// A process is what one does on each host of a role.
type process struct {
	name   string
	calls  float64 // a second, at the usual load
	follow float64 // how far it follows the load of its role: 1 is in proportion
	noise  float64 // part by which it varies by itself
}

var roles = map[string][]process{
	"web":   {{"nginx", 4000, 1, .05}, {"php-fpm", 2500, 1, .08}, {"redis-server", 900, .8, .1}, {"sshd", 20, 0, .5}, {"rsyslogd", 120, .4, .2}, {"systemd", 30, 0, .4}},
	"db":    {{"postgres", 6000, 1, .06}, {"checkpointer", 300, .5, .3}, {"walwriter", 500, .9, .1}, {"sshd", 20, 0, .5}, {"rsyslogd", 80, .3, .2}, {"systemd", 30, 0, .4}},
	"batch": {{"python3", 3000, 1, .1}, {"gzip", 700, .9, .2}, {"rsync", 400, .6, .3}, {"sshd", 20, 0, .5}, {"cron", 15, 0, .6}, {"systemd", 30, 0, .4}},
}

// oddities are what the odd host of a role does by itself: more of one process, and one that no
// other has.
var oddities = map[string]struct {
	process string
	times   float64
	own     process
}{
	"web":   {"php-fpm", 1.6, process{"curl", 12, 0, .3}},
	"db":    {"walwriter", 1.8, process{"pg_dump", 40, 0, .3}},
	"batch": {"gzip", 1.8, process{"nc", 10, 0, .3}},
}

// Names are the names of the hosts: the role, a dash, and a number of two digits or more.
func (o Fleet) Names() []string {
	var names []string
	for i := range o.Hosts {
		switch {
		case i < o.Hosts*3/5:
			names = append(names, fmt.Sprintf("web-%02d", i+1))
		case i < o.Hosts*4/5:
			names = append(names, fmt.Sprintf("db-%02d", i+1-o.Hosts*3/5))
		default:
			names = append(names, fmt.Sprintf("batch-%02d", i+1-o.Hosts*4/5))
		}
	}
	return names
}

// chance returns what is random about something by its name.
func (o Fleet) chance(name string) *rand.Rand {
	h := fnv.New64a()
	io.WriteString(h, name)
	return rand.New(rand.NewPCG(o.Seed, h.Sum64()))
}

// WriteHost writes the capture of a host.
func (o Fleet) WriteHost(w io.Writer, host string) error {
	role, _, _ := strings.Cut(host, "-")
	own := append([]process(nil), roles[role]...)
	if len(own) == 0 {
		return fmt.Errorf("simulating host %q: its role is none of web, db and batch", host)
	}
	rng := o.chance(host)
	for i := range own {
		// No two machines are quite the same.
		own[i].calls *= 1 + float64(.06*rng.NormFloat64())
	}
	if odd := oddities[role]; host == o.Odd {
		for i := range own {
			if own[i].name == odd.process {
				own[i].calls *= odd.times
			}
		}
		own = append(own, odd.own)
	}
	heads := make([]string, len(own))
	for i, p := range own {
		heads[i] = "@[" + p.name + "]: "
	}
	at := o.Start
	if at.IsZero() {
		at = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	}
	// All of a role have one load; that of databases is what web servers asked for the second
	// before.
	shared := role
	if role == "db" {
		shared = "web"
	}
	load, wave := o.chance("load of "+shared), 0.0
	next := func() float64 {
		wave = float64(.9*wave) + float64(.12*load.NormFloat64())
		return math.Exp(wave)
	}
	before, now := next(), next()
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for range o.Seconds {
		x := now
		if role == "db" {
			x = before
		}
		line = append(at.AppendFormat(line[:0], "2006-01-02 15:04:05"), '\n')
		for i, p := range own {
			v := p.calls * (1 - p.follow + float64(p.follow*x)) * (1 + float64(p.noise*(float64(2*rng.Float64())-1)))
			line = append(strconv.AppendInt(append(line, heads[i]...), max(1, int64(v)), 10), '\n')
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
		at = at.Add(time.Second)
		before, now = now, next()
	}
	return out.Flush()
}

// WriteFolder writes the capture of each host to a folder of its own in dir: HOST/calls.txt.
func (o Fleet) WriteFolder(dir string) error {
	for _, host := range o.Names() {
		if err := os.MkdirAll(filepath.Join(dir, host), 0o755); err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, host, "calls.txt"))
		if err != nil {
			return err
		}
		err = o.WriteHost(f, host)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("simulating host %s: %w", host, err)
		}
	}
	return nil
}
