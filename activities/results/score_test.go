package results

import (
	"slices"
	"testing"

	"lossatlas/activities/trainlog"
)

// TestScoresAreColumns: a column is named after the score that it has, and only the scores of a sweep have one.
func TestScoresAreColumns(t *testing.T) {
	names := func(rows ...Experiment) (out []string) {
		for _, m := range Measures(rows) {
			out = append(out, m.Name)
		}
		return out
	}
	plain, fit, top := Experiment{}, Experiment{Score: trainlog.Determination, Measures: map[string]float64{"test_r2": 80}}, Experiment{Score: "top-5 accuracy"}
	none := Experiment{Score: trainlog.NoScore}
	for _, c := range []struct {
		got, want []string
	}{
		{names(plain), []string{"train_loss", "test_loss", "test_error"}},
		{names(fit, none), []string{"train_loss", "test_loss", "test_r2"}},
		{names(plain, top), []string{"train_loss", "test_loss", "test_error", "test_top5_error"}},
		{names(Experiment{TrainError: new(float64)}), []string{"train_loss", "train_error", "test_loss", "test_error"}},
		{names(none), []string{"train_loss", "test_loss"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("the columns are %v, want %v", c.got, c.want)
		}
	}
}
