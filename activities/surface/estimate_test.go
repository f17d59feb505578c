package surface

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/activities/refine"
)

// estimated is a grid of 3×2 points, of which the first four were evaluated.
func estimated() *Grid {
	g := NewGrid([]float64{-1, 0, 1}, []float64{0, 2})
	for i := range g.Mask {
		g.Loss[i], g.Accuracy[i], g.Mask[i] = float64(i+1), 50, true
	}
	g.Loss[5] = math.NaN()
	g.Estimate = &Estimate{Error: 0.02, Evaluated: []bool{true, true, true, true, false, false},
		LossError: []float64{0, 0, 0, 0, 0.25, math.NaN()}, AccuracyError: []float64{0, 0, 0, 0, 1.5, math.NaN()}}
	return g
}

// TestEstimateIsKept: files have what was estimated and how exactly, and grids without an estimate have nothing of it.
func TestEstimateIsKept(t *testing.T) {
	g := estimated()
	b, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeNPZ(b)
	if diff := cmp.Diff(g, read, cmpopts.EquateNaNs()); diff != "" || err != nil {
		t.Errorf("(-want +got) %v\n%s", err, diff)
	}
	if n, note := read.CountEvaluated(), read.EstimateNote(); n != 4 || note != "4 of 6 points evaluated, error ≤ 2 % with 95 % confidence" {
		t.Errorf("%d points are evaluated, %q", n, note)
	}
	g.Estimate.Examples = []int64{500, 500, 500, 500, 64, 0}
	g.Parts = map[PartKey]refine.Part{{0, 2}: {Loss: 1.5, Accuracy: 40}, {4, 1}: {Loss: 5.5, Accuracy: 40}, {4, 2}: {Loss: math.NaN(), Accuracy: math.NaN()}}
	if b, err = g.EncodeNPZ(); err != nil {
		t.Fatal(err)
	}
	read, err = DecodeNPZ(b)
	if diff := cmp.Diff(g, read, cmpopts.EquateNaNs()); diff != "" || err != nil || read.EstimateNote() != "4 of 6 points evaluated, 1 more over 64 of the 500 examples each, error ≤ 2 % with 95 % confidence" {
		t.Errorf("with a subset of the examples: %q (-want +got) %v\n%s", read.EstimateNote(), err, diff)
	}
	if cost := read.Cost(); math.Abs(cost-(4+64./500)/6) > 1e-9 {
		t.Errorf("it costs %v of an exact grid", cost)
	}
	if points, parts, err := DecodeParts(g.EncodeAll()); err != nil || len(points) != 4 || !cmp.Equal(parts, g.Parts, cmpopts.EquateNaNs()) {
		t.Errorf("all values are read as %v and %v (%v)", points, parts, err)
	}
	if points, parts, err := DecodeParts(g.EncodeSubset([]int{4}, 1)); err != nil || len(points) != 0 || len(parts) != 1 || parts[PartKey{4, 1}].Loss != 5.5 || g.EncodeSubset([]int{0, 4}, 1) != nil {
		t.Errorf("the values over a subset are %v and %v (%v)", points, parts, err)
	}
	g.Estimate.Examples, g.Parts = nil, nil
	table, err := g.CSV()
	if err != nil || !strings.Contains(string(table), "x,y,loss,accuracy,evaluated,loss_error,accuracy_error\n-1,0,1,50,true,0,0\n") ||
		!strings.HasSuffix(string(table), "0,2,5,50,false,0.25,1.5\n1,2,NaN,50,false,,\n") {
		t.Errorf("the table is %v\n%s", err, table)
	}
	if vts, err := g.VTS(); err != nil || !strings.Contains(string(vts), `Name="loss_error"`) || !strings.Contains(string(vts), `Name="evaluated"`) {
		t.Errorf("the VTK file has no errors: %v", err)
	}
	g.Curvature = &Curvature{LambdaMin: []float64{-1, -2, -3, -4, -5, math.NaN()}, LambdaMax: []float64{2, 2, 2, 2, 2, math.NaN()},
		ResidualMin: []float64{0, 0, 0, 0, math.NaN(), math.NaN()}, ResidualMax: []float64{0, 0, 0, 0, math.NaN(), math.NaN()},
		MinError: []float64{0, 0, 0, 0, 0.25, math.NaN()}, MaxError: []float64{0, 0, 0, 0, 0.5, math.NaN()}}
	if table, err = g.CSV(); err != nil || !strings.Contains(string(table), ",residual_max,lambda_min_error,lambda_max_error,loss_error,") ||
		!strings.Contains(string(table), "0,2,5,50,false,-5,2,,,0.25,0.5,0.25,1.5\n") {
		t.Errorf("the table of eigenvalues is %v\n%s", err, table)
	}
	if relative, absolute := g.Curvature.Error(false), g.Curvature.Error(true); relative[0] != 0 || relative[4] != 0.1 || absolute[4] != 0.5 || !math.IsNaN(relative[5]) {
		t.Errorf("the errors of the eigenvalues are %v, in their unit %v", relative, absolute)
	}
	if g.EncodePoints([]int{0, 4}) != nil {
		t.Error("an estimated point is written as one that was evaluated")
	}
	if points, err := DecodeCurved(g.EncodePoints([]int{3, 1})); err != nil || len(points) != 2 || points[0].Index != 3 || points[1].LambdaMin != -2 {
		t.Errorf("the evaluated points are %v (%v)", points, err)
	}
	g.Estimate.Absolute = true
	if b, err = g.EncodeNPZ(); err != nil {
		t.Fatal(err)
	}
	read, err = DecodeNPZ(b)
	if diff := cmp.Diff(g, read, cmpopts.EquateNaNs()); diff != "" || err != nil || read.EstimateNote() != "4 of 6 points evaluated, error ≤ 0.02 with 95 % confidence" {
		t.Errorf("an absolute error: %q, (-want +got) %v\n%s", read.EstimateNote(), err, diff)
	}
	if bound := LargestError(g, nil, estimated(), &Grid{}); bound != "error ≤ 2 % or 0.02 with 95 % confidence, 1 of 3 maps exact" {
		t.Errorf("the largest errors are %q", bound)
	}
	exact := estimated()
	exact.Estimate = nil
	if b, err = exact.EncodeNPZ(); err != nil || strings.Contains(string(b), "stated_error") || exact.EstimateNote() != "" || exact.CountEvaluated() != 6 {
		t.Errorf("an exact grid has an estimate: %v", err)
	}
}

