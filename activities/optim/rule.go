package optim

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/engine"
)

// rule is an update rule: its state next to θ, and its step.
type rule struct {
	name  string // with its constants: it distinguishes compiled programs
	slots int    // vectors of state, each as long as θ and 0 at first, in the order of Checkpoint.slots
	// numbers are the inputs of a step next to vectors, for a learning rate, a momentum (β₁ of Adam) and the number of the
	// step in the training, counted from 1.
	numbers func(rate, momentum float64, step int) []float64
	step    func(theta, gradient *graph.Node, slots, numbers []*graph.Node) (*graph.Node, []*graph.Node)
}

// rule is the update rule of the configuration.
func (c Config) rule() rule {
	switch {
	case c.Adam != nil:
		return c.adamRule()
	case c.RMSprop != nil:
		return c.rmspropRule()
	}
	return c.descentRule()
}

// numbers are the scalars of a step's update, see rule.numbers.
func (c Config) numbers(epoch, step, steps int) []float64 {
	rate, momentum := c.rate(epoch, step, steps), c.momentum(epoch, step, steps)
	return c.rule().numbers(rate, momentum, epoch*steps+step+1)
}

// scaled is x·constant, or x times an input where the factor changes from step to step.
func scaled(x *graph.Node, constant float64, inputs []*graph.Node) *graph.Node {
	if len(inputs) > 0 {
		return graph.Mul(x, inputs[0])
	}
	return graph.MulScalar(x, constant)
}

// descentRule is SGD as PyTorch does it:
//
//	g ← g + λθ;  v ← μv + g;  θ ← θ − η(g + μv) with Nesterov, θ − ηv without
func (c Config) descentRule() rule {
	return rule{
		name: fmt.Sprintf("sgd-%g-%g-%t", c.Momentum, c.WeightDecay, c.Nesterov), slots: 1,
		numbers: func(rate, momentum float64, _ int) []float64 { return c.withCycled([]float64{rate}, momentum) },
		step: func(theta, gradient *graph.Node, slots, numbers []*graph.Node) (*graph.Node, []*graph.Node) {
			gradient = c.decayed(gradient, theta)
			velocity := graph.Add(scaled(slots[0], c.Momentum, numbers[1:]), gradient)
			step := velocity
			if c.Nesterov {
				step = graph.Add(gradient, scaled(velocity, c.Momentum, numbers[1:]))
			}
			return graph.Sub(theta, graph.Mul(numbers[0], step)), []*graph.Node{velocity}
		},
	}
}

// decayed is the gradient with that of ½λ‖θ‖².
func (c Config) decayed(gradient, theta *graph.Node) *graph.Node {
	if c.WeightDecay > 0 {
		return graph.Add(gradient, graph.MulScalar(theta, c.WeightDecay))
	}
	return gradient
}

// withCycled adds the momentum to the numbers of a step where it changes from step to step.
func (c Config) withCycled(numbers []float64, momentum float64) []float64 {
	if c.OneCycle != nil && c.OneCycle.MaxMomentum > 0 {
		return append(numbers, momentum)
	}
	return numbers
}

// Adam are the constants of Kingma and Ba's method (2015, algorithm 1).
type Adam struct {
	Beta1, Beta2 float64 // decay of the first and second moment
	Epsilon      float64 // added to the root of the second moment
	// Decoupled takes weight decay out of the gradient, and multiplies θ by 1 − ηλ before the step: AdamW (Loshchilov and Hutter 2019, algorithm 2).
	Decoupled bool
}

func (a Adam) check() error {
	switch {
	case !(a.Beta1 >= 0 && a.Beta1 < 1) || !(a.Beta2 >= 0 && a.Beta2 < 1):
		return fmt.Errorf("the two β of Adam are %g and %g: both must lie in [0, 1)", a.Beta1, a.Beta2)
	case !(a.Epsilon > 0) || math.IsInf(a.Epsilon, 0):
		return fmt.Errorf("the ε of Adam is %g: it must be a positive number", a.Epsilon)
	}
	return nil
}

// corrections are the two numbers of Adam that change from step to step: the
// rate divided by the first bias correction, 1 − β₁ᵗ, and the root of the
// second, √(1 − β₂ᵗ). t counts the steps of the whole training from 1.
func (a Adam) corrections(rate float64, t int) (step, root float64) {
	return rate / (1 - math.Pow(a.Beta1, float64(t))), math.Sqrt(1 - math.Pow(a.Beta2, float64(t)))
}

// adamRule is Adam as PyTorch does it, weight decay being part of the gradient (L2) unless it is decoupled:
//
//	g ← g + λθ, or θ ← (1 − ηλ)θ;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − step·m/(√v/root + ε)
//
// with the corrections as inputs, then 1 − ηλ where decay is decoupled, then β₁ where it changes.
func (c Config) adamRule() rule {
	a, decoupled := *c.Adam, c.Adam.Decoupled && c.WeightDecay > 0
	name := fmt.Sprintf("adam-%g-%g-%g-%g", a.Beta1, a.Beta2, a.Epsilon, c.WeightDecay)
	if decoupled {
		name = "decoupled-" + name
	}
	return rule{
		name: name, slots: 2,
		numbers: func(rate, beta1 float64, t int) []float64 {
			now := a
			now.Beta1 = beta1
			by, root := now.corrections(rate, t)
			numbers := []float64{by, root}
			if decoupled {
				numbers = append(numbers, 1-rate*c.WeightDecay)
			}
			return c.withCycled(numbers, beta1)
		},
		step: func(theta, gradient *graph.Node, slots, numbers []*graph.Node) (*graph.Node, []*graph.Node) {
			step, root, numbers := numbers[0], numbers[1], numbers[2:]
			if decoupled {
				theta, numbers = graph.Mul(theta, numbers[0]), numbers[1:]
			} else {
				gradient = c.decayed(gradient, theta)
			}
			var rest []*graph.Node // 1 − β₁ where β₁ changes
			if len(numbers) > 0 {
				rest = []*graph.Node{graph.OneMinus(numbers[0])}
			}
			first := graph.Add(scaled(slots[0], a.Beta1, numbers), scaled(gradient, 1-a.Beta1, rest))
			second := graph.Add(graph.MulScalar(slots[1], a.Beta2), graph.MulScalar(graph.Square(gradient), 1-a.Beta2))
			size := graph.AddScalar(graph.Div(graph.Sqrt(second), root), a.Epsilon)
			return graph.Sub(theta, graph.Mul(step, graph.Div(first, size))), []*graph.Node{first, second}
		},
	}
}

