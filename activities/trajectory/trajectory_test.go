package trajectory_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/trajectory"
)

// random is a path of n independent points of p numbers.
func random(seed uint64, n, p int) memory {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := make(memory, n)
	for i := range m {
		m[i] = make([]float32, p)
		for j := range m[i] {
			m[i][j] = float32(rng.NormFloat64() * float64(1+j%3))
		}
	}
	return m
}

// TestAgainstSVD: variances are those of the singular values of the centred
// matrix, and components its right singular vectors, for paths shorter and
// longer than their points are wide.
func TestAgainstSVD(t *testing.T) {
	for _, size := range [][2]int{{4, 40}, {9, 9}, {12, 5}, {3, 2}} {
		n, p := size[0], size[1]
		path := random(uint64(n), n, p)
		m := mat.NewDense(n, p, nil)
		total := 0.0
		for j := range p {
			mean := 0.0
			for i := range n {
				mean += (float64(path[i][j]) - float64(path[n-1][j])) / float64(n)
			}
			for i := range n {
				v := float64(path[i][j]) - float64(path[n-1][j]) - mean
				m.Set(i, j, v)
				total += v * v
			}
		}
		var svd mat.SVD
		if !svd.Factorize(m, mat.SVDThin) {
			t.Fatal("no singular values")
		}
		var v mat.Dense
		svd.VTo(&v)
		want := svd.Values(nil)[:min(n-1, p)]
		pca, err := trajectory.Analyze(t.Context(), path, nil, 2, trajectory.Options{})
		if err != nil {
			t.Fatal(err)
		}
		within(t, "singular values", pca.Singular, want, 1e-7, 1)
		for k := range 2 {
			within(t, "component", pca.Components[k], mat.Col(nil, k, &v), 1e-9, signOf(pca.Components[k], mat.Col(nil, k, &v)))
			if got := want[k] * want[k] / total; math.Abs(pca.Ratio[k]-got) > 1e-12 || math.Abs(pca.Variance[k]-want[k]*want[k]/float64(n-1)) > 1e-12*total {
				t.Errorf("%d×%d: component %d explains %v (%v of all), want %v of all", n, p, k, pca.Variance[k], pca.Ratio[k], got)
			}
		}
	}
}

