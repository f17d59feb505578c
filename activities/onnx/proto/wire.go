package proto

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message: a number for the types of fixed or variable
// length, bytes for strings, messages and packed lists.
type field struct {
	id     protowire.Number
	number uint64
	bytes  []byte
}

var errWire = errors.New("the file is cut off or is not an ONNX model")

// fields calls read with each field of a message, in the order of the file.
func fields(message []byte, read func(field) error) error {
	for len(message) > 0 {
		id, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errWire
		}
		message = message[n:]
		f := field{id: id}
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			f.number = uint64(v)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			return errWire // groups: ONNX has none
		}
		if n < 0 {
			return errWire
		}
		message = message[n:]
		if err := read(f); err != nil {
			return err
		}
	}
	return nil
}

// Float is the value of a 32-bit field.
func (f field) float() float32 { return math.Float32frombits(uint32(f.number)) }

// varints appends a repeated integer field, packed or not.
func (f field) varints(to []int64) ([]int64, error) {
	if f.bytes == nil {
		return append(to, int64(f.number)), nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, errWire
		}
		to, b = append(to, int64(v)), b[n:]
	}
	return to, nil
}

// fixed appends the bytes of a repeated field of numbers of a fixed width, packed or not.
func (f field) fixed(to []byte, width int) []byte {
	switch {
	case f.bytes != nil:
		return append(to, f.bytes...)
	case width == 4:
		return protowire.AppendFixed32(to, uint32(f.number))
	}
	return protowire.AppendFixed64(to, f.number)
}

// Parse reads a ModelProto.
func Parse(b []byte) (*Model, error) {
	m := &Model{Opsets: map[string]int{}}
	var body []byte
	err := fields(b, func(f field) error {
		switch f.id {
		case 2:
			m.Producer = string(f.bytes)
		case 7:
			body = f.bytes
		case 8:
			return m.parseOpset(f.bytes)
		case 25:
			m.Functions++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if body == nil || len(m.Opsets) == 0 {
		return nil, errors.New("the file holds no graph: it is not an ONNX model")
	}
	m.Graph, err = parseGraph(body, 0)
	return m, err
}

// parseEntry reads one key and value of a list of them, such as a node's metadata.
func parseEntry(b []byte) (key, value string, err error) {
	err = fields(b, func(f field) error {
		switch f.id {
		case 1:
			key = string(f.bytes)
		case 2:
			value = string(f.bytes)
		}
		return nil
	})
	return key, value, err
}

func (m *Model) parseOpset(b []byte) error {
	domain, version := "", 0
	err := fields(b, func(f field) error {
		switch f.id {
		case 1:
			domain = string(f.bytes)
		case 2:
			version = int(f.number)
		}
		return nil
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	m.Opsets[domain] = version
	return err
}

// maxDepth is the largest depth of graphs inside graphs.
const maxDepth = 4

// parseGraph reads a GraphProto that stands inside depth others.
func parseGraph(b []byte, depth int) (*Graph, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("its loops and branches stand inside each other more than %d times", maxDepth)
	}
	g := &Graph{}
	err := fields(b, func(f field) (err error) {
		switch f.id {
		case 1:
			var n *Node
			n, err = parseNode(f.bytes, depth)
			g.Nodes = append(g.Nodes, n)
		case 5:
			var t *Tensor
			t, err = parseTensor(f.bytes)
			g.Initializers = append(g.Initializers, t)
		case 11, 12:
			var i Info
			i, err = parseInfo(f.bytes)
			if f.id == 11 {
				g.Inputs = append(g.Inputs, i)
			} else {
				g.Outputs = append(g.Outputs, i)
			}
		case 15:
			err = errors.New("the model holds sparse initializers; export it with dense ones")
		}
		return err
	})
	return g, err
}

func parseNode(b []byte, depth int) (*Node, error) {
	n := &Node{Attributes: map[string]*Attribute{}, Metadata: map[string]string{}}
	err := fields(b, func(f field) error {
		switch f.id {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(f.bytes))
		case 3:
			n.name = string(f.bytes)
		case 4:
			n.Op = string(f.bytes)
		case 5:
			name, a, err := parseAttribute(f.bytes, depth)
			n.Attributes[name] = a
			return err
		case 7:
			n.Domain = string(f.bytes)
		case 9:
			key, value, err := parseEntry(f.bytes)
			n.Metadata[key] = value
			return err
		}
		return nil
	})
	if n.Domain == "ai.onnx" {
		n.Domain = ""
	}
	return n, err
}

func parseAttribute(b []byte, depth int) (name string, a *Attribute, err error) {
	a = &Attribute{}
	err = fields(b, func(f field) (err error) {
		switch f.id {
		case 1:
			name = string(f.bytes)
		case 2:
			a.Float = float64(f.float())
		case 3:
			a.Int = int64(f.number)
		case 4:
			a.Text = string(f.bytes)
		case 5:
			a.Tensor, err = parseTensor(f.bytes)
		case 6:
			a.Graph, err = parseGraph(f.bytes, depth+1)
		case 7:
			a.floats = f.fixed(a.floats, 4)
		case 8:
			a.Ints, err = f.varints(a.Ints)
		case 9:
			a.Texts = append(a.Texts, string(f.bytes))
		}
		return err
	})
	return name, a, err
}

func parseInfo(b []byte) (Info, error) {
	i := Info{}
	err := fields(b, func(f field) error {
		switch f.id {
		case 1:
			i.Name = string(f.bytes)
		case 2:
			return fields(f.bytes, func(f field) error {
				if f.id != 1 {
					return nil // sequences and maps: an input without a type is refused later
				}
				return i.parseType(f.bytes)
			})
		}
		return nil
	})
	return i, err
}

func (i *Info) parseType(b []byte) error {
	return fields(b, func(f field) error {
		switch f.id {
		case 1:
			i.Kind = int(f.number)
		case 2:
			i.Shaped = true
			return fields(f.bytes, func(f field) error {
				if f.id != 1 {
					return nil
				}
				d, err := parseDim(f.bytes)
				i.Shape = append(i.Shape, d)
				return err
			})
		}
		return nil
	})
}

func parseDim(b []byte) (d Dim, err error) {
	return d, fields(b, func(f field) error {
		switch f.id {
		case 1:
			d.Size = int64(f.number)
		case 2:
			d.symbol = string(f.bytes)
		}
		return nil
	})
}

// parseTensor reads a TensorProto, but decodes no numbers.
func parseTensor(b []byte) (*Tensor, error) {
	t := &Tensor{}
	err := fields(b, func(f field) (err error) {
		switch f.id {
		case 1:
			t.dims, err = f.varints(t.dims)
		case 2:
			t.Kind = int(f.number)
		case 3:
			err = errors.New("a tensor is stored in segments, which ONNX no longer has")
		case 4:
			t.fixed = f.fixed(t.fixed, 4)
		case 10:
			t.fixed = f.fixed(t.fixed, 8)
		case 5, 7, 11:
			if f.bytes == nil {
				t.varints = protowire.AppendVarint(t.varints, f.number)
			} else {
				t.varints = append(t.varints, f.bytes...)
			}
		case 8:
			t.Name = string(f.bytes)
		case 9:
			t.raw = f.bytes
		case 13:
			err = t.parseExternal(f.bytes)
		case 14:
			t.outside = f.number == 1
		}
		return err
	})
	if err != nil && t.Name != "" {
		err = fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	return t, err
}
