package jupyter

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// protocolVersion is the version of the messaging protocol that the kernel keeps to.
const protocolVersion = "5.5"

const delimiter = "<IDS|MSG>"

// These are reasons to drop a message.
var (
	errMalformed = errors.New("malformed message")
	errSignature = errors.New("wrong signature")
	errReplay    = errors.New("message seen before")
)

// header is the header of a message, as far as the kernel reads it.
type header struct {
	ID         string `json:"msg_id"`
	Session    string `json:"session"`
	Username   string `json:"username"`
	Date       string `json:"date"`
	Type       string `json:"msg_type"`
	Version    string `json:"version"`
	SubshellID string `json:"subshell_id,omitempty"`
}

// message is one message of the protocol as it came in.
type message struct {
	routing   [][]byte // frames before the delimiter
	header    header
	rawHeader json.RawMessage // becomes parent_header of what answers
	parent    header
	metadata  json.RawMessage
	content   json.RawMessage
	buffers   [][]byte
}

// decode reads the content of the message into a struct.
func (m *message) decode(to any) error {
	if err := json.Unmarshal(m.content, to); err != nil {
		return fmt.Errorf("reading content of %s: %w", m.header.Type, err)
	}
	return nil
}

// codec signs, checks and builds messages of one kernel.
type codec struct {
	key      []byte // empty: messages are not signed
	session  string
	username string
	count    atomic.Int64
	seen     seenSet
}

func newCodec(key string) *codec {
	name := os.Getenv("USER")
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	return &codec{key: []byte(key), session: rand.Text(), username: name}
}

func (c *codec) sign(parts [][]byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// parse checks the frames of a message and takes it apart.
func (c *codec) parse(frames [][]byte) (*message, error) {
	at := 0
	for at < len(frames) && string(frames[at]) != delimiter {
		at++
	}
	if len(frames) < at+6 {
		return nil, fmt.Errorf("%d frames after the delimiter, want signature, header, parent, metadata and content: %w", max(0, len(frames)-at-1), errMalformed)
	}
	signature, parts := frames[at+1], frames[at+2:at+6]
	if len(c.key) > 0 {
		if !hmac.Equal(signature, c.sign(parts)) {
			return nil, errSignature
		}
		// A signed message may be caught and sent again by somebody who has no key. A cell must not
		// run twice because of that.
		if !c.seen.add(string(signature)) {
			return nil, errReplay
		}
	}
	m := &message{routing: frames[:at], rawHeader: parts[0], metadata: parts[2], content: parts[3], buffers: frames[at+6:]}
	for i, p := range parts {
		if !isObject(p) {
			return nil, fmt.Errorf("part %d is not a JSON object: %w", i+1, errMalformed)
		}
	}
	if err := json.Unmarshal(parts[0], &m.header); err != nil {
		return nil, fmt.Errorf("header: %v: %w", err, errMalformed)
	}
	if err := json.Unmarshal(parts[1], &m.parent); err != nil {
		return nil, fmt.Errorf("parent header: %v: %w", err, errMalformed)
	}
	return m, nil
}

func isObject(raw []byte) bool {
	for _, b := range raw {
		switch b {
		case ' ', '\t', '\n', '\r':
			continue
		}
		return b == '{' && json.Valid(raw)
	}
	return false
}

var emptyObject = json.RawMessage("{}")

// build makes the frames from the delimiter on of a message that answers parent, which may be nil.
// Content is a json.RawMessage or anything encoding/json takes.
func (c *codec) build(msgType string, parent *message, content any, metadata json.RawMessage, buffers [][]byte) [][]byte {
	id := c.session + "_" + strconv.FormatInt(c.count.Add(1), 10)
	head := header{
		ID: id, Session: c.session, Username: c.username, Type: msgType, Version: protocolVersion,
		Date: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	if metadata == nil {
		metadata = emptyObject
	}
	parts := [][]byte{mustJSON(head), rawParent(parent), metadata, mustJSON(content)}
	var signature []byte
	if len(c.key) > 0 {
		signature = c.sign(parts)
	}
	frames := append([][]byte{[]byte(delimiter), signature}, parts...)
	return append(frames, buffers...)
}

// messageID returns the msg_id of a message made by build.
func messageID(frames [][]byte) string {
	var h header
	if json.Unmarshal(frames[2], &h) != nil {
		return ""
	}
	return h.ID
}

func rawParent(parent *message) []byte {
	if parent == nil {
		return emptyObject
	}
	return parent.rawHeader
}

// mustJSON encodes content made by the kernel itself, which always has a JSON form: values of cells
// have been through display.Bundle.Encode.
func mustJSON(v any) []byte {
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Appendf(nil, `{"status":"error","ename":"encoding","evalue":%q,"traceback":[]}`, err)
	}
	return raw
}

// seenSet remembers the latest signatures, to drop what comes twice.
type seenSet struct {
	mu       sync.Mutex
	now, old map[string]bool
}

// seenSize is how many signatures are remembered at least. There are two sets of that size, and the
// older one is forgotten as a whole. That bounds the memory without a list of what came when.
const seenSize = 1 << 16

// add reports whether s is new.
func (s *seenSet) add(sig string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now[sig] || s.old[sig] {
		return false
	}
	if s.now == nil || len(s.now) >= seenSize {
		s.now, s.old = make(map[string]bool), s.now
	}
	s.now[sig] = true
	return true
}

// appendEscaped appends s as it stands in a JSON string. What is not UTF-8 becomes U+FFFD. It does
// what json.Marshal does, but for long output is several times as fast.
func appendEscaped(to []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	start := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plain(s[i:i+8]) {
			i += 8
			continue
		}
		b := s[i]
		if b >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				to = append(append(to, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if b >= ' ' && b != '"' && b != '\\' {
			i++
			continue
		}
		to = append(to, s[start:i]...)
		switch b {
		case '"', '\\':
			to = append(to, '\\', b)
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		default:
			to = append(to, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		}
		i++
		start = i
	}
	return append(to, s[start:]...)
}

// plain reports whether eight bytes stand for themselves in JSON, by arithmetic on all of them at
// once in one word. It may say no of bytes that do, which are then handled in the slow way, but it
// never says yes of bytes that do not.
func plain(s string) bool {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const each, high = 0x0101010101010101, 0x8080808080808080
	below := x - ' '*each // borrows where a byte is less, as the next two where it is 0
	// A byte that is equal becomes 0, from which the subtraction borrows into its highest bit. A
	// borrow may reach the byte above as well, which is why the answer may be wrong on the safe
	// side.
	quote, backslash := (x^'"'*each)-each, (x^'\\'*each)-each
	return (x|below|quote|backslash)&high == 0
}
