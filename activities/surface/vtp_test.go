package surface_test

import (
	"encoding/xml"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/surface"
)

func TestVTP(t *testing.T) {
	track := surface.Track{Points: [][2]float64{{0, 1}, {2, 3}, {4, 5}}, Values: []surface.TrackValues{{"loss", []float64{1, math.NaN(), 3}}}}
	b, err := track.VTP()
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Type  string `xml:"type,attr"`
		Piece struct {
			Verts  int        `xml:"NumberOfVerts,attr"`
			Lines  int        `xml:"NumberOfLines,attr"`
			Points []vtkArray `xml:"Points>DataArray"`
			Data   []vtkArray `xml:"PointData>DataArray"`
			Line   []vtkArray `xml:"Lines>DataArray"`
		} `xml:"PolyData>Piece"`
	}
	if err := xml.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if f.Type != "PolyData" || f.Piece.Verts != 3 || f.Piece.Lines != 1 || len(f.Piece.Line) != 2 || len(f.Piece.Data) != 1 || f.Piece.Data[0].Name != "loss" {
		t.Fatalf("read %+v", f)
	}
	if diff := cmp.Diff([]float64{0, 1, 0, 2, 3, 0, 4, 5, 0}, f.Piece.Points[0].floats(t)); diff != "" {
		t.Error(diff)
	}
	if !same(track.Values[0].Values, f.Piece.Data[0].floats(t)) {
		t.Error("the loss differs")
	}
	for want, bad := range map[string]surface.Track{
		"1 points make no line":     {Points: track.Points[:1]},
		"2 points, but 3 values of": {Points: track.Points[:2], Values: track.Values},
	} {
		if _, err := bad.VTP(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestAt: a place's loss lies between those of the points around it, and is
// a point's own there; there is none outside or next to a point without one.
func TestAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nx, ny := rapid.IntRange(1, 6).Draw(t, "nx"), rapid.IntRange(1, 6).Draw(t, "ny")
		g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(-2, 3, ny))
		for i := range g.Mask {
			if rapid.IntRange(0, 9).Draw(t, "evaluated") > 0 {
				g.Loss[i], g.Mask[i] = rapid.Float64Range(-1e6, 1e6).Draw(t, "loss"), true
			}
		}
		i := rapid.IntRange(0, nx*ny-1).Draw(t, "point")
		if got := g.At(g.X[i%nx], g.Y[i/nx]); got != g.Loss[i] && !(math.IsNaN(got) && math.IsNaN(g.Loss[i])) {
			t.Errorf("point %d has the loss %v, not %v", i, got, g.Loss[i])
		}
		// In sixty-fourths: what rounds to a point of the lattice counts as there.
		x, y := float64(rapid.IntRange(-96, 96).Draw(t, "x"))/64, float64(rapid.IntRange(-192, 256).Draw(t, "y"))/64
		got := g.At(x, y)
		if x < g.X[0] || x > g.X[nx-1] || y < g.Y[0] || y > g.Y[ny-1] {
			if !math.IsNaN(got) {
				t.Errorf("outside, at (%v, %v): %v", x, y, got)
			}
			return
		}
		var corners []float64
		for i := range g.Mask {
			near := func(axis []float64, k int, v float64) bool {
				return (k == 0 || axis[k-1] < v || axis[k] == v) && (k == len(axis)-1 || v < axis[k+1] || axis[k] == v) && (axis[k] == v || !slices.Contains(axis, v))
			}
			if near(g.X, i%nx, x) && near(g.Y, i/nx, y) {
				corners = append(corners, g.Loss[i])
			}
		}
		if slices.ContainsFunc(corners, math.IsNaN) {
			if !math.IsNaN(got) {
				t.Errorf("beside a point without a loss: %v", got)
			}
		} else if slack := 1e-9 * 1e6; got < slices.Min(corners)-slack || got > slices.Max(corners)+slack || math.IsNaN(got) {
			t.Errorf("%v at (%v, %v), between points with %v", got, x, y, corners)
		}
	})
}
