package render

import (
	"context"
	"math"
	"strings"
	"testing"

	"lossatlas/activities/render/picture"
	"lossatlas/activities/spectrum"
)

// eigenvalues is a diagonal matrix.
type eigenvalues []float64

func (e eigenvalues) Dim() int { return len(e) }

func (e eigenvalues) Product(_ context.Context, dst, v []float64) error {
	for i := range dst {
		dst[i] = e[i] * v[i]
	}
	return nil
}

// sampledSpectrum is like a trained network's: a bulk around zero and a few large eigenvalues.
func sampledSpectrum(t testing.TB) spectrum.Spectrum {
	t.Helper()
	values := make(eigenvalues, 2000)
	for i := range values {
		values[i] = 4 * math.Pow(2*(float64(i)+0.5)/float64(len(values))-1, 5)
	}
	for i := range 9 {
		values[i*17] = 6 + 3.1*float64(i)
	}
	s := spectrum.Spectrum{Loss: 0.1, Accuracy: 97, LambdaMin: -4, LambdaMax: 30.8, Density: spectrum.Density{Dim: len(values)}}
	for i := range 5 {
		q, err := spectrum.Probe(context.Background(), values, i, spectrum.ProbeOptions{Steps: 60})
		if err != nil {
			t.Fatal(err)
		}
		s.Density.Probes = append(s.Density.Probes, q)
	}
	return s
}

// The note below the picture is the spectrum in numbers.
func TestDensityNote(t *testing.T) {
	s := sampledSpectrum(t)
	for _, want := range []string{"λmin −4 and λmax 30.8", "5 random vectors, 2000 parameters", "trace\u00a0191\u00a0±\u00a00"} {
		if !strings.Contains(densityNote(s), want) {
			t.Errorf("the picture does not say %q: %s", want, densityNote(s))
		}
	}
	s.Matrix = "fisher"
	if note, want := densityNote(s), "λmax 30.8 of the empirical Fisher matrix (dashed)"; !strings.Contains(note, want) {
		t.Errorf("the picture does not say %q: %s", want, note)
	}
}

func TestDensityRefuses(t *testing.T) {
	if _, err := Density(spectrum.Spectrum{}, picture.Options{}); err == nil {
		t.Error("an empty spectrum was drawn")
	}
	s := sampledSpectrum(t)
	s.LambdaMax = math.Inf(1)
	if _, err := Density(s, picture.Options{}); err == nil {
		t.Error("a spectrum without an end was drawn")
	}
	one := spectrum.Spectrum{Density: spectrum.Density{Dim: 1, Probes: []spectrum.Quadrature{{Nodes: []float64{0}, Weights: []float64{1}}}}}
	if _, err := Density(one, picture.Options{}); err != nil {
		t.Errorf("a Hessian of zeros: %v", err)
	}
}