// TestPlanarPath: a path in a plane is found whole. Its two components explain
// everything, span that plane, and the coordinates give the points back.
func TestPlanarPath(t *testing.T) {
	const n, p = 20, 500
	frame := random(3, 3, p) // an origin and two oblique directions
	path := make(memory, n)
	for i := range path {
		path[i] = make([]float32, p)
		x, y := math.Cos(float64(i)/3)*float64(n-i), 0.3*math.Sin(float64(i)/3)*float64(n-i)
		for j := range p {
			path[i][j] = float32(float64(frame[0][j]) + x*float64(frame[1][j]) + y*float64(frame[2][j]))
		}
	}
	pca, err := trajectory.Analyze(t.Context(), path, nil, 2, trajectory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if rest := 1 - pca.Ratio[0] - pca.Ratio[1]; math.Abs(rest) > 1e-11 {
		t.Errorf("the plane leaves %g of the variance of a planar path", rest)
	}
	plane, err := trajectory.NewPlane(narrow(pca.Components[0]), narrow(pca.Components[1]))
	if err != nil {
		t.Fatal(err)
	}
	oblique, err := trajectory.NewPlane(frame[1], frame[2])
	if err != nil {
		t.Fatal(err)
	}
	seen, err := trajectory.Project(t.Context(), path, plane, oblique)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Coordinates[0][0][0] < 0 || seen.Coordinates[0][0][1] < 0 {
		t.Errorf("the first point has the coordinates %v, want none below 0", seen.Coordinates[0][0])
	}
	// In oblique coordinates, too, all of the variance lies in the plane.
	if got, want := oblique.Variance(seen.Coordinates[1]), pca.Variance[0]+pca.Variance[1]; math.Abs(got-want) > 1e-5*want {
		t.Errorf("the path varies %v in its plane, want %v", got, want)
	}
	for i, c := range seen.Coordinates[0] {
		if d := math.Hypot(c[0], c[1]); math.Abs(d-seen.Distance[i]) > 1e-5*seen.Distance[0] {
			t.Errorf("point %d lies %v from the end, in the plane %v", i, seen.Distance[i], d)
		}
		last := float64(n - 1)
		want := []float64{
			math.Cos(float64(i)/3)*float64(n-i) - math.Cos(last/3),
			0.3 * (math.Sin(float64(i)/3)*float64(n-i) - math.Sin(last/3)),
		}
		within(t, "oblique coordinates", seen.Coordinates[1][i][:], want, 1e-5, 1)
	}
}

// TestRotation: rotating a path, or swapping its entries, changes neither variances nor coordinates but for sign.
func TestRotation(t *testing.T) {
	path := random(5, 7, 30)
	turned := clone(path)
	for k := range 200 { // plane rotations make up any rotation
		a, b := k%30, (k*7+1)%30
		if a == b {
			continue
		}
		s, c := math.Sincos(float64(k))
		for i := range turned {
			x, y := float64(turned[i][a]), float64(turned[i][b])
			turned[i][a], turned[i][b] = float32(c*x-s*y), float32(s*x+c*y)
		}
	}
	one, err := trajectory.Analyze(t.Context(), path, nil, 2, trajectory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := trajectory.Analyze(t.Context(), turned, nil, 2, trajectory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "variance", two.Variance, one.Variance, 1e-5, 1)
	for k := range 2 {
		var a, b []float64
		for i := range path {
			x, y := 0.0, 0.0
			for j := range path[i] {
				x += float64(path[i][j]-path[6][j]) * one.Components[k][j]
				y += float64(turned[i][j]-turned[6][j]) * two.Components[k][j]
			}
			a, b = append(a, x), append(b, y)
		}
		within(t, "coordinates", b, a, 1e-5, 1) // the sign is chosen by the first point
	}
}

// counted says how many points were read, and how many at most had to be held
// is what the reader asked for.
type counted struct {
	memory
	reads int
}

func (c *counted) At(ctx context.Context, i int, to []float32) error {
	c.reads++
	return c.memory.At(ctx, i, to)
}

// TestMemory: however little memory there is the result is the same, only read more often.
func TestMemory(t *testing.T) {
	const n, p = 11, 64
	path := random(7, n, p)
	want, err := trajectory.Analyze(t.Context(), path, nil, 2, trajectory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ rows, reads int }{
		{n, n},                 // all at once
		{4, 11 + 7 + 3},        // blocks of 4, 4, 3
		{1, 11 * (11 + 1) / 2}, // a pair at a time
	} {
		c := &counted{memory: path}
		var done, total int
		got, err := trajectory.Analyze(t.Context(), c, nil, 2, trajectory.Options{
			Memory: int64(test.rows * 2 * 8 * p), Progress: func(d, all int) { done, total = d, all },
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.reads != test.reads+n+1 { // and all for the components, the last one first
			t.Errorf("%d rows a block: %d reads, want %d", test.rows, c.reads, test.reads+n+1)
		}
		if done != total || total != test.reads+n {
			t.Errorf("%d rows a block: progress ended at %d of %d", test.rows, done, total)
		}
		within(t, "variance", got.Variance, want.Variance, 1e-12, 1)
		within(t, "component", got.Components[1], want.Components[1], 1e-12, 1)
	}
}

func TestAnalyzeErrors(t *testing.T) {
	straight := memory{{0, 0, 0}, {1, 2, 3}, {2, 4, 6}, {3, 6, 9}}
	nan := random(1, 4, 3)
	nan[2][1] = float32(math.NaN())
	for _, test := range []struct {
		name string
		path memory
		keep []bool
		flat bool
		want string
	}{
		{"straight", straight, nil, true, "fewer than 2 dimensions"},
		{"resting", memory{{1, 2}, {1, 2}, {1, 2}}, nil, true, "fewer than 2 dimensions"},
		{"two points", straight[:2], nil, true, "at most 1"},
		{"not finite", nan, nil, false, "point"},
		{"other marks", straight, []bool{true}, false, "1 entries"},
		{"empty", memory{{}}, nil, false, "of 0 numbers"},
		{"nothing kept", random(1, 4, 3), make([]bool, 3), true, "fewer than 2 dimensions"},
	} {
		_, err := trajectory.Analyze(t.Context(), test.path, test.keep, 2, trajectory.Options{})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, trajectory.ErrFlat) != test.flat {
			t.Errorf("%s: error %v, want one that says %q", test.name, err, test.want)
		}
	}
	for _, plane := range [][2][]float32{{{1, 2}, {2, 4}}, {{0, 0}, {1, 0}}, {{1}, {1, 2}}} {
		if _, err := trajectory.NewPlane(plane[0], plane[1]); err == nil {
			t.Errorf("directions %v span a plane", plane)
		}
	}
}

func TestPathRoundTrip(t *testing.T) {
	p := &trajectory.Path{
		Epochs: []int{0, 1, 3}, PCA: [][2]float64{{4, -1}, {1, 1}, {0, 0}}, Random: [][2]float64{{1, 2}, {3, 4}, {0, 0}},
		Variance: []float64{3, 1}, Ratio: []float64{0.75, 0.25}, RateChanges: []int{1}, Norm: []float64{1, 2, 3}, Distance: []float64{3, 2, 0},
	}
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := trajectory.DecodePath(b)
	if err != nil || !cmp.Equal(got, p) {
		t.Errorf("the path became %+v, %v", got, err)
	}
	if lo, hi := p.Range(0, 0.25); lo != -1 || hi != 5 {
		t.Errorf("range %v to %v, want -1 to 5", lo, hi)
	}
	table, err := p.CSV()
	if want := "epoch,pc1,pc2,random1,random2,norm,distance,rate_change\n0,4,-1,1,2,1,3,false\n1,1,1,3,4,2,2,true\n3,0,0,0,0,3,0,false\n"; err != nil || string(table) != want {
		t.Errorf("the table is\n%s%v", table, err)
	}
	for _, bad := range []string{"", "{}", `{"epochs":[1,1]}`, strings.Replace(string(b), "[4,-1]", "[4]", 1)[:20], strings.Replace(string(b), `"epochs":[0,1,3]`, `"epochs":[0,1]`, 1)} {
		if _, err := trajectory.DecodePath([]byte(bad)); err == nil {
			t.Errorf("%q was read as a path", bad)
		}
	}
}
