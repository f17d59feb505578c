package engine_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"lossatlas/activities/aten"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// waves are n images of 8×8×3 numbers, as of testdata/batchnorm.py.
func waves(p problem.Problem, n int, phase float64) data.Split {
	s := data.Split{Name: data.Test, Problem: p}
	for i := range n * p.Size() {
		v := float32(math.Cos(0.7*float64(i)*float64(i) + phase))
		s.Examples = binary.LittleEndian.AppendUint32(s.Examples, math.Float32bits(v))
	}
	for i := range n {
		s.Classes = append(s.Classes, int32(i%10))
	}
	return s
}

func vector(n int, f func(i float64) float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(f(float64(i)))
	}
	return v
}

// waveNet is the network of testdata/batchnorm.py with weights and a direction; its running statistics are of no use.
func waveNet(t *testing.T) (net *nets.Net, theta, state, delta []float32) {
	t.Helper()
	p := problem.Problem{Shape: []int{8, 8, 3}, Type: problem.Float32, Outputs: 10, Loss: problem.CrossEntropy}
	net, err := nets.New("waves", []nets.Layer{
		nets.Convolution{Name: "0", Out: 4, Kernel: 3, Stride: 2, Padding: 1}, nets.BatchNorm{Name: "1"}, nets.ReLU{},
		nets.Convolution{Name: "3", Out: 6, Kernel: 3, Stride: 2, Padding: 1}, nets.BatchNorm{Name: "4"}, nets.ReLU{},
		nets.AvgPool{}, nets.Flatten{}, nets.FullyConnected{Name: "8", Out: 10},
	}, p)
	if err != nil {
		t.Fatal(err)
	}
	n := net.NumParams()
	return net, vector(n, func(i float64) float64 { return 0.5 * math.Sin(i+1) }), vector(net.NumState(), func(float64) float64 { return 9 }),
		vector(n, func(i float64) float64 { return 0.2 * math.Cos(2*i) })
}

