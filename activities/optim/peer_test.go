package optim

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// The comparisons below run their work in processes of their own, pinned to one
// core, with the environment that the program gives itself. Such a process is
// this test binary again: each line on its standard input asks for a piece of
// work, and is answered by a line of JSON.
const workerVariable = "LOSSATLAS_BENCHMARK_NET"

func TestMain(m *testing.M) {
	if name := os.Getenv(workerVariable); name != "" {
		if err := serve(name, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// answer is what a worker says about a piece of work.
type answer struct {
	Rate float64 // images, or points of a surface, per CPU-second
	Peak int64   // the largest resident size of the process until then, in bytes
}

// serve does the work that is asked for, line by line.
func serve(name string, in io.Reader, out io.Writer) error {
	w, err := newWorker(name)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		work, count, err := w.prepare(lines.Text())
		if err != nil {
			return err
		}
		before := cputime.Process()
		if err := work(); err != nil {
			return err
		}
		a := answer{Rate: count / (cputime.Process() - before)}
		if a.Peak, err = peakBytes(); err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// worker keeps what it has compiled from one request to the next.
type worker struct {
	net       *nets.Net
	backend   *engine.Backend
	evaluator *engine.Evaluator
	hessian   *engine.Hessian
	trainer   *Trainer
}

func newWorker(name string) (*worker, error) {
	net, err := nets.ByName(name, shared.Problem)
	if err != nil {
		return nil, err
	}
	b, err := engine.Open(engine.Options{Backend: "xla", Plugin: os.Getenv("LOSSATLAS_PLUGIN")})
	return &worker{net: net, backend: b}, err
}

const (
	peerBatch   = 128
	pointImages = 1000 // of one point of a surface, as in torch_peer.py
)

// prepare compiles what a kind of work needs and does the work once, so that
// what is measured is warm. count is what the work yields.
func (w *worker) prepare(kind string) (work func() error, count float64, err error) {
	ctx := context.Background()
	if kind != "train" && kind != "train8192" && w.evaluator == nil {
		if w.evaluator, err = engine.NewEvaluator(w.backend, w.net, noise(pointImages), peerBatch); err != nil {
			return nil, 0, err
		}
		theta, state := w.net.Init(1)
		if err := w.evaluator.SetCenter(theta, state); err != nil {
			return nil, 0, err
		}
		if err := w.evaluator.SetDirections(theta, theta); err != nil {
			return nil, 0, err
		}
	}
	const passes = 3
	repeat := func(n int, f func() error) func() error {
		return func() error {
			for range n {
				if err := f(); err != nil {
					return err
				}
			}
			return nil
		}
	}
	train := func(images, batch, group int) error {
		if w.trainer != nil {
			return nil
		}
		var err error
		config := Config{LR: 0.01, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: batch, BNGroup: group, Augment: true}
		w.trainer, err = New(w.backend, w.net, noise(images), config)
		return err
	}
	epoch := func() error { _, err := w.trainer.Epoch(ctx, nil); return err }
	switch kind {
	case "forward": // bare passes: the weights stay where they are
		// A point's last batch is padded: it costs what whole batches cost.
		batches := (pointImages + peerBatch - 1) / peerBatch
		work, count = repeat(passes, func() error { _, err := w.evaluator.At(ctx, 0, 0); return err }), float64(passes*batches*peerBatch)
	case "points":
		work, count = repeat(passes, func() error { _, err := w.evaluator.At(ctx, 0.01, 0.02); return err }), passes
	case "hvp":
		if w.hessian == nil {
			images, err := engine.NewEvaluator(w.backend, w.net, noise(3*peerBatch), peerBatch)
			if err != nil {
				return nil, 0, err
			}
			if err := images.SetCenter(w.net.Init(1)); err != nil {
				return nil, 0, err
			}
			if w.hessian, err = engine.NewHessian(images, engine.AllParams, ""); err != nil {
				return nil, 0, err
			}
		}
		v := make([]float64, w.hessian.Dim())
		for i := range v {
			v[i] = 1e-3
		}
		work, count = func() error { return w.hessian.Product(ctx, v, v) }, 3*peerBatch
	case "train":
		err = train(4*peerBatch, peerBatch, 0)
		work, count = epoch, 4*peerBatch
	case "train8192":
		err = train(8192, 8192, 256) // in the groups that sweep files have by default
		work, count = epoch, 8192
	default:
		err = fmt.Errorf("no work is called %q", kind)
	}
	if err == nil {
		err = work()
	}
	return work, count, err
}

// peakBytes is the largest resident size that this process has had.
func peakBytes() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var n int64
			_, err := fmt.Sscan(kib, &n)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}

// workerProcess is a worker for a network, pinned to a core.
type workerProcess struct {
	ask  io.Writer
	told *json.Decoder
	name string
}

// core is the core that everything compared runs on.
func core() string { return cmp.Or(os.Getenv("BENCHMARK_CORE"), "0") }

func startWorker(b *testing.B, net string) *workerProcess {
	b.Helper()
	if os.Getenv("LOSSATLAS_PLUGIN") == "" {
		b.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	cmd := exec.Command("taskset", "-c", core(), os.Args[0])
	cmd.Env = append(engine.Environ(os.Environ()), workerVariable+"="+net)
	cmd.Stderr = os.Stderr
	ask, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	told, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Skip(err) // there is no taskset
	}
	b.Cleanup(func() {
		ask.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("the process that worked on %s: %v", net, err)
		}
	})
	return &workerProcess{ask: ask, told: json.NewDecoder(told), name: net}
}

// do has a piece of work done and measured.
func (w *workerProcess) do(b *testing.B, kind string) (a answer) {
	b.Helper()
	if _, err := fmt.Fprintln(w.ask, kind); err != nil {
		b.Fatalf("%s of %s: %v", kind, w.name, err)
	}
	if err := w.told.Decode(&a); err != nil {
		b.Fatalf("%s of %s: %v", kind, w.name, err)
	}
	return a
}

// series is what was measured of one thing, run after run.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String is the median with the smallest and the largest.
func (s series) String() string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.median(), slices.Min(s), slices.Max(s))
}

