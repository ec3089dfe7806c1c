package jupyter

import (
	"sync"
	"time"
)

// clocks tell when messages were sent, by the kernel's clock. The clocks of clients may show any
// time: of each client the least difference is kept between the date of a message and when it
// came in, which is that of the clocks and the shortest way.
type clocks struct {
	mu      sync.Mutex
	clients map[string]*clientClock // by session of the client
}

type clientClock struct{ least, most time.Duration }

const (
	maxClients = 256             // whose clocks are remembered
	clockJump  = 5 * time.Second // a difference larger by this tells that a clock was set

	// The difference is the way alone, and the date is right, if it is no longer than this: cells
	// that a front end sends together come by ways that take longer than the cell before them
	// runs.
	inSync = 250 * time.Millisecond
	// On a busy machine ways are longer, and then some take much longer than others, where the
	// difference of clocks is the same for all messages.
	inSyncBusy = 2 * time.Second
)

// sent is when a message was sent that came at a certain time: then at the latest.
func (c *clocks) sent(h header, came time.Time) time.Time {
	date, err := time.Parse(time.RFC3339Nano, h.Date)
	if err != nil {
		return came
	}
	difference := came.Sub(date)
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.clients[h.Session]
	// A client not heard of, or one whose clock was set since: what was known of it is of another
	// clock.
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
