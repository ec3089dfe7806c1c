package display

import (
	"bytes"
	"encoding/binary"
)

// pngSize returns the metadata by which a front end shows a PNG at the size its resolution asks
// for: a picture of 192 dots per inch is shown half as wide as it has pixels. If it has no
// resolution, or that of a plain screen, there is nothing to say.
func pngSize(png []byte) MIMEMap {
	const head, chunkHead, crc = 8, 8, 4
	if !bytes.HasPrefix(png, []byte("\x89PNG\r\n\x1a\n")) {
		return nil
	}
	var width, height uint32
	for at := head; at+chunkHead <= len(png); {
		n := int(binary.BigEndian.Uint32(png[at:]))
		kind, body := string(png[at+4:at+8]), png[at+chunkHead:]
		if n < 0 || n > len(body) {
			return nil
		}
		body = body[:n]
		switch {
		case kind == "IHDR" && n >= 8:
			width, height = binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
		case kind == "pHYs" && n == 9 && body[8] == 1: // dots per meter
			const screen = screenDPI / 0.0254
			x, y := float64(binary.BigEndian.Uint32(body))/screen, float64(binary.BigEndian.Uint32(body[4:]))/screen
			if x <= 1 || y <= 1 {
				return nil
			}
			return MIMEMap{"width": int(float64(width)/x + 0.5), "height": int(float64(height)/y + 0.5)}
		case kind == "IDAT":
			return nil
		}
		at += chunkHead + n + crc
	}
	return nil
}
