package jupyter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/jupyter/history"
	"dtnotes/kernel/zmtp"
)

// Options configure a kernel. The zero value is a kernel that logs to standard error and keeps its
// history where DefaultHistory says.
type Options struct {
	Version string      // of the implementation, shown to users
	Banner  string      // greeting of consoles
	History string      // folder of the history; "none" keeps no history between runs
	Log     *log.Logger // takes what goes wrong that no cell can be told
}

// lingerTime is how long the kernel waits at its end for peers to take what is queued for them.
const lingerTime = 2 * time.Second

// A kernel serves the five sockets of one connection file.
type kernel struct {
	opts    Options
	log     *limitedLog
	codec   *codec
	iopub   *iopub
	sockets map[string]*zmtp.Socket
	stdin   *stdin
	history *history.Store
	session *session
	comms   *comms

	main      *shell
	subMu     sync.Mutex
	subshells map[string]*shell
	count     counter
	clocks    clocks
	stop      context.CancelFunc // begins the end of the kernel
	ended     sync.Once
}

// Run serves the kernel of a connection file until a front end shuts it down, ctx is done, the
// process that started it ends, or it is told to by SIGTERM or SIGHUP. SIGINT interrupts the
// running cell. newSession starts the session that runs the cells; the kernel closes it at the
// end. A connection file that does not exist is written, and ports that are 0 in it are filled
// in.
func Run(ctx context.Context, connectionFile string, newSession func() (cell.Evaluator, error), opts Options) error {
	if opts.Log == nil {
		opts.Log = log.New(os.Stderr, "dtnotes: ", log.LstdFlags)
	}
	conn, err := readConnection(connectionFile)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	k := newKernel(conn.Key, opts)
	k.stop = stop
	k.session = startSession(newSession, k.comms)
	if err := k.bind(conn); err != nil {
		k.session.close()
		return err
	}
	if err := k.announce(connectionFile, conn); err != nil {
		k.close()
		return err
	}
	go k.watchSignals(ctx)
	// Jupyter does not always end the kernels it has started, such as when it is killed.
	go watchParent(ctx, stop)
	k.iopub.status(nil, starting)
	<-ctx.Done()
	k.close()
	return nil
}

func newKernel(key string, opts Options) *kernel {
	k := &kernel{opts: opts, log: &limitedLog{to: opts.Log}, codec: newCodec(key), sockets: map[string]*zmtp.Socket{}, subshells: map[string]*shell{}}
	k.iopub = &iopub{codec: k.codec}
	k.stdin = &stdin{codec: k.codec, iopub: k.iopub, waiting: map[string]*question{}}
	k.history = openHistory(opts.History, k.log.Printf)
	k.comms = &comms{iopub: k.iopub, open: map[string]string{}}
	k.main = k.newShell()
	return k
}

// bind opens the sockets. The socket for publishing is opened before anything can be asked.
func (k *kernel) bind(conn *connection) error {
	channels := []struct {
		name    string
		typ     zmtp.Type
		handler zmtp.Handler
	}{
		// Sockets are in such an order that each comes before those whose messages may need it for
		// an answer.
		{"iopub", zmtp.XPub, zmtp.Handler{Subscribe: k.iopub.welcome}},
		{"hb", zmtp.Rep, zmtp.Handler{}},
		{"stdin", zmtp.Router, zmtp.Handler{Message: k.receive("stdin", k.stdin.answer)}},
		{"control", zmtp.Router, zmtp.Handler{Message: k.receive("control", k.control)}},
		{"shell", zmtp.Router, zmtp.Handler{Message: k.receive("shell", k.dispatch)}},
	}
	for _, c := range channels {
		port := conn.ports()[c.name]
		s, err := zmtp.Listen(c.typ, conn.endpoint(*port), c.handler, zmtp.Options{Log: k.log.Printf})
		if err != nil {
			k.closeSockets()
			return fmt.Errorf("opening the %s channel: %w", c.name, err)
		}
		if tcp, ok := s.Addr().(*net.TCPAddr); ok {
			*port = tcp.Port
		}
		k.sockets[c.name] = s
		if c.name == "iopub" {
			k.iopub.socket = s
		}
		if c.name == "stdin" {
			k.stdin.socket = s
		}
	}
	return nil
}

