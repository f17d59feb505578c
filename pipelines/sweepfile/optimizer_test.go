package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// training is the recipe of the first training of a sweep with the given train section.
func training(t *testing.T, section string) pipelines.TrainParams {
	t.Helper()
	var p pipelines.TrainParams
	for _, s := range mustExpand(t, strings.Replace(short, "{net: resnet20}", section, 1), "").All() {
		if s.Step.Kind == pipelines.KindTrain {
			if err := json.Unmarshal(s.Step.Params, &p); err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("there is no training")
	return p
}

// TestOptimizers: what a file says of the update rule and its schedule, and what it leaves out.
func TestOptimizers(t *testing.T) {
	drops := []pipelines.Drop{{Epoch: 150, Factor: 0.1}, {Epoch: 225, Factor: 0.1}, {Epoch: 275, Factor: 0.1}}
	for _, c := range []struct {
		says string
		want pipelines.Optimizer
	}{
		{"{}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: drops}},
		{"{momentum: 0}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, WeightDecay: 5e-4, Schedule: drops}},
		{"{kind: adam}", pipelines.Optimizer{Kind: "adam", LR: 0.001, WeightDecay: 5e-4, Schedule: drops, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}},
		{"{kind: adam, lr: 0.01, beta1: 0.8, epsilon: 1e-6, weight_decay: 0, schedule: {}}",
			pipelines.Optimizer{Kind: "adam", LR: 0.01, Schedule: []pipelines.Drop{}, Beta1: 0.8, Beta2: 0.999, Epsilon: 1e-6}},
		{"{schedule: {cosine: true}}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Cosine: true}},
		{"{schedule: {warmup: 5}}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Warmup: 5}},
		{"{schedule: {cosine: true, warmup: 5}}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Cosine: true, Warmup: 5}},
		{"{schedule: {200: 0.5, warmup: 5, 100: 0.1}}",
			pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{{Epoch: 100, Factor: 0.1}, {Epoch: 200, Factor: 0.5}}, Warmup: 5}},
		{"{schedule: {cosine: false, warmup: 0}}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}}},
		{"{kind: adamw, clip_norm: 1, schedule: {onecycle: true}}", pipelines.Optimizer{Kind: "adamw", LR: 0.001, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, ClipNorm: 1,
			OneCycle: &pipelines.OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4, BaseMomentum: 0.85, MaxMomentum: 0.95}}},
		{"{kind: rmsprop, centered: true, schedule: {onecycle: {pct_start: 0.5, anneal: linear}}}", pipelines.Optimizer{Kind: "rmsprop", LR: 0.01, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Epsilon: 1e-8, Alpha: 0.99, Centered: true,
			OneCycle: &pipelines.OneCycle{Start: 0.5, Div: 25, FinalDiv: 1e4, Linear: true}}},
		{"{kind: sam, clip_value: 0.5, schedule: {polynomial: 0.9, warmup: 5}}", pipelines.Optimizer{Kind: "sam", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Polynomial: 0.9, Warmup: 5, Rho: 0.05, ClipValue: 0.5}},
		{"{kind: asam, momentum: 0, schedule: {exponential: 0.95}}", pipelines.Optimizer{Kind: "asam", LR: 0.1, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, Exponential: 0.95, Rho: 0.5, Eta: 0.01}},
		{"{schedule: {onecycle: {cycle_momentum: false}}}", pipelines.Optimizer{Kind: "sgd", LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Schedule: []pipelines.Drop{}, OneCycle: &pipelines.OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4}}},
	} {
		if d := cmp.Diff(c.want, training(t, "{net: resnet20, optimizer: "+c.says+"}").Optimizer); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.says, d)
		}
	}
}

// TestOptimizerMistakes: what belongs to another rule, or contradicts itself, is named with its place.
func TestOptimizerMistakes(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{"{kind: adam, momentum: 0.9}", "3:58: train.optimizer.momentum belongs to sgd, rmsprop, sam, asam; adam has beta1, beta2, epsilon"},
		{"{beta2: 0.9}", "3:43: train.optimizer.beta2 belongs to adam, adamw; sgd has momentum, nesterov"},
		{"{kind: adma}", "unknown name adma; did you mean adam?; allowed: sgd, adam, adamw, rmsprop, sam, asam"},
		{"{kind: adam, beta1: 1}", "beta1: want a number from 0 and below 1, got 1"},
		{"{schedule: {cosine: true, 10: 0.1}}", "has both a cosine and drops"},
		{"{schedule: {cosin: true}}", "or onecycle or warmup, got cosin; did you mean cosine?"},
		{"{schedule: {cosine: 3}}", "schedule.cosine: want true or false"},
		{"{schedule: {warmup: 300}}", "schedule.warmup is 300, but train.epochs is 300"},
		{"{schedule: {warmup: 0.5}}", "schedule.warmup: want a whole number"},
		{"{kind: sam, eta: 0.1}", "train.optimizer.eta belongs to asam; sam has momentum, nesterov, rho"},
		{"{kind: rmsprop, nesterov: true}", "train.optimizer.nesterov belongs to sgd, sam, asam; rmsprop has momentum, epsilon, alpha, centered"},
		{"{clip_norm: 1, clip_value: 1}", "has both clip_norm and clip_value; keep one of them"},
		{"{clip_norm: 0}", "clip_norm: want a number above 0"},
		{"{schedule: {polynomial: 1, exponential: 0.9}}", "has both a polynomial and an exponential"},
		{"{schedule: {onecycle: true, warmup: 3}}", "a one-cycle rises by itself, over its pct_start; leave warmup out"},
		{"{schedule: {onecycle: {pct_strat: 0.2}}}", "did you mean pct_start?"},
		{"{schedule: {onecycle: {cycle_momentum: false, max_momentum: 0.9}}}", "has a momentum, which is not cycled"},
		{"{kind: rmsprop, schedule: {onecycle: {cycle_momentum: true}}}", "cycle_momentum needs a momentum of sgd, sam or asam above 0"},
		{"{schedule: {onecycle: {base_momentum: 0.99}}}", "base_momentum is 0.99, above max_momentum, which is 0.95"},
	} {
		src := strings.Replace(short, "{net: resnet20}", "{net: resnet20, optimizer: "+c.says+"}", 1)
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.says, err, c.want)
		}
	}
}

