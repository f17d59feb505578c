package surface_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/surface"
)

func curved() *rapid.Generator[surface.Curved] {
	return rapid.Custom(func(t *rapid.T) surface.Curved {
		return surface.Curved{
			Point: point().Draw(t, "point"), LambdaMin: value().Draw(t, "min"), LambdaMax: value().Draw(t, "max"),
			ResidualMin: value().Draw(t, "residual of min"), ResidualMax: value().Draw(t, "residual of max"),
		}
	})
}

func TestCurvedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(curved(), 0, 20).Draw(t, "points")
		b := surface.EncodeCurved(points)
		got, err := surface.DecodeCurved(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(points) {
			t.Fatalf("%d points of %d", len(got), len(points))
		}
		flat := func(p surface.Curved) []float64 {
			return []float64{p.Loss, p.Accuracy, p.LambdaMin, p.LambdaMax, p.ResidualMin, p.ResidualMax}
		}
		for i, p := range points {
			if got[i].Index != p.Index || !same(flat(got[i]), flat(p)) {
				t.Fatalf("point %d: %+v, want %+v", i, got[i], p)
			}
		}
		if _, err := surface.DecodePoints(b); err == nil {
			t.Fatal("points with eigenvalues were read as points without")
		}
		at := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
		bad := bytes.Clone(b)
		bad[at/8] ^= 1 << (at % 8)
		if _, err := surface.DecodeCurved(bad); err == nil {
			t.Fatalf("bit %d flipped was read", at)
		}
	})
}

// curvedGrid has a convex point, a saddle, one where nothing is finite, and one not evaluated.
func curvedGrid(t *testing.T) *surface.Grid {
	t.Helper()
	g, nan := surface.NewGrid([]float64{-1, 1}, []float64{0, 1}), math.NaN()
	err := g.AddCurved([]surface.Curved{
		{surface.Point{Index: 0, Loss: 0.5, Accuracy: 80}, 0, 4, 1e-6, 1e-3},
		{surface.Point{Index: 1, Loss: 2, Accuracy: 20}, -1, 4, 1e-4, 1e-3},
		{surface.Point{Index: 3, Loss: nan, Accuracy: 10}, nan, nan, nan, nan},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCurvatureInFiles(t *testing.T) {
	g := curvedGrid(t)
	if got, want := g.Curvature.Ratio(), []float64{0, 0.25, math.NaN(), math.NaN()}; !same(got[:2], want[:2]) || !math.IsNaN(got[2]) || !math.IsNaN(got[3]) {
		t.Errorf("|λmin/λmax| = %v, want %v", got, want)
	}
	b, err := g.EncodeNPZ()
	if err != nil {
		t.Fatal(err)
	}
	back, err := surface.DecodeNPZ(b)
	if err != nil {
		t.Fatal(err)
	}
	c, d := g.Curvature, back.Curvature
	if d == nil || !same(c.LambdaMin, d.LambdaMin) || !same(c.LambdaMax, d.LambdaMax) || !same(c.ResidualMin, d.ResidualMin) || !same(c.ResidualMax, d.ResidualMax) {
		t.Errorf("read %+v, written %+v", d, c)
	}
	csv, err := g.CSV()
	if err != nil {
		t.Fatal(err)
	}
	want := "x,y,loss,accuracy,evaluated,lambda_min,lambda_max,residual_min,residual_max\n" +
		"-1,0,0.5,80,true,0,4,1e-06,0.001\n1,0,2,20,true,-1,4,0.0001,0.001\n-1,1,,,false,,,,\n1,1,NaN,10,true,,,,\n"
	if string(csv) != want {
		t.Errorf("CSV:\n%s\nwant:\n%s", csv, want)
	}
	g.Curvature.LambdaMax = g.Curvature.LambdaMax[:2]
	if err := g.Validate(); err == nil || !strings.Contains(err.Error(), "lambda_max") {
		t.Errorf("with half of λmax the error is %v", err)
	}
	if err := curvedGrid(t).AddCurved([]surface.Curved{{Point: surface.Point{Index: 0}}}); err == nil {
		t.Error("a point that is there already is no error")
	}
}
