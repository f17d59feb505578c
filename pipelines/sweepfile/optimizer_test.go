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
	} {
		if d := cmp.Diff(c.want, training(t, "{net: resnet20, optimizer: "+c.says+"}").Optimizer); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.says, d)
		}
	}
}

// TestOptimizerMistakes: what belongs to another rule, or contradicts itself, is named with its place.
func TestOptimizerMistakes(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{"{kind: adam, momentum: 0.9}", "3:58: train.optimizer.momentum belongs to sgd; adam has beta1, beta2, epsilon"},
		{"{beta2: 0.9}", "3:43: train.optimizer.beta2 belongs to adam; sgd has momentum, nesterov"},
		{"{kind: adma}", "unknown name adma; did you mean adam?; allowed: sgd, adam"},
		{"{kind: adam, beta1: 1}", "beta1: want a number from 0 and below 1, got 1"},
		{"{schedule: {cosine: true, 10: 0.1}}", "has both a cosine and drops"},
		{"{schedule: {cosin: true}}", "or cosine or warmup, got cosin; did you mean cosine?"},
		{"{schedule: {cosine: 3}}", "schedule.cosine: want true or false"},
		{"{schedule: {warmup: 300}}", "schedule.warmup is 300, but train.epochs is 300"},
		{"{schedule: {warmup: 0.5}}", "schedule.warmup: want a whole number"},
	} {
		src := strings.Replace(short, "{net: resnet20}", "{net: resnet20, optimizer: "+c.says+"}", 1)
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.says, err, c.want)
		}
	}
}

// TestSchedulesAreSwept: schedules of all kinds are values like any other, with names fit for files.
func TestSchedulesAreSwept(t *testing.T) {
	s := mustParse(t, short+"sweep: {train.optimizer.schedule: [{}, {150: 0.1}, {cosine: true}, {cosine: true, warmup: 5}, {150: 0.1, warmup: 5}]}\n", "")
	want := []string{"schedule=none", "schedule=150x0.1", "schedule=cosine", "schedule=warmup5_cosine", "schedule=warmup5_150x0.1"}
	if d := cmp.Diff(want, s.Experiments()); d != "" {
		t.Errorf("experiments (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"sgd", "adam"}, kindsOf(t, short+"sweep: {train.optimizer.kind: [sgd, adam]}\n")); d != "" {
		t.Errorf("update rules (-want +got):\n%s", d)
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
