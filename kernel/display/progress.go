package display

import (
	"fmt"
	"html"
	"math"
	"strings"
	"sync"
	"time"
)

const (
	progressDelay = time.Second            // nothing shows before
	progressEvery = 200 * time.Millisecond // the bar moves at most so often
)

// Progress returns a callback that shows, in the notebook, how far work named by label has come: a
// bar with rate and time left that is updated in place. Nothing is shown if the work ends within a
// second. A total of zero or less means that it is not known. The bar is finished when done reaches
// total. The callback may be called from any goroutine and as often as one likes.
func Progress(label string) func(done, total int) {
	b := &bar{label: label, start: time.Now(), now: time.Now}
	return b.report
}

// bar is the state of one progress bar.
type bar struct {
	label  string
	start  time.Time
	now    func() time.Time
	mu     sync.Mutex
	handle *Handle
	last   time.Time
	closed bool
}

func (b *bar) report(done, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	finished := total > 0 && done >= total
	if b.closed || publisher.Load() == nil {
		return
	}
	if b.handle == nil {
		if finished || now.Sub(b.start) < progressDelay {
			b.closed = finished
			return
		}
		b.handle, b.last = Show(b.bundle(done, total, now)), now
		return
	}
	if finished || now.Sub(b.last) >= progressEvery {
		b.handle.Update(b.bundle(done, total, now))
		b.last, b.closed = now, finished
	}
}

// bundle draws the bar in HTML that survives every sanitizer, and in text.
func (b *bar) bundle(done, total int, now time.Time) Bundle {
	numbers := b.numbers(done, total, now)
	part := fraction(done, total)
	const cells = 24
	text := b.label + " "
	markup := html.EscapeString(b.label) + " "
	if total > 0 {
		full := int(part * cells)
		text += strings.Repeat("█", full) + strings.Repeat("░", cells-full) + " "
		markup += fmt.Sprintf(`<progress value="%d" max="%d"></progress> `, int(part*1000), 1000)
	}
	return Bundle{Data: MIMEMap{
		MIMETypeText: strings.TrimSpace(text + numbers),
		MIMETypeHTML: "<div>" + markup + html.EscapeString(numbers) + "</div>",
	}}
}

func fraction(done, total int) float64 {
	if total <= 0 {
		return 0
	}
	return math.Max(0, math.Min(1, float64(done)/float64(total)))
}

// numbers says how much is done, how fast it goes and how long it will take.
func (b *bar) numbers(done, total int, now time.Time) string {
	elapsed := now.Sub(b.start)
	rate := float64(done) / elapsed.Seconds()
	if total <= 0 {
		return fmt.Sprintf("%s done · %s/s · %s", count(done), formatRate(rate), round10(elapsed))
	}
	if done >= total {
		return fmt.Sprintf("%s in %s · %s/s", count(total), round10(elapsed), formatRate(rate))
	}
	s := fmt.Sprintf("%d%% · %s of %s · %s/s", int(100*fraction(done, total)), count(done), count(total), formatRate(rate))
	if left := float64(total-done) / rate; done > 0 && left < 1e8 {
		s += fmt.Sprintf(" · %s left", round10(time.Duration(left*float64(time.Second))))
	}
	return s
}

func formatRate(r float64) string {
	if r >= 100 {
		return count(int(math.Min(r, 1e18)))
	}
	return fmt.Sprintf("%.3g", r)
}

// round10 prints a duration to the tenth of a second, or to the second if it is long.
func round10(d time.Duration) string {
	if d >= 10*time.Second {
		return d.Round(time.Second).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
