package pairs

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/surface"
)

func distancesOf(points [][]float64) *mat.SymDense {
	d := mat.NewSymDense(len(points), nil)
	for i, p := range points {
		for j, q := range points[:i] {
			sum := 0.0
			for k := range p {
				sum += (p[k] - q[k]) * (p[k] - q[k])
			}
			d.SetSym(i, j, math.Sqrt(sum))
		}
	}
	return d
}

// TestPlanePointsStay: the layout of points of a plane has their distances, without stress.
func TestPlanePointsStay(t *testing.T) {
	d := distancesOf([][]float64{{0, 0}, {4, 0}, {0, 3}, {7, 1}, {2, -5}})
	components, ratio := Components(d)
	if math.Abs(ratio[0]+ratio[1]-1) > 1e-12 || ratio[0] < ratio[1] {
		t.Errorf("shares %v", ratio)
	}
	points, stress := Layout(d, components)
	if stress > 1e-12 || components[0][0] < 0 || components[0][1] < 0 {
		t.Errorf("stress %v, first point %v", stress, components[0])
	}
	for i, p := range points {
		for j, q := range points[:i] {
			if got := math.Hypot(p[0]-q[0], p[1]-q[1]); math.Abs(got-d.At(i, j)) > 1e-12 {
				t.Errorf("the distance of %d and %d is %v, want %v", i, j, got, d.At(i, j))
			}
		}
	}
}

// TestComponentsArePCA: the coordinates are those of the singular value decomposition of the centered points, and a layout of points of many dimensions has
// less stress, and no small move of a point lowers it.
func TestComponentsArePCA(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, dim = 7, 20
	points, centered := make([][]float64, n), mat.NewDense(n, dim, nil)
	for i := range points {
		points[i] = make([]float64, dim)
		for k := range dim {
			points[i][k] = rng.NormFloat64()
		}
	}
	for i := range n {
		for k := range dim {
			mean := 0.0
			for _, p := range points {
				mean += p[k] / n
			}
			centered.Set(i, k, points[i][k]-mean)
		}
	}
	var svd mat.SVD
	svd.Factorize(centered, mat.SVDThin)
	var u mat.Dense
	svd.UTo(&u)
	values, total := svd.Values(nil), 0.0
	for _, v := range values {
		total += v * v
	}
	d := distancesOf(points)
	got, ratio := Components(d)
	for axis := range 2 {
		if want := values[axis] * values[axis] / total; math.Abs(ratio[axis]-want) > 1e-12 {
			t.Errorf("component %d explains %v, want %v", axis, ratio[axis], want)
		}
		for i := range n {
			want := math.Copysign(1, u.At(0, axis)) * u.At(i, axis) * values[axis]
			if math.Abs(got[i][axis]-want) > 1e-9 {
				t.Errorf("coordinate %d of point %d is %v, want %v", axis, i, got[i][axis], want)
			}
		}
	}
	layout, stress := Layout(d, got)
	if !(stress < Stress(d, got)) {
		t.Errorf("the layout has the stress %v, principal components %v", stress, Stress(d, got))
	}
	for i := range layout {
		for _, by := range [][2]float64{{0.05, 0}, {-0.05, 0}, {0, 0.05}, {0, -0.05}} {
			was := layout[i]
			layout[i] = [2]float64{was[0] + by[0], was[1] + by[1]}
			if moved := Stress(d, layout); moved < stress {
				t.Errorf("point %d moved by %v has the stress %v, the layout %v", i, by, moved, stress)
			}
			layout[i] = was
		}
	}
}

// TestFewPoints: no point, one, and equal ones are laid out, too.
func TestFewPoints(t *testing.T) {
	for n := 1; n < 4; n++ {
		d := mat.NewSymDense(n, nil)
		points, _ := Components(d)
		if points, stress := Layout(d, points); len(points) != n || stress != 0 || math.IsNaN(points[0][0]) {
			t.Errorf("%d equal points: %v, stress %v", n, points, stress)
		}
	}
}

func TestEncode(t *testing.T) {
	r := Result{Names: []string{"a", "b,c"}, Present: []bool{true, true}, Components: make([][2]float64, 2), Layout: make([][2]float64, 2),
		Pairs: []Pair{{A: 0, B: 1, Distance: 2, Barrier: &surface.Barrier{Height: surface.Measured{Value: math.Inf(1)}, At: 0.5}}}}
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(b)
	if err != nil || back.Barriers()[1][0].At != 0.5 || !math.IsInf(back.Pairs[0].Barrier.Height.Value, 1) || back.Barriers()[0][0] != nil {
		t.Errorf("%+v, %v", back, err)
	}
	if table, err := back.CSV(); err != nil || string(table) != "a,b,distance,barrier,barrier_se,barrier_at\na,\"b,c\",2,+Inf,0,0.5\n" {
		t.Errorf("%s %v", table, err)
	}
	for _, bad := range []string{`{}`, `{"names": ["a"], "present": [true], "components": [[0, 0]], "layout": [[0, 0]], "pairs": [{"a": 0, "b": 1}]}`, `{"names": ["a"]}`} {
		if _, err := Decode([]byte(bad)); (err == nil) != (bad == `{}`) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
