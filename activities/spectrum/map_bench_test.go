package spectrum_test

import (
	"flag"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/spectrum"
)

var mapSide = flag.Int("spectrum.side", 5, "points a side of the map of which BenchmarkMap counts the products")

// BenchmarkMap counts the products for each point of a map of λmin and λmax around the smallest reference network, over [-1, 1]², at
// the tolerance 1e-3, and how far short of the most extreme eigenvalues found any start falls (Ritz values lie within the spectrum): from a random vector, from the left neighbor's outermost eigenvectors alone, and from Ends.Near, as Hessian maps do.
func BenchmarkMap(b *testing.B) {
	h := mapped(b)
	starts := []struct {
		name string
		from func(spectrum.Ends) []float64
	}{
		{"cold", func(spectrum.Ends) []float64 { return nil }},
		{"outermost", func(e spectrum.Ends) []float64 {
			return floats.AddTo(make([]float64, h.Dim()), e.Min.Vector, e.Max.Vector)
		}},
		{"near", func(e spectrum.Ends) []float64 { return e.Near }},
	}
	side := *mapSide
	at := func(i int) float64 { return 2*float64(i)/float64(max(side-1, 1)) - 1 }
	for b.Loop() {
		products := make([]int, len(starts))
		short := make([]float64, len(starts))
		for iy := range side {
			left := make([]spectrum.Ends, len(starts))
			for ix := range side {
				if err := h.MoveTo(at(ix), at(iy)); err != nil {
					b.Fatal(err)
				}
				for i, s := range starts {
					opt := spectrum.Options{}
					if ix > 0 {
						opt.Start = s.from(left[i])
					}
					var err error
					if left[i], err = spectrum.Extremes(b.Context(), h, opt); err != nil {
						b.Fatal(err)
					}
					products[i] += left[i].Products
				}
				low, high := math.Inf(1), math.Inf(-1)
				for _, e := range left {
					low, high = min(low, e.Min.Value), max(high, e.Max.Value)
				}
				for i, e := range left {
					off := max((e.Min.Value-low)/math.Abs(low), (high-e.Max.Value)/math.Abs(high))
					if off > 1e-3 {
						b.Logf("(%g, %g): %s is %.2g short after %d products: from %g to %g, want %g to %g", at(ix), at(iy), starts[i].name, off, e.Products, e.Min.Value, e.Max.Value, low, high)
					}
					short[i] = max(short[i], off)
				}
			}
		}
		for i, s := range starts {
			b.ReportMetric(float64(products[i])/float64(side*side), s.name+"-products/point")
			b.ReportMetric(short[i], s.name+"-short")
		}
	}
}

// mapped is the Hessian over the weights of the smallest reference network, for 128 images, in a filter-normalized plane.
func mapped(b *testing.B) *engine.Hessian {
	ref := shared.Open(b, "tiny_a")
	e, err := engine.NewEvaluator(openXLA(b), ref.Net, shared.Images(b, "data_batch_1.bin", 0, 128), 128)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	if err := e.SetCenter(ref.Weights(b, "weights_a.npz")); err != nil {
		b.Fatal(err)
	}
	params := ref.Net.Params()
	delta := ref.Vector(b, "directions_normalised.npz", "filter_biasbn_x/", params, nil)
	if err := e.SetDirections(delta, ref.Vector(b, "directions_normalised.npz", "filter_biasbn_y/", params, nil)); err != nil {
		b.Fatal(err)
	}
	h, err := engine.NewHessian(e, engine.WeightsOnly, "")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(h.Close)
	return h
}
