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
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// Type is the type of the numbers of an example.
type Type string

// The types.
const (
	Uint8   Type = "uint8"
	Float32 Type = "float32"
)

// types gives each type its name in graphs.
var types = map[Type]dtypes.DType{Uint8: dtypes.Uint8, Float32: dtypes.Float32}

// Problem is a value: two data sets with equal problems can be exchanged.
type Problem struct {
	// Shape is that of one example: height, width and channels of an image, or the number of features.
	Shape []int `json:"shape"`
	Type  Type  `json:"type"`
	// Networks take (x − Mean)/Deviation, with one number for each channel or
	// feature, the last axis of Shape. Without numbers they take x.
	Mean      []float64 `json:"mean,omitempty"`
	Deviation []float64 `json:"deviation,omitempty"`
	// Outputs is the number of classes, or of numbers in a target.
	Outputs int `json:"outputs"`
	// Loss is a name in the table of losses.
	Loss string `json:"loss"`
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
		return fail("examples of the type %q: choose %s or %s", p.Type, Uint8, Float32)
	}
	if p.Outputs < 1 {
		return fail("%d outputs: at least 1 is needed", p.Outputs)
	}
	if _, ok := losses[p.Loss]; !ok {
		return fail("there is no loss %q: choose one of %s", p.Loss, strings.Join(Losses(), ", "))
	}
	channels := p.Shape[len(p.Shape)-1]
	if n, m := len(p.Mean), len(p.Deviation); n != m || n != 0 && n != channels {
		return fail("%d means and %d deviations for the normalization of %d channels: give one of each for every channel, or none", n, m, channels)
	}
	for i, d := range p.Deviation {
		if m := p.Mean[i]; !(d > 0) || math.IsInf(d, 0) || math.IsNaN(m) || math.IsInf(m, 0) {
			return fail("channel %d is normalized by the mean %g and the deviation %g: both must be finite, and the deviation positive", i, m, d)
		}
	}
	return nil
}

// Size is how many numbers an example has.
func (p Problem) Size() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Bytes is how many bytes an example takes.
func (p Problem) Bytes() int { return p.Size() * types[p.Type].Size() }

// IsImage reports whether examples are images, [height, width, channels].
func (p Problem) IsImage() bool { return len(p.Shape) == 3 }

// HasTargets reports whether labels are targets, Outputs numbers of float32 for
// each example. Otherwise they are classes, 0 to Outputs−1.
func (p Problem) HasTargets() bool { return losses[p.Loss].targets }

// Inputs are the shapes in which a graph gets examples and their labels:
// [batch, Shape…] of the type of the problem, and int32 [batch] for classes or
// float32 [batch, Outputs] for targets.
func (p Problem) Inputs(batch int) (examples, labels shapes.Shape) {
	examples = shapes.Make(types[p.Type], append([]int{batch}, p.Shape...)...)
	if p.HasTargets() {
		return examples, shapes.Make(dtypes.Float32, batch, p.Outputs)
	}
	return examples, shapes.Make(dtypes.Int32, batch)
}

// Normalize adds to a graph the conversion of examples to what networks take,
// numbers of the given type: (x − Mean)/Deviation.
func (p Problem) Normalize(examples *graph.Node, number dtypes.DType) *graph.Node {
	x := graph.ConvertDType(examples, number)
	if len(p.Mean) == 0 {
		return x
	}
	row := func(v []float64) *graph.Node {
		return graph.ExpandLeftToRank(graph.ConstAsDType(x.Graph(), number, v), x.Rank())
	}
	return graph.Div(graph.Sub(x, row(p.Mean)), row(p.Deviation))
}

// LossAndScore adds to a graph the loss and the score of each example, both [batch],
// given the outputs of a network, [batch, Outputs], and the labels.
func (p Problem) LossAndScore(outputs, labels *graph.Node) (loss, score *graph.Node) {
	return losses[p.Loss].graph(outputs, labels)
}
