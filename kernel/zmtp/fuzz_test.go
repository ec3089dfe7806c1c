package zmtp

import (
	"bytes"
	"net"
	"testing"
	"time"
)

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 1, 'x'})
	f.Add([]byte{flagLong | flagMore, 0, 0, 0, 0, 0, 0, 1, 0})
	f.Add(ready("ROUTER"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := bytes.NewReader(raw)
		flags, body, err := readFrame(r, 1<<20)
		if err != nil {
			return
		}
		if flags&flagLong == 0 || len(body) > 255 {
			if again := appendFrame(nil, flags&^flagLong, body); !bytes.Equal(again, raw[:len(raw)-r.Len()]) {
				t.Errorf("% x is read as %#x % x", raw, flags, body)
			}
		}
		if flags&flagCommand != 0 {
			if name, rest, err := parseCommand(body); err == nil && name == "READY" {
				parseProperties(rest)
			}
		}
	})
}

// FuzzConn gives a router and a publisher a whole connection of any bytes.
func FuzzConn(f *testing.F) {
	f.Add(append(append(greeting(), ready("DEALER")...), 0, 1, 'x'))
	f.Add(append(append(greeting(), ready("SUB")...), 0, 2, 1, 'x'))
	f.Add(append(append(greeting(), ready("SUB")...), flagCommand, 11, 9, 'S', 'U', 'B', 'S', 'C', 'R', 'I', 'B', 'E', 'x'))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, typ := range []Type{Router, Rep, XPub} {
			s := &Socket{typ: typ, opts: Options{MaxMessage: 1 << 16}.withDefaults(), all: map[*Conn]bool{}}
			s.handler = Handler{Message: func(c *Conn, frames [][]byte) { c.Send(frames...) }}
			ours, theirs := net.Pipe()
			go func() {
				theirs.SetDeadline(time.Now().Add(5 * time.Second))
				theirs.Write(raw)
				theirs.Close()
			}()
			go func() {
				buf := make([]byte, 4096)
				for {
					if _, err := theirs.Read(buf); err != nil {
						return
					}
				}
			}()
			c := newConn(s, ours)
			s.admit(c)
			s.serve(c)
			s.done.Wait()
		}
	})
}
