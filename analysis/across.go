package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"dtnotes/dtracefs"
)

// A HostSeries is what one of several hosts did.
type HostSeries struct {
	Host   string
	Series *Series
}

// Across says which sources follow those of other hosts.
type Across struct {
	Leads  []AcrossLead `json:"leads"` // strongest first
	Level  float64      `json:"level"` // the expected part of false ones
	Tested int          `json:"tested"`
	Notes  []string     `json:"notes,omitempty"`
}

// An AcrossLead says that a source of one host goes up and down with one of another, some buckets
// later.
type AcrossLead struct {
	FromHost    string  `json:"from_host"`
	From        string  `json:"from"`
	ToHost      string  `json:"to_host"`
	To          string  `json:"to"`
	Lag         int     `json:"lag"` // buckets, at least 1
	Correlation float64 `json:"correlation"`
	P           float64 `json:"p"`
}

const (
	acrossSources = 5  // of each host, the busiest
	acrossBuckets = 50 // that all hosts must have in common
	acrossPast    = 5  // buckets of its own that foretell a source
	acrossListed  = 20
)

// LeadsAcross looks for sources of one host that follow those of another by 1 to maxLag buckets,
// among the five busiest of each. What a source's own past predicts is taken off first, so that two
// sources that only rise and fall slowly do not seem to follow each other (L. Haugh, "Checking the
// independence of two covariance-stationary time series", 1976); of all lags, the strongest is
// reported, if it is stronger than the correlation at the same time. Leads are reported so that the
// expected part of false ones stays below 1 % (Y. Benjamini and Y. Hochberg, 1995). Time grows with
// the square of the number of hosts.
//
// It is an error if the clocks do not allow it: if times are no instants, if fewer than 50 buckets
// are common to all hosts, or if buckets differ in width. It is taken for granted that the clocks
// agree: by how much they differ is added to each lag.
func LeadsAcross(ctx context.Context, hosts []HostSeries, maxLag int) (*Across, error) {
	a, err := leadsAcross(ctx, hosts, maxLag)
	if err != nil {
		return nil, fmt.Errorf("finding leads across hosts: %w", err)
	}
	return a, nil
}

