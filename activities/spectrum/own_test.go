package spectrum_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/data"
	"lossatlas/activities/data/files"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/pt2"
	"lossatlas/activities/spectrum"
)

// ownReference is what PyTorch computed in float64 for a network that people bring.
type ownReference struct {
	ParamOrder     []struct{ Name string } `json:"param_order"`
	Loss, Accuracy float64
	Top            []float64 `json:"lambda_top"`
	Bottom         []float64 `json:"lambda_bottom"`
	Surface        struct {
		X, Y []float64
		Loss [][]float64
	}
}

// ownCase is such a network with its data, ready to be evaluated.
type ownCase struct {
	ownReference
	dir string
	net *nets.Net
	*engine.Evaluator
}

func openOwn(t *testing.T, b *engine.Backend, name string) ownCase {
	t.Helper()
	c := ownCase{dir: filepath.Join(shared.Dir(t), "reference", "own", name)}
	text, err := os.ReadFile(filepath.Join(c.dir, "reference.json"))
	if err == nil {
		err = json.Unmarshal(text, &c.ownReference)
	}
	if err != nil {
		t.Fatal(err)
	}
	model, err := pt2.Read(filepath.Join(c.dir, "model.pt2"))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := files.Open(filepath.Join(c.dir, "data.npz"), files.Options{Normalization: files.NoNormalization})
	if err != nil {
		t.Fatal(err)
	}
	if c.net, err = nets.FromProgram(name, model.Program, examples.Problem); err != nil {
		t.Fatal(err)
	}
	n, err := examples.Size(data.Train)
	if err != nil {
		t.Fatal(err)
	}
	split, err := examples.Load(data.Train, 0, n)
	if err != nil {
		t.Fatal(err)
	}
	if c.Evaluator, err = engine.NewEvaluator(b, c.net, split, n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.SetCenter(slices.Concat(model.Params...), slices.Concat(model.Buffers...)); err != nil {
		t.Fatal(err)
	}
	return c
}

// directions reads a direction of the case in the order of the network's parameters, whose names follow the prefix.
func (c ownCase) directions(t *testing.T, prefix string) []float32 {
	t.Helper()
	f, err := npz.Open(filepath.Join(c.dir, "directions.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var flat []float32
	for _, p := range c.net.Params() {
		var v []float32
		if err := f.Read(prefix+p.Name+".npy", &v); err != nil {
			t.Fatalf("%s%s: %v", prefix, p.Name, err)
		}
		flat = append(flat, v...)
	}
	return flat
}

// vector reads a flat vector in the order of the reference and brings it into that of the network.
func (c ownCase) vector(t *testing.T, name string) []float64 {
	t.Helper()
	f, err := npz.Open(filepath.Join(c.dir, "hvp.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var given []float64
	if err := f.Read(name+".npy", &given); err != nil {
		t.Fatal(err)
	}
	sorted := make([]float64, len(given))
	for _, parameter := range c.ParamOrder {
		i := slices.IndexFunc(c.net.Params(), func(p nets.Param) bool { return p.Name == parameter.Name })
		p := c.net.Params()[i]
		copy(sorted[p.Offset:p.Offset+p.Size], given)
		given = given[p.Size:]
	}
	return sorted
}

// gradientTolerance is 1e-6 unless float32 allows no less: PyTorch's own gradients in float32 are 3.4e-6 (lenet) and 5.9e-6 (resnet)
// (7.6e-6 on another processor) away from those in float64, near minimizers where the gradients of examples cancel.
var gradientTolerance = map[string]float64{"mlp": 1e-6, "lenet": 3.4e-6, "resnet": 2e-6, "vit": 1e-6, "convnext": 1e-6, "lstm": 1e-6}

// TestNetworksThatPeopleBring compares loss, score, surface, gradient, Hessian-vector product and extreme eigenvalues of networks
// from PyTorch's files, in float32 as the program computes them, with PyTorch's values in float64.
func TestNetworksThatPeopleBring(t *testing.T) {
	b := openXLA(t)
	ctx := context.Background()
	near := func(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }
	for _, name := range []string{"mlp", "lenet", "resnet", "vit", "convnext", "lstm"} {
		t.Run(name, func(t *testing.T) {
			c := openOwn(t, b, name)
			if v, err := c.At(ctx, 0, 0); err != nil || !near(v.Loss, c.Loss, 1e-6) || !near(v.Score, c.Accuracy, 1e-12) {
				t.Errorf("loss %.9g and accuracy %g (%v), PyTorch %.9g and %g: %.1e off", v.Loss, v.Score, err, c.Loss, c.Accuracy, v.Loss/c.Loss-1)
			}
			if err := c.SetDirections(c.directions(t, "x/"), c.directions(t, "y/")); err != nil {
				t.Fatal(err)
			}
			for iy, y := range c.Surface.Y {
				for ix, x := range c.Surface.X {
					if v, err := c.At(ctx, x, y); err != nil || !near(v.Loss, c.Surface.Loss[iy][ix], 1e-6) {
						t.Errorf("loss at (%g, %g) %.9g (%v), PyTorch %.9g: %.1e off", x, y, v.Loss, err, c.Surface.Loss[iy][ix], v.Loss/c.Surface.Loss[iy][ix]-1)
					}
				}
			}
			h, err := engine.NewHessian(c.Evaluator, engine.AllParams, "")
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			got := make([]float64, h.Dim())
			apart := func(want []float64) float64 { return floats.Distance(got, want, 2) / floats.Norm(want, 2) }
			if _, err := h.Gradient(ctx, got); err != nil || !(apart(c.vector(t, "grad")) <= gradientTolerance[name]) {
				t.Errorf("the gradient is %.1e off (%v)", apart(c.vector(t, "grad")), err)
			}
			if err := h.Product(ctx, got, c.vector(t, "v")); err != nil || !(apart(c.vector(t, "hv")) <= 3e-6) {
				t.Errorf("the product is %.1e off (%v)", apart(c.vector(t, "hv")), err)
			}
			ends, err := spectrum.Extremes(ctx, h, spectrum.Options{Tolerance: 1e-5})
			if err != nil || !near(ends.Max.Value, c.Top[0], 1e-5) || !near(ends.Min.Value, c.Bottom[0], 1e-5) {
				t.Errorf("λmax %.8g, λmin %.8g (%v), PyTorch %.8g, %.8g", ends.Max.Value, ends.Min.Value, err, c.Top[0], c.Bottom[0])
			}
		})
	}
}
