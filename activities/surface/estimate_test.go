package surface

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
	table, err := g.CSV()
	if err != nil || !strings.Contains(string(table), "x,y,loss,accuracy,evaluated,loss_error,accuracy_error\n-1,0,1,50,true,0,0\n") ||
		!strings.HasSuffix(string(table), "0,2,5,50,false,0.25,1.5\n1,2,NaN,50,false,NaN,NaN\n") {
		t.Errorf("the table is %v\n%s", err, table)
	}
	if vts, err := g.VTS(); err != nil || !strings.Contains(string(vts), `Name="loss_error"`) || !strings.Contains(string(vts), `Name="evaluated"`) {
		t.Errorf("the VTK file has no errors: %v", err)
	}
	g.Estimate.Absolute = true
	if b, err = g.EncodeNPZ(); err != nil {
		t.Fatal(err)
	}
	read, err = DecodeNPZ(b)
	if diff := cmp.Diff(g, read, cmpopts.EquateNaNs()); diff != "" || err != nil || read.EstimateNote() != "4 of 6 points evaluated, error ≤ 0.02 with 95 % confidence" {
		t.Errorf("an absolute error: %q, (-want +got) %v\n%s", read.EstimateNote(), err, diff)
	}
	if bound := LargestError(g, nil, estimated(), &Grid{}); bound != "error ≤ 2 % or 0.02 with 95 % confidence" {
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
