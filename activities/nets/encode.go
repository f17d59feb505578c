package nets

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/safetensors"
)

// Encode writes parameters and running statistics as a safetensors file under
// PyTorch's names. Equal vectors and metadata give equal bytes. It returns an
// error when a vector's length isn't the network's.
func (n *Net) Encode(theta, state []float32, metadata map[string]string) ([]byte, error) {
	if err := n.Check(theta, state); err != nil {
		return nil, err
	}
	var tensors []safetensors.Tensor
	for _, part := range []struct {
		table []Param
		flat  []float32
	}{{n.Params(), theta}, {n.State(), state}} {
		for _, p := range part.table {
			tensors = append(tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Of(part.flat)})
		}
	}
	return safetensors.Encode(tensors, metadata)
}

// Decode reads what Encode wrote. The error lists the names and shapes that
// differ from the network's.
func (n *Net) Decode(file []byte) (theta, state []float32, err error) {
	tensors, _, err := safetensors.Decode(file)
	if err != nil {
		return nil, nil, err
	}
	flat, err := Gather(tensors, n.Params(), n.State())
	if err != nil {
		return nil, nil, fmt.Errorf("these weights do not belong to the network %s: %w", n.Name, err)
	}
	return flat[0], flat[1], nil
}

// Gather puts tensors into flat vectors, one for each table. It returns an
// error that lists the differences unless names and shapes match the tables exactly.
func Gather(tensors []safetensors.Tensor, tables ...[]Param) ([][]float32, error) {
	given := make(map[string]safetensors.Tensor, len(tensors))
	for _, t := range tensors {
		given[t.Name] = t
	}
	var wrong []string
	var flat [][]float32
	for _, table := range tables {
		v := make([]float32, Length(table))
		for _, p := range table {
			t, ok := given[p.Name]
			delete(given, p.Name)
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s %v is missing", p.Name, p.Shape))
			case !slices.Equal(t.Shape, p.Shape):
				wrong = append(wrong, fmt.Sprintf("%s has the shape %v instead of %v", p.Name, t.Shape, p.Shape))
			default:
				copy(p.Of(v), t.Data)
			}
		}
		flat = append(flat, v)
	}
	for _, t := range tensors {
		if _, left := given[t.Name]; left {
			wrong = append(wrong, fmt.Sprintf("%s %v is not part of it", t.Name, t.Shape))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(Abridge(wrong), "; "))
	}
	return flat, nil
}

// Abridge leaves out the middle of a long list, for messages.
func Abridge(list []string) []string {
	const first, last = 4, 2
	left := len(list) - first - last
	if left < 2 {
		return list
	}
	return slices.Concat(list[:first], []string{fmt.Sprintf("… %d more …", left)}, list[len(list)-last:])
}

// CheckFinite returns an error that lists the tensors of a table with elements
// that are not finite, or with negative variances, and where the first of each is.
func CheckFinite(table []Param, flat []float32) error {
	var wrong []string
	for _, p := range table {
		what, bad, first := "", 0, 0
		for i, x := range p.Of(flat) {
			is := ""
			switch {
			case math.IsNaN(float64(x)) || math.IsInf(float64(x), 0):
				is = "not finite as float32"
			case x < 0 && p.Role == RunningVar:
				is = "negative, as no variance can be,"
			default:
				continue
			}
			if bad++; bad == 1 {
				what, first = is, i
			}
		}
		if bad > 0 {
			wrong = append(wrong, fmt.Sprintf("%s is %s in %d of %d elements, first at %v (%g)", p.Name, what, bad, p.Size, index(first, p.Shape), p.Of(flat)[first]))
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(Abridge(wrong), "; "))
	}
	return nil
}

// index is the place of the i-th element of a shape in C order.
func index(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		i, at[k] = i/shape[k], i%shape[k]
	}
	return at
}

// Check returns an error unless theta and state have the network's lengths.
func (n *Net) Check(theta, state []float32) error {
	if len(theta) != n.NumParams() || len(state) != n.NumState() {
		return fmt.Errorf("network %s has %d parameters and %d running statistics, but was given %d and %d", n.Name, n.NumParams(), n.NumState(), len(theta), len(state))
	}
	return nil
}
