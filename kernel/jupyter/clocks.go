package jupyter

import (
	"sync"
	"time"
)

// clocks tell when messages were sent, by the kernel's clock. The clocks of clients may show any time:
// of each client the least difference is kept between the date of a message and when it came in, which
// is that of the clocks and the shortest way.
type clocks struct {
	mu    sync.Mutex
	least map[string]time.Duration // by session of the client
}

const (
	maxClients = 256             // whose clocks are remembered
	clockJump  = 5 * time.Second // a difference larger by this tells that a clock was set

	// The difference is the way alone, and the date is right, if it is no longer than this: cells that a
	// front end sends together come by ways that take longer than the cell before them runs.
	inSync = 250 * time.Millisecond
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
	least, known := c.least[h.Session]
	if !known || difference < least || difference > least+clockJump {
		if c.least == nil || len(c.least) >= maxClients {
			c.least = map[string]time.Duration{}
		}
		c.least[h.Session], least = difference, difference
	}
	if least >= 0 && least < inSync {
		return date
	}
	return date.Add(least)
}
