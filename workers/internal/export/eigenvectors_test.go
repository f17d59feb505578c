package export_test

import (
	"strings"
	"testing"

	"lossatlas/activities/safetensors"
	"lossatlas/workers/internal/export"
)

// TestAlongEigenvectors: the chosen ones become x and y, in the order in which they are asked for.
func TestAlongEigenvectors(t *testing.T) {
	var all []safetensors.Tensor
	for i, name := range []string{"smallest-1/", "largest-1/", "largest-2/"} {
		for _, param := range []string{"fc.weight", "fc.bias"} {
			all = append(all, safetensors.Tensor{Name: name + param, Shape: []int{1}, Data: []float32{float32(i)}})
		}
	}
	stored, err := safetensors.Encode(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		axes    []int
		want    map[string]float32
		problem string
	}{
		{axes: []int{2}, want: map[string]float32{"x/fc.weight": 2, "x/fc.bias": 2}},
		{axes: []int{1, -1}, want: map[string]float32{"x/fc.weight": 1, "x/fc.bias": 1, "y/fc.weight": 0, "y/fc.bias": 0}},
		{axes: []int{3}, problem: "there is no eigenvector 3; the spectrum has smallest-1, largest-1, largest-2"},
		{axes: []int{0}, problem: "no eigenvector 0"},
		{axes: []int{1, 1}, problem: "two different ones"},
		{axes: []int{1, 2, -1}, problem: "one direction or two"},
	} {
		b, err := export.AlongEigenvectors(stored, test.axes)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%v: %v, want %q", test.axes, err, test.problem)
			}
			continue
		}
		tensors, _, readErr := safetensors.Decode(b)
		if err != nil || readErr != nil || len(tensors) != len(test.want) {
			t.Fatalf("%v: %d tensors, %v, %v", test.axes, len(tensors), err, readErr)
		}
		for _, tensor := range tensors {
			if want, ok := test.want[tensor.Name]; !ok || tensor.Data[0] != want {
				t.Errorf("%v: %s is %v, want %v", test.axes, tensor.Name, tensor.Data, want)
			}
		}
	}
}