// announce writes the connection file if it lacks something that others need to connect.
func (k *kernel) announce(path string, conn *connection) error {
	before, err := readConnection(path)
	if _, statErr := os.Stat(path); err == nil && statErr == nil && *before == *conn {
		return nil
	}
	return conn.write(path)
}

// request is a message on its way to an answer.
type request struct {
	*message
	from peer
	sent time.Time // by the kernel's clock, as far as it is known
}

// peer is who sent a request: a zmtp.Conn.
type peer interface {
	Identity() string
	Send(frames ...[]byte) error
}

// receive returns the handler of a channel: it checks messages and passes the good ones on.
func (k *kernel) receive(channel string, next func(request)) func(*zmtp.Conn, [][]byte) {
	return func(from *zmtp.Conn, frames [][]byte) {
		m, err := k.codec.parse(frames)
		if err != nil {
			k.log.Printf("dropping a message on %s: %v", channel, err)
			return
		}
		next(request{m, from, k.clocks.sent(m.header, time.Now())})
	}
}

// reply answers a request on the channel it came on.
func (k *kernel) reply(r request, msgType string, content any) {
	frames := k.codec.build(msgType, r.message, content, nil, nil)
	if err := r.from.Send(append(append([][]byte(nil), r.routing...), frames...)...); err != nil {
		k.log.Printf("sending %s: %v", msgType, err)
	}
}

// watchSignals interrupts the cell on SIGINT and ends the kernel on SIGTERM and SIGHUP.
func (k *kernel) watchSignals(ctx context.Context) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if s == os.Interrupt {
				k.interrupt()
				continue
			}
			k.stop()
			return
		}
	}
}

// watchParent ends the kernel when the process that started it is gone, if it said it would be
// there.
func watchParent(ctx context.Context, stop func()) {
	if pid, err := strconv.Atoi(os.Getenv("JPY_PARENT_PID")); err != nil || pid <= 1 {
		return
	}
	parent := os.Getppid()
	// On Windows the number stays when the parent is gone, but anybody can wait for it.
	if runtime.GOOS == "windows" {
		if p, err := os.FindProcess(parent); err == nil {
			p.Wait()
			stop()
		}
		return
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				stop()
				return
			}
		}
	}
}

// interrupt cancels every cell that runs.
func (k *kernel) interrupt() {
	for _, s := range k.shells() {
		s.interrupt()
	}
}

func (k *kernel) shells() []*shell {
	k.subMu.Lock()
	defer k.subMu.Unlock()
	all := []*shell{k.main}
	for _, s := range k.subshells {
		all = append(all, s)
	}
	return all
}

// close ends cells, session, history and sockets, in this order, so that the last words are heard:
// each of them may still print or reply by those that are ended after it.
func (k *kernel) close() {
	k.ended.Do(func() {
		for _, s := range k.shells() {
			s.close()
		}
		if err := k.session.close(); err != nil {
			k.log.Printf("ending the session: %v", err)
		}
		if err := k.history.Close(); err != nil {
			k.log.Printf("closing the history: %v", err)
		}
		k.iopub.flushAll()
		k.closeSockets()
	})
}

func (k *kernel) closeSockets() {
	ctx, cancel := context.WithTimeout(context.Background(), lingerTime)
	defer cancel()
	var wg sync.WaitGroup
	for name, s := range k.sockets {
		wg.Go(func() {
			err := s.Close(ctx)
			if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, fs.ErrNotExist) {
				k.log.Printf("closing the %s channel: %v", name, err)
			}
		})
	}
	wg.Wait()
}

// limitedLog writes at most a hundred lines at once and ten a second, so that a flood of bad
// messages does not become a flood of lines; it says how many it left out.
type limitedLog struct {
	to      *log.Logger
	mu      sync.Mutex
	used    int
	since   time.Time
	skipped int
}

func (l *limitedLog) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	regained := int(now.Sub(l.since).Seconds() * 10)
	if regained > 0 {
		l.used, l.since = max(0, l.used-regained), now
	}
	if l.used >= 100 {
		l.skipped++
		return
	}
	l.used++
	if l.skipped > 0 {
		l.to.Printf("%d more lines like these left out", l.skipped)
		l.skipped = 0
	}
	l.to.Printf(format, args...)
}
