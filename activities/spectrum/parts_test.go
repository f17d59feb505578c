package spectrum_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/spectrum"
)

// A spectrum with more than its ends comes back, measures and decay included; without, the file has no further array.
func TestMoreNPZ(t *testing.T) {
	part := func(name string, max, trace float64) spectrum.Part {
		return spectrum.Part{Name: name, Dim: 2, Largest: []spectrum.Value{{max, 0.1}}, Smallest: []spectrum.Value{{-1, 0.2}}, Trace: trace, TraceError: 0.5}
	}
	s := spectrum.Spectrum{
		Matrix: "gauss-newton", LambdaMin: -2, LambdaMax: 50, Density: spectrum.Density{Dim: 6, Probes: []spectrum.Quadrature{{Nodes: []float64{-2, 50}, Weights: []float64{0.5, 0.5}}}},
		Largest: []spectrum.Value{{50, 1}, {40, 1}, {30, 1}, {20, 1}, {10, 2}}, Smallest: []spectrum.Value{{-2, 0.5}},
		HutchPP: &spectrum.Estimate{Mean: 140, Error: 3, Products: 30},
		Blocks:  []spectrum.Part{part("a", 7, 9), part("b.*+c", 8, 12)}, Subsets: []spectrum.Part{part("train[0:2]", 50, 100), part("train[2:4]", 54, 110)},
	}
	b, err := s.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	got, err := spectrum.DecodeNPZ(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&s, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	want := map[string][3]float64{ // mean, deviation, standard error
		"lambda_2": {40, -1, 0}, "lambda_5": {10, -1, 0}, "lambda_ratio5": {5, -1, 0}, "a.lambda_max": {7, -1, 0}, "b.*+c.trace": {12, -1, 0.5},
		"subsets.lambda_max": {52, math.Sqrt(8), 0}, "subsets.trace": {105, math.Sqrt(50), 0.5},
	}
	for _, m := range got.More() {
		if w, ok := want[m.Name]; ok {
			if math.Abs(m.Mean-w[0]) > 1e-12 || w[1] >= 0 && math.Abs(m.Deviation-w[1]) > 1e-12 || m.SE != w[2] {
				t.Errorf("%s: %g ± %g (%g), want %v", m.Name, m.Mean, m.Deviation, m.SE, w)
			}
			delete(want, m.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("no measures %v", want)
	}
	if note := got.Note(); !strings.Contains(note, "Gauss-Newton matrix: largest eigenvalues 50 ± 1, 40 ± 1, 30 ± 1, 20 ± 1, 10 ± 2; smallest eigenvalue -2 ± 0.5; ±: residuals ‖Hv − λv‖; λ1/λ5: 5") {
		t.Errorf("the note is %q", note)
	}
	got.AddDecay(0.5, []float32{2})
	if mean, _ := got.Trace(); mean != 143 || got.Largest[4].Value != 10.5 || got.Blocks[1].Trace != 13 || got.Subsets[0].Smallest[0].Value != -0.5 || got.Fifth() != 50.5/10.5 {
		t.Errorf("with weight decay: %+v", got)
	}
}
