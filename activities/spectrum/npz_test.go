package spectrum_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/npz"
	"lossatlas/activities/spectrum"
)

// sample is a spectrum whose probes have different numbers of nodes.
func sample(t *testing.T) spectrum.Spectrum {
	t.Helper()
	s := spectrum.Spectrum{
		Loss: 0.5, Accuracy: 81, LambdaMin: -0.5, LambdaMax: 11, ResidualMin: 1e-4, ResidualMax: 1e-3,
		Density: density(t, outliers(200), 3, 12), Meta: json.RawMessage(`{"key":"k"}`),
	}
	short, err := spectrum.Probe(context.Background(), outliers(200), 9, spectrum.ProbeOptions{Steps: 5})
	if err != nil {
		t.Fatal(err)
	}
	s.Density.Probes = append(s.Density.Probes, short)
	return s
}

func TestSpectrumRoundTrip(t *testing.T) {
	s := sample(t)
	b, err := s.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	got, err := spectrum.DecodeNPZ(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, *got); d != "" {
		t.Error(d)
	}
	arrays, err := npz.Decode(b, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string][]float64{}
	for _, a := range arrays {
		if v, ok := a.Data.([]float64); ok {
			by[a.Name] = v
		}
	}
	mean, deviation := s.Density.Trace()
	if by["trace"][0] != mean || by["trace_error"][0] != deviation {
		t.Errorf("trace %v ± %v in the file, want %g ± %g", by["trace"], by["trace_error"], mean, deviation)
	}
	xs, values := by["x"], by["density"]
	total := floats.Sum(values) * (xs[1] - xs[0])
	if math.Abs(total-1) > 1e-3 || xs[0] >= s.LambdaMin || xs[len(xs)-1] <= s.LambdaMax {
		t.Errorf("the density from %g to %g has the integral %g", xs[0], xs[len(xs)-1], total)
	}
}

func TestSpectrumRefuses(t *testing.T) {
	if _, err := (spectrum.Spectrum{}).EncodeNPZ(); err == nil {
		t.Error("a spectrum without a random vector was encoded")
	}
	if _, err := spectrum.DecodeNPZ([]byte("PK")); err == nil {
		t.Error("a file that is cut off was read")
	}
	one := npz.Array{Shape: []int{1}, Data: []float64{1}}
	var arrays []npz.Array
	for _, name := range []string{"loss", "accuracy", "lambda_min", "lambda_max", "residual_min", "residual_max"} {
		one.Name = name
		b, err := npz.Encode(arrays)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := spectrum.DecodeNPZ(b); err == nil || !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("without %s the error is %v", name, err)
		}
		arrays = append(arrays, one)
	}
	arrays = append(arrays, npz.Array{Name: "dim", Shape: []int{1}, Data: []int64{5}},
		npz.Array{Name: "nodes", Shape: []int{1, 2}, Data: []float64{1, 2}}, npz.Array{Name: "weights", Shape: []int{2}, Data: []float64{1, 2}})
	b, err := npz.Encode(arrays)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := spectrum.DecodeNPZ(b); err == nil || !strings.Contains(err.Error(), "[probes steps]") {
		t.Errorf("for weights of another shape the error is %v", err)
	}
}
