package nets

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/npz"
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

// Decode reads a safetensors file with exactly the network's tensors; the
// batch counters of PyTorch checkpoints ("….num_batches_tracked") are passed
// over. The error lists the names and shapes that differ from the expected.
func (n *Net) Decode(file []byte) (theta, state []float32, err error) {
	tensors, _, err := safetensors.Decode(file)
	if err != nil {
		return nil, nil, err
	}
	return n.gather(tensors)
}

// DecodeNPZ reads an .npz file of float32 or float64 arrays under PyTorch's
// names, as numpy.savez writes a state_dict. Otherwise it is like Decode.
func (n *Net) DecodeNPZ(file []byte) (theta, state []float32, err error) {
	const most = 2 << 30 // bytes, unpacked: ten times the largest network
	arrays, err := npz.Decode(file, most)
	if err != nil {
		return nil, nil, err
	}
	tensors := make([]safetensors.Tensor, 0, len(arrays))
	for _, a := range arrays {
		t := safetensors.Tensor{Name: a.Name, Shape: a.Shape}
		switch v := a.Data.(type) {
		case []float32:
			t.Data = v
		case []float64:
			for _, x := range v {
				t.Data = append(t.Data, float32(x))
			}
		default:
			if !strings.HasSuffix(a.Name, counter) {
				return nil, nil, fmt.Errorf("%s does not hold floating-point numbers: weights are float32 or float64", a.Name)
			}
		}
		tensors = append(tensors, t)
	}
	return n.gather(tensors)
}

// counter ends the names of the batch counters in PyTorch's checkpoints.
const counter = ".num_batches_tracked"

// gather puts tensors into the network's flat vectors.
func (n *Net) gather(tensors []safetensors.Tensor) (theta, state []float32, err error) {
	given := map[string]safetensors.Tensor{}
	for _, t := range tensors {
		if !strings.HasSuffix(t.Name, counter) {
			given[t.Name] = t
		}
	}
	var wrong []string
	take := func(table []Param, flat []float32) {
		for _, p := range table {
			t, ok := given[p.Name]
			delete(given, p.Name)
			switch {
			case !ok:
				wrong = append(wrong, fmt.Sprintf("%s %v is missing", p.Name, p.Shape))
			case !slices.Equal(t.Shape, p.Shape):
				wrong = append(wrong, fmt.Sprintf("%s has the shape %v instead of %v", p.Name, t.Shape, p.Shape))
			default:
				copy(p.Of(flat), t.Data)
			}
		}
	}
	theta, state = make([]float32, n.NumParams()), make([]float32, n.NumState())
	take(n.Params(), theta)
	take(n.State(), state)
	for _, t := range tensors {
		if _, left := given[t.Name]; left {
			wrong = append(wrong, fmt.Sprintf("%s %v is not part of the network", t.Name, t.Shape))
		}
	}
	if len(wrong) > 0 {
		const most = 8
		if len(wrong) > most {
			wrong = append(wrong[:most:most], fmt.Sprintf("and %d more", len(wrong)-most))
		}
		return nil, nil, fmt.Errorf("these weights are not those of the network %s: %s", n.Name, strings.Join(wrong, "; "))
	}
	return theta, state, nil
}

// Check returns an error unless theta and state have the network's lengths.
func (n *Net) Check(theta, state []float32) error {
	if len(theta) != n.NumParams() || len(state) != n.NumState() {
		return fmt.Errorf("network %s has %d parameters and %d running statistics, but was given %d and %d", n.Name, n.NumParams(), n.NumState(), len(theta), len(state))
	}
	return nil
}
