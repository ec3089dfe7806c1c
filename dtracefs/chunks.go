package dtracefs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"dtnotes/dtracefs/internal/syntax"
)

const (
	// chunkSize is how much text, in bytes, is read and decoded at once. It is also what a batch
	// of a scan is made of.
	chunkSize = 512 << 10
	// longestRecord bounds, in bytes, what is held back for the record that a chunk cuts. Beyond
	// that it is cut at a line, or anywhere: text without any boundary must not take all memory.
	longestRecord = 16 << 20
)

// A chunk is a part of a capture's text cut at a record's boundary.
type chunk struct {
	data []byte
	line int   // number of the first line, if lines are numbered
	at   int64 // offset in the text
	last bool
}

// A chunker cuts text into chunks. cut returns how much of data is whole records, or 0; a nil cut
// makes one chunk of all. What was read beyond the cut is kept in rest, and begins the next
// chunk.
type chunker struct {
	r    io.Reader
	cut  func(data []byte) int
	rest []byte
	line int
	at   int64
	done bool

	lines bool // number the lines
	size  int  // how much is read at once
}

// newChunker returns one that does not number lines, which costs a look at every byte.
func newChunker(r io.Reader, cut func([]byte) int) *chunker {
	return &chunker{r: r, cut: cut, line: 1, size: chunkSize}
}

// next reads the next chunk into buf, which it may grow and returns as the chunk's data. At the
// end it is io.EOF. The chunk's data are valid until buf is given to next again, so whoever wants
// several chunks at once has as many buffers. The last chunk is given even if it is empty.
func (c *chunker) next(ctx context.Context, buf []byte) (chunk, error) {
	if err := ctx.Err(); err != nil {
		return chunk{}, err
	}
	if c.done {
		return chunk{}, io.EOF
	}
	buf = append(buf[:0], c.rest...)
	// What is left of the chunk before may hold no boundary, so at least as much is read again: a
	// rest that fills the size by itself would leave no room for anything new.
	size := max(c.size, 2*len(c.rest))
	for {
		if cap(buf) < size {
			grown := make([]byte, len(buf), size)
			copy(grown, buf)
			buf = grown
		}
		n, err := io.ReadFull(c.r, buf[len(buf):size])
		buf = buf[:len(buf)+n]
		// Either the text ends, or what it is compressed in was cut, which counts as its end.
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			c.done = true
			c.rest = c.rest[:0]
			return c.chunk(buf, true), nil
		}
		if err != nil {
			return chunk{}, fmt.Errorf("after %d bytes of text: %w", c.at+int64(len(buf)), err)
		}
		if c.cut == nil {
			size *= 2
			continue
		}
		cut := c.cut(buf)
		if cut == 0 && size >= longestRecord {
			if cut = bytes.LastIndexByte(buf, '\n') + 1; cut == 0 {
				cut = len(buf)
			}
		}
		if cut > 0 {
			c.rest = append(c.rest[:0], buf[cut:]...)
			return c.chunk(buf[:cut], false), nil
		}
		size *= 2
	}
}

// chunk returns the chunk and goes on behind it.
func (c *chunker) chunk(data []byte, last bool) chunk {
	k := chunk{data: data, line: c.line, at: c.at, last: last}
	c.at += int64(len(data))
	if c.lines {
		c.line += bytes.Count(data, []byte("\n"))
	}
	return k
}

// cutAtLine cuts after the last line.
func cutAtLine(data []byte) int { return bytes.LastIndexByte(data, '\n') + 1 }

// cutUnless cuts after the last line of which opens does not say that it needs the next one.
func cutUnless(data []byte, opens func(line []byte) bool) int {
	end := cutAtLine(data)
	for end > 0 {
		// Without the end of the line itself, which would be found again.
		start := cutAtLine(data[:end-1])
		if !opens(bytes.TrimRight(data[start:end], "\r\n")) {
			break
		}
		end = start
	}
	return end
}

// cutBefore cuts before the last line that begins a record, so that all lines of the records before
// it are there. The record that begins the text is the first one of the part, and none to cut
// before.
func cutBefore(data []byte, begins func(line []byte) bool) int {
	for end := cutAtLine(data); end > 0; {
		start := cutAtLine(data[:end-1])
		if start > 0 && begins(bytes.TrimRight(data[start:end], "\r\n")) {
			return start
		}
		end = start
	}
	return 0
}

// cutAtBlank cuts after the last blank line that text at the margin follows, or that stands behind
// the end of an entry: a count alone, or a bar of a histogram. Other text further in goes on what
// stands before the blank line, such as the frames of a second stack. It is 0 if there is none
// among the last 4096 blank lines; more are not looked at, so that a text of nothing else does not
// take time that grows with its square.
func cutAtBlank(data []byte) int {
	end := len(data)
	for range 4096 {
		i := lastBlank(data[:end])
		if i <= 0 {
			break
		}
		if i+2 < len(data) && data[i+2] != '\n' && (data[i+2] != ' ' && data[i+2] != '\t' || endsEntry(data[cutAtLine(data[:i]):i])) {
			return i + 2
		}
		end = i + 1
	}
	return 0
}

// endsEntry reports whether a line moved in is the last one of an aggregation's entry.
func endsEntry(line []byte) bool {
	line = bytes.TrimRight(line, "\r")
	if _, _, ok := syntax.Int64(bytes.TrimSpace(line)); ok {
		return line[0] == ' '
	}
	_, _, _, _, ok := syntax.HistRow(line)
	return ok
}

// lastBlank is where the last line that a blank one follows ends; -1 if there is none. Logs have no
// blank lines, and searching forward is a good deal faster than backward.
func lastBlank(data []byte) int {
	const near = 16 << 10
	for end := len(data); end > 0; {
		from := max(0, end-near)
		if bytes.Contains(data[from:end], blankLine) {
			return from + bytes.LastIndex(data[from:end], blankLine)
		}
		if from == 0 {
			break
		}
		end = from + 1 // the two bytes may lie on both sides
	}
	return -1
}

var blankLine = []byte("\n\n")

// cutAtJSONStamp cuts before the last line on which printf or time wrote something. So a chunk
// starts with the clock of its block wherever the script prints one. Objects that are laid out
// over lines begin otherwise, and are cut at a line; the parser finds where they end.
func cutAtJSONStamp(data []byte) int {
	whole := bytes.LastIndexByte(data, '\n') + 1
	for end := whole; end > 0; {
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		if line := data[start:end]; start > 0 && (bytes.HasPrefix(line, jsonPrinted) || bytes.HasPrefix(line, jsonTimed)) {
			return start
		}
		end = start
	}
	return whole
}

var jsonPrinted, jsonTimed = []byte(`{"type": "printf"`), []byte(`{"type": "time"`)
