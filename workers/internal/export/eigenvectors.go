package export

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/safetensors"
)

// AlongEigenvectors takes one or two of a spectrum's eigenvectors, as stored, as the directions of a map. Axis 1 is that of the largest eigenvalue, 2 of the next one, −1 that of the
// smallest. It fails where there is no such eigenvector, and where both are the same.
func AlongEigenvectors(stored []byte, axes []int) ([]byte, error) {
	if len(axes) > 2 || len(axes) == 2 && axes[0] == axes[1] {
		return nil, fmt.Errorf("a map has one direction or two different ones, not the eigenvectors %v", axes)
	}
	tensors, err := decodeTensors(stored)
	if err != nil {
		return nil, err
	}
	var out []safetensors.Tensor
	for i, axis := range axes {
		from := fmt.Sprintf("largest-%d/", axis)
		if axis < 0 {
			from = fmt.Sprintf("smallest-%d/", -axis)
		}
		before := len(out)
		for _, t := range tensors {
			if param, ok := strings.CutPrefix(t.Name, from); ok {
				t.Name = []string{"x/", "y/"}[i] + param
				out = append(out, t)
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("there is no eigenvector %d; the spectrum has %s", axis, strings.Join(eigenvectors(tensors), ", "))
		}
	}
	return safetensors.Encode(out, nil)
}

// eigenvectors are the names of those in a file.
func eigenvectors(tensors []safetensors.Tensor) []string {
	var names []string
	for _, t := range tensors {
		name, _, _ := strings.Cut(t.Name, "/")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
