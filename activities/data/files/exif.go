package files

import (
	"bytes"
	"encoding/binary"
)

// hasOrientation reports whether a JPEG picture has Exif data by which viewers turn or mirror it.
func hasOrientation(b []byte) bool {
	head := b[:min(len(b), 64<<10)]
	_, tiff, ok := bytes.Cut(head, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return false
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := order.Uint32(tiff[4:]) // of the first directory: a number of entries of 12 bytes each
	if uint64(at)+2 > uint64(len(tiff)) {
		return false
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return false
		}
		const orientation = 0x0112
		if order.Uint16(entries) == orientation {
			return order.Uint16(entries[8:]) > 1
		}
		entries = entries[12:]
	}
	return false
}