// BenchmarkBesidePyTorch measures this program and PyTorch in turns, both pinned
// to one core, on the same work: forward passes, training steps (ours with
// augmentation), Hessian-vector products, points of a surface of 1,000 images,
// which PyTorch also evaluates with batch normalization folded into its layers.
// It reports the ratio of what they do in a CPU-second, the median over the
// pairs, and prints a table with the spread. PYTHON names an interpreter that
// has torch; without it the benchmark is skipped. Each iteration is a pair.
func BenchmarkBesidePyTorch(b *testing.B) {
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		b.Skipf("%s cannot import torch (set PYTHON to one that can): %v", python, err)
	}
	script := filepath.Join(shared.Dir(b), "bench", "torch_peer.py")
	kinds := []string{"train", "hvp", "forward", "points", pointsFolded}
	for _, net := range []string{"resnet20", "resnet56", "vgg9"} {
		b.Run(net, func(b *testing.B) {
			worker := startWorker(b, net)
			own, theirs, ratios := map[string]series{}, map[string]series{}, map[string]series{}
			var points series // the time of 1,000 images on a surface over that of bare forward passes
			for b.Loop() {
				peer := peer(b, python, script, net)
				rates := map[string]float64{}
				for _, kind := range kinds {
					work := strings.TrimSuffix(kind, "-folded") // which is not a choice here
					if rates[work] == 0 {
						rates[work] = worker.do(b, work).Rate
					}
					own[kind] = append(own[kind], rates[work])
					theirs[kind] = append(theirs[kind], peer[kind])
					ratios[kind] = append(ratios[kind], rates[work]/peer[kind])
				}
				bare, point := rates["forward"], rates["points"]
				padded := float64((pointImages + peerBatch - 1) / peerBatch * peerBatch)
				points = append(points, bare/(padded*point))
			}
			var table strings.Builder
			w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "%s\tper CPU-second\tPyTorch\tratio\t\n", net)
			for _, kind := range kinds {
				fmt.Fprintf(w, "%s\t%v\t%v\t%v\t\n", kind, own[kind], theirs[kind], ratios[kind])
				b.ReportMetric(ratios[kind].median(), kind+"-ratio")
			}
			fmt.Fprintf(w, "a point over bare passes\t\t\t%v\t\n", points)
			w.Flush()
			b.ReportMetric(points.median(), "point/forward")
			b.Log("\n" + table.String())
		})
	}
}

// pointsFolded are points where PyTorch folds batch normalization.
const pointsFolded = "points-folded"

// peer is what PyTorch does per CPU-second, by kind of work.
func peer(b *testing.B, python, script, net string) map[string]float64 {
	b.Helper()
	type rate struct {
		Rate float64 `json:"per_cpu_second"`
	}
	var out struct {
		Forward, Train, HVP rate
		Points              rate `json:"surface_points"`
	}
	var folded rate
	ask := func(out any, args ...string) {
		raw, err := exec.Command("taskset", append([]string{"-c", core(), python}, args...)...).Output()
		if err != nil {
			b.Fatalf("PyTorch on %s: %v", net, err)
		}
		if err := json.Unmarshal(raw, out); err != nil {
			b.Fatal(err)
		}
	}
	ask(&out, script, net, "--json")
	ask(&folded, filepath.Join("testdata", "torch_folded.py"), script, net)
	return map[string]float64{"forward": out.Forward.Rate, "train": out.Train.Rate, "hvp": out.HVP.Rate,
		"points": out.Points.Rate, pointsFolded: folded.Rate}
}

// BenchmarkMemory reports the largest resident size of a process that does one
// thing and nothing else, in GiB, and fails beyond what is promised.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		net, kind string
		limit     float64
	}{
		{"resnet56", "hvp", 6}, {"densenet121", "forward", 6}, {"resnet20", "train8192", 4}, {"vgg9", "train8192", 4},
	} {
		b.Run(c.net+"/"+c.kind, func(b *testing.B) {
			for b.Loop() {
				peak := float64(startWorker(b, c.net).do(b, c.kind).Peak) / (1 << 30)
				b.ReportMetric(peak, "GiB")
				if peak > c.limit {
					b.Errorf("%s of %s took %.2f GiB, more than %g", c.kind, c.net, peak, c.limit)
				}
			}
		})
	}
}
