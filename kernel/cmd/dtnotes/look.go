package main

import (
	"strings"

	"github.com/spf13/cobra"

	"dtnotes/analysis/figure"
)

// look is how a command draws, by the flags that all have that draw.
type look struct {
	xkcd  bool
	theme figure.Theme
}

func (l *look) flags(cmd *cobra.Command) {
	var names []string
	for _, theme := range figure.Themes() {
		names = append(names, theme.String())
	}
	last := len(names) - 1
	cmd.Flags().BoolVar(&l.xkcd, "xkcd", false, "draw by hand")
	cmd.Flags().TextVar(&l.theme, "theme", figure.Light, "draw in the colors of a `THEME`: "+strings.Join(names[:last], ", ")+" or "+names[last])
}

// of gives a figure's style this look.
func (l look) of(s *figure.Style) { s.XKCD, s.Theme = l.xkcd, l.theme }
