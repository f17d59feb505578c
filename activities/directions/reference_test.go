package directions_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/internal/shared"
)

// summary describes one tensor of a normalised direction of the reference.
type summary struct {
	L2     float64   `json:"l2"`
	Sum    float64   `json:"sum"`
	AbsMax float64   `json:"absmax"`
	Index  []int     `json:"idx"`
	Value  []float64 `json:"val"`
}

// The reference was computed in float32, norms included. A norm of n numbers
// summed in float32 by blocks, as it is there, is off by a few units of 6e-8;
// 2e-6 leaves room for a filter of 4,096 numbers.
const relative = 2e-6

// TestNormalizeReference compares all normalisations of the reference cases:
// per tensor norm, sum, largest magnitude and sampled entries, and for the
// smallest case every entry.
func TestNormalizeReference(t *testing.T) {
	for _, name := range []string{"tiny_a", "resnet20", "vgg9_w16"} {
		t.Run(name, func(t *testing.T) {
			c := shared.Open(t, name)
			params := c.Net.Params()
			theta, _ := c.Weights(t, "weights_a.npz")
			var want map[string]map[string]summary
			c.JSON(t, "directions_summary.json", &want)
			var surface struct {
				Cosine map[string]float64 `json:"cosine_xy"`
			}
			c.JSON(t, "surface.json", &surface)
			if len(surface.Cosine) == 0 {
				t.Fatal("the reference has no cosines")
			}
			raw := map[string][]float32{}
			for _, axis := range []string{"x", "y"} {
				raw[axis] = c.Vector(t, "directions_raw.npz", axis+"/", params, nil)
			}
			compared := 0
			for _, n := range directions.Normalizations() {
				for _, ig := range directions.Ignores() {
					both := map[string][]float32{}
					for _, axis := range []string{"x", "y"} {
						d := slices.Clone(raw[axis])
						if err := directions.Normalize(params, d, theta, n, ig); err != nil {
							t.Fatal(err)
						}
						both[axis] = d
						key := fmt.Sprintf("%s_%s_%s", n, ig, axis)
						tensors, ok := want[key]
						if !ok {
							if n != directions.None {
								t.Errorf("the reference lacks %s", key)
							}
							continue
						}
						compared++
						for _, p := range params {
							compareSummary(t, key+"/"+p.Name, p.Of(d), tensors[p.Name])
						}
						if name == "tiny_a" {
							compareAll(t, key, d, c.Vector(t, "directions_normalised.npz", key+"/", params, nil))
						}
					}
					if want, ok := surface.Cosine[fmt.Sprintf("%s_%s", n, ig)]; ok {
						if got := directions.Cosine(both["x"], both["y"]); !near(got, want, 1e-6) {
							t.Errorf("%s_%s: cosine %g, want %g", n, ig, got, want)
						}
					}
				}
			}
			if compared != 20 {
				t.Errorf("compared %d directions, want 5·2·2", compared)
			}
		})
	}
}

// compareSummary compares one tensor with what is known of it.
func compareSummary(t *testing.T, name string, d []float32, want summary) {
	t.Helper()
	sum, top := 0.0, 0.0
	for _, v := range d {
		sum += float64(v)
		top = math.Max(top, math.Abs(float64(v)))
	}
	l2 := directions.Norm(d)
	// Summands cancel in the sum, so its error is measured by the sum of
	// magnitudes, which √n·‖d‖ bounds.
	bound := relative * math.Sqrt(float64(len(d))) * want.L2
	if !near(l2, want.L2, relative*want.L2) || !near(top, want.AbsMax, relative*want.AbsMax) || !near(sum, want.Sum, bound) {
		t.Errorf("%s: norm %g, sum %g, absmax %g; want %g, %g, %g", name, l2, sum, top, want.L2, want.Sum, want.AbsMax)
	}
	if len(want.Index) == 0 || len(want.Index) != len(want.Value) {
		t.Fatalf("%s: the reference samples %d places and %d values", name, len(want.Index), len(want.Value))
	}
	for i, at := range want.Index {
		if got := float64(d[at]); !near(got, want.Value[i], relative*math.Abs(want.Value[i])) {
			t.Errorf("%s[%d] = %g, want %g", name, at, got, want.Value[i])
		}
	}
}

func compareAll(t *testing.T, key string, d, want []float32) {
	t.Helper()
	for i := range want {
		if !near(float64(d[i]), float64(want[i]), relative*math.Abs(float64(want[i]))) {
			t.Fatalf("%s: entry %d is %g, want %g", key, i, d[i], want[i])
		}
	}
}

// near is false for a NaN.
func near(got, want, within float64) bool { return math.Abs(got-want) <= within }
