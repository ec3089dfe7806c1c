package dtracefs

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
)

// inUTF16 returns a text in UTF-16 with its mark, as PowerShell writes it.
func inUTF16(order binary.AppendByteOrder, text string) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// TestEncodings reads one capture in the encodings that text files of Windows have: it must be
// the same capture, also if it is compressed.
func TestEncodings(t *testing.T) {
	const text = "dtrace: script 'x.d' matched 2 probes\r\n" +
		"  nginx-\U0001f600\u00f8                                                    12\r\n" +
		"  bash                                                              7\r\n"
	load := func(data []byte) *Capture {
		t.Helper()
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: data}}, "x.txt", Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkCapture(t, c)
		return c
	}
	want := load([]byte(text))
	if len(want.Notices) != 1 || len(want.Tables) != 1 {
		t.Fatalf("plain text is read as %v, %v", want.Notices, want.Tables)
	}
	little, big := inUTF16(binary.LittleEndian, text), inUTF16(binary.BigEndian, text)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write(little)
	w.Close()
	for name, data := range map[string][]byte{
		"UTF-8 with a mark": append([]byte("\xef\xbb\xbf"), text...), "UTF-16": little, "UTF-16, big endian": big, "UTF-16, compressed": zipped.Bytes(),
	} {
		if got := load(data); !reflect.DeepEqual(describe(got), describe(want)) {
			t.Errorf("%s is read as\n%s\nwant\n%s", name, describe(got), describe(want))
		}
	}
	// Cut anywhere, it is still a text, or too short to be one.
	for n := range little {
		c, err := Load(t.Context(), fstest.MapFS{"x.txt": {Data: little[:n]}}, "x.txt", Options{})
		if err == nil {
			checkCapture(t, c)
		} else if n > 4 {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}
