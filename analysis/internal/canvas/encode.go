package canvas

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"

	"github.com/klauspost/compress/zlib"
)

// encodePNG returns an opaque image as a PNG file of 8-bit RGB that says it is meant for DPI dots
// per inch. Charts are flat, and letters repeat, which the compressor sees best in pixels that are
// not filtered; image/png's choice among filters for every row takes several times as long and does
// not make charts smaller.
func encodePNG(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")

	var head [13]byte
	binary.BigEndian.PutUint32(head[0:], uint32(w))
	binary.BigEndian.PutUint32(head[4:], uint32(h))
	head[8], head[9] = 8, 2 // bits per channel, RGB
	chunk(&out, "IHDR", head[:])

	const perMeter = DPI*10000/254 + 1 // rounded
	var density [9]byte
	binary.BigEndian.PutUint32(density[0:], perMeter)
	binary.BigEndian.PutUint32(density[4:], perMeter)
	density[8] = 1 // per meter
	chunk(&out, "pHYs", density[:])

	var data bytes.Buffer
	z, _ := zlib.NewWriterLevel(&data, 3) // the error is for levels that do not exist
	row := make([]byte, 1+3*w)            // the first byte says that the row is not filtered
	for y := range h {
		pix := img.Pix[y*img.Stride:][:4*w]
		i := 1
		for x := 0; x < len(pix); x += 4 {
			from, to := pix[x:x+3:x+3], row[i:i+3:i+3]
			to[0], to[1], to[2] = from[0], from[1], from[2]
			i += 3
		}
		z.Write(row)
	}
	z.Close()
	chunk(&out, "IDAT", data.Bytes())
	chunk(&out, "IEND", nil)
	return out.Bytes()
}

func chunk(out *bytes.Buffer, kind string, data []byte) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(data)))
	out.Write(n[:])
	start := out.Len()
	out.WriteString(kind)
	out.Write(data)
	binary.BigEndian.PutUint32(n[:], crc32.ChecksumIEEE(out.Bytes()[start:]))
	out.Write(n[:])
}
