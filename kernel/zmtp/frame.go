package zmtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Errors of peers that do not keep to the protocol.
var (
	ErrProtocol = errors.New("not ZMTP 3")
	ErrTooLarge = errors.New("message too large")
)

// Flags of a frame.
const (
	flagMore    = 1 << 0
	flagLong    = 1 << 1
	flagCommand = 1 << 2
)

const (
	greetingSize = 64
	maxFrames    = 4096      // frames of one message
	readStep     = 256 << 10 // memory is taken in such steps, as bytes come
)

// greeting opens a connection: signature, version 3.1, mechanism NULL, not as server.
func greeting() []byte {
	g := make([]byte, greetingSize)
	g[0], g[8], g[9] = 0xff, 1, 0x7f
	g[10], g[11] = 3, 1
	copy(g[12:32], "NULL")
	return g
}

// readGreeting reads and checks the peer's greeting.
func readGreeting(r io.Reader) error {
	var g [greetingSize]byte
	if _, err := io.ReadFull(r, g[:10]); err != nil {
		return fmt.Errorf("reading signature: %w", err)
	}
	if g[0] != 0xff || g[9] != 0x7f {
		return fmt.Errorf("signature % x: %w", g[:10], ErrProtocol)
	}
	if _, err := io.ReadFull(r, g[10:]); err != nil {
		return fmt.Errorf("reading greeting: %w", err)
	}
	if g[10] < 3 {
		return fmt.Errorf("version %d.%d: %w", g[10], g[11], ErrProtocol)
	}
	if mechanism := bytes.TrimRight(g[12:32], "\x00"); string(mechanism) != "NULL" {
		return fmt.Errorf("mechanism %q: %w", mechanism, ErrProtocol)
	}
	return nil
}

// appendFrame appends the wire form of one frame.
func appendFrame(to []byte, flags byte, body []byte) []byte {
	to = appendHeader(to, flags, len(body))
	return append(to, body...)
}

// appendHeader appends flags and size: a byte up to 255, else eight, and a flag that says so.
func appendHeader(to []byte, flags byte, n int) []byte {
	if n > 255 {
		to = append(to, flags|flagLong)
		return binary.BigEndian.AppendUint64(to, uint64(n))
	}
	return append(to, flags, byte(n))
}

// readFrame reads one frame whose body has at most limit bytes.
func readFrame(r io.Reader, limit int) (flags byte, body []byte, err error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	flags = head[0]
	if flags&^(flagMore|flagLong|flagCommand) != 0 || flags&flagCommand != 0 && flags&flagMore != 0 {
		return 0, nil, fmt.Errorf("frame flags %#x: %w", flags, ErrProtocol)
	}
	size := uint64(head[1])
	if flags&flagLong != 0 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return 0, nil, noEOF(err)
		}
		size = binary.BigEndian.Uint64(head[1:])
	}
	if size > uint64(limit) {
		return 0, nil, fmt.Errorf("frame of %d bytes, at most %d allowed: %w", size, limit, ErrTooLarge)
	}
	body, err = readBody(r, int(size))
	return flags, body, err
}

// readBody reads n bytes, taking memory as they come: a size that is only claimed must not take
// any.
func readBody(r io.Reader, n int) ([]byte, error) {
	body := make([]byte, 0, min(n, readStep))
	for len(body) < n {
		if len(body) == cap(body) {
			body = append(make([]byte, 0, min(n, 2*cap(body))), body...)
		}
		k, err := io.ReadFull(r, body[len(body):cap(body)])
		body = body[:len(body)+k]
		if err != nil {
			return nil, noEOF(err)
		}
	}
	return body, nil
}

// noEOF says that an end of input came too early.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// command builds the body of a command frame.
func command(name string, body ...byte) []byte {
	return append(append([]byte{byte(len(name))}, name...), body...)
}

// parseCommand takes the body of a command frame apart.
func parseCommand(body []byte) (name string, rest []byte, err error) {
	if len(body) == 0 || int(body[0]) > len(body)-1 {
		return "", nil, fmt.Errorf("command without a name: %w", ErrProtocol)
	}
	n := int(body[0]) + 1
	return string(body[1:n]), body[n:], nil
}

// ready builds the READY command of a socket of the given type.
func ready(socketType string) []byte {
	body := appendProperty(nil, "Socket-Type", socketType)
	body = appendProperty(body, "Identity", "")
	return appendFrame(nil, flagCommand, command("READY", body...))
}

func appendProperty(to []byte, name, value string) []byte {
	to = append(append(to, byte(len(name))), name...)
	to = binary.BigEndian.AppendUint32(to, uint32(len(value)))
	return append(to, value...)
}

// parseProperties reads the metadata of a READY command; names are in lower case.
func parseProperties(body []byte) (map[string]string, error) {
	props := make(map[string]string)
	for len(body) > 0 {
		n := int(body[0])
		if len(body) < 1+n+4 {
			return nil, fmt.Errorf("metadata cut short: %w", ErrProtocol)
		}
		name := string(bytes.ToLower(body[1 : 1+n]))
		body = body[1+n:]
		size := binary.BigEndian.Uint32(body)
		body = body[4:]
		if uint64(size) > uint64(len(body)) {
			return nil, fmt.Errorf("metadata %q cut short: %w", name, ErrProtocol)
		}
		props[name] = string(body[:size])
		body = body[size:]
	}
	return props, nil
}
