package jupyter

import (
	"sync"
	"time"
)

// clocks find out when messages were sent, by the kernel's clock. The clocks of clients may show
// any time. For each client, the least difference between the date of a message and the time when
// it came in is kept. It consists of the difference of the clocks and the shortest time on the way.
type clocks struct {
	mu      sync.Mutex
	clients map[string]*clientClock // by session of the client
}

type clientClock struct{ least, most time.Duration }

const (
	maxClients = 256             // whose clocks are remembered
	clockJump  = 5 * time.Second // a difference larger by this tells that a clock was set

	// If the difference is no longer than this, it is the time on the way alone, and the date is
	// right: cells that a front end sends together may be on the way for longer than the cell
	// before them runs.
	inSync = 250 * time.Millisecond
	// On a busy machine messages are on the way for longer, and then some take much longer than
	// others, while the difference of the clocks is the same for all messages.
	inSyncBusy = 2 * time.Second
)

// sent returns when a message was sent, which is at the latest when it came.
func (c *clocks) sent(h header, came time.Time) time.Time {
	date, err := time.Parse(time.RFC3339Nano, h.Date)
	if err != nil {
		return came
	}
	difference := came.Sub(date)
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.clients[h.Session]
	// Nothing was heard of this client before, or its clock was set since then, so that what was
	// known of it belongs to another clock.
	if k == nil || difference > k.least+clockJump || difference < k.most-clockJump {
		if c.clients == nil || len(c.clients) >= maxClients {
			c.clients = map[string]*clientClock{}
		}
		k = &clientClock{difference, difference}
		c.clients[h.Session] = k
	}
	k.least, k.most = min(k.least, difference), max(k.most, difference)
	if k.least >= 0 && (k.least < inSync || k.least < inSyncBusy && k.most-k.least > k.least/2) {
		return date
	}
	return date.Add(k.least)
}
