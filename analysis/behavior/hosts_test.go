package behavior

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"dtnotes/analysis"
)

// hostsOf makes hosts of a role whose sources vary between hosts and in time; odd changes what a
// host does.
func hostsOf(rng *rand.Rand, role string, hosts, sources int, odd func(host, source int) float64) []Host {
	usual := make([]float64, sources)
	for j := range usual {
		usual[j] = math.Exp(2 + 6*rng.Float64())
	}
	var out []Host
	for i := range hosts {
		b := &Behavior{Every: time.Second, Sources: map[string]*Source{}}
		for j := range usual {
			level := usual[j] * math.Exp(.15*rng.NormFloat64()) * odd(i, j)
			s := &Source{Value: Count}
			for range 30 {
				s.Blocks = append(s.Blocks, level*math.Exp(.2*rng.NormFloat64()))
			}
			b.Sources[fmt.Sprintf("source-%02d", j)] = s
		}
		out = append(out, Host{Name: fmt.Sprintf("%s-%02d", role, i), Role: role, Behavior: b})
	}
	return out
}

func usualHost(int, int) float64 { return 1 }

// Of fleets in which no host differs, no more than one in twenty has a host told.
func TestHostsAlikeDoNotStandOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	told, fleets := 0, 300
	for range fleets {
		hosts := slices.Concat(hostsOf(rng, "web", 12, 20, usualHost), hostsOf(rng, "db", 5, 8, usualHost))
		c, err := CompareHosts(t.Context(), hosts)
		if err != nil {
			t.Fatal(err)
		}
		if c.Tested != 17 {
			t.Fatalf("tested %d", c.Tested)
		}
		if len(c.Hosts) > 0 {
			told++
		}
	}
	// 5 % are 15 of 300; 27 would be three deviations more.
	if told > 27 {
		t.Errorf("%d of %d fleets without a difference have one", told, fleets)
	}
}

// Hosts that misbehave are found, also two in the same thing, and hardly others with them.
func TestHostsThatStandOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	found, wrong, right := 0, 0, 0
	for range 50 {
		hosts := hostsOf(rng, "web", 20, 15, func(host, source int) float64 {
			if source == 3 && (host == 7 || host == 8) || source == 5 && host == 11 {
				return 5
			}
			return 1
		})
		rng.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
		c, err := CompareHosts(t.Context(), hosts)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range c.Hosts {
			switch h.Name {
			case "web-07", "web-08", "web-11":
				found++
				if want := map[string]string{"web-07": "source-03", "web-08": "source-03", "web-11": "source-05"}[h.Name]; len(h.Differs) > 0 && h.Differs[0].Name == want {
					right++
				}
			default:
				wrong++
			}
		}
	}
	if found < 135 || right < found-3 || wrong > 15 {
		t.Errorf("found %d of 150 hosts, %d for the right reason, and %d that do not differ", found, right, wrong)
	}
}

// A source that one host has alone stands out, and the picture marks it.
func TestHostPicture(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	hosts := slices.Concat(hostsOf(rng, "web", 9, 6, usualHost), hostsOf(rng, "db", 4, 3, usualHost))
	hosts[4].Behavior.Sources["miner"] = &Source{Value: Count, Blocks: slices.Repeat([]float64{50}, 30)}
	c, err := CompareHosts(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Hosts) != 1 || c.Hosts[0].Name != "web-04" || !strings.Contains(c.String(), "miner: 50/s, no other has it") {
		t.Fatalf("%v", c)
	}
	g, err := c.Picture()
	if err != nil {
		t.Fatal(err)
	}
	if text := g.String(); !strings.Contains(text, "grid: 13 rows, 7 columns") || !strings.Contains(text, "web-04 – miner") {
		t.Errorf("picture says %s", text)
	}
	row, column := slices.Index(g.Rows, "db-02"), slices.Index(g.Columns, "miner")
	if !math.IsNaN(g.Values[row][column]) || !slices.IsSorted(g.Groups) || !strings.HasPrefix(g.SVG(), "<") {
		t.Errorf("a source that no host of a role has is %v there; groups %v", g.Values[row][column], g.Groups)
	}
}

func TestCompareHostsRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	three := hostsOf(rng, "web", 3, 4, usualHost)
	if _, err := CompareHosts(t.Context(), three); err == nil || !strings.Contains(err.Error(), `role "web" has 3 hosts: it takes 4`) {
		t.Errorf("three hosts: %v", err)
	}
	if c, err := CompareHosts(t.Context(), slices.Concat(three, hostsOf(rng, "db", 5, 4, usualHost))); err != nil || len(c.Notes) != 1 || c.Tested != 5 {
		t.Errorf("a role of three beside one of five: %v, error %v", c, err)
	}
	other := hostsOf(rng, "web", 5, 4, usualHost)
	other[2].Behavior.Every = time.Minute
	if _, err := CompareHosts(t.Context(), other); err == nil || !strings.Contains(err.Error(), "web-02") {
		t.Errorf("other buckets: %v", err)
	}
	if _, err := CompareHosts(t.Context(), nil); err == nil {
		t.Error("no hosts: no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CompareHosts(ended, hostsOf(rng, "web", 5, 4, usualHost)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// Of many hosts a behavior is learned in time that grows with them, not with their square; what
// is held out of each is judged as by itself.
func TestManyHostsAreLearned(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	var series []*analysis.Series
	for range 3 * mostTaught {
		x := mat.NewDense(40, 2, nil)
		x.Apply(func(_, j int, _ float64) float64 {
			return math.Round(200 * float64(j+1) * math.Exp(.2*rng.NormFloat64()))
		}, x)
		s, err := analysis.NewSeries([]string{"nginx", "sshd"}, 1e9, time.Second, x)
		if err != nil {
			t.Fatal(err)
		}
		series = append(series, s)
	}
	taught := 0
	b, err := Learn(t.Context(), series, Options{Progress: func(step string, _ int) {
		if step == "calibration" {
			taught++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if taught != mostTaught || b.Buckets != 40*len(series) || b.Sources["nginx"].Held.Buckets != float64(b.Buckets) {
		t.Errorf("taught %d times of %d series, %d buckets, %g held out", taught, len(series), b.Buckets, b.Sources["nginx"].Held.Buckets)
	}
	r, err := Score(t.Context(), b, series[7], ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Alerts) > 0 {
		t.Errorf("normal running raises %d alerts", len(r.Alerts))
	}
}
