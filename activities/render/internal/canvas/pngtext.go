package canvas

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
)

// pngHead is the length of a PNG's signature and IHDR chunk, after which other chunks may follow.
const pngHead = 8 + 4 + 4 + 13 + 4

// WithPNGText adds to a PNG its resolution (pHYs), and title and meta as text
// chunks named "Title" and "lossatlas".
func WithPNGText(src []byte, dpi int, title, meta string) []byte {
	var b bytes.Buffer
	b.Write(src[:pngHead])
	perMetre := uint32(math.Round(float64(dpi) / 0.0254))
	phys := binary.BigEndian.AppendUint32(nil, perMetre)
	phys = binary.BigEndian.AppendUint32(phys, perMetre)
	writeChunk(&b, "pHYs", append(phys, 1))
	for _, t := range [][2]string{{"Title", title}, {"lossatlas", meta}} {
		if t[1] != "" {
			writeText(&b, t[0], t[1])
		}
	}
	b.Write(src[pngHead:])
	return b.Bytes()
}

// writeText writes tEXt where the text is printable ASCII and iTXt (UTF-8) where it is not,
// since tEXt is Latin-1 only. Zero bytes, which end strings in these chunks, are dropped.
func writeText(b *bytes.Buffer, keyword, s string) {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	ascii := !strings.ContainsFunc(s, func(r rune) bool { return r > '~' || (r < ' ' && r != '\n' && r != '\t') })
	if ascii {
		writeChunk(b, "tEXt", []byte(keyword+"\x00"+s))
		return
	}
	// Keyword, not compressed, method 0, no language, no translated keyword.
	writeChunk(b, "iTXt", []byte(keyword+"\x00\x00\x00\x00\x00"+s))
}

func writeChunk(b *bytes.Buffer, kind string, data []byte) {
	body := append([]byte(kind), data...)
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(data)))
	b.Write(n[:])
	b.Write(body)
	binary.BigEndian.PutUint32(n[:], crc32.ChecksumIEEE(body))
	b.Write(n[:])
}
