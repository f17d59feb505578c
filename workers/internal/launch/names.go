package launch

import (
	"fmt"
	"path/filepath"
	"slices"

	"lossatlas/activities/onnx"
	"lossatlas/activities/weights"
)

// restoreNames gives the parameters of an ONNX file the names that they have in the file of weights from which it was exported:
// one of those named, which are tried from the last on. Without files of weights it returns f. The layouts are those of tensors that the files
// of weights store with their axes in another order.
func restoreNames(path string, f *onnx.File, named []string) (*onnx.File, map[string]weights.Layout, error) {
	var first error
	for _, file := range slices.Backward(named) {
		if IsModel(file) {
			continue
		}
		size := 0
		for _, p := range f.Params {
			size += len(p)
		}
		tensors, err := weights.State(file, 4*size+1<<20)
		if err != nil {
			return nil, nil, fmt.Errorf("the names of its parameters can't be read from %s: %w", filepath.Base(file), err)
		}
		state := make([]onnx.State, len(tensors))
		for i, t := range tensors {
			state[i] = onnx.State(t)
		}
		if err = f.Match(state); err == nil {
			layouts := map[string]weights.Layout{}
			for name, l := range f.Stored {
				layouts[name] = weights.Layout(l)
			}
			return f, layouts, nil
		}
		if first == nil {
			first = fmt.Errorf("compared with %s, %w", filepath.Base(file), err)
		}
		if f, err = onnx.Read(path); err != nil { // Match has changed it
			return nil, nil, err
		}
	}
	return f, nil, first
}
