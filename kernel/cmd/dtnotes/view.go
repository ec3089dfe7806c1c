package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dtnotes/analysis/behavior"
	"dtnotes/analysis/figure"
	"dtnotes/dtracefs"
)

// view shows a stream of updates: on a terminal it redraws a few lines, elsewhere it prints what
// happens to alerts.
type view struct {
	out      io.Writer
	terminal bool
	past     []float64 // scores of the last minute
	lines    int       // drawn last
	alerting bool
}

func newView(out io.Writer) *view {
	v := &view{out: out}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			v.terminal = info.Mode()&os.ModeCharDevice != 0
		}
	}
	return v
}

// say prints a line that is no alert.
func (v *view) say(text string) {
	if v.terminal {
		v.clear()
	}
	say(v.out, v.fit(text))
}

// show shows what a bucket brought. number is that of the alert that goes on.
func (v *view) show(u behavior.Update, number int) {
	if v.terminal {
		v.clear()
	}
	switch {
	case u.Ended:
		for line := range strings.Lines("alert ended: " + u.Alert.Words()) {
			say(v.out, v.fit(strings.TrimSuffix(line, "\n")))
		}
		v.alerting = false
	case u.Alert != nil && !v.alerting:
		say(v.out, v.fit(dtracefs.Printable(fmt.Sprintf("alert: %s number %d, %s", stamp(u.Alert.Start), number, u.Alert))))
		v.alerting = true
	}
	if v.terminal {
		v.draw(u)
	}
}

// fit cuts a line that a terminal would break.
func (v *view) fit(line string) string {
	width := v.width()
	// A line that the terminal broke would be two lines, and clear would then go back too few.
	if r := []rune(line); width > 0 && len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return line
}

// width is the number of columns of the terminal, 0 if lines may be as long as they like.
func (v *view) width() int {
	if !v.terminal {
		return 0
	}
	f, _ := v.out.(*os.File)
	if w := columns(f); w > 0 {
		return w
	}
	return 80
}

// clear goes back to the first of the lines drawn and clears from there.
func (v *view) clear() {
	if v.lines > 0 {
		control(v.out, fmt.Sprintf("\x1b[%dA\x1b[J", v.lines))
	}
	v.lines = 0
}

// minute is how many past buckets are shown.
const minute = 60

var bars = []rune(" ▁▂▃▄▅▆▇█")

// draw writes the lines that the next update takes back: the state, a bar for each bucket of the
// last minute, and what stands out now.
func (v *view) draw(u behavior.Update) {
	v.past = append(v.past, u.Verdict.Score)
	v.past = v.past[max(0, len(v.past)-minute):]
	var b strings.Builder
	for _, s := range v.past {
		b.WriteRune(bars[min(len(bars)-1, int(s/2))])
	}
	state := "normal"
	if u.Alert != nil && !u.Ended {
		state = "ALERT"
	}
	sayf(v.out, "%s  %-6s  score %5.1f  p %.2g\n%s\n", stamp(u.Time), state, u.Verdict.Score, u.Verdict.P, b.String())
	v.lines = 2
	var names []string
	for _, f := range u.Verdict.Sources {
		names = append(names, f.Name)
	}
	brief := figure.Shorten(names)
	for _, f := range u.Verdict.Sources[:min(5, len(u.Verdict.Sources))] {
		why := ""
		if len(f.Why) > 0 {
			why = brief(f.Why[0].String())
		}
		say(v.out, v.fit(dtracefs.Printable(fmt.Sprintf("  %-16.16s %6.1f  %s", brief(f.Name), f.Score, why))))
		v.lines++
	}
}

func stamp(t float64) string {
	return time.Unix(0, int64(t*1e9)).UTC().Format("15:04:05")
}
