package surface_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/npz"
	"lossatlas/activities/surface"
)

// grid draws a grid with unevaluated points and special values.
func grid() *rapid.Generator[*surface.Grid] {
	return rapid.Custom(func(t *rapid.T) *surface.Grid {
		nx, ny := rapid.IntRange(1, 6).Draw(t, "nx"), rapid.IntRange(1, 6).Draw(t, "ny")
		g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(-0.25, 3, ny))
		for i := range g.Mask {
			if g.Mask[i] = rapid.Bool().Draw(t, "mask"); g.Mask[i] {
				g.Loss[i], g.Accuracy[i] = value().Draw(t, "loss"), value().Draw(t, "accuracy")
			}
		}
		if rapid.Bool().Draw(t, "meta") {
			meta, err := json.Marshal(map[string]string{"note": rapid.String().Draw(t, "note")})
			if err != nil {
				t.Fatal(err)
			}
			g.Meta = meta
		}
		return g
	})
}

func equal(a, b *surface.Grid) string {
	switch {
	case !same(a.X, b.X) || !same(a.Y, b.Y):
		return "other coordinates"
	case !same(a.Loss, b.Loss):
		return "other losses"
	case !same(a.Accuracy, b.Accuracy):
		return "other accuracies"
	}
	return cmp.Diff(a.Mask, b.Mask) + cmp.Diff(string(a.Meta), string(b.Meta))
}

func TestNPZRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grid().Draw(t, "grid")
		b, err := g.EncodeNPZ()
		if err != nil {
			t.Fatal(err)
		}
		again, err := g.EncodeNPZ()
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("encoding twice gives different bytes (%v)", err)
		}
		got, err := surface.DecodeNPZ(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := equal(g, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Points may come in any order and in parts; each comes once and lies in the lattice.
func TestAdd(t *testing.T) {
	x, y := surface.Lattice(-1, 1, 3), surface.Lattice(-1, 1, 2)
	points := []surface.Point{{0, 1, 10}, {5, math.NaN(), 0}, {2, math.Inf(1), 10}, {1, 2, 20}, {4, 0.5, 90}, {3, 3, 30}}
	add := func(parts ...[]surface.Point) (*surface.Grid, error) {
		g := surface.NewGrid(x, y)
		for _, part := range parts {
			if err := g.Add(part); err != nil {
				return nil, err
			}
		}
		return g, nil
	}
	g, err := add(points[:2], nil, points[2:])
	if err != nil {
		t.Fatal(err)
	}
	if !same(g.Loss, []float64{1, 2, math.Inf(1), 3, 0.5, math.NaN()}) || !same(g.Accuracy, []float64{10, 20, 10, 30, 90, 0}) || len(g.Missing()) != 0 {
		t.Errorf("all points make %+v", g)
	}
	if g, err := add(points[:5]); err != nil || !slices.Equal(g.Missing(), []int{3}) {
		t.Errorf("without point 3, %v are missing; error %v", g.Missing(), err)
	}
	for want, parts := range map[string][][]surface.Point{
		"point 0 was evaluated twice": {points[:2], points[:1]},
		"point 6 lies outside":        {{{Index: 6}}},
		"point -1 lies outside":       {{{Index: -1}}},
	} {
		if _, err := add(parts...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestAddIsAllOrNothing: a bad point leaves the grid as it was.
func TestAddIsAllOrNothing(t *testing.T) {
	g := surface.NewGrid([]float64{0, 1}, []float64{0})
	if err := g.Add([]surface.Point{{0, 1, 2}, {0, 1, 2}}); err == nil {
		t.Fatal("a point was added twice")
	}
	if diff := cmp.Diff([]int{0, 1}, g.Missing()); diff != "" || !math.IsNaN(g.Loss[0]) {
		t.Errorf("after the error: %s", diff)
	}
	if err := g.Add([]surface.Point{{0, 1, 2}}); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	good := func() *surface.Grid { return surface.NewGrid([]float64{-1, 0, 1}, []float64{0, 1}) }
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(g *surface.Grid){
		"no points":                     func(g *surface.Grid) { g.Y = nil },
		"5 losses":                      func(g *surface.Grid) { g.Loss = g.Loss[:5] },
		"1 mask values":                 func(g *surface.Grid) { g.Mask = g.Mask[:1] },
		"x[1] is NaN":                   func(g *surface.Grid) { g.X[1] = math.NaN() },
		"y[1] = 0 doesn't increase":     func(g *surface.Grid) { g.Y[1] = 0 },
		"meta isn't JSON":               func(g *surface.Grid) { g.Meta = json.RawMessage("{") },
		"x[2] is +Inf":                  func(g *surface.Grid) { g.X[2] = math.Inf(1) },
		"3×2 points, but 7 losses, 6 a": func(g *surface.Grid) { g.Loss = append(g.Loss, 1) },
	} {
		g := good()
		spoil(g)
		for name, f := range map[string]func() error{
			"Validate":  g.Validate,
			"EncodeNPZ": func() error { _, err := g.EncodeNPZ(); return err },
			"CSV":       func() error { _, err := g.CSV(); return err },
		} {
			if err := f(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", name, err, want)
			}
		}
	}
}

// TestDecodeForeignNPZ: float32, no mask, no meta, arrays besides.
func TestDecodeForeignNPZ(t *testing.T) {
	xs, plane := []float32{-1, 0, 1}, []int{1, 3}
	arrays := []npz.Array{
		{Name: "x", Shape: []int{3}, Data: xs}, {Name: "y", Shape: []int{1}, Data: []float64{0}},
		{Name: "loss", Shape: plane, Data: xs}, {Name: "accuracy", Shape: plane, Data: xs},
		{Name: "note", Data: "by hand"},
	}
	encode := func(arrays []npz.Array) []byte {
		t.Helper()
		b, err := npz.Encode(arrays)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	g, err := surface.DecodeNPZ(encode(arrays))
	if err != nil {
		t.Fatal(err)
	}
	if !same(g.Loss, []float64{-1, 0, 1}) || !cmp.Equal(g.Mask, []bool{true, true, true}) || g.Meta != nil || !g.IsLine() {
		t.Errorf("read %+v", g)
	}
	for want, change := range map[string]func(a []npz.Array) []npz.Array{
		"loss has the shape [3]":  func(a []npz.Array) []npz.Array { a[2].Shape = []int{3}; return a },
		"x and y have the shapes": func(a []npz.Array) []npz.Array { a[0].Shape = []int{1, 3}; return a },
		"accuracy is missing":     func(a []npz.Array) []npz.Array { return a[:3] },
		"array y: expected float": func(a []npz.Array) []npz.Array { a[1].Data = []int64{0}; return a },
		"mask: expected bool": func(a []npz.Array) []npz.Array {
			return append(a, npz.Array{Name: "mask", Shape: plane, Data: xs})
		},
		"meta: expected a text of JSON": func(a []npz.Array) []npz.Array { a[4].Name = "meta"; return a },
		"doesn't increase":              func(a []npz.Array) []npz.Array { a[0].Data = []float32{1, 1, 2}; return a },
	} {
		spoilt := change(append([]npz.Array(nil), arrays...))
		if _, err := surface.DecodeNPZ(encode(spoilt)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestStats(t *testing.T) {
	g := surface.NewGrid(surface.Lattice(-1, 1, 3), surface.Lattice(-1, 1, 3))
	if err := g.Add([]surface.Point{{0, 5, 10}, {1, math.NaN(), 10}, {2, math.Inf(1), 0}, {4, 0.5, 80}, {5, 0.25, 85}, {6, 5, 12}}); err != nil {
		t.Fatal(err)
	}
	want := surface.Stats{Points: 9, Evaluated: 6, NonFinite: 2, CenterLoss: 0.5, CenterAccuracy: 80, MinLoss: 0.25, MaxLoss: 5, MinIndex: 5, MaxIndex: 0}
	if diff := cmp.Diff(want, g.Stats()); diff != "" {
		t.Error(diff)
	}
	empty := surface.NewGrid([]float64{1, 2}, []float64{0}).Stats()
	if empty.Evaluated != 0 || empty.MinIndex != -1 || !math.IsNaN(empty.CenterLoss) || !math.IsNaN(empty.MinLoss) {
		t.Errorf("an empty grid: %+v", empty)
	}
}

func TestCSV(t *testing.T) {
	g := surface.NewGrid([]float64{-0.1, 0, 1}, []float64{0, 1})
	if err := g.Add([]surface.Point{{0, 2.302585092994046, 10}, {1, math.Inf(1), 10}, {2, 0.5, math.NaN()}, {4, math.NaN(), 1e-7}}); err != nil {
		t.Fatal(err)
	}
	b, err := g.CSV()
	if err != nil {
		t.Fatal(err)
	}
	want := "x,y,loss,accuracy,evaluated\n-0.1,0,2.302585092994046,10,true\n0,0,Inf,10,true\n1,0,0.5,,true\n-0.1,1,,,false\n0,1,NaN,1e-07,true\n1,1,,,false\n"
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecodeNPZ: no file makes it panic, and what is accepted is a valid grid.
func FuzzDecodeNPZ(f *testing.F) {
	g := surface.NewGrid(surface.Lattice(-1, 1, 3), []float64{0})
	g.Meta = json.RawMessage(`{"a":1}`)
	b, err := g.EncodeNPZ()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := surface.DecodeNPZ(b)
		if err != nil {
			return
		}
		if err := g.Validate(); err != nil {
			t.Error(err)
		}
	})
}
