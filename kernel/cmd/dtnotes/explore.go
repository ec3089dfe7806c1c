package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dtnotes/analysis"
	"dtnotes/analysis/behavior"
	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

func exploreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explore",
		Short: "Draw what a model of a whole capture does not show: when links change, what runs by a clock, who works together",
		Example: `  dtnotes explore windows capture.txt --window 5m -o windows.svg
  dtnotes explore spectrum capture.txt cron sh -o spectrum.png
  dtnotes explore factors capture.txt --factors 3 -o factors.svg
  dtnotes learn capture.txt --links hidden --graph hidden.svg      links that the load does not explain`,
		Args: cobra.NoArgs, // an unknown way is an error
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(windowsCommand(), spectrumCommand(), factorsCommand())
	return cmd
}

// exploration is what all ways to explore have in common.
type exploration struct {
	count   dtracefs.CountOptions
	picture string
	look    look
	seed    uint64
}

// flags adds the flags that all ways to explore have.
func (x *exploration) flags(cmd *cobra.Command) {
	measureFlags(cmd, &x.count.MeasureOptions)
	cmd.Flags().StringVarP(&x.picture, "output", "o", "", "draw to `FILE`.svg or .png")
	x.look.flags(cmd)
	cmd.Flags().Uint64Var(&x.seed, "seed", 0, "seed of all that is random")
}

// read counts a capture and prints what there is to say about it.
func (x *exploration) read(cmd *cobra.Command, path string) (*analysis.Series, error) {
	s, err := readSeries(cmd, []string{path}, x.count, false, behavior.Refuse)
	if err != nil {
		return nil, err
	}
	for _, note := range s.Notes {
		say(cmd.ErrOrStderr(), "note:", note)
	}
	return s, nil
}

// style is how the picture of a capture looks.
func (x *exploration) style(path, subtitle string) figure.Style {
	s := figure.Style{Title: filepath.Base(path), Subtitle: subtitle, Seed: x.seed}
	x.look.of(&s)
	return s
}

// show draws a figure if it was asked for, and prints what was found.
func (x *exploration) show(cmd *cobra.Command, f interface{ Save(string) error }, found fmt.Stringer) error {
	if x.picture != "" {
		if err := f.Save(x.picture); err != nil {
			return err
		}
	}
	return sayf(cmd.OutOrStdout(), "%v", found)
}

func windowsCommand() *cobra.Command {
	var x exploration
	var window, step time.Duration
	var links string
	cmd := &cobra.Command{
		Use:   "windows CAPTURE|SERIES.csv",
		Short: "Follow the links through windows of time: which come, go and turn, and when",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rule, err := analysis.ParseLinkRule(links)
			if err != nil {
				return err
			}
			s, err := x.read(cmd, args[0])
			if err != nil {
				return err
			}
			n, _ := s.Dims()
			// Less than thirty buckets say too little about links, and windows of more than an
			// eighth of all buckets show no change of them.
			size := min(n, max(30, n/8))
			if window != 0 {
				size = int(window / s.Every)
			}
			// The step is half a window, so that each bucket is in two windows.
			by := max(1, size/2)
			if step != 0 {
				by = int(step / s.Every)
			}
			w, err := s.Slide(cmd.Context(), size, by, analysis.Options{Seed: x.seed, Links: rule})
			if err != nil {
				return fmt.Errorf("%s: buckets of %v: %w", args[0], s.Every, err)
			}
			f := w.Figure()
			f.Style = x.style(args[0], f.Subtitle)
			return x.show(cmd, f, w)
		},
	}
	x.flags(cmd)
	cmd.Flags().DurationVar(&window, "window", 0, "how long a window is; an eighth of the capture, but 30 buckets at least, unless it is set")
	cmd.Flags().DurationVar(&step, "step", 0, "from the start of one window to that of the next; half a window unless it is set")
	linksFlag(cmd, &links)
	return cmd
}

// linksFlag adds the flag that chooses what makes a link.
func linksFlag(cmd *cobra.Command, links *string) {
	cmd.Flags().StringVar(links, "links", string(analysis.LinksPartial), "`RULE` of a link: partial (correlation), hidden (what hidden common causes such as the load do not explain), or counts (neighborhoods of small counts)")
}

func spectrumCommand() *cobra.Command {
	var x exploration
	var segment int
	cmd := &cobra.Command{
		Use:   "spectrum CAPTURE|SERIES.csv SOURCE SOURCE",
		Short: "Find the periods at which two sources vary, and vary together, as what a timer drives does",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := x.read(cmd, args[0])
			if err != nil {
				return err
			}
			var pair [2]string
			for i, name := range args[1:] {
				if pair[i], err = sourceNamed(s, name); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
			}
			sp, err := s.Spectrum(pair[0], pair[1], analysis.SpectrumOptions{Segment: segment})
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			f := sp.Figure()
			f.Style = x.style(args[0], f.Subtitle)
			return x.show(cmd, f, sp)
		},
	}
	x.flags(cmd)
	cmd.Flags().IntVar(&segment, "segment", 0, "buckets in each segment that is averaged; 256, or a quarter of the capture where that is less, unless it is set")
	return cmd
}

// sourceNamed returns the source of that name, which may also be written as it is shown.
func sourceNamed(s *analysis.Series, name string) (string, error) {
	if slices.Contains(s.Names, name) {
		return name, nil
	}
	for _, n := range s.Names {
		if dtracefs.Printable(n) == name {
			return n, nil
		}
	}
	var some []string
	for _, n := range s.Top(5).Names {
		some = append(some, fmt.Sprintf("%q", n))
	}
	return "", fmt.Errorf("no source named %q among the %d; the largest are %s", name, len(s.Names), strings.Join(some, ", "))
}

func factorsCommand() *cobra.Command {
	var x exploration
	k := 4
	cmd := &cobra.Command{
		Use:   "factors CAPTURE|SERIES.csv",
		Short: "Split the activity into kinds of work: who works together, and when",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := x.read(cmd, args[0])
			if err != nil {
				return err
			}
			// The default number is lowered for a small capture. A number that was asked for is not
			// lowered, and is an error there.
			if n, p := s.Dims(); !cmd.Flags().Changed("factors") {
				k = min(k, n, p)
			}
			found, err := s.Factors(cmd.Context(), k, analysis.FactorOptions{Seed: x.seed})
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			f := found.Figure()
			f.Style = x.style(args[0], f.Subtitle)
			return x.show(cmd, f, found)
		},
	}
	x.flags(cmd)
	cmd.Flags().IntVar(&k, "factors", k, "how many")
	return cmd
}