func leadsAcross(ctx context.Context, hosts []HostSeries, maxLag int) (*Across, error) {
	if len(hosts) < 2 {
		return nil, errors.New("there are less than two hosts")
	}
	from, until := math.Inf(-1), math.Inf(1)
	every := hosts[0].Series.Every
	for _, h := range hosts {
		s := h.Series
		switch n := len(s.Times); {
		case s.Every != every:
			return nil, fmt.Errorf("host %q has buckets of %v, host %q of %v", hosts[0].Host, every, h.Host, s.Every)
		case s.Measure != nil && s.Measure.Clock != dtracefs.ClockEpoch:
			return nil, fmt.Errorf("the clocks of host %q do not allow it: its times are of kind %q, which no other host shares", h.Host, s.Measure.Clock)
		case n == 0:
			return nil, fmt.Errorf("host %q did nothing", h.Host)
		default:
			from, until = max(from, s.Times[0]), min(until, s.Times[n-1]+every.Seconds())
		}
	}
	n := max(0, int(math.Round((until-from)/every.Seconds())))
	if n < max(acrossBuckets, 10*maxLag) {
		return nil, fmt.Errorf("%d buckets of %v are common to all hosts: want at least %d", n, every, max(acrossBuckets, 10*maxLag))
	}
	type column struct {
		host   int
		name   string
		values []float64
	}
	var columns []column
	for k, h := range hosts {
		s := h.Series
		first := int(math.Round((from - s.Times[0]) / every.Seconds()))
		for j := range min(acrossSources, len(s.Names)) {
			values := make([]float64, n)
			for i := range values {
				values[i] = s.Values.At(first+i, j)
				if s.Counts {
					values[i] = math.Log1p(values[i])
				}
			}
			if values = surprises(values); values != nil {
				columns = append(columns, column{k, s.Names[j], values})
			}
		}
	}
	out := &Across{Level: 0.01, Leads: []AcrossLead{}}
	n -= acrossPast
	scale := math.Sqrt(float64(n))
	for i, x := range columns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, y := range columns[i+1:] {
			if x.host == y.host {
				continue
			}
			out.Tested++
			best, now := 0.0, 0.0
			lag := 0
			for k := -maxLag; k <= maxLag; k++ {
				r := 0.0
				for t := max(0, -k); t < min(n, n-k); t++ {
					r += float64(x.values[t] * y.values[t+k])
				}
				if r /= float64(n); k == 0 {
					now = r
				} else if math.Abs(r) > math.Abs(best) {
					best, lag = r, k
				}
			}
			l := AcrossLead{hosts[x.host].Host, x.name, hosts[y.host].Host, y.name, lag, best, 1}
			if math.Abs(best) > math.Abs(now) {
				l.P = min(1, float64(2*maxLag)*2*distuv.UnitNormal.Survival(math.Abs(best)*scale))
			}
			if lag < 0 {
				l.FromHost, l.From, l.ToHost, l.To, l.Lag = l.ToHost, l.To, l.FromHost, l.From, -lag
			}
			out.Leads = append(out.Leads, l)
		}
	}
	slices.SortStableFunc(out.Leads, func(a, b AcrossLead) int { return cmp.Compare(a.P, b.P) })
	kept := 0
	for k, l := range out.Leads {
		if l.P <= out.Level*float64(k+1)/float64(len(out.Leads)) {
			kept = k + 1
		}
	}
	out.Leads = slices.Clip(out.Leads[:kept])
	slices.SortStableFunc(out.Leads, func(a, b AcrossLead) int {
		return cmp.Compare(math.Abs(b.Correlation), math.Abs(a.Correlation))
	})
	out.Notes = append(out.Notes, fmt.Sprintf("clocks of hosts are taken to go alike: what they are apart is added to each lag, a bucket is %v", every))
	return out, nil
}

// surprises are the part of a series that its past does not predict, centered and of variance 1.
// They are nil if there are none.
func surprises(x []float64) []float64 {
	r, err := Autocorrelation(x, acrossPast)
	if err != nil || r[0] == 0 {
		return nil
	}
	// Durbin's recursion, as in [PartialAutocorrelation].
	phi, rest := make([]float64, acrossPast+1), 1.0
	for k := 1; k <= acrossPast && rest > 1e-9; k++ {
		sum := r[k]
		for j := 1; j < k; j++ {
			sum -= float64(phi[j] * r[k-j])
		}
		old := slices.Clone(phi[:k])
		phi[k] = sum / rest
		for j := 1; j < k; j++ {
			phi[j] = old[j] - float64(phi[k]*old[k-j])
		}
		rest *= 1 - float64(phi[k]*phi[k])
	}
	out := make([]float64, len(x)-acrossPast)
	for t := range out {
		out[t] = x[t+acrossPast]
		for j := 1; j <= acrossPast; j++ {
			out[t] -= float64(phi[j] * x[t+acrossPast-j])
		}
	}
	mean, dev := moments(out)
	if dev < 1e-9 {
		return nil
	}
	for t := range out {
		out[t] = (out[t] - mean) / dev
	}
	return out
}

// String lists the strongest leads.
func (a *Across) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d pairs of sources of different hosts follow each other (at most %.0f %% of them by chance)\n", len(a.Leads), a.Tested, 100*a.Level)
	for k, l := range a.Leads {
		if k == acrossListed {
			fmt.Fprintf(&b, "  and %d weaker\n", len(a.Leads)-k)
			break
		}
		fmt.Fprintf(&b, "  %s → %s, %d later: %+.2f\n", dtracefs.Printable(l.FromHost+" "+l.From), dtracefs.Printable(l.ToHost+" "+l.To), l.Lag, l.Correlation)
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&b, "note: %s\n", dtracefs.Printable(n))
	}
	return b.String()
}