// TestBatchNormAgainstPyTorch compares losses by the statistics of batches, and by running statistics that are recomputed at each point, with
// PyTorch's in float64. Points don't depend on those before them.
func TestBatchNormAgainstPyTorch(t *testing.T) {
	var want struct {
		Alphas     []float64 `json:"alphas"`
		ByBatch    []float64 `json:"by_batch"`
		Recomputed []float64 `json:"recomputed"`
	}
	raw, err := os.ReadFile("testdata/batchnorm.json")
	if err == nil {
		err = json.Unmarshal(raw, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state, delta := waveNet(t)
		images, train := waves(net.Problem, 24, 0), waves(net.Problem, 20, 1)
		for name, c := range map[string]struct {
			norm engine.Norm
			want []float64
		}{
			"by batch":   {engine.Norm{ByBatch: true}, want.ByBatch},
			"recomputed": {engine.Norm{Recompute: &train, Size: 8}, want.Recomputed},
		} {
			buffers, _ := b.InUse()
			e, err := engine.NewNormEvaluator(b, net, images, 8, c.norm)
			if err == nil {
				err = e.SetCenter(theta, state)
			}
			if err == nil {
				err = e.SetDirections(delta, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			first := map[float64]engine.Eval{}
			for _, i := range []int{0, 1, 2, 1, 0} {
				got := at(t, e, want.Alphas[i], 0)
				if before, ok := first[want.Alphas[i]]; ok && before != got {
					t.Errorf("%s: at %g %+v, and again %+v", name, want.Alphas[i], before, got)
				}
				first[want.Alphas[i]] = got
				if relative(got.Loss, c.want[i]) > 2e-6 {
					t.Errorf("%s: at %g the loss is %.9g, PyTorch's %.9g", name, want.Alphas[i], got.Loss, c.want[i])
				}
			}
			e.Close()
			if now, _ := b.InUse(); now != buffers {
				t.Errorf("%s: %d buffers are left on the device", name, now-buffers)
			}
		}
	})
}

// TestHessianByBatch compares products with the Hessian of the loss by the statistics of batches with differences of its gradients.
func TestHessianByBatch(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state, delta := waveNet(t)
		e, err := engine.NewNormEvaluator(b, net, waves(net.Problem, 16, 0), 8, engine.Norm{ByBatch: true})
		if err == nil {
			err = e.SetCenter(theta, state)
		}
		if err == nil {
			err = e.SetDirections(delta, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		h, err := engine.NewHessian(e, engine.AllParams, "")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		ctx, n := context.Background(), h.Dim()
		v, product := make([]float64, n), make([]float64, n)
		for i, d := range delta {
			v[i] = float64(d)
		}
		if err := h.Product(ctx, product, v); err != nil {
			t.Fatal(err)
		}
		const step = 1e-3
		gradients := map[float64][]float64{step: make([]float64, n), -step: make([]float64, n)}
		for alpha, g := range gradients {
			if err := h.MoveTo(alpha, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := h.Gradient(ctx, g); err != nil {
				t.Fatal(err)
			}
		}
		difference, size := 0.0, 0.0
		for i := range product {
			slope := (gradients[step][i] - gradients[-step][i]) / (2 * step)
			difference += (product[i] - slope) * (product[i] - slope)
			size += slope * slope
		}
		if size == 0 || math.Sqrt(difference/size) > 1e-3 {
			t.Errorf("the product differs from differences of gradients by %g of its size %g", math.Sqrt(difference/size), math.Sqrt(size))
		}
	})
}

// TestBatchNormErrors: what can't be computed says why.
func TestBatchNormErrors(t *testing.T) {
	b := open(t, "go")
	net, _, _, _ := waveNet(t)
	if _, err := engine.NewNormEvaluator(b, net, waves(net.Problem, 20, 0), 8, engine.Norm{ByBatch: true}); err == nil || !strings.Contains(err.Error(), "20 are no multiple") {
		t.Errorf("20 images in batches of 8: %v", err)
	}
	train := waves(net.Problem, 8, 1)
	e, err := engine.NewNormEvaluator(b, net, waves(net.Problem, 8, 0), 8, engine.Norm{Recompute: &train, Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := engine.NewHessian(e, engine.AllParams, ""); err == nil || !strings.Contains(err.Error(), "recomputed running statistics") {
		t.Errorf("second derivatives with recomputed statistics: %v", err)
	}
	fixed, err := aten.Parse([]byte(`{"input":{"name":"x","type":"float32","shape":[[0,1],10]},"output":"x","params":[],"ops":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	folded, err := nets.FromProgram("folded", fixed, problem.Problem{Shape: []int{10}, Type: problem.Float32, Outputs: 10, Loss: problem.CrossEntropy})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.NewNormEvaluator(b, folded, waves(folded.Problem, 8, 0), 8, engine.Norm{ByBatch: true}); err == nil || !strings.Contains(err.Error(), "may have folded it into convolutions") {
		t.Errorf("a network from a file without batch normalization: %v", err)
	}
}

// TestBatchNormOfFiles: a network from a file is normalized as one of layers with the same weights.
func TestBatchNormOfFiles(t *testing.T) {
	p := problem.Problem{Shape: []int{192}, Type: problem.Float32, Outputs: 10, Loss: problem.CrossEntropy}
	layers, err := nets.New("layers", []nets.Layer{nets.FullyConnected{Name: "a", Out: 5}, nets.BatchNorm{Name: "b"}, nets.ReLU{}, nets.FullyConnected{Name: "c", Out: 10}}, p)
	if err != nil {
		t.Fatal(err)
	}
	program, err := aten.Parse([]byte(`{"input":{"name":"x","type":"float32","shape":[[0,1],192]},"output":"y",
"params":[{"name":"a.weight","value":"aw","shape":[5,192]},{"name":"a.bias","value":"ab","shape":[5]},{"name":"b.weight","value":"bw","shape":[5]},{"name":"b.bias","value":"bb","shape":[5]},
 {"name":"c.weight","value":"cw","shape":[10,5]},{"name":"c.bias","value":"cb","shape":[10]}],
"buffers":[{"name":"b.running_mean","value":"m","shape":[5]},{"name":"b.running_var","value":"v","shape":[5]}],
"ops":[{"op":"linear","args":{"input":{"value":"x"},"weight":{"value":"aw"},"bias":{"value":"ab"}},"out":["h"]},
 {"op":"batch_norm","args":{"input":{"value":"h"},"weight":{"value":"bw"},"bias":{"value":"bb"},"running_mean":{"value":"m"},"running_var":{"value":"v"},"training":{"flag":false},"eps":{"number":1e-5}},"out":["n"]},
 {"op":"relu","args":{"self":{"value":"n"}},"out":["r"]},{"op":"linear","args":{"input":{"value":"r"},"weight":{"value":"cw"},"bias":{"value":"cb"}},"out":["y"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	file, err := nets.FromProgram("file", program, p)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, "go")
	theta := vector(layers.NumParams(), func(i float64) float64 { return 0.3 * math.Sin(i+1) })
	state := vector(layers.NumState(), func(float64) float64 { return 9 })
	train := waves(p, 20, 1)
	for name, norm := range map[string]engine.Norm{"by batch": {ByBatch: true}, "recomputed": {Recompute: &train, Size: 8}, "running": {}} {
		var losses []float64
		for _, net := range []*nets.Net{layers, file} {
			e, err := engine.NewNormEvaluator(b, net, waves(p, 16, 0), 8, norm)
			if err == nil {
				err = e.SetCenter(theta, state)
			}
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, at(t, e, 0, 0).Loss)
			e.Close()
		}
		if relative(losses[0], losses[1]) > 1e-6 || !(losses[0] > 0) {
			t.Errorf("%s: the loss of layers is %g, of a file %g", name, losses[0], losses[1])
		}
	}
}