// TestSchedulesAreSwept: schedules of all kinds are values like any other, with names fit for files.
func TestSchedulesAreSwept(t *testing.T) {
	s := mustParse(t, short+"sweep: {train.optimizer.schedule: [{}, {150: 0.1}, {cosine: true}, {cosine: true, warmup: 5}, {150: 0.1, warmup: 5}, {onecycle: true}, {polynomial: 0.9}]}\n", "")
	want := []string{"schedule=none", "schedule=150x0.1", "schedule=cosine", "schedule=warmup5_cosine", "schedule=warmup5_150x0.1", "schedule=onecycle", "schedule=polynomial0.9"}
	if d := cmp.Diff(want, s.Experiments()); d != "" {
		t.Errorf("experiments (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"sgd", "adam"}, kindsOf(t, short+"sweep: {train.optimizer.kind: [sgd, adam]}\n")); d != "" {
		t.Errorf("update rules (-want +got):\n%s", d)
	}
}

// TestAveragesAndStops: what a file says of them, its names in a sweep, and its mistakes.
func TestAveragesAndStops(t *testing.T) {
	stop := func(split string, patience int, delta float64) *pipelines.EarlyStop {
		return &pipelines.EarlyStop{Split: split, Patience: patience, MinDelta: delta}
	}
	type both struct {
		Average *pipelines.Average
		Stop    *pipelines.EarlyStop
	}
	for says, want := range map[string]both{
		"average: none, early_stop: none": {},
		"average: ema":                    {Average: &pipelines.Average{Decay: 0.999}},
		"average: {ema: 0.9, from: 7}":    {Average: &pipelines.Average{Decay: 0.9, From: 7}},
		"average: swa, epochs: 20":        {Average: &pipelines.Average{From: 15}},
		"average: {swa: 0}":               {Average: &pipelines.Average{}},
		"early_stop: 3":                   {Stop: stop("test", 3, 0)},
		"early_stop: {patience: 2, split: train, min_delta: 0.1}": {Stop: stop("train", 2, 0.1)},
		"early_stop: {patience: 2, restore_best_weights: true}":   {Stop: &pipelines.EarlyStop{Split: "test", Patience: 2, RestoreBest: true}},
	} {
		p := training(t, "{net: resnet20, "+says+"}")
		if d := cmp.Diff(want, both{p.Average, p.EarlyStop}); d != "" {
			t.Errorf("%s (-want +got):\n%s", says, d)
		}
	}
	for says, want := range map[string]string{
		"average: emo":                        "train.average: want none, ema, swa",
		"average: {ema: 1}":                   "train.average.ema: want a number above 0 and below 1, got 1",
		"average: {swa: 300}":                 "train.average begins with epoch 300, counted from 0, but train.epochs is 300",
		"average: {ema: 0.9, swa: 1}":         "train.average: want none, ema, swa",
		"early_stop: 0":                       "train.early_stop: want a whole number from 1",
		"early_stop: {split: train}":          "train.early_stop: want none, a number of epochs",
		"early_stop: {patience: x}":           "train.early_stop.patience: want a whole number",
		"early_stop: {patience: 1, splt: ah}": "did you mean split?",
		"average: ema, early_stop: {patience: 1, restore_best_weights: true}": "both replace the last weights; leave one of them out",
	} {
		src := strings.Replace(short, "{net: resnet20}", "{net: resnet20, "+says+"}", 1)
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want one with %q", says, err, want)
		}
	}
	s := mustParse(t, short+"sweep: {train.average: [none, ema, {ema: 0.9, from: 3}, {swa: 5}], train.early_stop: [none, 5, {patience: 5, split: train}]}\n", "")
	if got := s.Experiments(); len(got) != 12 || got[5] != "average=ema0.999,early_stop=5_train" && got[5] != "average=ema0.999,early_stop=5" {
		t.Errorf("experiments %q", got)
	}
}

