package optim

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// BenchmarkForward measures images per second in evaluation, points of a surface included.
func BenchmarkForward(b *testing.B) {
	for _, name := range []string{"resnet20", "resnet56", "vgg9"} {
		b.Run(name, func(b *testing.B) {
			const images = 1024
			net, err := nets.ByName(name)
			if err != nil {
				b.Fatal(err)
			}
			e, err := engine.NewEvaluator(open(b, "xla"), net, noise(images), 128)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			theta, state := net.Init(1)
			if err := e.SetCenter(theta, state); err != nil {
				b.Fatal(err)
			}
			if err := e.SetDirections(theta, theta); err != nil {
				b.Fatal(err)
			}
			before := cpuSeconds()
			for b.Loop() {
				if _, err := e.At(context.Background(), 0.01, 0.02); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(images/(cpuSeconds()-before)*float64(b.N), "images/cpu-s")
		})
	}
}

// BenchmarkBesidePyTorch measures this program and PyTorch in turns, both pinned
// to one core, and reports the ratio of their images per CPU-second: the
// median over the pairs, with the smallest and the largest. PYTHON names an
// interpreter that has torch; without it the benchmark is skipped.
func BenchmarkBesidePyTorch(b *testing.B) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		b.Skipf("%s cannot import torch (set PYTHON to one that can): %v", python, err)
	}
	script := filepath.Join(shared.Dir(b), "bench", "torch_peer.py")
	for _, net := range []string{"resnet20", "vgg9"} {
		b.Run(net, func(b *testing.B) {
			ratios := map[string][]float64{}
			for b.Loop() {
				theirs := peer(b, python, script, net)
				ratios["forward"] = append(ratios["forward"], own(b, "BenchmarkForward/"+net)/theirs.Forward.Rate)
				ratios["train"] = append(ratios["train"], own(b, "BenchmarkTrain/"+net+"/xla")/theirs.Train.Rate)
			}
			for what, r := range ratios {
				slices.Sort(r)
				b.ReportMetric(r[len(r)/2], what+"-ratio")
				b.ReportMetric(r[0], what+"-min")
				b.ReportMetric(r[len(r)-1], what+"-max")
			}
		})
	}
}

// rate is PyTorch's images per CPU-second.
type rate struct {
	Rate float64 `json:"per_cpu_second"`
}

func peer(b *testing.B, python, script, net string) (out struct{ Forward, Train rate }) {
	b.Helper()
	raw, err := exec.Command("taskset", "-c", "0", python, script, net, "--json").Output()
	if err != nil {
		b.Fatalf("PyTorch on %s: %v", net, err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		b.Fatal(err)
	}
	return out
}

var perCPUSecond = regexp.MustCompile(`([0-9.e+]+) images/cpu-s`)

// own runs one of this package's benchmarks in a process of its own on the same core.
func own(b *testing.B, name string) float64 {
	b.Helper()
	cmd := exec.Command("taskset", "-c", "0", os.Args[0], "-test.run", "^$", "-test.bench", "^"+name+"$", "-test.benchtime", "3x")
	cmd.Env = engine.Environ(os.Environ()) // as the program starts itself
	raw, err := cmd.Output()
	if err != nil {
		b.Fatalf("%s: %v\n%s", name, err, raw)
	}
	m := perCPUSecond.FindSubmatch(raw)
	if m == nil {
		b.Fatalf("%s reported no images/cpu-s:\n%s", name, raw)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return v
}
