package trainlog

import (
	"slices"
	"testing"
)

// TestRateSteps: drops are marked, changes after every epoch are not.
func TestRateSteps(t *testing.T) {
	for name, c := range map[string]struct {
		rates []Number
		want  []int
	}{
		"constant":             {[]Number{1, 1, 1}, nil},
		"nothing":              {nil, nil},
		"drops":                {[]Number{9, 9, 8, 8, 7, 6, 6}, []int{2, 4, 5}},
		"cosine":               {[]Number{9, 8, 6, 4, 2, 1}, nil},
		"cosine of few epochs": {[]Number{9, 5, 1}, []int{1, 2}},
		"warm-up and drops":    {[]Number{1, 2, 3, 4, 5, 5, 2, 2}, []int{6}},
		"drop into a cosine":   {[]Number{9, 9, 2, 2, 2, 5, 4, 3, 2}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			var epochs []Epoch
			for i, lr := range c.rates {
				epochs = append(epochs, Epoch{Epoch: i + 1, LR: lr})
			}
			if got := RateSteps(RateChanges(epochs)); !slices.Equal(got, c.want) {
				t.Errorf("rates %v are marked after the epochs %v, want %v", c.rates, got, c.want)
			}
		})
	}
}
