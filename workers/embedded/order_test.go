package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"lossatlas/activities"
	"lossatlas/pipelines"
)

// TestFirstExperimentGoesThrough: with one slot, the map of the first experiment comes before the trainings of the others, unless no
// experiment is the first.
func TestFirstExperimentGoesThrough(t *testing.T) {
	for name, test := range map[string]struct {
		in          activities.SweepInput
		least, most int // the place of the map among all steps
	}{
		"held back": {activities.SweepInput{First: "a", Hold: true}, 1, 1},
		"breadth":   {activities.SweepInput{}, 2, 7},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var order []string
			s := newSite(t, func(_ context.Context, in activities.StepInput) error {
				mu.Lock()
				order = append(order, strings.Fields(in.Label)[1])
				mu.Unlock()
				return nil
			})
			g := pipelines.Graph{Sweep: "s"}
			for _, name := range []string{"a", "b", "c", "d"} {
				// The worker does nothing but trainings, so that one stands for a map.
				g.Experiments = append(g.Experiments, pipelines.Experiment{Name: name, Steps: []pipelines.Step{
					{ID: name + "/train", Kind: pipelines.KindTrain, Params: json.RawMessage(fmt.Sprintf(`{"net": %q}`, name))},
					{ID: name + "/map", Kind: pipelines.KindTrain, Params: json.RawMessage(fmt.Sprintf(`{"net": "%s-map"}`, name)),
						Inputs: map[string]pipelines.Ref{pipelines.OutWeights: {Step: name + "/train", Output: pipelines.OutWeights}}},
				}})
			}
			if err := s.start(t, g, activities.DefaultPriority, test.in).Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if place := slices.Index(order, "a-map"); len(order) != 8 || place < test.least || place > test.most {
				t.Errorf("the steps began in the order %v", order)
			}
		})
	}
}
