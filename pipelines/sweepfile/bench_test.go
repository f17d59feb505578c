package sweepfile

import (
	"strings"
	"testing"
)

// BenchmarkLanguage1000 reads and expands a sweep of 1,000 experiments with a
// map of every kind that needs no checkpoints.
func BenchmarkLanguage1000(b *testing.B) {
	src := minimal + `networks:
  mynet: [` + strings.Repeat("{conv: 16}, {bn: }, relu, ", 100) + `avgpool, flatten, {linear: 10}]
sweep:
  train.seed: [` + strings.Join(strings.Fields(strings.Trim(numbers(500), "[]")), " ") + `]
  train.net: [resnet20, mynet]
maps: [{kind: line}, {kind: surface}, {kind: hessian}, {kind: spectrum}]
`
	for b.Loop() {
		if n := len(mustExpand(b, src, "").Experiments); n != 1000 {
			b.Fatalf("%d experiments", n)
		}
	}
}
