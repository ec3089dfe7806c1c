package canvas

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"image"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// encodePNG returns an opaque image as a PNG file that says it is meant for DPI dots per inch: of
// 256 colors where they do, else of 8-bit RGB. Charts are flat, and letters repeat, which the
// compressor sees best in pixels that are not filtered; image/png's choice among filters for
// every row takes several times as long and does not make charts smaller.
func encodePNG(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")

	var head [13]byte
	binary.BigEndian.PutUint32(head[0:], uint32(w))
	binary.BigEndian.PutUint32(head[4:], uint32(h))
	colors := paletteOf(img)
	head[8], head[9] = 8, 2 // bits per channel, RGB
	if colors != nil {
		head[9] = 3 // one byte a pixel, which names a color
	}
	chunk(&out, "IHDR", head[:])

	const perMeter = DPI*10000/254 + 1 // rounded
	var density [9]byte
	binary.BigEndian.PutUint32(density[0:], perMeter)
	binary.BigEndian.PutUint32(density[4:], perMeter)
	density[8] = 1 // per meter
	chunk(&out, "pHYs", density[:])

	if colors != nil {
		chunk(&out, "PLTE", colors.rgb)
	}
	chunk(&out, "IDAT", compress(img, colors))
	chunk(&out, "IEND", nil)
	return out.Bytes()
}

// compress returns the rows of img as a zlib stream. Its halves are compressed at the same time: a
// flushed deflate stream can be followed by another one.
func compress(img *image.RGBA, colors *palette) []byte {
	h := img.Rect.Dy()
	half := h / 2
	var first, second, sum bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() {
		w := deflater(&first)
		rows(img, colors, 0, half, w)
		// Flush and not Close, which would end the stream: it goes on with the second half.
		w.Flush()
	})
	adler := adler32.New()
	wg.Go(func() { rows(img, colors, 0, h, adler) })
	w := deflater(&second)
	rows(img, colors, half, h, w)
	w.Close()
	wg.Wait()
	sum.Write([]byte{0x78, 0x5e}) // deflate with a window of 32 kB, fast
	sum.Write(first.Bytes())
	sum.Write(second.Bytes())
	return adler.Sum(sum.Bytes())
}

func deflater(to io.Writer) *flate.Writer {
	w, _ := flate.NewWriter(to, 3) // the error is for levels that do not exist
	return w
}

// rows writes some rows of img as PNG has them: a byte that says that the row is not filtered, and
// for each pixel its color in the palette, or red, green and blue.
func rows(img *image.RGBA, colors *palette, from, to int, out io.Writer) {
	w := img.Rect.Dx()
	row := make([]byte, 1+3*w)
	for y := from; y < to; y++ {
		pix := img.Pix[y*img.Stride:][:4*w]
		if colors != nil {
			colors.row(pix, row[1:1+w])
			out.Write(row[:1+w])
			continue
		}
		i := 1
		for x := 0; x < len(pix); x += 4 {
			p, q := pix[x:x+3:x+3], row[i:i+3:i+3]
			q[0], q[1], q[2] = p[0], p[1], p[2]
			i += 3
		}
		out.Write(row)
	}
}

// chunk writes a chunk of PNG: length, kind, data, and a checksum over kind and data.
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
