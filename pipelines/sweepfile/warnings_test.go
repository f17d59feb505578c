package sweepfile

import (
	"strings"
	"testing"
)

// TestWarnings: a valid setting that is probably a mistake is listed once, however many experiments have it.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name, train, maps string
		want              []string
	}{
		{"default drops", "{net: vgg9, epochs: 12}", "[]", []string{"after 6, 9, 11 of 12 epochs"}},
		{"no drops", "{net: vgg9, epochs: 12, optimizer: {schedule: {}}}", "[]", nil},
		{"a late drop", "{net: vgg9, epochs: 12, optimizer: {schedule: {5: 0.1, 150: 0.1}}}", "[]", []string{"the drop after 150 epochs is never reached; train.epochs is 12"}},
		{"odd points", "{net: vgg9, optimizer: {schedule: {}}}", "[{kind: line, points: 5}, {kind: surface, range: [-0.3, 0.3], resolution: 7}, {kind: line, name: b, range: [-1, 2], points: 4}]", nil},
		{"even points", "{net: vgg9, optimizer: {schedule: {}}}", "[{kind: line, points: 4}]", []string{"line has no point at the minimizer: 4 points from -1 to 1"}},
		{"one even side", "{net: vgg9, optimizer: {schedule: {}}}", "[{kind: surface, resolution: [5, 6]}]", []string{"surface has no point"}},
		{"beside", "{net: vgg9, optimizer: {schedule: {}}}", "[{kind: line, range: [1, 2], points: 5}]", []string{"from 1 to 2 leave out 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := mustParse(t, "name: w\ndataset: {name: cifar10}\ntrain: "+c.train+"\nmaps: "+c.maps+"\nsweep: {train.seed: [1, 2]}\n", "")
			got := s.Warnings()
			if len(got) != len(c.want) {
				t.Fatalf("%d warnings, want %d: %q", len(got), len(c.want), got)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("%q does not say %q", got[i], want)
				}
			}
		})
	}
}
