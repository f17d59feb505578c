package directions_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
)

// table draws a parameter table of a few tensors of all roles.
func table(t *rapid.T) []nets.Param {
	roles := []nets.Role{nets.Conv, nets.Linear, nets.Bias, nets.BNScale, nets.BNShift}
	var params []nets.Param
	offset := 0
	for i := range rapid.IntRange(1, 6).Draw(t, "tensors") {
		p := nets.Param{Name: fmt.Sprintf("layer%d", i), Offset: offset, Role: rapid.SampledFrom(roles).Draw(t, "role")}
		out := rapid.IntRange(1, 5).Draw(t, "out")
		switch p.Role {
		case nets.Conv:
			p.Shape = []int{out, rapid.IntRange(1, 4).Draw(t, "in"), 3, 3}
		case nets.Linear:
			p.Shape = []int{out, rapid.IntRange(1, 30).Draw(t, "in")}
		default:
			p.Shape = []int{out}
		}
		p.Size = 1
		for _, n := range p.Shape {
			p.Size *= n
		}
		offset += p.Size
		params = append(params, p)
	}
	return params
}

// filters calls f with each filter of the weight tensors.
func filters(params []nets.Param, f func(p nets.Param, from, to int)) {
	for _, p := range params {
		if p.Role.IsWeight() {
			size := p.Size / p.Shape[0]
			for i := range p.Shape[0] {
				f(p, p.Offset+i*size, p.Offset+(i+1)*size)
			}
		}
	}
}

func normalized(t testing.TB, params []nets.Param, d, theta []float32, n directions.Normalization, ig directions.Ignore) []float32 {
	t.Helper()
	d = slices.Clone(d)
	if err := directions.Normalize(params, d, theta, n, ig); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestNormalizeProperties checks what each normalisation promises, on random
// tables. Values are float32, so a norm is kept to a few units of 6e-8.
func TestNormalizeProperties(t *testing.T) {
	const within = 1e-6
	rapid.Check(t, func(rt *rapid.T) {
		params := table(rt)
		seed := rapid.Uint64().Draw(rt, "seed")
		theta := directions.Sample(params, seed, 7)
		d := directions.Sample(params, seed, 0)
		biasbn := func(n directions.Normalization) []float32 {
			return normalized(t, params, d, theta, n, directions.BiasBN)
		}

		filter, dfilter := biasbn(directions.Filter), biasbn(directions.DFilter)
		filters(params, func(p nets.Param, from, to int) {
			// The 10⁻¹⁰ shows where a filter of one number happens to be small.
			shrunk := directions.Norm(d[from:to]) / (directions.Norm(d[from:to]) + 1e-10)
			if got, want := directions.Norm(filter[from:to]), shrunk*directions.Norm(theta[from:to]); !near(got, want, within*want) {
				rt.Errorf("filter of %s: norm %g, want %g", p.Name, got, want)
			}
			if got := directions.Norm(dfilter[from:to]); !near(got, shrunk, within) {
				rt.Errorf("dfilter of %s: norm %g, want %g", p.Name, got, shrunk)
			}
			// The direction of a filter itself is kept.
			if got := directions.Cosine(filter[from:to], d[from:to]); !near(got, 1, within) {
				rt.Errorf("filter of %s was turned: cosine %g", p.Name, got)
			}
		})
		layer, dlayer, weight, none := biasbn(directions.Layer), biasbn(directions.DLayer), biasbn(directions.Weight), biasbn(directions.None)
		for _, p := range params {
			if !p.Role.IsWeight() {
				for _, v := range [][]float32{filter, dfilter, layer, dlayer, weight, none} {
					if directions.Norm(p.Of(v)) != 0 {
						rt.Errorf("%s (%v) is not zero", p.Name, p.Role)
					}
				}
				continue
			}
			if got, want := directions.Norm(p.Of(layer)), directions.Norm(p.Of(theta)); !near(got, want, within*want) {
				rt.Errorf("layer %s: norm %g, want %g", p.Name, got, want)
			}
			if got := directions.Norm(p.Of(dlayer)); !near(got, 1, within) {
				rt.Errorf("dlayer %s: norm %g, want 1", p.Name, got)
			}
			for i := p.Offset; i < p.Offset+p.Size; i++ {
				if weight[i] != d[i]*theta[i] || none[i] != d[i] {
					rt.Errorf("%s: weight or none is wrong at %d", p.Name, i)
				}
			}
		}
	})
}

// TestScaleInvariance is the point of filter normalisation (section 4): a
// network whose weights are c times as large gets c times the direction, so
// its plot is the same. Exact for powers of two.
func TestScaleInvariance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		params := table(rt)
		seed := rapid.Uint64().Draw(rt, "seed")
		c := float32(math.Ldexp(1, rapid.IntRange(-8, 8).Draw(rt, "exponent")))
		n := rapid.SampledFrom([]directions.Normalization{directions.Filter, directions.Layer, directions.Weight}).Draw(rt, "normalization")
		ig := rapid.SampledFrom(directions.Ignores()).Draw(rt, "ignore")
		theta, d := directions.Sample(params, seed, 1), directions.Sample(params, seed, 0)
		scaled := slices.Clone(theta)
		for i := range scaled {
			scaled[i] *= c
		}
		a, b := normalized(t, params, d, theta, n, ig), normalized(t, params, d, scaled, n, ig)
		for i := range a {
			if a[i]*c != b[i] {
				rt.Fatalf("entry %d: %g times %g is not %g", i, a[i], c, b[i])
			}
		}
	})
}

