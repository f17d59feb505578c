package values

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Update rules.
const (
	SGD     = "sgd"
	adam    = "adam"
	adamw   = "adamw"
	rmsprop = "rmsprop"
	sam     = "sam"
	asam    = "asam"
)

var optimizerKinds = []string{SGD, adam, adamw, rmsprop, sam, asam}

// OptimizerFields are the defaults of Li et al. (2018), appendix A.
var OptimizerFields = syntax.Object{Fields: []syntax.Field{
	{Name: "kind", Doc: "Update rule. sam and asam are sgd with the gradient at the worst point nearby, which takes two gradients for each update.", Type: syntax.Choice{Of: optimizerKinds, What: "an update rule"}, Default: SGD},
	{Name: "lr", Doc: "Learning rate before any drop; the largest of a one-cycle. Default: 0.1 for sgd, sam and asam, 0.001 for adam and adamw, 0.01 for rmsprop.", Type: syntax.Number{Min: 0, Max: 1000, Above: true}},
	{Name: "momentum", Doc: "Momentum of sgd, sam, asam and rmsprop. Default: 0.9, of rmsprop 0.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "nesterov", Doc: "Nesterov's form of the momentum of sgd, sam and asam. Default: true where there is momentum.", Type: syntax.Boolean{}},
	{Name: "beta1", Doc: "Decay of the first moment of adam and adamw. Default: 0.9.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "beta2", Doc: "Decay of the second moment of adam and adamw. Default: 0.999.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "epsilon", Doc: "What adam, adamw and rmsprop add to the root of the second moment. Default: 1e-8.", Type: syntax.Number{Min: 0, Max: 1, Above: true}},
	{Name: "alpha", Doc: "Decay of the mean square of rmsprop. Default: 0.99.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "centered", Doc: "Divides by the deviation of the gradient in rmsprop, in place of the root of its mean square. Default: false.", Type: syntax.Boolean{}},
	{Name: "rho", Doc: "Radius of the neighbourhood of sam and asam. Default: 0.05, of asam 0.5.", Type: syntax.Number{Min: 0, Max: 1000, Above: true}},
	{Name: "eta", Doc: "What asam adds to the absolute value of each weight, the unit of the radius. Default: 0.01.", Type: syntax.Number{Min: 0, Max: 1000}},
	{Name: "clip_norm", Doc: "Largest norm of a batch's gradient, without weight decay: a longer one is scaled down. Default: no limit.", Type: syntax.Number{Min: 0, Max: 1e12, Above: true}},
	{Name: "clip_value", Doc: "Largest absolute value of an entry of it: larger ones are cut off. Default: no limit.", Type: syntax.Number{Min: 0, Max: 1e12, Above: true}},
	{Name: "weight_decay", Doc: "Weight decay on all parameters: L2, as part of the gradient; of adamw decoupled, as a factor 1 − lr·weight_decay on the weights before each step.", Type: syntax.Number{Min: 0, Max: 1000}, Default: 5e-4},
	{Name: "schedule", Doc: "Factors on the learning rate, {epoch: factor}, each from the start of that epoch on, counted from 0; " +
		"or {cosine: true}, half a cosine down to 0 over the epochs, {polynomial: POWER}, down to 0 as a power of the remaining share of epochs, or {exponential: FACTOR}, a factor from epoch to epoch. " +
		"Each with warmup: N, epochs in which the rate rises to its full value. Or {onecycle: true}, a rise and a fall over all updates; its fields are those of PyTorch's OneCycleLR: pct_start, div_factor, final_div_factor, " +
		"anneal, cycle_momentum, base_momentum, max_momentum. " +
		"Default: 0.1 at 1/2, 3/4 and 11/12 of the epochs, which for 300 epochs is the paper's 150, 225 and 275.", Type: schedule{}},
}}

// Optimizer holds what optimizerFields says, in the same order.
type Optimizer struct {
	Kind        string   `field:"kind"`
	LR          *float64 `field:"lr"`
	Momentum    *float64 `field:"momentum"`
	Nesterov    *bool    `field:"nesterov"`
	Beta1       *float64 `field:"beta1"`
	Beta2       *float64 `field:"beta2"`
	Epsilon     *float64 `field:"epsilon"`
	Alpha       *float64 `field:"alpha"`
	Centered    bool     `field:"centered"`
	Rho         *float64 `field:"rho"`
	Eta         *float64 `field:"eta"`
	ClipNorm    float64  `field:"clip_norm"`
	ClipValue   float64  `field:"clip_value"`
	WeightDecay float64  `field:"weight_decay"`
	Schedule    *course  `field:"schedule"`

	oneCycle *pipelines.OneCycle
	implied  bool  // the drops are the default ones
	late     []int // epochs of drops that the training does not reach
}

// ofOptimizer are the fields that only some update rules have.
var ofOptimizer = map[string][]string{
	SGD:     {"momentum", "nesterov"},
	adam:    {"beta1", "beta2", "epsilon"},
	adamw:   {"beta1", "beta2", "epsilon"},
	rmsprop: {"momentum", "epsilon", "alpha", "centered"},
	sam:     {"momentum", "nesterov", "rho"},
	asam:    {"momentum", "nesterov", "rho", "eta"},
}

// defaultsOf are the numbers of each update rule; a field that it does not have is 0.
var defaultsOf = map[string]Optimizer{
	SGD:     {LR: new(0.1), Momentum: new(0.9)},
	adam:    {LR: new(0.001), Beta1: new(0.9), Beta2: new(0.999), Epsilon: new(1e-8)},
	adamw:   {LR: new(0.001), Beta1: new(0.9), Beta2: new(0.999), Epsilon: new(1e-8)},
	rmsprop: {LR: new(0.01), Epsilon: new(1e-8), Alpha: new(0.99)},
	sam:     {LR: new(0.1), Momentum: new(0.9), Rho: new(0.05)},
	asam:    {LR: new(0.1), Momentum: new(0.9), Rho: new(0.5), Eta: new(0.01)},
}

// checkOthers refuses the fields of other update rules.
func (o *Optimizer) checkOthers(c *syntax.Checker, tree *syntax.Node) {
	given := tree.Get("train").Get("optimizer")
	for _, name := range OptimizerFields.Names() {
		var having []string
		for _, kind := range optimizerKinds {
			if slices.Contains(ofOptimizer[kind], name) {
				having = append(having, kind)
			}
		}
		if len(having) > 0 && !slices.Contains(having, o.Kind) && given.Get(name) != nil {
			c.Addf(tree.Place("train", "optimizer", name), "train.optimizer.%s belongs to %s; %s has %s", name, strings.Join(having, ", "), o.Kind, strings.Join(ofOptimizer[o.Kind], ", "))
		}
	}
}

// Resolve fills in the defaults of the update rule and refuses what belongs to
// another. Fields of the other rule become 0: they are in no key.
func (o *Optimizer) Resolve(c *syntax.Checker, tree *syntax.Node, epochs int) {
	o.checkOthers(c, tree)
	usual := defaultsOf[o.Kind]
	for _, f := range []struct{ field, usual **float64 }{
		{&o.LR, &usual.LR}, {&o.Momentum, &usual.Momentum}, {&o.Beta1, &usual.Beta1}, {&o.Beta2, &usual.Beta2}, {&o.Epsilon, &usual.Epsilon},
		{&o.Alpha, &usual.Alpha}, {&o.Rho, &usual.Rho}, {&o.Eta, &usual.Eta},
	} {
		if *f.field == nil {
			*f.field = new(float64)
			if *f.usual != nil {
				**f.field = **f.usual
			}
		}
	}
	if o.Nesterov == nil {
		o.Nesterov = new(*o.Momentum > 0 && o.Kind != rmsprop)
	}
	if o.ClipNorm > 0 && o.ClipValue > 0 {
		c.Add(tree.Place("train", "optimizer", "clip_value"), "train.optimizer has both clip_norm and clip_value; keep one of them")
	}
	if *o.Nesterov && *o.Momentum == 0 {
		c.Add(tree.Place("train", "optimizer", "nesterov"), "train.optimizer.nesterov needs a momentum above 0; set one, or nesterov: false")
	}
	if o.Schedule == nil {
		o.Schedule, o.implied = &course{Drops: paperSchedule(epochs)}, true
	}
	if w := o.Schedule.Warmup; w > 0 && w >= epochs {
		c.Addf(tree.Place("train", "optimizer", "schedule", keyWarmup), "train.optimizer.schedule.warmup is %d, but train.epochs is %d; the warm-up must leave epochs behind it", w, epochs)
	}
	o.oneCycle = o.Schedule.OneCycle.resolve(c, tree.Place("train", "optimizer", "schedule", keyOneCycle), *o.Beta1 > 0 || *o.Momentum > 0 && o.Kind != rmsprop)
	o.late = nil
	for _, d := range o.Schedule.Drops {
		if d.Epoch >= epochs && !o.implied {
			o.late = append(o.late, d.Epoch)
		}
	}
	course := *o.Schedule
	course.Drops = reached(course.Drops, epochs)
	o.Schedule = &course
}

// Over is the optimizer of a training of another number of epochs: drops of the default move with it, later ones are left out.
func (o Optimizer) Over(epochs int) Optimizer {
	course := *o.Schedule
	if o.implied {
		course.Drops = paperSchedule(epochs)
	}
	course.Drops = reached(course.Drops, epochs)
	o.Schedule = &course
	return o
}

// Params is the update rule and its schedule as a training takes them.
func (o Optimizer) Params() pipelines.Optimizer {
	s := o.Schedule
	return pipelines.Optimizer{
		Kind: o.Kind, LR: *o.LR, Momentum: *o.Momentum, Nesterov: *o.Nesterov, WeightDecay: o.WeightDecay,
		Schedule: s.Drops, Cosine: s.Cosine, Polynomial: s.Polynomial, Exponential: s.Exponential, OneCycle: o.oneCycle, Warmup: s.Warmup,
		Beta1: *o.Beta1, Beta2: *o.Beta2, Epsilon: *o.Epsilon, Alpha: *o.Alpha, Centered: o.Centered, Rho: *o.Rho, Eta: *o.Eta,
		ClipNorm: o.ClipNorm, ClipValue: o.ClipValue,
	}
}

// Warnings says which drops of the learning rate a training of so many epochs never reaches, and which the default brings.
func (o Optimizer) Warnings(epochs int) (out []string) {
	for _, epoch := range o.late {
		out = append(out, fmt.Sprintf("train.optimizer.schedule: the drop after %d epochs is never reached; train.epochs is %d", epoch, epochs))
	}
	if o.implied && len(o.Schedule.Drops) > 0 {
		var at []string
		for _, d := range o.Schedule.Drops {
			at = append(at, strconv.Itoa(d.Epoch))
		}
		out = append(out, fmt.Sprintf("train.optimizer.schedule is not given: the learning rate drops to a tenth after %s of %d epochs; `schedule: {}` keeps it", strings.Join(at, ", "), epochs))
	}
	return out
}
