package surface

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Point is the loss at one point of a lattice.
type Point struct {
	Index    int     // row-major index in the lattice: iy·nx + ix
	Loss     float64 // mean cross-entropy; NaN and ±Inf are values like others
	Accuracy float64 // percent
}

// The encoding of points: a magic word with the version, the count, for each
// point index, loss and accuracy, and a CRC-32C of all that; little endian.
const (
	pointsMagic = "LApts\x00\x00\x01"
	pointSize   = 24
	pointsFrame = len(pointsMagic) + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// EncodePoints writes points in their order. All bits of the numbers are kept,
// also those of NaNs. An index outside 0 ≤ index ≤ 2³¹−1 panics.
func EncodePoints(points []Point) []byte {
	b := make([]byte, 0, pointsFrame+pointSize*len(points))
	b = append(b, pointsMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(points)))
	for _, p := range points {
		if p.Index < 0 || p.Index > math.MaxInt32 {
			panic(fmt.Sprintf("surface: point with index %d", p.Index))
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(p.Index))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Loss))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Accuracy))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// DecodePoints reads what EncodePoints wrote, and refuses anything else.
func DecodePoints(b []byte) ([]Point, error) {
	if len(b) < pointsFrame || string(b[:len(pointsMagic)]) != pointsMagic {
		return nil, errors.New("points: not a list of points of this version")
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errors.New("points: damaged, the checksum doesn't fit")
	}
	body = body[len(pointsMagic):]
	count := binary.LittleEndian.Uint64(body)
	body = body[8:]
	if len(body)%pointSize != 0 || count != uint64(len(body)/pointSize) {
		return nil, fmt.Errorf("points: %d announced, %d bytes of them there", count, len(body))
	}
	points := make([]Point, count)
	for i := range points {
		p := body[i*pointSize:]
		index := binary.LittleEndian.Uint64(p)
		if index > math.MaxInt32 {
			return nil, fmt.Errorf("points: index %d is larger than any lattice", index)
		}
		points[i] = Point{
			Index:    int(index),
			Loss:     math.Float64frombits(binary.LittleEndian.Uint64(p[8:])),
			Accuracy: math.Float64frombits(binary.LittleEndian.Uint64(p[16:])),
		}
	}
	return points, nil
}