// TestIgnoreNone: entries without filters become those of θ, in every
// normalisation, and weight tensors are treated as with biasbn.
func TestIgnoreNone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		params := table(rt)
		theta, d := directions.Sample(params, 1, 1), directions.Sample(params, 2, 0)
		for _, n := range directions.Normalizations() {
			with, without := normalized(t, params, d, theta, n, directions.BiasBN), normalized(t, params, d, theta, n, directions.Nothing)
			for _, p := range params {
				want := p.Of(with)
				if !p.Role.IsWeight() {
					want = p.Of(theta)
				}
				if diff := cmp.Diff(want, p.Of(without)); diff != "" {
					rt.Errorf("%s, %s: %s", n, p.Name, diff)
				}
			}
		}
	})
}

// TestZeros: filters of zeros, in the direction or in θ, give zeros and no NaN.
func TestZeros(t *testing.T) {
	params := []nets.Param{{Name: "w", Shape: []int{2, 3}, Size: 6, Role: nets.Linear}}
	for _, n := range directions.Normalizations() {
		d := normalized(t, params, make([]float32, 6), []float32{1, 2, 3, 4, 5, 6}, n, directions.BiasBN)
		if diff := cmp.Diff(make([]float32, 6), d); diff != "" {
			t.Errorf("%s of a zero direction: %s", n, diff)
		}
	}
	d := normalized(t, params, []float32{1, 2, 3, 4, 5, 6}, make([]float32, 6), directions.Filter, directions.BiasBN)
	if diff := cmp.Diff(make([]float32, 6), d); diff != "" {
		t.Errorf("filter for zero weights: %s", diff)
	}
	if c := directions.Cosine(d, d); !math.IsNaN(c) {
		t.Errorf("the cosine with a zero direction is %g, want NaN", c)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	params := []nets.Param{{Name: "w", Shape: []int{2, 3}, Size: 6, Role: nets.Linear}}
	six := func() []float32 { return []float32{1, 2, 3, 4, 5, 6} }
	odd := []nets.Param{{Name: "w", Shape: []int{4, 3}, Size: 6, Role: nets.Linear}}
	for name, c := range map[string]struct {
		params   []nets.Param
		d, theta []float32
		n        directions.Normalization
		ig       directions.Ignore
		want     string
	}{
		"normalization": {params, six(), six(), "filters", directions.BiasBN, `"filters" is not known: choose filter, layer, weight, dfilter, dlayer, none`},
		"ignore":        {params, six(), six(), directions.Filter, "", `"" is not known: choose biasbn, none`},
		"short":         {params, six()[:5], six(), directions.Filter, directions.BiasBN, "5 and weights of 6"},
		"no weights":    {params, six(), nil, directions.DFilter, directions.BiasBN, "weights of 0"},
		"table":         {odd, six(), six(), directions.Filter, directions.BiasBN, "don't make up 4 filters"},
	} {
		before := slices.Clone(c.d)
		err := directions.Normalize(c.params, c.d, c.theta, c.n, c.ig)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if !slices.Equal(before, c.d) {
			t.Errorf("%s: the direction was changed", name)
		}
	}
}

// TestSampleMoments: 200,000 numbers have the mean 0 ± 1/√n, the variance
// 1 ± √(2/n), the fourth moment 3 ± √(96/n), and directions of other seeds,
// indices or names are uncorrelated, cosine 0 ± 1/√n. The bounds are five
// deviations, and the seed is fixed.
func TestSampleMoments(t *testing.T) {
	const n = 200_000
	one := func(name string, seed uint64, index int) []float32 {
		return directions.Sample([]nets.Param{{Name: name, Shape: []int{n}, Size: n}}, seed, index)
	}
	d := one("w", 1, 0)
	var mean, second, fourth float64
	for _, v := range d {
		x := float64(v)
		mean += x / n
		second += x * x / n
		fourth += x * x * x * x / n
	}
	if !near(mean, 0, 5/math.Sqrt(n)) || !near(second, 1, 5*math.Sqrt(2.0/n)) || !near(fourth, 3, 5*math.Sqrt(96.0/n)) {
		t.Errorf("moments %g, %g, %g; want 0, 1, 3", mean, second, fourth)
	}
	for name, other := range map[string][]float32{
		"index": one("w", 1, 1), "far index": one("w", 1, 256), "seed": one("w", 2, 0), "name": one("v", 1, 0), "seed and index swapped": one("w", 0, 1),
	} {
		if c := directions.Cosine(d, other); !near(c, 0, 5/math.Sqrt(n)) {
			t.Errorf("another %s: cosine %g", name, c)
		}
	}
}

// TestSampleIsPerParameter: a parameter's numbers don't depend on its
// neighbours or its place.
func TestSampleIsPerParameter(t *testing.T) {
	a := nets.Param{Name: "a", Shape: []int{5}, Size: 5}
	b := nets.Param{Name: "b", Shape: []int{7}, Size: 7, Offset: 5}
	both := directions.Sample([]nets.Param{a, b}, 3, 1)
	moved := b
	moved.Offset = 0
	if diff := cmp.Diff(b.Of(both), directions.Sample([]nets.Param{moved}, 3, 1)); diff != "" {
		t.Errorf("b alone differs from b after a: %s", diff)
	}
	if again := directions.Sample([]nets.Param{a, b}, 3, 1); !slices.Equal(both, again) {
		t.Error("the same seed gave other numbers")
	}
}

// TestSampleNeverChanges: published plots name their seeds. If this fails, the
// random stream changed; the step's version must be raised.
func TestSampleNeverChanges(t *testing.T) {
	params := []nets.Param{
		{Name: "conv1.weight", Shape: []int{16, 3, 3, 3}, Size: 432, Role: nets.Conv},
		{Name: "linear.bias", Shape: []int{10}, Size: 10, Offset: 432, Role: nets.Bias},
	}
	h := sha256.New()
	for index := range 2 {
		binary.Write(h, binary.LittleEndian, directions.Sample(params, 42, index))
	}
	const want = "ee17f915690ff971e6253b1db7e6147c3d3f5428cd6afe7eeacd617f72d7b7e6"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the numbers have the digest %s, want %s", got, want)
	}
}

