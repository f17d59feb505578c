package surface

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// Point is the loss at one point of a lattice.
type Point struct {
	Index    int     // row-major index in the lattice: iy·nx + ix
	Loss     float64 // mean loss; NaN and ±Inf are values like others
	Accuracy float64 // percent; NaN where a logit is not finite
}

// Sampled is a point with the standard errors that the choice of examples brings, NaN where they are not known.
type Sampled struct {
	Point
	LossSE, AccuracySE float64
	RiseSE             float64 // of the loss minus that at the center
}

// Curved is a point with the extreme eigenvalues of the Hessian there.
type Curved struct {
	Point
	LambdaMin, LambdaMax     float64 // NaN where the Hessian is not finite
	ResidualMin, ResidualMax float64 // ‖Hv − λv‖ of either
}

// The encoding of points: a magic word with the version, the count, for each
// point its index, loss, accuracy and further values, and a CRC-32C of all
// of it; little endian.
const (
	pointsMagic  = "LApts\x00\x00\x01"
	sampledMagic = "LAsmp\x00\x00\x01"
	curvedMagic  = "LAcrv\x00\x00\x01"
	partsMagic   = "LAprt\x00\x00\x01"
	pointsFrame  = len(pointsMagic) + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// EncodePoints writes points in their order. All bits of the numbers are kept,
// also those of NaNs. An index outside 0 ≤ index ≤ 2³¹−1 panics.
func EncodePoints(points []Point) []byte {
	return encodeRows(pointsMagic, len(points), func(i int) (int, []float64) {
		p := points[i]
		return p.Index, []float64{p.Loss, p.Accuracy}
	})
}

// EncodeCurved is EncodePoints for points with eigenvalues.
func EncodeCurved(points []Curved) []byte {
	return encodeRows(curvedMagic, len(points), func(i int) (int, []float64) {
		p := points[i]
		return p.Index, []float64{p.Loss, p.Accuracy, p.LambdaMin, p.LambdaMax, p.ResidualMin, p.ResidualMax}
	})
}

// EncodeSampled is EncodePoints for points with standard errors. Those without any are written as plain points.
func EncodeSampled(points []Sampled) []byte {
	plain, known := make([]Point, len(points)), false
	for i, p := range points {
		plain[i], known = p.Point, known || !math.IsNaN(p.LossSE) || !math.IsNaN(p.AccuracySE) || !math.IsNaN(p.RiseSE)
	}
	if !known {
		return EncodePoints(plain)
	}
	return encodeRows(sampledMagic, len(points), func(i int) (int, []float64) {
		p := points[i]
		return p.Index, []float64{p.Loss, p.Accuracy, p.LossSE, p.AccuracySE, p.RiseSE}
	})
}

// DecodeSampled reads what EncodeSampled and EncodePoints wrote, and refuses anything else.
func DecodeSampled(b []byte) (points []Sampled, err error) {
	if !bytes.HasPrefix(b, []byte(sampledMagic)) {
		nan := math.NaN()
		err = decodeRows(b, pointsMagic, 2, func(index int, v []float64) {
			points = append(points, Sampled{Point{index, v[0], v[1]}, nan, nan, nan})
		})
		return points, err
	}
	err = decodeRows(b, sampledMagic, 5, func(index int, v []float64) {
		points = append(points, Sampled{Point{index, v[0], v[1]}, v[2], v[3], v[4]})
	})
	return points, err
}

// DecodePoints reads what EncodePoints wrote, and refuses anything else.
func DecodePoints(b []byte) ([]Point, error) {
	var points []Point
	err := decodeRows(b, pointsMagic, 2, func(index int, v []float64) {
		points = append(points, Point{Index: index, Loss: v[0], Accuracy: v[1]})
	})
	return points, err
}

// DecodeCurved reads what EncodeCurved wrote, and refuses anything else.
func DecodeCurved(b []byte) ([]Curved, error) {
	var points []Curved
	err := decodeRows(b, curvedMagic, 6, func(index int, v []float64) {
		points = append(points, Curved{Point{index, v[0], v[1]}, v[2], v[3], v[4], v[5]})
	})
	return points, err
}

func encodeRows(magic string, n int, row func(i int) (index int, values []float64)) []byte {
	b := binary.LittleEndian.AppendUint64([]byte(magic), uint64(n))
	for i := range n {
		index, values := row(i)
		if index < 0 || index > math.MaxInt32 {
			panic(fmt.Sprintf("surface: point with index %d", index))
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(index))
		b, _ = binary.Append(b, binary.LittleEndian, values) // no error for fixed-size numbers
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeRows calls do for each row of an index and width numbers, and for no row if there is an error.
func decodeRows(b []byte, magic string, width int, do func(index int, values []float64)) error {
	if len(b) < pointsFrame || string(b[:len(magic)]) != magic {
		return errors.New("points: not a list of points of this version")
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return errors.New("points: damaged, the checksum doesn't fit")
	}
	body = body[len(magic):]
	count := binary.LittleEndian.Uint64(body)
	body = body[8:]
	size := 8 + 8*width
	if len(body)%size != 0 || count != uint64(len(body)/size) {
		return fmt.Errorf("points: %d announced, %d bytes of them there", count, len(body))
	}
	for row := body; len(row) > 0; row = row[size:] {
		if index := binary.LittleEndian.Uint64(row); index > math.MaxInt32 {
			return fmt.Errorf("points: index %d is larger than any lattice", index)
		}
	}
	values := make([]float64, width)
	for row := body; len(row) > 0; row = row[size:] {
		_, _ = binary.Decode(row[8:], binary.LittleEndian, values) // the rows are complete
		do(int(binary.LittleEndian.Uint64(row)), values)
	}
	return nil
}
