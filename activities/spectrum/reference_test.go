package spectrum_test

import (
	"context"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/spectrum"
)

// openXLA opens the backend whose plugin LOSSATLAS_PLUGIN names; the pure-Go one
// would take half an hour for what follows.
func openXLA(t testing.TB) *engine.Backend {
	t.Helper()
	plugin := os.Getenv("LOSSATLAS_PLUGIN")
	if plugin == "" {
		t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	b, err := engine.Open(engine.Options{Backend: "xla", Plugin: plugin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestHessiansOfNetworks compares λmin and λmax of trained reference networks,
// over all parameters or over the weights only, with those that PyTorch and
// Lanczos in float64 gave: within 1e-3 of their own size, which is also what is
// asked of the residuals. On top of that come the references' own residuals.
func TestHessiansOfNetworks(t *testing.T) {
	b := openXLA(t)
	type value struct {
		Value    float64 `json:"value_f64"`
		Residual float64 `json:"residual_f64"`
	}
	type ends struct{ Min, Max value }
	for _, name := range []string{"resnet20", "vgg9_w16"} {
		ref := shared.Open(t, name)
		e, err := engine.NewEvaluator(b, ref.Net, shared.Images(t, "data_batch_1.bin", 0, 256), 128)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		if err := e.SetCenter(ref.Weights(t, "weights_a.npz")); err != nil {
			t.Fatal(err)
		}
		var want struct {
			All     ends `json:"lanczos_all"`
			Weights ends `json:"lanczos_weights_only"`
		}
		ref.JSON(t, "hessian.json", &want)
		cases := map[engine.Subset]ends{engine.WeightsOnly: want.Weights}
		if name == "vgg9_w16" {
			cases[engine.AllParams] = want.All
		}
		for subset, want := range cases {
			t.Run(name+"/"+string(subset), func(t *testing.T) {
				h, err := engine.NewHessian(e, subset, "")
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				got, err := spectrum.Extremes(context.Background(), h, spectrum.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if !got.Converged {
					t.Error("not converged")
				}
				for _, end := range []struct {
					name string
					got  spectrum.Pair
					want value
				}{{"λmin", got.Min, want.Min}, {"λmax", got.Max, want.Max}} {
					off := math.Abs(end.got.Value - end.want.Value)
					t.Logf("%s = %.8g ± %.1g, reference %.8g: %.1e off; %d products", end.name, end.got.Value, end.got.Residual, end.want.Value, off/math.Abs(end.want.Value), got.Products)
					if off > 1e-3*math.Abs(end.want.Value)+end.want.Residual {
						t.Errorf("%s = %.8g, reference %.8g", end.name, end.got.Value, end.want.Value)
					}
				}
			})
		}
	}
}

// TestOffCenter compares λmin and λmax at points of the filter-normalised plane
// with those of the exact Hessians there, within 1e-3 of each.
func TestOffCenter(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	e, err := engine.NewEvaluator(openXLA(t), ref.Net, shared.Images(t, "data_batch_1.bin", 0, 256), 128)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := e.SetCenter(ref.Weights(t, "weights_a.npz")); err != nil {
		t.Fatal(err)
	}
	params := ref.Net.Params()
	delta := ref.Vector(t, "directions_normalised.npz", "filter_biasbn_x/", params, nil)
	if err := e.SetDirections(delta, ref.Vector(t, "directions_normalised.npz", "filter_biasbn_y/", params, nil)); err != nil {
		t.Fatal(err)
	}
	var want struct {
		Points []struct {
			X, Y       float64
			MinAll     float64 `json:"min_all"`
			MaxAll     float64 `json:"max_all"`
			MinWeights float64 `json:"min_weights_only"`
			MaxWeights float64 `json:"max_weights_only"`
		} `json:"off_centre_points_filter_plane"`
	}
	ref.JSON(t, "hessian.json", &want)
	if len(want.Points) == 0 {
		t.Fatal("the reference has no points")
	}
	for _, p := range want.Points {
		for subset, want := range map[engine.Subset][2]float64{engine.AllParams: {p.MinAll, p.MaxAll}, engine.WeightsOnly: {p.MinWeights, p.MaxWeights}} {
			h, err := engine.NewHessian(e, subset, "")
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			if err := h.MoveTo(p.X, p.Y); err != nil {
				t.Fatal(err)
			}
			got, err := spectrum.Extremes(context.Background(), h, spectrum.Options{})
			if err != nil {
				t.Fatal(err)
			}
			low, high := math.Abs(got.Min.Value/want[0]-1), math.Abs(got.Max.Value/want[1]-1)
			t.Logf("(%g, %g), %s: λmin %.1e off, λmax %.1e, %d products", p.X, p.Y, subset, low, high, got.Products)
			if low > 1e-3 || high > 1e-3 {
				t.Errorf("(%g, %g), %s: from %g to %g, reference %g to %g", p.X, p.Y, subset, got.Min.Value, got.Max.Value, want[0], want[1])
			}
		}
	}
}

// TestHessianOfNetwork compares the Hessian of the smallest reference network,
// by its products on the backend, with the exact matrix: its leading
// eigenvector up to sign, its trace, and the mean squares of its eigenvalues.
func TestHessianOfNetwork(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	e, err := engine.NewEvaluator(openXLA(t), ref.Net, shared.Images(t, "data_batch_1.bin", 0, 256), 128)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if err := e.SetCenter(ref.Weights(t, "weights_a.npz")); err != nil {
		t.Fatal(err)
	}
	for subset, name := range map[engine.Subset]string{engine.AllParams: "all", engine.WeightsOnly: "weights_only"} {
		h, err := engine.NewHessian(e, subset, "")
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		var values, vector []float64
		ref.Array(t, "hessian_full.npz", "eigenvalues_"+name, &values)
		ref.Array(t, "hessian_full.npz", "v_top_"+name, &vector)
		top, err := spectrum.Top(context.Background(), h, 2, spectrum.Options{})
		if err != nil {
			t.Fatal(err)
		}
		cosine := math.Abs(floats.Dot(top.Pairs[0].Vector, vector))
		t.Logf("%s: λ = %g, %g after %d products; cosine with the exact eigenvector 1 − %.1g", name, top.Pairs[0].Value, top.Pairs[1].Value, top.Products, 1-cosine)
		if cosine < 1-1e-6 {
			t.Errorf("%s: the cosine with the exact eigenvector is %.9g", name, cosine)
		}
		for i, p := range top.Pairs {
			if want := values[len(values)-1-i]; math.Abs(p.Value-want) > 1e-4*want {
				t.Errorf("%s: eigenvalue %d is %g, exact %g", name, i, p.Value, want)
			}
		}
		d := density(t, h, 10, 20)
		for k := 1; k <= 2; k++ {
			exact := 0.0
			for _, v := range values {
				exact += math.Pow(v, float64(k)) / float64(len(values))
			}
			mean, deviation := d.Moment(k)
			t.Logf("%s: moment %d is %.4g ± %.2g, exact %.4g", name, k, mean, deviation, exact)
			if math.Abs(mean-exact) > 4*deviation || deviation > 0.5*mean {
				t.Errorf("%s: moment %d is %g ± %g, exact %g", name, k, mean, deviation, exact)
			}
		}
	}
}
