package launch_test

import (
	"strings"
	"testing"

	"lossatlas/activities"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/launch"
)

// TestClassOfASweep: workers that are there decide, and where they are of several classes, the
// sweep's device or its last run; it is not guessed.
func TestClassOfASweep(t *testing.T) {
	const avx2, avx512, h100 = "xla:1:f32:cpu-amd64-avx2:v1", "xla:1:f32:cpu-amd64-avx512:v1", "xla:2:f32:cuda-NVIDIA-H100:v1"
	workers := func(classes ...string) []activities.Serving {
		list := []activities.Serving{{Queue: activities.QueueIO}}
		for _, c := range classes {
			list = append(list, activities.Serving{Queue: activities.QueueCPU, Class: c}, activities.Serving{Queue: activities.ClassQueue(c)})
		}
		return list
	}
	for name, c := range map[string]struct {
		device, before string
		any            bool
		served         []activities.Serving
		want, refused  string
	}{
		"no worker":                        {want: avx2},
		"only one that draws":              {served: workers(), want: avx2},
		"one class":                        {served: workers(h100, h100), want: h100},
		"several":                          {served: workers(h100, avx512), refused: avx512 + ", " + h100},
		"several, and any will do":         {served: workers(h100, avx512), any: true, want: avx2},
		"several, of which one was before": {served: workers(h100, avx512), before: avx512, want: avx512},
		"several, another before":          {served: workers(h100, avx512), before: avx2, refused: "numerics: any"},
		"a GPU":                            {served: workers(h100, avx512, avx2), device: "gpu", want: h100},
		"a CPU of two":                     {served: workers(h100, avx512, avx2), device: "cpu", refused: avx2 + ", " + avx512 + ". Choose"},
		"a kind of CPU":                    {served: workers(h100, avx512, avx2), device: "avx512", want: avx512},
		"a kind of GPU":                    {served: workers(h100, avx512, avx2), device: "H100", want: h100},
		"another device than before":       {served: workers(h100, avx512), device: "gpu", before: avx512, want: h100},
		"a GPU that is not there":          {served: workers(avx512), device: "gpu", refused: "which no worker has; the workers compute in " + avx512},
		"this machine":                     {device: "cpu", want: avx2},
		"not this machine":                 {device: "gpu", refused: "this machine computes in " + avx2},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := launch.Class(&sweepfile.Sweep{File: "sweep.yaml", Device: c.device, AnyNumerics: c.any}, avx2, c.before, c.served)
			switch {
			case c.refused == "" && (err != nil || got != c.want):
				t.Errorf("the class is %q, %v; want %q", got, err, c.want)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("the class is %q, %v; want it refused with %q", got, err, c.refused)
			}
		})
	}
}
