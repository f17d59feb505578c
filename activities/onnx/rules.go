package onnx

import (
	"fmt"
	"slices"
	"strings"

	"lossatlas/activities/onnx/proto"
)

// rules translate the operators. A rule returns the known properties of the node's outputs;
// nil stands for an output that is not supported.
var rules = map[string]func(*call) []*value{
	"Identity": identityRule, "Dropout": dropoutRule, "Constant": constantRule, "ConstantOfShape": constantOfShapeRule,
	"Range": rangeRule, "Trilu": triluRule, "Shape": shapeRule, "Size": sizeRule,
	"Cast": castRule, "CastLike": castRule, "Where": whereRule,

	"Reshape": reshapeRule, "Flatten": flattenRule, "Transpose": transposeRule, "Squeeze": squeezeRule, "Unsqueeze": unsqueezeRule,
	"Concat": concatRule, "Split": splitRule, "Slice": sliceRule, "Expand": expandRule, "Tile": tileRule, "Pad": padRule,
	"Gather": gatherRule, "GatherElements": gatherElementsRule, "SplitToSequence": splitToSequenceRule, "SequenceAt": sequenceAtRule,

	"MatMul": matMulRule, "Gemm": gemmRule, "Conv": convRule, "ConvTranspose": convTransposeRule,
	"MaxPool": maxPoolRule, "AveragePool": averagePoolRule, "GlobalAveragePool": globalPoolRule, "GlobalMaxPool": globalPoolRule,
	"BatchNormalization": batchNormRule, "InstanceNormalization": instanceNormRule, "GroupNormalization": groupNormRule,
	"LayerNormalization": layerNormRule, "LSTM": recurrentRule, "GRU": recurrentRule, "RNN": recurrentRule,

	"LeakyRelu": leakyRule, "Elu": leakyRule, "Selu": leakyRule, "Celu": leakyRule, "Softplus": leakyRule, "Gelu": leakyRule,
	"HardSigmoid": hardRule, "HardSwish": hardRule, "Mish": mishRule, "Softsign": softsignRule, "Swish": swishRule, "PRelu": pReluRule,
	"ThresholdedRelu": thresholdRule, "Clip": clipRule, "Softmax": softmaxRule, "LogSoftmax": softmaxRule,

	"ReduceMean": reduceRule, "ReduceSum": reduceRule, "ReduceMax": reduceRule, "ReduceMin": reduceRule, "ReduceProd": reduceRule,
	"ReduceL1": normRule, "ReduceL2": normRule, "ReduceSumSquare": normRule,
	"ArgMax": argRule, "ArgMin": argRule, "CumSum": cumSumRule,

	"Resize": resizeRule, "Upsample": resizeRule, "DepthToSpace": depthToSpaceRule, "SpaceToDepth": spaceToDepthRule,
	"Einsum": einsumRule, "IsNaN": isNaNRule, "IsInf": isInfRule, "RMSNormalization": rmsNormRule,

	"Sum": chainRule, "Max": chainRule, "Min": chainRule,
}

func init() {
	rules["If"], rules["Loop"] = ifRule, loopRule // which apply other rules
	for op := range binaries {
		if rules[op] == nil {
			rules[op] = binaryRule
		}
	}
	for op := range unaries {
		rules[op] = unaryRule
	}
	binaries["Sum"] = binaries["Add"]
}

// instead names what to use for operators that are often met and not supported.
var instead = map[string]string{
	"Scan":           "export the model with loops unrolled",
	"QuantizeLinear": "export the model before its quantization", "DequantizeLinear": "export the model before its quantization",
	"DynamicQuantizeLinear": "export the model before its quantization", "ConvInteger": "export the model before its quantization",
	"MatMulInteger": "export the model before its quantization", "QLinearConv": "export the model before its quantization",
	"Multinomial": "export the network without drawing random numbers", "RandomNormalLike": "export the network in evaluation mode",
	"RandomUniformLike": "export the network in evaluation mode", "NonMaxSuppression": "export the network up to its last differentiable layer",
}

// unsupported says that a node's operator can't be translated, where it stands and what works.
func (t *translator) unsupported(n *proto.Node) error {
	name := n.Op
	switch {
	case n.Domain != "" && t.Functions > 0:
		return fmt.Errorf("%s %s: the operator is a function that the file defines; resolve functions with onnx.inliner.inline_local_functions", n.Op, n.At())
	case n.Domain != "":
		return fmt.Errorf("%s %s: the operator belongs to %q, whose operators are not supported; export the model without optimizing it for a runtime", n.Op, n.At(), n.Domain)
	case instead[n.Op] != "":
		return fmt.Errorf("%s %s: the operator is not supported: %s", name, n.At(), instead[n.Op])
	}
	return fmt.Errorf("%s %s: the operator is not supported; the nearest that are: %s", name, n.At(), strings.Join(nearest(n.Op), ", "))
}

// nearest are the three supported operators whose names are most similar.
func nearest(op string) []string {
	var names []string
	for name := range rules {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := distance(op, a) - distance(op, b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names[:3]
}

// distance is how many letters must be put in, left out or replaced (Levenshtein).
// Only the beginning of long names is compared.
func distance(a, b string) int {
	a, b = a[:min(len(a), 40)], b[:min(len(b), 40)]
	row := following(0, len(b)+1)
	for i := range len(a) {
		left, diagonal := i+1, row[0]
		row[0] = left
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			left, diagonal = min(left+1, row[j+1]+1, diagonal+cost), row[j+1]
			row[j+1] = left
		}
	}
	return row[len(b)]
}
