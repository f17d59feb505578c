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

// isKeras says whether the names of a state are Keras's.
func isKeras(state []State) bool {
	return slices.ContainsFunc(state, func(s State) bool { return strings.HasSuffix(s.Name, "kernel") })
}

// statistics matches the names of running means and variances.
var statistics = regexp.MustCompile(`(^|[./])(running|moving)_(mean|var|variance)$`)

// separateStatistics makes buffers of the parameters that are running statistics by their names: the operations that an exporter
// wrote for a batch normalization don't distinguish them.
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

// merged matches the names of weights that hold a batch normalization as well: what
// PyTorch's two exporters and tf2onnx make of a convolution that one follows.
var merged = regexp.MustCompile(`^onnx::Conv_\d+$|\.weight_bias$|/merged_input:\d+$`)

// fusion is where the rewriter of PyTorch's exporter says which rule made a node, such as FuseBatchNormIntoConv. It keeps the names of a
// convolution's weight and bias where it has both.
const fusion = "pkg.onnxscript.rewriter.rule_name"

// fused are the weights into which the rewriter merged batch normalizations.
func (t *translator) fused() map[string]bool {
	names := map[string]bool{}
	for _, n := range t.Graph.Nodes {
		if strings.HasPrefix(n.Metadata[fusion], "FuseBatchNorm") && len(n.Inputs) > 1 {
			names[n.Inputs[1]] = true
		}
	}
	return names
}

// noteWeights says which parameters the file stores otherwise than the model that it came from.
func (t *translator) noteWeights() {
	var turned, nameless, unnamed, products []string
	fused := t.fused()
	for _, w := range t.weights {
		switch {
		case w.value == "":
			continue
		case lifted.MatchString(w.name):
			unnamed = append(unnamed, w.name)
		case (merged.MatchString(w.name) || fused[w.name]) && !t.IsKeras():
			if name := strings.TrimSuffix(w.name, "_bias"); !slices.Contains(products, name) {
				products = append(products, name)
			}
		case w.isMade():
			nameless = append(nameless, w.name)
		}
		if !isIdentity(w.perm) {
			turned = append(turned, w.name)
		}
	}
	advice := ""
	switch {
	case t.IsKeras():
		advice = " To keep the model's own, export with " + KerasLine + ", and name the weights of the model with --weights."
	case t.Producer == "pytorch":
		advice = " To keep the model's own, export with " + KeepLine + "."
	}
	if len(t.twins) > 0 {
		t.note("The exporter stored parameters with equal values once; they are parameters of their own again, as in the model: %s.", some(t.twins))
	}
	if len(turned) > 0 {
		t.note("Weights that the file stores as [inputs, outputs] are declared as [outputs, inputs], so that their filters come first: %s.", some(turned))
	}
	t.named = len(t.notes)
	if len(unnamed) > 0 {
		t.note("The exporter dropped the names of the parameters, so that maps can't select layers by name, and running statistics count as parameters: %s. "+
			"--weights with the file of weights from which the model was exported (.keras, .h5, or a state_dict) restores them.", some(unnamed))
	}
	if len(nameless) > 0 {
		t.note("The exporter computed some weights from parameters of the model and dropped their names; directions treat them as parameters: %s.%s", some(nameless), advice)
	}
	if len(products) > 0 {
		t.note("The exporter merged batch normalizations into the weights of convolutions; along filter-normalized directions the maps are those of the trained network, but for filters with a negative scale; Hessians, and maps along other directions, differ: %s.%s", some(products), advice)
	}
}
