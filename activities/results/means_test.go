package results_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
)

// TestMeans: a mean is over the repetitions that came to the number. What
// diverged, failed or is missing counts for none, and Count says so.
func TestMeans(t *testing.T) {
	num := func(v float64) *float64 { return &v }
	flat := func(v float64, bounds int) map[string][]surface.Summary {
		return map[string][]surface.Summary{"surface-train": {{Name: "width0.5", Mean: v, Deviation: 0.1, Count: 2, Bounds: bounds}}}
	}
	params := func(net string, seed int) map[string]any {
		return map[string]any{"train.net": net, "train.seed": float64(seed)}
	}
	rows := []results.Experiment{
		{Name: "a,seed=1", Group: "a", State: "done", Params: params("a", 1), TrainLoss: num(1), TestLoss: num(2), TestError: num(10), Flatness: flat(0.5, 0), Measures: map[string]float64{"spectrum.trace": 7}},
		{Name: "b,seed=1", Group: "b", State: "done", Params: params("b", 1), TrainLoss: num(5), TestLoss: num(5), TestError: num(5)},
		{Name: "a,seed=2", Group: "a", State: "done", Params: params("a", 2), TrainLoss: num(2), TestLoss: num(2), TestError: num(20), Flatness: flat(0.7, 1)},
		{Name: "a,seed=3", Group: "a", State: "failed", Params: params("a", 3), TrainLoss: num(3), TestError: num(30)}, // a map failed, and its test loss is not finite
		{Name: "a,seed=4", Group: "a", State: "diverged", Params: params("a", 4), TestError: num(90)},
		{Name: "a,seed=5", Group: "a", State: "done", Params: params("a", 5), TestError: num(90), Measures: map[string]float64{"spectrum.trace": 1000}}, // a loss that is not finite
		{Name: "b,seed=2", Group: "b", State: "waiting", Params: params("b", 2)},
		{Name: "alone", State: "done", TrainLoss: num(100)},
	}
	nan := math.NaN()
	want := []results.Group{
		{Name: "a", Params: map[string]any{"train.net": "a"}, Repetitions: 5, States: map[string]int{"done": 3, "failed": 1, "diverged": 1}, Measures: []surface.Summary{
			{Name: "train_loss", Mean: 2, Deviation: 1, Count: 3},
			{Name: "test_loss", Mean: 2, Deviation: 0, Count: 2},
			{Name: "test_error", Mean: 20, Deviation: 10, Count: 3},
			{Name: "spectrum.trace", Mean: 7, Deviation: nan, Count: 1},
			{Name: "surface-train.width0.5", Mean: 0.6, Deviation: nan, Count: 2, Bounds: 1},
		}},
		{Name: "b", Params: map[string]any{"train.net": "b"}, Repetitions: 2, States: map[string]int{"done": 1, "waiting": 1}, Measures: []surface.Summary{
			{Name: "train_loss", Mean: 5, Deviation: nan, Count: 1},
			{Name: "test_loss", Mean: 5, Deviation: nan, Count: 1},
			{Name: "test_error", Mean: 5, Deviation: nan, Count: 1},
			{Name: "spectrum.trace", Mean: nan, Deviation: nan},
			{Name: "surface-train.width0.5", Mean: nan, Deviation: nan},
		}},
	}
	got := results.Means(rows)
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	b, err := json.Marshal(got)
	if err != nil || !strings.Contains(string(b), `{"name":"spectrum.trace","mean":7,"sd":null,"count":1}`) {
		t.Errorf("as JSON (%v) the groups are %s", err, b)
	}
	if got := results.Means(rows[len(rows)-1:]); got != nil {
		t.Errorf("a sweep without repetitions has the means %v", got)
	}
}
