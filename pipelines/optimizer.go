package pipelines

import "strings"

// ofOptimizer are the fields that only one update rule has.
var ofOptimizer = map[string][]string{
	optimizerSGD:  {"momentum", "nesterov"},
	optimizerAdam: {"beta1", "beta2", "epsilon"},
}

// resolve fills in the defaults of the update rule and refuses what belongs to
// another. Fields of the other rule become 0: they are in no key.
func (o *optimizerConfig) resolve(c *checker, tree *node, epochs int) {
	given := tree.get("train").get("optimizer")
	for _, kind := range optimizerKinds {
		for _, name := range ofOptimizer[kind] {
			if kind != o.Kind && given.get(name) != nil {
				c.addf(tree.place("train", "optimizer", name), "train.optimizer.%s belongs to %s; %s has %s", name, kind, o.Kind, strings.Join(ofOptimizer[o.Kind], ", "))
			}
		}
	}
	adam := o.Kind == optimizerAdam
	fill := func(field **float64, sgd, other float64) {
		if *field != nil {
			return
		}
		if *field = ptr(sgd); adam {
			*field = ptr(other)
		}
	}
	fill(&o.LR, 0.1, 0.001)
	fill(&o.Momentum, 0.9, 0)
	fill(&o.Beta1, 0, 0.9)
	fill(&o.Beta2, 0, 0.999)
	fill(&o.Epsilon, 0, 1e-8)
	if o.Nesterov == nil {
		o.Nesterov = ptr(*o.Momentum > 0)
	}
	if *o.Nesterov && *o.Momentum == 0 {
		c.add(tree.place("train", "optimizer", "nesterov"), "train.optimizer.nesterov needs a momentum above 0; set one, or nesterov: false")
	}
	if o.Schedule == nil {
		o.Schedule = &course{Drops: paperSchedule(epochs)}
	}
	if w := o.Schedule.Warmup; w > 0 && w >= epochs {
		c.addf(tree.place("train", "optimizer", "schedule", keyWarmup), "train.optimizer.schedule.warmup is %d, but train.epochs is %d; the warm-up must leave epochs behind it", w, epochs)
	}
	o.Schedule.Drops = reached(o.Schedule.Drops, epochs)
}
