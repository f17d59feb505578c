package trajectory_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/trajectory"
)

// memory is a path that is held in memory.
type memory [][]float32

func (m memory) Len() int  { return len(m) }
func (m memory) Size() int { return len(m[0]) }

func (m memory) Origin() int { return len(m) - 1 }
func (m memory) At(_ context.Context, i int, to []float32) error {
	copy(to, m[i])
	return nil
}

type component struct {
	Index []int     `json:"idx"`
	Value []float64 `json:"val"`
}

type analysis struct {
	Variance []float64    `json:"explained_variance"`
	Ratio    []float64    `json:"explained_variance_ratio"`
	Singular []float64    `json:"singular_values"`
	X        []float64    `json:"proj_x"`
	Y        []float64    `json:"proj_y"`
	Lstsq    [][2]float64 `json:"lstsq"`
	PC1      component    `json:"pc1"`
	PC2      component    `json:"pc2"`
}

// TestReference compares with scikit-learn's PCA of the recorded trainings, and
// with projections on the plane of two filter-normalised directions.
func TestReference(t *testing.T) {
	for name, file := range map[string]string{"tiny_a": "traj.npz", "resnet20": "../resnet20_traj/traj.npz", "vgg9_w16": "../vgg9_w16_traj/traj.npz"} {
		t.Run(name, func(t *testing.T) {
			c := shared.Open(t, name)
			params := c.Net.Params()
			var want struct {
				Checkpoints int      `json:"checkpoints"`
				None        analysis `json:"none"`
				BiasBN      analysis `json:"biasbn"`
				Filter      struct {
					X     []float64    `json:"cos_x"`
					Y     []float64    `json:"cos_y"`
					Lstsq [][2]float64 `json:"lstsq"`
				} `json:"on_filter_plane"`
			}
			c.JSON(t, "pca.json", &want)
			var path memory
			for i := range want.Checkpoints - 1 {
				path = append(path, c.Vector(t, file, fmt.Sprintf("%d/", i), params, nil))
			}
			theta, _ := c.Weights(t, "weights_a.npz")
			path = append(path, theta)
			weights := make([]bool, len(theta))
			for _, p := range params {
				for i := range p.Size {
					weights[p.Offset+i] = p.Role.IsWeight()
				}
			}
			for _, which := range []struct {
				name string
				keep []bool
				want analysis
			}{{"none", nil, want.None}, {"biasbn", weights, want.BiasBN}} {
				// Memory for two rows a block, so that several are read.
				pca, err := trajectory.Analyze(t.Context(), path, which.keep, 2, trajectory.Options{Memory: int64(2 * 2 * 8 * len(theta))})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, which.name, path, pca, which.want)
				if name == "tiny_a" {
					for k, v := range pca.Components {
						full := make([]float64, len(theta))
						c.Array(t, "pca_components.npz", fmt.Sprintf("%s/pc%d", which.name, k+1), &full)
						within(t, fmt.Sprintf("%s: component %d", which.name, k+1), v, full, 1e-6, signOf(v, full))
					}
				}
			}

			var plane [2][]float32
			for i, axis := range []string{"x/", "y/"} {
				plane[i] = c.Vector(t, "directions_raw.npz", axis, params, nil)
				if err := directions.Normalize(params, plane[i], theta, directions.Filter, directions.BiasBN); err != nil {
					t.Fatal(err)
				}
			}
			p, err := trajectory.NewPlane(plane[0], plane[1])
			if err != nil {
				t.Fatal(err)
			}
			seen, err := trajectory.Project(t.Context(), path, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(want.Filter.Lstsq) != want.Checkpoints {
				t.Fatalf("the reference has %d points", len(want.Filter.Lstsq))
			}
			for i, got := range seen.Coordinates[0] {
				within(t, fmt.Sprintf("filter plane, point %d", i), got[:], want.Filter.Lstsq[i][:], 2e-6, 1)
				// The lengths of the peer, from the coordinates: <d, a>/‖a‖ for d = αx + βy.
				nx, ny := directions.Norm(plane[0]), directions.Norm(plane[1])
				lengths := []float64{got[0]*nx + got[1]*ny*p.Cosine(), got[0]*nx*p.Cosine() + got[1]*ny}
				within(t, fmt.Sprintf("lengths in the filter plane, point %d", i), lengths, []float64{want.Filter.X[i], want.Filter.Y[i]}, 2e-6, 1)
			}
		})
	}
}

func compare(t *testing.T, name string, path memory, pca *trajectory.PCA, want analysis) {
	t.Helper()
	if n := len(path); len(pca.Ratio) != n-1 || len(want.Lstsq) != n || len(want.X) != n || len(want.PC1.Index) == 0 {
		t.Fatalf("%s: %d components; the reference has %d points", name, len(pca.Ratio), len(want.Lstsq))
	}
	// The reference takes differences of float32 numbers in float32.
	within(t, name+": variance", pca.Variance[:2], want.Variance, 1e-6, 1)
	within(t, name+": ratio", pca.Ratio[:2], want.Ratio, 1e-6, 1)
	within(t, name+": singular values", pca.Singular[:2], want.Singular, 1e-6, 1)
	sum := 0.0
	for _, r := range pca.Ratio {
		sum += r
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("%s: the ratios sum to %v", name, sum)
	}
	sign := [2]float64{}
	for k, c := range []component{want.PC1, want.PC2} {
		var got []float64
		for _, i := range c.Index {
			got = append(got, pca.Components[k][i])
		}
		sign[k] = signOf(got, c.Value)
		within(t, fmt.Sprintf("%s: entries of component %d", name, k+1), got, c.Value, 1e-5, sign[k])
	}
	p, err := trajectory.NewPlane(narrow(pca.Components[0]), narrow(pca.Components[1]))
	if err != nil {
		t.Fatal(err)
	}
	seen, err := trajectory.Project(t.Context(), path, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, sum := p.Variance(seen.Coordinates[0]), want.Variance[0]+want.Variance[1]; math.Abs(got-sum) > 2e-6*sum {
		t.Errorf("%s: the path varies %v in the plane of its components, which explain %v", name, got, sum)
	}
	for k := range 2 {
		var got, lstsq []float64
		for i, c := range seen.Coordinates[0] {
			got, lstsq = append(got, c[k]), append(lstsq, want.Lstsq[i][k])
		}
		within(t, fmt.Sprintf("%s: coordinates %d", name, k+1), got, lstsq, 2e-6, sign[k])
		// The peer's are lengths along unit vectors, which are the same.
		within(t, fmt.Sprintf("%s: projections %d", name, k+1), got, [][]float64{want.X, want.Y}[k], 2e-6, sign[k])
	}
}

// within compares two vectors up to a sign, relative to the largest entry wanted.
func within(t *testing.T, what string, got, want []float64, relative, sign float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	top := 0.0
	for _, v := range want {
		top = max(top, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(sign*got[i]-want[i]) <= relative*top) {
			t.Errorf("%s: entry %d is %v, want %v (within %g of %g)", what, i, sign*got[i], want[i], relative, top)
			return
		}
	}
}

// signOf is the sign by which two vectors agree.
func signOf(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return math.Copysign(1, s)
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func clone(m memory) memory {
	out := make(memory, len(m))
	for i := range m {
		out[i] = slices.Clone(m[i])
	}
	return out
}