func TestBadEstimates(t *testing.T) {
	for name, spoil := range map[string]func(e *Estimate){
		"no error":         func(e *Estimate) { e.Error = 0 },
		"not a number":     func(e *Estimate) { e.Error = math.NaN() },
		"too large":        func(e *Estimate) { e.Error = 1 },
		"infinite":         func(e *Estimate) { e.Error, e.Absolute = math.Inf(1), true },
		"marks missing":    func(e *Estimate) { e.Evaluated = e.Evaluated[1:] },
		"errors missing":   func(e *Estimate) { e.LossError = nil },
		"too many of them": func(e *Estimate) { e.AccuracyError = append(e.AccuracyError, 1) },
	} {
		g := estimated()
		spoil(g.Estimate)
		if _, err := g.EncodeNPZ(); err == nil {
			t.Errorf("%s: the grid was written", name)
		}
	}
}

// sampledGrid is a bowl with its lowest point at (shift, 0), and standard errors.
func sampledGrid(t *testing.T, shift float64) *Grid {
	t.Helper()
	g := NewGrid(Lattice(-1, 1, 21), Lattice(-1, 1, 21))
	g.SampledFrom(1000, 50000)
	var points []Sampled
	for i := range g.Mask {
		x, y := g.X[i%21], g.Y[i/21]
		r2 := (x-shift)*(x-shift) + y*y
		points = append(points, Sampled{Point{i, 1 + r2, 90}, 0.02 * (1 + r2), 0.5, 0.01 * math.Hypot(x, y)})
	}
	if err := g.AddSampled(points); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestSamplingIsKept: standard errors survive chunks and files, and stand in the note and in the measures of flatness.
func TestSamplingIsKept(t *testing.T) {
	g := sampledGrid(t, 0)
	points := []Sampled{g.Point(0), g.Point(5)}
	if read, err := DecodeSampled(EncodeSampled(points)); err != nil || !slices.Equal(read, points) {
		t.Errorf("%v, %v; want %v", read, err, points)
	}
	nan := math.NaN()
	unknown := []Sampled{{Point{3, 1, 50}, nan, nan, nan}}
	if b := EncodeSampled(unknown); !bytes.Equal(b, EncodePoints([]Point{{3, 1, 50}})) {
		t.Error("points without standard errors are not plain ones")
	} else if read, err := DecodeSampled(b); err != nil || len(read) != 1 || read[0].Point != unknown[0].Point || !math.IsNaN(read[0].LossSE) {
		t.Errorf("%v, %v", read, err)
	}
	b, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	read, err := DecodeNPZ(b)
	if err != nil || !reflect.DeepEqual(read.Sampling, g.Sampling) {
		t.Errorf("read %+v, %v", read.Sampling, err)
	}
	for split, want := range map[string]string{"": "1,000 of 50,000 examples", "train": "1,000 of the 50,000 training examples", "test": "1,000 of all 50,000 test examples"} {
		read.Meta = fmt.Appendf(nil, `{"recipe": {"params": {"data": {"split": %q}}}}`, split)
		if note := read.Notes(); note != want+", standard error ≤ 2 % of the loss" {
			t.Errorf("the note of the split %q is %q", split, note)
		}
	}
	if table, err := g.CSV(); err != nil || !strings.HasPrefix(string(table), "x,y,loss,accuracy,evaluated,loss_se,accuracy_se,rise_se\n-1,-1,3,90,true,0.06,0.5,") {
		t.Errorf("%.120s, %v", table, err)
	}
	f, err := g.Flatness(FlatnessOptions{Levels: []float64{0.205, 5}, Radii: []float64{0.5}})
	if err != nil {
		t.Fatal(err)
	}
	// At ±0.45, between points with the slope 0.9, the error of the rise is 0.0045.
	if w := f.Widths[0][0]; math.Abs(w.Value-0.9) > 1e-9 || math.Abs(w.SE-2*0.0045/0.9) > 1e-9 {
		t.Errorf("a width of %v ± %v", w.Value, w.SE)
	}
	if w := f.Widths[1][0]; !w.AtLeast || w.SE != 0 {
		t.Errorf("a width beyond the grid: %+v", w)
	}
	if s := f.Sharpness[0]; math.Abs(s.Value-0.25) > 0.1*0.1/4 || math.Abs(s.SE-0.005) > 1e-5 || f.Center.SE != 0.02 {
		t.Errorf("a sharpness of %+v, the center %+v", s, f.Center)
	}
	sum := Summarize(FlatnessOptions{Levels: []float64{0.205, 5}, Radii: []float64{0.5}}, []Flatness{f, f})
	for _, s := range sum {
		if (s.SE > 0) != (s.Name == "width0.205" || s.Name == "sharp0.5") {
			t.Errorf("%+v", s)
		}
		var back Summary
		if text, err := json.Marshal(s); err != nil || json.Unmarshal(text, &back) != nil || back.SE != s.SE {
			t.Errorf("%s, %v", text, err)
		}
	}
	for name, spoil := range map[string]func(*Sampling){"too short": func(s *Sampling) { s.RiseSE = s.RiseSE[1:] }, "no images": func(s *Sampling) { s.Images = 0 },
		"more than all": func(s *Sampling) { s.Population = 10 }} {
		bad := sampledGrid(t, 0)
		spoil(bad.Sampling)
		if _, err := bad.EncodeNPZ(); err == nil {
			t.Errorf("%s: the grid was written", name)
		}
	}
}

// TestNotesOnTheRange: a grid says when most of it is flat, saturated or not finite, and when its center is not the lowest point.
func TestNotesOnTheRange(t *testing.T) {
	of := func(f func(r float64) float64) *Grid {
		g := NewGrid(Lattice(-1, 1, 21), Lattice(-1, 1, 21))
		for i := range g.Mask {
			r := math.Hypot(g.X[i%21], g.Y[i/21])
			if err := g.Add([]Point{{i, f(r), 50}}); err != nil {
				t.Fatal(err)
			}
		}
		return g
	}
	for name, c := range map[string]struct {
		f    func(r float64) float64
		want string
	}{
		"bowl":    {func(r float64) float64 { return 0.1 + r*r }, ""},
		"cone":    {func(r float64) float64 { return 0.1 + r }, ""},
		"flat":    {func(r float64) float64 { return 2 + r*r/1000 }, "flat: the loss is between 2 and 2.002, a larger range shows more"},
		"equal":   {func(r float64) float64 { return 2 }, ""},
		"plateau": {func(r float64) float64 { return 0.1 + 2.2*math.Tanh(9*r*r) }, "saturated: the loss is 1.86 or more at 92 % of the points, a smaller range shows more"},
		"NaN":     {func(r float64) float64 { return map[bool]float64{true: math.NaN(), false: 1}[r > 0.5] }, "the loss is not finite at 82 % of the points: a smaller range shows more"},
	} {
		if got := of(c.f).Notes(); got != c.want {
			t.Errorf("%s: the note is %q, want %q", name, got, c.want)
		}
	}
	if note := sampledGrid(t, 0.3).CenterNote(); note != "the lowest loss, 1, lies at (0.3, 0), not at the center, where it is 1.09" {
		t.Errorf("the note on the center is %q", note)
	}
	for _, shift := range []float64{0, 0.05} { // 0.0025 lower, within a hundredth
		if note := sampledGrid(t, shift).CenterNote(); note != "" {
			t.Errorf("with the lowest point at %v: %q", shift, note)
		}
	}
	unsure := sampledGrid(t, 0.3)
	for i := range unsure.Sampling.RiseSE {
		unsure.Sampling.RiseSE[i] = 0.05
	}
	if note := unsure.CenterNote(); note != "" {
		t.Errorf("within the sampling error: %q", note)
	}
}
