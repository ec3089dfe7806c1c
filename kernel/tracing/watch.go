package tracing

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"dtnotes/analysis/behavior"
	"dtnotes/dtracefs"
	"dtnotes/kernel/display"
	"dtnotes/kernel/jupyter/widget"
)

// shownAlerts is how many alerts a watch shows in words. The newest are shown.
const shownAlerts = 5

// ShowWatch shows a watch in the notebook while it goes on: what stands out over time with the
// alerts shaded, the alerts in words, and a button that stops it. It is what behavior.SetScreen
// wants.
func ShowWatch(w *behavior.Watching) (changed func(ended bool)) {
	button := widget.NewButton("stop")
	button.OnClick(w.Stop)
	display.Display(button)
	s := &watchScreen{w: w}
	s.handle = display.Show(s.bundle("watching"))
	return s.changed
}

type watchScreen struct {
	w      *behavior.Watching
	handle *display.Handle

	mu    sync.Mutex
	shown time.Time
	cost  time.Duration // of the last picture
}

// changed shows what is new, as often as people can look at it and the machine can draw it.
func (s *watchScreen) changed(ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	// At most a tenth of the time is spent on pictures. The last picture is always shown.
	if !ended && now.Sub(s.shown) < max(refresh, 10*s.cost) {
		return
	}
	state := "watching"
	if ended {
		state = "stopped"
	}
	s.handle.Update(s.bundle(state))
	s.shown, s.cost = now, time.Since(now)
}

func (s *watchScreen) bundle(state string) display.Bundle {
	u, n := s.w.Last()
	r := s.w.Report()
	p := &page{y: margin}
	status := fmt.Sprintf("%s · %s · %s", state, counted(n, "bucket"), counted(len(r.Alerts), "alert"))
	if n > 0 && state == "watching" {
		status += fmt.Sprintf(" · score %.1f, p = %.2g", u.Verdict.Score, u.Verdict.P)
	}
	p.line(status, inkColor, true)
	p.text.WriteString(status + "\n")
	for _, a := range r.Alerts[max(0, len(r.Alerts)-shownAlerts):] {
		line := dtracefs.Printable(time.Unix(int64(a.Start), 0).UTC().Format("15:04:05") + " " + a.String())
		p.line(line, alertColor, false)
		p.text.WriteString(line + "\n")
	}
	if n > 1 {
		t := r.Timeline()
		t.Width, t.Height = pageWidth, 230
		p.figure(t.SVG())
	}
	return display.Bundle{Data: display.MIMEMap{display.MIMETypeSVG: p.svg(), display.MIMETypeText: strings.TrimRight(p.text.String(), "\n")}}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(float64(n)) + " " + noun + "s"
}
