package npz

import (
	"encoding/binary"
	"errors"
	"fmt"
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
	text, body, err := splitHeader(b)
	if err != nil {
		return Array{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return Array{}, fmt.Errorf("the .npy header %.120q: %w", text, err)
	}
	n, ok := product(h.shape)
	if !ok {
		return Array{}, fmt.Errorf("the shape %v is too large", h.shape)
	}
	data, err := decodeData(h.descr, n, body)
	if err != nil {
		return Array{}, err
	}
	if h.fortran && len(h.shape) > 1 {
		data = toC(data, h.shape)
	}
	return Array{Shape: h.shape, Data: data}, nil
}

// splitHeader parts the header's text from the elements.
func splitHeader(b []byte) (text string, body []byte, err error) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return "", nil, errors.New("not in the .npy format")
	}
	major, rest := b[len(magic)], b[len(magic)+2:]
	var size uint64
	switch {
	case major == 1:
		size, rest = uint64(binary.LittleEndian.Uint16(rest)), rest[2:]
	case (major == 2 || major == 3) && len(rest) >= 4:
		size, rest = uint64(binary.LittleEndian.Uint32(rest)), rest[4:]
	default:
		return "", nil, fmt.Errorf("version %d of the .npy format is not known", major)
	}
	if size > uint64(len(rest)) || size > maxHeader {
		return "", nil, errors.New("the .npy header is cut off or too long")
	}
	return string(rest[:size]), rest[size:], nil
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