func BenchmarkSample(b *testing.B) {
	params := []nets.Param{{Name: "w", Shape: []int{1000, 1000}, Size: 1e6, Role: nets.Linear}}
	for b.Loop() {
		directions.Sample(params, 1, 0)
	}
}

func BenchmarkNormalizeFilter(b *testing.B) {
	params := []nets.Param{{Name: "w", Shape: []int{1000, 1000}, Size: 1e6, Role: nets.Linear}}
	d, theta := directions.Sample(params, 1, 0), directions.Sample(params, 1, 1)
	for b.Loop() {
		if err := directions.Normalize(params, d, theta, directions.Filter, directions.BiasBN); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFiltersAlongOtherAxes: the weight of x·W is normalized by its columns, as its transpose by its rows.
func TestFiltersAlongOtherAxes(t *testing.T) {
	rows := []nets.Param{{Name: "w", Shape: []int{4, 3}, Size: 12, Role: nets.Linear}}
	columns := []nets.Param{{Name: "w", Shape: []int{3, 4}, Size: 12, Role: nets.Linear, Axes: []int{1}}}
	turned := func(v []float32) []float32 {
		out := make([]float32, len(v))
		for i, x := range v {
			out[i%3*4+i/3] = x
		}
		return out
	}
	theta, d := directions.Sample(rows, 1, 1), directions.Sample(rows, 1, 0)
	for _, n := range directions.Normalizations() {
		want := turned(normalized(t, rows, d, theta, n, directions.BiasBN))
		if got := normalized(t, columns, turned(d), turned(theta), n, directions.BiasBN); n != directions.Layer && n != directions.DLayer && !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", n, got, want)
		}
	}
}
