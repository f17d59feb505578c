package values

import (
	"fmt"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// Update rules.
const (
	SGD  = "sgd"
	adam = "adam"
)

var optimizerKinds = []string{SGD, adam}

// OptimizerFields are the defaults of Li et al. (2018), appendix A.
var OptimizerFields = syntax.Object{Fields: []syntax.Field{
	{Name: "kind", Doc: "Update rule.", Type: syntax.Choice{Of: optimizerKinds, What: "an update rule"}, Default: SGD},
	{Name: "lr", Doc: "Learning rate before any drop. Default: 0.1 for sgd, 0.001 for adam.", Type: syntax.Number{Min: 0, Max: 1000, Above: true}},
	{Name: "momentum", Doc: "Momentum of sgd. Default: 0.9.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "nesterov", Doc: "Nesterov's form of the momentum of sgd. Default: true where there is momentum.", Type: syntax.Boolean{}},
	{Name: "beta1", Doc: "Decay of adam's first moment. Default: 0.9.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "beta2", Doc: "Decay of adam's second moment. Default: 0.999.", Type: syntax.Number{Min: 0, Max: 1, Below: true}},
	{Name: "epsilon", Doc: "What adam adds to the root of the second moment. Default: 1e-8.", Type: syntax.Number{Min: 0, Max: 1, Above: true}},
	{Name: "weight_decay", Doc: "Weight decay (L2, as part of the gradient), on all parameters.", Type: syntax.Number{Min: 0, Max: 1000}, Default: 5e-4},
	{Name: "schedule", Doc: "Factors on the learning rate, {epoch: factor}, each from the start of that epoch on, counted from 0; " +
		"or {cosine: true}, half a cosine down to 0 over the epochs. Either with warmup: N, epochs in which the rate rises to its full value. " +
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
	WeightDecay float64  `field:"weight_decay"`
	Schedule    *course  `field:"schedule"`

	implied bool  // the drops are those of the default
	late    []int // epochs of drops that the training does not reach
}

// ofOptimizer are the fields that only one update rule has.
var ofOptimizer = map[string][]string{
	SGD:  {"momentum", "nesterov"},
	adam: {"beta1", "beta2", "epsilon"},
}

// Resolve fills in the defaults of the update rule and refuses what belongs to
// another. Fields of the other rule become 0: they are in no key.
func (o *Optimizer) Resolve(c *syntax.Checker, tree *syntax.Node, epochs int) {
	given := tree.Get("train").Get("optimizer")
	for _, kind := range optimizerKinds {
		for _, name := range ofOptimizer[kind] {
			if kind != o.Kind && given.Get(name) != nil {
				c.Addf(tree.Place("train", "optimizer", name), "train.optimizer.%s belongs to %s; %s has %s", name, kind, o.Kind, strings.Join(ofOptimizer[o.Kind], ", "))
			}
		}
	}
	adam := o.Kind == adam
	fill := func(field **float64, sgd, other float64) {
		if *field != nil {
			return
		}
		if *field = new(sgd); adam {
			*field = new(other)
		}
	}
	fill(&o.LR, 0.1, 0.001)
	fill(&o.Momentum, 0.9, 0)
	fill(&o.Beta1, 0, 0.9)
	fill(&o.Beta2, 0, 0.999)
	fill(&o.Epsilon, 0, 1e-8)
	if o.Nesterov == nil {
		o.Nesterov = new(*o.Momentum > 0)
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

// Warnings says which drops of the learning rate a training of so many epochs never reaches, and which the default brings.
func (o Optimizer) Warnings(epochs int) (out []string) {
	for _, epoch := range o.late {
		out = append(out, fmt.Sprintf("train.optimizer.schedule: the drop at epoch %d is never reached; train.epochs is %d", epoch, epochs))
	}
	if o.implied && len(o.Schedule.Drops) > 0 {
		var at []string
		for _, d := range o.Schedule.Drops {
			at = append(at, strconv.Itoa(d.Epoch))
		}
		out = append(out, fmt.Sprintf("train.optimizer.schedule is not given: the learning rate drops to a tenth at epochs %s of %d; `schedule: {}` keeps it", strings.Join(at, ", "), epochs))
	}
	return out
}
