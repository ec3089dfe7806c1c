package dtracefs

import (
	"bufio"
	"bytes"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// asUTF8 returns the text of r in UTF-8 and without a byte order mark. PowerShell writes UTF-16
// with one where `>` leads to a file, and editors of Windows put one before UTF-8; any other text
// goes through as it is. Half of a pair that stands alone becomes U+FFFD.
func asUTF8(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(3)
	if err != nil && err != io.EOF && len(head) == 0 {
		return nil, err // what has begun shows its error when it is read
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return transform.NewReader(r, unicode.BOMOverride(transform.Nop)), nil
		}
	}
	return r, nil
}