// TestCostOfTrainings: SAM takes two gradients for each update, and an average one more pass over the images.
func TestCostOfTrainings(t *testing.T) {
	passes := func(section string) float64 {
		for _, s := range mustExpand(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, epochs: 4, "+section+"}", 1), "").All() {
			if s.Step.Kind == pipelines.KindTrain {
				return s.Step.Cost().Passes
			}
		}
		return 0
	}
	p := training(t, "{net: resnet20, epochs: 4}")
	train, test := float64(p.Data.Train), float64(p.Data.Test)
	for section, want := range map[string]float64{
		"seed: 1":                4 * (3*train + test),
		"optimizer: {kind: sam}": 4 * (6*train + test),
		"average: ema":           4*(3*train+test) + train,
	} {
		if got := passes(section); got != want || want == 0 {
			t.Errorf("%s costs %g passes, want %g", section, got, want)
		}
	}
}

func kindsOf(t *testing.T, src string) (kinds []string) {
	for _, s := range mustExpand(t, src, "").All() {
		if s.Step.Kind == pipelines.KindTrain {
			var p pipelines.TrainParams
			if err := json.Unmarshal(s.Step.Params, &p); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, p.Optimizer.Kind)
		}
	}
	return kinds
}

// TestLabelNoiseReachesTheMaps: maps of the training split see the wrong labels of
// the training, those of the test split never, and without noise nothing is said of it.
func TestLabelNoiseReachesTheMaps(t *testing.T) {
	src := strings.Replace(short, "{net: resnet20}", "{net: resnet20, label_noise: 0.2, seed: 7}", 1)
	seen := map[string]*pipelines.LabelNoise{}
	for _, s := range mustExpand(t, src, "").All() {
		switch s.Step.Kind {
		case pipelines.KindTrain:
			if !strings.Contains(string(s.Step.Params), `"label_noise":0.2`) {
				t.Errorf("the training has no noise: %s", s.Step.Params)
			}
		case pipelines.KindLine, pipelines.KindSurface:
			var p pipelines.MapParams
			if err := json.Unmarshal(s.Step.Params, &p); err != nil {
				t.Fatal(err)
			}
			seen[s.Step.ID] = p.Data.Noise
		}
	}
	noise := &pipelines.LabelNoise{Fraction: 0.2, Seed: 7}
	if d := cmp.Diff(map[string]*pipelines.LabelNoise{"one/line-train": noise, "one/line-test": nil, "one/surface-train": noise}, seen); d != "" {
		t.Errorf("noise of maps (-want +got):\n%s", d)
	}
	for _, s := range mustExpand(t, short, "").All() {
		if strings.Contains(string(s.Step.Params), "noise") {
			t.Errorf("%s speaks of noise where there is none", s.Step.ID)
		}
	}
}
