package analysis

import (
	"cmp"
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"

	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// SpectrumOptions tune [Series.Spectrum]. The zero value is the default.
type SpectrumOptions struct {
	// Segment is the number of buckets in each of the half overlapping segments that are averaged;
	// 0 means 256, or a quarter of the series where that is less, but at least 8 buckets. The
	// longest period that can be seen is the length of a segment.
	Segment int
}

// Spectrum is how the variation of two sources is spread over frequencies, and how far the two vary
// together at each.
type Spectrum struct {
	Names       [2]string
	Frequencies []float64 // per second, ascending from 0
	// Density is that of each source, in the square of its unit per hertz, one-sided.
	Density [2][]float64
	// Coherence is the squared correlation of the two at each frequency, 0 to 1.
	Coherence []float64
	// Phase is by how much of a turn, in radians, the second runs behind the first.
	Phase []float64
	// Segments is the number of segments that were averaged. Chance alone gives a coherence of
	// about 1/Segments.
	Segments int
	// Unit is that of the sources' values, or "" if it is not known.
	Unit string
}

// times is a·b, with each product rounded by itself.
func times(a, b complex128) complex128 {
	return complex(float64(real(a)*real(b))-float64(imag(a)*imag(b)), float64(real(a)*imag(b))+float64(imag(a)*real(b)))
}

// welch averages the periodograms of segments of m values at a rate per second.
func welch(x, y []float64, m int, rate float64, names [2]string) *Spectrum {
	window, power := make([]float64, m), 0.0
	for i := range window {
		window[i] = 0.5 - float64(0.5*math.Cos(2*math.Pi*float64(i)/float64(m)))
		power += float64(window[i] * window[i])
	}
	fft := fourier.NewFFT(m)
	bins := m/2 + 1
	out := &Spectrum{Names: names, Frequencies: make([]float64, bins), Coherence: make([]float64, bins), Phase: make([]float64, bins),
		Density: [2][]float64{make([]float64, bins), make([]float64, bins)}}
	cross := make([]complex128, bins)
	step := m - m/2
	for at := 0; at+m <= len(x); at += step {
		fx, fy := fft.Coefficients(nil, windowed(x[at:at+m], window)), fft.Coefficients(nil, windowed(y[at:at+m], window))
		for k := range bins {
			out.Density[0][k] += real(times(fx[k], cmplx.Conj(fx[k])))
			out.Density[1][k] += real(times(fy[k], cmplx.Conj(fy[k])))
			cross[k] += times(cmplx.Conj(fx[k]), fy[k])
		}
		out.Segments++
	}
	for k := range bins {
		out.Frequencies[k] = float64(k) * rate / float64(m)
		if p := out.Density[0][k] * out.Density[1][k]; p > 0 {
			out.Coherence[k] = min(1, real(times(cross[k], cmplx.Conj(cross[k])))/p)
		}
		out.Phase[k] = -cmplx.Phase(cross[k])
		scale := 2 / (rate * power * float64(out.Segments))
		if k == 0 || m%2 == 0 && k == bins-1 {
			scale /= 2 // these have no negative twin
		}
		out.Density[0][k] *= scale
		out.Density[1][k] *= scale
	}
	return out
}

// windowed returns values minus their mean, weighted by a window.
func windowed(v, window []float64) []float64 {
	mean, _ := moments(v)
	out := make([]float64, len(v))
	for i := range v {
		out[i] = (v[i] - mean) * window[i]
	}
	return out
}

// Peaks returns the periods, in seconds, at which the two sources are most coherent, at most n, the
// most coherent first. They are local maxima above the coherence that chance reaches anywhere in
// only one of twenty spectra. What a timer drives is coherent at multiples of its frequency, too:
// these are not listed, and tell its period more exactly than a segment would.
func (s *Spectrum) Peaks(n int) []float64 {
	var out []float64
	for _, r := range s.rhythms(n) {
		out = append(out, 1/r.frequency)
	}
	return out
}

// A rhythm is a frequency at which two sources are coherent.
type rhythm struct {
	frequency float64
	coherence float64
	multiples int // of the frequency, at which the two are coherent, too
}

// rhythms are the frequencies of [Spectrum.Peaks].
func (s *Spectrum) rhythms(n int) []rhythm {
	var tops []int
	for k := 1; k < len(s.Coherence); k++ {
		c := s.Coherence[k]
		if c <= s.chance() || c < s.Coherence[k-1] || k+1 < len(s.Coherence) && c < s.Coherence[k+1] {
			continue
		}
		tops = append(tops, k)
	}
	var out []rhythm
	for len(tops) > 0 {
		k := tops[0]
		r := rhythm{frequency: s.Frequencies[k], coherence: s.Coherence[k]}
		if f, of := comb(tops); len(of) > 0 && s.lines(f, of) {
			// Frequencies are multiples of the second one.
			r.frequency, r.multiples = f*s.Frequencies[1], len(of)-1
			for _, m := range of {
				r.coherence = max(r.coherence, s.Coherence[m])
			}
			tops = slices.DeleteFunc(tops, func(m int) bool { return slices.Contains(of, m) })
		} else {
			tops = tops[1:]
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b rhythm) int { return cmp.Compare(b.coherence, a.coherence) })
	return out[:min(n, len(out))]
}

// comb returns those of tops, which ascend, that are at multiples of a frequency near the first
// one, and that frequency, in bins. There are no fewer than two multiples besides it, and at least
// four in five up to the highest one.
func comb(tops []int) (f float64, of []int) {
	f = float64(tops[0])
	last, highest := 1.0, float64(tops[len(tops)-1])
	mk, mm := f, 1.0 // sums of multiple times bin and of squared multiples
	// A top is off by up to half a bin, so that each multiple found tells better where the next
	// ones are. The search ends where they may be anywhere.
	for m := 2.0; float64(m*f) <= highest+1 && 1+m/last < f; m++ {
		near := nearest(tops, m*f)
		if math.Abs(near-float64(m*f)) <= (1+m/last)/2 {
			last = m
			mk, mm = mk+float64(m*near), mm+float64(m*m)
			f = mk / mm
		}
	}
	for m := 1.0; m <= last; m++ {
		if near := nearest(tops, m*f); math.Abs(near-float64(m*f)) <= 1 {
			of = append(of, int(near))
		}
	}
	if len(of) < 3 || of[0] != tops[0] || float64(len(of)) < float64(0.8*last) {
		return 0, nil
	}
	return f, of
}

// nearest returns which of tops is nearest to a place, the lower one of two.
func nearest(tops []int, at float64) float64 {
	return float64(slices.MinFunc(tops, func(a, b int) int {
		return cmp.Compare(math.Abs(float64(a)-at), math.Abs(float64(b)-at))
	}))
}

// lines reports whether a source varies far more at the multiples of a frequency, in bins, than
// halfway before them. What is coherent at all frequencies has tops everywhere, some of which would
// seem to be multiples of one. The other source may have lines between them, too, if it runs less
// often.
func (s *Spectrum) lines(f float64, of []int) bool {
	for _, density := range s.Density {
		at, between := 0.0, 0.0
		for _, k := range of {
			at += density[k]
			between += density[int(math.Round((math.Round(float64(k)/f)-0.5)*f))]
		}
		if at > 2*between {
			return true
		}
	}
	return false
}

// chance is the coherence that sources without anything in common reach at no frequency in 19 of 20
// spectra: at one they exceed c with probability (1-c)^(segments-1) (G. Carter, "Coherence and time
// delay estimation", 1987). It is 1 if nothing was averaged.
func (s *Spectrum) chance() float64 {
	if s.Segments < 2 {
		return 1
	}
	return 1 - math.Pow(0.05/float64(len(s.Coherence)), 1/float64(s.Segments-1))
}

// peaksShown is how many periods a figure marks, and text lists.
const peaksShown = 5

// Figure draws the densities of both sources and, below, their coherence, with the periods of the
// most coherent frequencies.
func (s *Spectrum) Figure() figure.Spectrum {
	out := figure.Spectrum{Names: s.Names, Frequencies: s.Frequencies, Density: s.Density, Coherence: s.Coherence, Unit: s.Unit, Chance: s.chance(),
		Rule: "coherence that sources without anything in common reach nowhere in 19 of 20 spectra"}
	out.Subtitle = fmt.Sprintf("mean of %d segments", s.Segments)
	for _, r := range s.rhythms(peaksShown) {
		out.Peaks = append(out.Peaks, r.frequency)
	}
	return out
}

// String lists the periods at which the two sources vary together.
func (s *Spectrum) String() string {
	brief := called(s.Names[:])
	out := fmt.Sprintf("%s and %s: %d frequencies up to %s Hz, mean of %d segments\n", dtracefs.Printable(brief(s.Names[0])), dtracefs.Printable(brief(s.Names[1])), len(s.Frequencies), short(s.Frequencies[len(s.Frequencies)-1]), s.Segments)
	rhythms := s.rhythms(peaksShown)
	for _, r := range rhythms {
		out += fmt.Sprintf("  every %s s: coherence %.2f", short(1/r.frequency), r.coherence)
		if r.multiples > 0 {
			out += fmt.Sprintf(", there or at %d multiples of the frequency", r.multiples)
		}
		out += "\n"
	}
	if len(rhythms) == 0 {
		out += fmt.Sprintf("  at no frequency more coherent than chance gives (%.2f)\n", s.chance())
	}
	return out
}
