// Package problem says what networks learn: the examples that they take, the
// outputs that they give, and the loss and score of these outputs. A data
// set declares its problem; networks are built, programs compiled and steps keyed
// for it.
package problem

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Type is the type of the numbers of an example.
type Type string

// The types. Int32 is for indices, such as tokens, which are not normalized.
const (
	Uint8   Type = "uint8"
	Float32 Type = "float32"
	Int32   Type = "int32"
)

// types gives each type its name in graphs.
var types = map[Type]dtypes.DType{Uint8: dtypes.Uint8, Float32: dtypes.Float32, Int32: dtypes.Int32}

// Problem is a value: two data sets with equal problems can be exchanged.
type Problem struct {
	// Shape is that of one example: height, width and channels of an image, the number of features, or the length of a sequence.
	Shape []int `json:"shape"`
	Type  Type  `json:"type"`
	// ChannelsFirst says that the channels are the first axis of Shape, as in PyTorch, and not the last.
	ChannelsFirst bool `json:"channels_first,omitempty"`
	// Networks take (x − Mean)/Deviation, with one number for each channel or
	// feature, or one for all. Without numbers they take x.
	Mean      []float64 `json:"mean,omitempty"`
	Deviation []float64 `json:"deviation,omitempty"`
	// Labels is the shape of the classes of one example: empty for one class, [T] for one at each of T places.
	Labels []int `json:"labels,omitempty"`
	// Outputs is the number of classes, or of numbers in a target.
	Outputs int `json:"outputs"`
	// Loss is a name in the table of losses.
	Loss string `json:"loss"`
	// Targets says of the loss Program that labels are targets, as of HasTargets; other losses say so themselves.
	Targets bool `json:"targets,omitempty"`
	// Score is a name in the table of scores; "" is the first score of the loss.
	Score string `json:"score,omitempty"`
	LossOptions
}

// LossOptions are numbers that a loss takes. The zero value is the plain loss.
type LossOptions struct {
	// Smoothing is ε of label smoothing: a class counts 1 − ε, and all classes together ε.
	Smoothing float64 `json:"smoothing,omitempty"`
	// ClassWeights has one weight for each class. The mean of the loss is then weighted.
	ClassWeights []float64 `json:"class_weights,omitempty"`
	// Ignore is the label whose places count neither in the loss nor in the score.
	Ignore *int32 `json:"ignore,omitempty"`
	// Delta is where a Huber loss goes over from a parabola to a line; 0 means 1.
	Delta float64 `json:"delta,omitempty"`
}

// Parse reads a problem in JSON, as it stands in the parameters of a step.
func Parse(text []byte) (Problem, error) {
	var p Problem
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("the problem %q can't be read: %w", text, err)
	}
	return p, p.Check()
}

// String is the problem in JSON. Equal problems have equal strings.
func (p Problem) String() string {
	b, _ := json.Marshal(p) // fails for numbers that Check refuses only
	return string(b)
}

// Equal reports whether two problems are the same in every respect.
func (p Problem) Equal(q Problem) bool { return reflect.DeepEqual(p, q) }

// Check returns an error that names the fault and the allowed values.
func (p Problem) Check() error {
	fail := func(format string, args ...any) error { return fmt.Errorf("problem: "+format, args...) }
	if len(p.Shape) == 0 || slices.Min(p.Shape) < 1 {
		return fail("the shape of an example is %v: it needs at least one size, and sizes of at least 1", p.Shape)
	}
	if _, ok := types[p.Type]; !ok {
		return fail("examples of the type %q: choose %s, %s or %s", p.Type, Uint8, Float32, Int32)
	}
	if p.Outputs < 1 {
		return fail("%d outputs: at least 1 is needed", p.Outputs)
	}
	if len(p.Labels) > 0 && slices.Min(p.Labels) < 1 {
		return fail("the shape of the labels of an example is %v: sizes are at least 1", p.Labels)
	}
	if err := p.checkLoss(); err != nil {
		return fail("%w", err)
	}
	return p.checkNormalization(fail)
}

func (p Problem) checkNormalization(fail func(format string, args ...any) error) error {
	channels := p.Channels()
	if n, m := len(p.Mean), len(p.Deviation); n != m || n > 1 && n != channels {
		return fail("%d means and %d deviations for the normalization of %d channels: give one of each per channel, one for all, or leave both out", n, m, channels)
	}
	if p.Type == Int32 && len(p.Mean) > 0 {
		return fail("examples of the type %s are indices and can't be normalized: leave mean and deviation out", Int32)
	}
	for i, d := range p.Deviation {
		if m := p.Mean[i]; !(d > 0) || math.IsInf(d, 0) || math.IsNaN(m) || math.IsInf(m, 0) {
			return fail("channel %d is normalized by the mean %g and the deviation %g: both must be finite, and the deviation positive", i, m, d)
		}
	}
	return nil
}

// Channels is how many numbers normalization has.
func (p Problem) Channels() int { return p.Shape[p.channelAxis()] }

// channelAxis is the axis of Shape that normalization has numbers for.
func (p Problem) channelAxis() int {
	if p.ChannelsFirst {
		return 0
	}
	return len(p.Shape) - 1
}

// Size is how many numbers an example has.
func (p Problem) Size() int { return product(p.Shape) }

// Places is how many labels an example has: 1 but for problems with Labels.
func (p Problem) Places() int { return product(p.Labels) }

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Bytes is how many bytes an example takes.
func (p Problem) Bytes() int { return p.Size() * types[p.Type].Size() }

// IsImage reports whether examples are images, [height, width, channels] or [channels, height, width].
func (p Problem) IsImage() bool { return len(p.Shape) == 3 }

// Image is the height, width and number of channels of images.
func (p Problem) Image() (height, width, channels int) {
	if p.ChannelsFirst {
		return p.Shape[1], p.Shape[2], p.Shape[0]
	}
	return p.Shape[0], p.Shape[1], p.Shape[2]
}

// HasTargets reports whether labels are targets, Outputs numbers of float32 for
// each example. Otherwise they are classes, 0 to Outputs−1, at each of Places.
func (p Problem) HasTargets() bool { return p.Targets || losses[p.Loss].targets }

// Inputs are the shapes in which a graph gets examples and their labels:
// [batch, Shape…] of the type of the problem, and int32 [batch, Labels…] for classes or
// float32 [batch, Outputs] for targets.
func (p Problem) Inputs(batch int) (examples, labels shapes.Shape) {
	examples = shapes.Make(types[p.Type], append([]int{batch}, p.Shape...)...)
	if p.HasTargets() {
		return examples, shapes.Make(dtypes.Float32, batch, p.Outputs)
	}
	return examples, shapes.Make(dtypes.Int32, append([]int{batch}, p.Labels...)...)
}

// Normalize adds to a graph the conversion of examples to what networks take,
// numbers of the given type: (x − Mean)/Deviation. Indices stay unchanged.
func (p Problem) Normalize(examples *graph.Node, number dtypes.DType) *graph.Node {
	if p.Type == Int32 {
		return examples
	}
	x := graph.ConvertDType(examples, number)
	if len(p.Mean) == 0 {
		return x
	}
	row := func(v []float64) *graph.Node {
		dims := slices.Repeat([]int{1}, x.Rank())
		dims[1+p.channelAxis()] = len(v)
		return graph.Reshape(graph.ConstAsDType(x.Graph(), number, v), dims...)
	}
	return graph.Div(graph.Sub(x, row(p.Mean)), row(p.Deviation))
}