// RMSprop are the constants of Tieleman and Hinton's method (2012), whose momentum is Config.Momentum.
type RMSprop struct {
	Alpha    float64 // decay of the mean square
	Epsilon  float64 // added to its root
	Centered bool    // divides by the deviation of the gradient in place of the root of its mean square (Graves 2013, equations 38 to 45)
}

func (r RMSprop) check() error {
	switch {
	case !(r.Alpha >= 0 && r.Alpha < 1):
		return fmt.Errorf("the α of RMSprop is %g: it must lie in [0, 1)", r.Alpha)
	case !(r.Epsilon > 0) || math.IsInf(r.Epsilon, 0):
		return fmt.Errorf("the ε of RMSprop is %g: it must be a positive number", r.Epsilon)
	}
	return nil
}

// rmspropRule is RMSprop as PyTorch does it:
//
//	g ← g + λθ;  v ← αv + (1−α)g²;  m ← αm + (1−α)g;  b ← μb + g/(√(v − m²) + ε);  θ ← θ − ηb
//
// with m = 0 where it is not centered. Rounding below 0 under the root counts as 0.
func (c Config) rmspropRule() rule {
	r := *c.RMSprop
	out := rule{
		name: fmt.Sprintf("rmsprop-%g-%g-%t-%g-%g", r.Alpha, r.Epsilon, r.Centered, c.Momentum, c.WeightDecay), slots: 2,
		numbers: func(rate, _ float64, _ int) []float64 { return []float64{rate} },
	}
	if r.Centered {
		out.slots = 3
	}
	out.step = func(theta, gradient *graph.Node, slots, numbers []*graph.Node) (*graph.Node, []*graph.Node) {
		gradient = c.decayed(gradient, theta)
		mean := func(before, now *graph.Node) *graph.Node {
			return graph.Add(graph.MulScalar(before, r.Alpha), graph.MulScalar(now, 1-r.Alpha))
		}
		square := mean(slots[1], graph.Square(gradient))
		kept, root := []*graph.Node{nil, square}, square
		if r.Centered {
			kept = append(kept, mean(slots[2], gradient))
			root = graph.MaxScalar(graph.Sub(square, graph.Square(kept[2])), 0)
		}
		kept[0] = graph.Add(graph.MulScalar(slots[0], c.Momentum), graph.Div(gradient, graph.AddScalar(graph.Sqrt(root), r.Epsilon)))
		return graph.Sub(theta, graph.Mul(numbers[0], kept[0])), kept
	}
	return out
}

// clipped is the gradient of a batch, without weight decay, cut as PyTorch's clip_grad_norm_ and clip_grad_value_ do it: g·min(1, c/(‖g‖₂ + 10⁻⁶))
// with the norm over all parameters, summed in float64, or each entry to [−c, c].
func (c Config) clipped(gradient *graph.Node) *graph.Node {
	switch {
	case c.ClipNorm > 0:
		norm := graph.Sqrt(graph.ReduceAllSum(graph.Square(graph.ConvertDType(gradient, dtypes.Float64))))
		share := graph.MinScalar(graph.Div(graph.Scalar(gradient.Graph(), dtypes.Float64, c.ClipNorm), graph.AddScalar(norm, 1e-6)), 1)
		return graph.Mul(gradient, graph.ConvertDType(share, gradient.DType()))
	case c.ClipValue > 0:
		return graph.ClipScalar(gradient, -c.ClipValue, c.ClipValue)
	}
	return gradient
}

// compileUpdate compiles the step of the update rule on n parameters:
//
//	θ, slots, g, numbers  →  θ, slots, 0
//
// where 0 is the sum of gradients that the next step begins with.
func compileUpdate(b *engine.Backend, n int, c Config, number dtypes.DType) (*engine.Program, error) {
	rule, vector := c.rule(), shapes.Make(number, n)
	var inputs []shapes.Shape
	for range rule.slots + 2 {
		inputs = append(inputs, vector)
	}
	for range rule.numbers(1, 0.5, 1) {
		inputs = append(inputs, shapes.Make(number))
	}
	key := fmt.Sprintf("update-%d-%s-%s-%d-%g-%g", n, number, rule.name, len(inputs), c.ClipNorm, c.ClipValue)
	return b.Compile(key, inputs, func(in []*graph.Node) []*graph.Node {
		theta, slots, gradient, numbers := in[0], in[1:1+rule.slots], in[1+rule.slots], in[2+rule.slots:]
		theta, slots = rule.step(theta, c.clipped(gradient), slots, numbers)
		return append(append([]*graph.Node{theta}, slots...), graph.ZerosLike(theta))
	})
}
