package npz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The .npy format (NumPy Enhancement Proposal 1): magic, version, the length
// of the header, the header (a Python dictionary), the elements.
const (
	magic     = "\x93NUMPY"
	alignment = 64 // of the first element, by spaces at the header's end
	maxHeader = 64 << 10
)

// encodeArray writes one array as .npy.
func encodeArray(a Array) ([]byte, error) {
	descr, body, err := encodeData(a)
	if err != nil {
		return nil, err
	}
	dims := make([]string, len(a.Shape))
	for i, n := range a.Shape {
		dims[i] = fmt.Sprint(n)
	}
	shape := strings.Join(dims, ", ")
	if len(dims) == 1 {
		shape += ","
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	fill := alignment - (len(magic)+4+len(header)+1)%alignment
	header += strings.Repeat(" ", fill%alignment) + "\n"
	if len(header) > maxHeader-1 {
		return nil, fmt.Errorf("%d dimensions are too many", len(dims))
	}
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	return append(append(out, header...), body...), nil
}

// header is what precedes an array's elements.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// decodeArray reads one .npy file.
func decodeArray(b []byte) (Array, error) {
	r := bytes.NewReader(b)
	h, err := readHeader(r)
	if err != nil {
		return Array{}, err
	}
	n, ok := product(h.shape)
	if !ok {
		return Array{}, fmt.Errorf("the shape %v is too large", h.shape)
	}
	data, err := decodeData(h.descr, n, b[len(b)-r.Len():])
	if err != nil {
		return Array{}, err
	}
	if h.fortran && len(h.shape) > 1 {
		data = toC(data, h.shape)
	}
	return Array{Shape: h.shape, Data: data}, nil
}

// readHeader reads a .npy file up to its elements.
func readHeader(r io.Reader) (header, error) {
	var start [len(magic) + 2]byte
	if _, err := io.ReadFull(r, start[:]); err != nil || string(start[:len(magic)]) != magic {
		return header{}, errors.New("not in the .npy format")
	}
	width := map[byte]int{1: 2, 2: 4, 3: 4}[start[len(magic)]]
	if width == 0 {
		return header{}, fmt.Errorf("version %d of the .npy format is not known", start[len(magic)])
	}
	var length [4]byte
	_, err := io.ReadFull(r, length[:width])
	size := binary.LittleEndian.Uint32(length[:])
	if err != nil || size > maxHeader {
		return header{}, errors.New("the .npy header is cut off or too long")
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, errors.New("the .npy header is cut off")
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return header{}, fmt.Errorf("the .npy header %.120q: %w", text, err)
	}
	return h, nil
}

// product is the number of elements of a shape, false if it doesn't fit an int32.
func product(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 1<<31-1 {
			return 0, false
		}
		if n *= d; n > 1<<31-1 {
			return 0, false
		}
	}
	return n, true
}
