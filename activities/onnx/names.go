package onnx

import (
	"regexp"
	"slices"
	"strings"

	"lossatlas/activities/aten"
)

// lifted matches the names that PyTorch's exporter gives tensors that it does not know as parameters, such as Keras's.
var lifted = regexp.MustCompile(`^lifted_tensor_\d+$`)

// NeedsNames says whether the file lacks names that Match could find: where the exporter dropped or merged some.
func (f *File) NeedsNames() bool { return len(f.nameNotes) > 0 || f.producer == "tf2onnx" }

// isKeras says whether Keras exported the model.
func (m *model) isKeras() bool {
	return slices.ContainsFunc(m.graph.inputs, func(i info) bool { return strings.HasPrefix(i.name, "keras_tensor") })
}

// isKeras says whether the names of a state are Keras's.
func isKeras(state []State) bool {
	return slices.ContainsFunc(state, func(s State) bool { return strings.HasSuffix(s.Name, "kernel") })
}

// statistics matches the names of running means and variances.
var statistics = regexp.MustCompile(`(^|[./])(running|moving)_(mean|var|variance)$`)

// separateStatistics makes buffers of the parameters that are running statistics by their names: the operations that an exporter
// wrote for a batch normalization don't tell them apart.
func (f *File) separateStatistics() {
	var params []aten.Tensor
	var values [][]float32
	for i, p := range f.Program.Params {
		if statistics.MatchString(p.Name) {
			f.Program.Buffers, f.Buffers = append(f.Program.Buffers, p), append(f.Buffers, f.Params[i])
		} else {
			params, values = append(params, p), append(values, f.Params[i])
		}
	}
	f.Program.Params, f.Params = params, values
}
