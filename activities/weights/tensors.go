package weights

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/nets"
	"lossatlas/activities/safetensors"
)

// maxNumbers is how many numbers Tensors reads at most.
const maxNumbers = 1 << 30

// Tensors reads the tensors with the given names, in shapes as of the file, of together at most a billion numbers. Dots and
// slashes in names mean the same. The error lists names that the file does not have.
func Tensors(path string, names []string) ([]safetensors.Tensor, error) {
	f, err := open(path, max(len(names), infoTensors))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	places := map[string]int{}
	for _, t := range f.tensors("") {
		places[t.name] = t.at
	}
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, ok := places[name]; return ok })
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s; the file has %s", list(nil, missing, "tensor is missing", "tensors are missing")[0], strings.Join(nets.Abridge(f.names), ", "))
	}
	var out []safetensors.Tensor
	room := maxNumbers
	for _, name := range names {
		kind, shape, err := f.header(places[name])
		if err != nil {
			return nil, err
		}
		if !isFloat(kind) {
			return nil, fmt.Errorf("%s holds numbers of the type %s, and weights are floating-point numbers", name, kind)
		}
		size := 1
		for _, d := range shape {
			if d > 0 && size > room/d {
				return nil, fmt.Errorf("with %s of shape %v there are more than %d numbers", name, shape, maxNumbers)
			}
			size *= d
		}
		room -= size
		data, err := f.read(places[name])
		if err != nil {
			return nil, err
		}
		out = append(out, safetensors.Tensor{Name: name, Shape: shape, Data: data})
	}
	return out, nil
}
