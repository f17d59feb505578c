package weights

import (
	"fmt"
	"slices"
	"strings"
)

// Tensor is a floating-point tensor of a file.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32 // in C order
}

// stateTensors is the number of tensors for which the list of a file has room in State.
const stateTensors = 100_000

// State reads all floating-point tensors of a file, with dots for slashes, of at most limit elements together. It is for
// networks whose names must be found out first: Read costs less.
func State(path string, limit int) ([]Tensor, error) {
	f, err := open(path, stateTensors)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Tensor
	for _, t := range f.tensors("") {
		kind, shape, err := f.header(t.at)
		if err != nil || !isFloat(kind) {
			continue
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		if limit -= n; limit < 0 {
			return nil, fmt.Errorf("has many more numbers than the network")
		}
		data, err := f.read(t.at)
		if err != nil {
			return nil, err
		}
		out = append(out, Tensor{t.name, shape, data})
	}
	return withoutWrapper(out), nil
}

// withoutWrapper takes off what wrappers put in front of all names.
func withoutWrapper(list []Tensor) []Tensor {
	for _, prefix := range []string{"state_dict.", "module.", "_orig_mod.", "model."} {
		if slices.ContainsFunc(list, func(t Tensor) bool { return !strings.HasPrefix(t.Name, prefix) }) {
			continue
		}
		for i := range list {
			list[i].Name = strings.TrimPrefix(list[i].Name, prefix)
		}
	}
	return list
}

// Layout says how a file stores a tensor: with Shape, whose axes in the order Perm are the network's axes, apart from axes of length 1.
type Layout struct{ Shape, Perm []int }

// ordered are the elements of a tensor that is stored so, in the network's order.
func (l Layout) ordered(v []float32) []float32 {
	out := make([]float32, len(v))
	strides, stride := make([]int, len(l.Shape)), 1
	for i := len(l.Shape) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= l.Shape[i]
	}
	index := make([]int, len(l.Perm))
	for i := range out {
		from := 0
		for k, a := range l.Perm {
			from += index[k] * strides[a]
		}
		out[i] = v[from]
		for k := len(index) - 1; k >= 0; k-- {
			if index[k]++; index[k] < l.Shape[l.Perm[k]] {
				break
			}
			index[k] = 0
		}
	}
	return out
}
