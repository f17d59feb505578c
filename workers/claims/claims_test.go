package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/results"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export"
)

// made is a sweep that a test writes down as `export sweep` would.
type made struct {
	t   *testing.T
	dir string
	doc export.Document
}

func newMade(t *testing.T, exports, name string) *made {
	return &made{t, filepath.Join(exports, name), export.Document{Format: export.Format, Complete: true, Sweep: name}}
}

// experiment adds one with its training.
func (m *made) experiment(name string, params map[string]any, trainLoss, testError float64) {
	m.doc.Experiments = append(m.doc.Experiments, results.Experiment{Name: name, State: "done", Params: params, TrainLoss: &trainLoss, TestError: &testError})
}

// training adds one that is tested on a number of images.
func (m *made) training(experiment string, test int) {
	m.t.Helper()
	params, err := json.Marshal(pipelines.TrainParams{Data: pipelines.TrainData{Test: test}})
	if err != nil {
		m.t.Fatal(err)
	}
	m.doc.Steps = append(m.doc.Steps, export.Step{ID: experiment + "/train", At: training(experiment), Kind: "train", Recipe: &artifacts.Recipe{Params: params}})
}

// result adds a step with one output in a file.
func (m *made) result(at pipelines.Address, kind, output, ext string, b []byte) {
	m.t.Helper()
	step := strings.Trim(fmt.Sprintf("%s/%s-%s-%s", at.Owner()+at.Figure, at.Map, at.Split, at.Role), "-")
	path := step + "-" + output + ext
	full := filepath.Join(m.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(full, b, 0o644); err != nil {
		m.t.Fatal(err)
	}
	m.doc.Files = append(m.doc.Files, export.File{Path: path, Step: step, Output: output, Digest: artifacts.Of(b), From: artifacts.Of(b)})
	m.doc.Steps = append(m.doc.Steps, export.Step{
		ID: step, At: at, Kind: kind, Key: fmt.Sprintf("%x", artifacts.Of([]byte(m.doc.Sweep+step))), Made: &artifacts.Provenance{Seconds: 10, Numerics: "go/test"},
		Outputs: map[string]artifacts.Blob{output: {Digest: artifacts.Of(b), Size: int64(len(b))}},
	})
}

func (m *made) json(at pipelines.Address, kind, output string, v any) {
	m.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	m.result(at, kind, output, ".json", b)
}

// grid adds a map of a loss over [from, to]², or along a line, and of the ratio of its eigenvalues where ratio is given.
func (m *made) grid(at pipelines.Address, kind string, from, to float64, n int, line bool, loss, ratio func(x, y float64) float64) {
	m.t.Helper()
	g := surface.Grid{Y: []float64{0}}
	for i := range n {
		g.X = append(g.X, from+(to-from)*float64(i)/float64(n-1))
	}
	if !line {
		g.Y = g.X
	}
	if ratio != nil {
		g.Curvature = surface.NewCurvature(len(g.X) * len(g.Y))
	}
	for _, y := range g.Y {
		for _, x := range g.X {
			if ratio != nil {
				i := len(g.Loss)
				g.Curvature.LambdaMin[i], g.Curvature.LambdaMax[i] = -ratio(x, y), 1
				g.Curvature.ResidualMin[i], g.Curvature.ResidualMax[i] = 0, 0
			}
			g.Loss, g.Accuracy, g.Mask = append(g.Loss, loss(x, y)), append(g.Accuracy, 50), append(g.Mask, true)
		}
	}
	b, err := g.EncodeNPZ()
	if err != nil {
		m.t.Fatal(err)
	}
	at.Role = pipelines.RoleMap
	m.result(at, kind, pipelines.OutGrid, ".npz", b)
}

// mapOf is the address of a map of the training loss.
func mapOf(experiment, of string) pipelines.Address {
	return pipelines.Address{Experiment: experiment, Map: of, Split: "train", Role: pipelines.RoleMap}
}

// flat adds widths along pairs of directions; a negative one is a lower bound.
func (m *made) flat(e, of string, widths ...float64) {
	m.t.Helper()
	r := surface.FlatnessResult{FlatnessOptions: surface.FlatnessOptions{Levels: []float64{0.1, level}, Radii: []float64{0.5}}}
	for _, w := range widths {
		r.Grids = append(r.Grids, surface.Flatness{Widths: [][]surface.Measured{{{Value: w / 2}}, {{Value: math.Abs(w), AtLeast: w < 0}}}, Sharpness: []surface.Measured{{Value: 1}}})
	}
	r.Summary = surface.Summarize(r.FlatnessOptions, r.Grids)
	m.json(pipelines.Address{Experiment: e, Map: of, Split: "train", Role: pipelines.RoleFlatness}, "flatness", pipelines.OutFlatness, r)
}

func (m *made) close() {
	m.t.Helper()
	b, err := json.Marshal(m.doc)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.dir, export.DocumentName), b, 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// fig2 has four trainings and two interpolations: valleys of curvature k around either minimizer, without and with weight decay.
func fig2(t *testing.T, exports string, k [2][2]float64, growth float64, deviations [2][2]float64) {
	m := newMade(t, exports, "fig2")
	for i, decay := range []float64{0, 5e-4} {
		var names []string
		for j, batch := range []float64{32, 512} {
			name := fmt.Sprintf("batch_size=%g,weight_decay=%g", batch, decay)
			names = append(names, name)
			m.experiment(name, map[string]any{batchSize: batch, weightDecay: decay}, 0.1, 30)
			m.json(training(name), "train", pipelines.OutLog, trainlog.Log{Epochs: []trainlog.Epoch{{Epoch: 1, WeightNorm: 10}, {Epoch: 2, WeightNorm: trainlog.Number(10 * growth)}}})
			d := float32(deviations[i][j])
			b, err := safetensors.Encode([]safetensors.Tensor{{Name: "conv.weight", Shape: []int{4, 1}, Data: []float32{d, -d, d, -d}}, {Name: "bn.weight", Shape: []int{2}, Data: []float32{100, -100}}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			m.result(training(name), "train", pipelines.OutWeights, ".safetensors", b)
		}
		c := fmt.Sprintf("interpolation,weight_decay=%g", decay)
		m.doc.Comparisons = append(m.doc.Comparisons, results.Comparison{Name: c, Between: names})
		m.grid(pipelines.Address{Comparison: c, Map: "interpolation", Split: "train"}, string(pipelines.KindLine), -0.5, 1.5, 201, true, func(x, _ float64) float64 {
			return min(k[i][0]*x*x, k[i][1]*(x-1)*(x-1))
		}, nil)
	}
	m.close()
}

// verdicts are those that the page's table says, by letter.
func verdicts(t *testing.T, exports string) (map[string]string, string) {
	t.Helper()
	out := t.TempDir()
	if err := run(exports, out); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "| ["); ok {
			cells := strings.Split(rest, "**")
			found[rest[:1]] = cells[1]
		}
	}
	return found, string(b)
}

func TestInterpolationsAndNorms(t *testing.T) {
	for name, c := range map[string]struct {
		k          [2][2]float64
		growth     float64
		deviations [2][2]float64
		a, b       verdict
	}{
		"as in the paper":      {[2][2]float64{{5, 50}, {50, 5}}, 1.2, [2][2]float64{{2, 1}, {1, 2}}, holds, holds},
		"the same side":        {[2][2]float64{{5, 50}, {5, 50}}, 1.2, [2][2]float64{{2, 1}, {2, 1}}, fails, fails},
		"equally wide":         {[2][2]float64{{50, 50}, {5, 50}}, 0.9, [2][2]float64{{2, 1}, {1, 2}}, unsure, fails},
		"the other way around": {[2][2]float64{{50, 5}, {5, 50}}, 1.2, [2][2]float64{{1, 2}, {1, 2}}, holds, fails},
	} {
		t.Run(name, func(t *testing.T) {
			exports := t.TempDir()
			fig2(t, exports, c.k, c.growth, c.deviations)
			got, page := verdicts(t, exports)
			if got["a"] != string(c.a) || got["b"] != string(c.b) || got["d"] != string(notRun) {
				t.Errorf("verdicts %v, want a: %s and b: %s\n%s", got, c.a, c.b, page)
			}
		})
	}
}

// k·x² reaches 0.5 at √(0.5/k).
func TestInterpolationWidths(t *testing.T) {
	exports := t.TempDir()
	fig2(t, exports, [2][2]float64{{5, 50}, {50, 5}}, 1.2, [2][2]float64{{2, 1}, {1, 2}})
	o, err := export.Open(filepath.Join(exports, "fig2"))
	if err != nil {
		t.Fatal(err)
	}
	s := &sweep{Opened: o}
	f := interpolations(map[string]*sweep{"fig2": s})
	if s.err != nil {
		t.Fatal(s.err)
	}
	for i, want := range []float64{math.Sqrt(0.5 / 5), math.Sqrt(0.5 / 50)} {
		if got, w := f.tables[0].Rows[0][1+i], decimal(want, 3); got != w {
			t.Errorf("width %d is %s, want %s", i, got, w)
		}
	}
}

func TestSharpnessAndDirections(t *testing.T) {
	for name, c := range map[string]struct {
		filter [4][3]float64 // widths, by network and pair; test errors rise
		none   float64       // sign of the others' widths against the error
		apart  float64       // of test errors, in points
		c, g   verdict
	}{
		"as in the paper":      {[4][3]float64{{0.8, 0.81, 0.79}, {0.6, 0.61, 0.59}, {0.4, 0.41, 0.39}, {0.2, 0.21, 0.19}}, 1, 1, holds, holds},
		"the other order":      {[4][3]float64{{0.2, 0.21, 0.19}, {0.4, 0.41, 0.39}, {0.6, 0.61, 0.59}, {0.8, 0.81, 0.79}}, -1, 1, fails, holds},
		"others are better":    {[4][3]float64{{0.8, 0.81, 0.79}, {0.4, 0.41, 0.39}, {0.6, 0.61, 0.59}, {0.2, 0.21, 0.19}}, -1, 1, fails, holds},
		"pairs disagree":       {[4][3]float64{{0.9, 0.5, 0.7}, {0.7, 0.9, 0.4}, {0.8, 0.5, 0.6}, {0.4, 0.3, 0.6}}, 1, 1, unsure, fails},
		"errors by chance":     {[4][3]float64{{0.8, 0.81, 0.79}, {0.6, 0.61, 0.59}, {0.4, 0.41, 0.39}, {0.2, 0.21, 0.19}}, 1, 0.1, unsure, holds},
		"the widest cut off":   {[4][3]float64{{-0.1, -0.1, -0.1}, {0.6, 0.61, 0.59}, {0.4, 0.41, 0.39}, {0.2, 0.21, 0.19}}, 1, 1, holds, holds},
		"one pair is enough":   {[4][3]float64{{-0.1, -0.1, 0.79}, {-0.1, -0.1, 0.59}, {0.4, 0.41, 0.39}, {0.2, 0.21, 0.19}}, 1, 1, holds, holds},
		"all cut off":          {[4][3]float64{{-0.1, -0.1, -0.1}, {-0.1, -0.1, -0.1}, {0.4, 0.41, 0.39}, {-0.2, -0.1, -0.1}}, 1, 1, unsure, unsure},
		"nothing is different": {[4][3]float64{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}}, 1, 1, unsure, unsure},
	} {
		t.Run(name, func(t *testing.T) {
			exports := t.TempDir()
			for _, f := range families {
				m := newMade(t, exports, f.sweep)
				for i, widths := range c.filter {
					e := fmt.Sprint("net", i)
					m.experiment(e, map[string]any{network: e}, 0.1, 10+c.apart*float64(i))
					m.training(e, 10000)
					m.flat(e, "filter", widths[:]...)
					other := 0.5 + c.none*0.1*float64(i)
					m.flat(e, "layer", other, other, other)
					m.flat(e, "none", other, other, other)
				}
				m.close()
			}
			got, page := verdicts(t, exports)
			if got["c"] != string(c.c) || got["g"] != string(c.g) {
				t.Errorf("verdicts %v, want c: %s and g: %s\n%s", got, c.c, c.g, page)
			}
		})
	}
}

func TestDepth(t *testing.T) {
	bowl := func(x, y float64) float64 { return x*x + y*y }
	waves := func(x, y float64) float64 { return 2 + math.Sin(9*x)*math.Cos(9*y) }
	for name, c := range map[string]struct {
		deep, deepNoshort func(x, y float64) float64
		loss              float64
		want              verdict
	}{
		"as in the paper": {bowl, waves, 0.5, holds},
		"no change":       {bowl, bowl, 0.5, fails},
		"with them, too":  {waves, waves, 0.5, fails},
		"not trained":     {bowl, waves, 2.3, unsure},
	} {
		t.Run(name, func(t *testing.T) {
			exports := t.TempDir()
			m := newMade(t, exports, "fig5")
			for _, n := range []struct {
				net  string
				loss float64
				of   func(x, y float64) float64
			}{{"resnet20", 0.1, bowl}, {"resnet20-noshort", 0.1, bowl}, {"resnet56", 0.1, c.deep}, {"resnet56-noshort", c.loss, c.deepNoshort}} {
				m.experiment(n.net, map[string]any{network: n.net}, n.loss, 20)
				m.grid(mapOf(n.net, "surface"), "surface", -1, 1, 17, false, n.of, nil)
			}
			m.close()
			if got, page := verdicts(t, exports); got["d"] != string(c.want) {
				t.Errorf("verdict %q, want %q\n%s", got["d"], c.want, page)
			}
		})
	}
}

func TestCurvature(t *testing.T) {
	// Convex within |x| < 0.5, concave along x outside.
	ridge := func(x, y float64) float64 { return -math.Cos(math.Pi*x) + y*y }
	for name, c := range map[string]struct {
		ratio func(x, y float64) float64
		want  verdict
	}{
		"as in the paper": {func(x, _ float64) float64 { return 0.01 + math.Abs(x) }, holds},
		"everywhere":      {func(_, _ float64) float64 { return 0.5 }, fails},
		"nowhere known":   {func(_, _ float64) float64 { return math.NaN() }, unsure},
	} {
		t.Run(name, func(t *testing.T) {
			exports := t.TempDir()
			m := newMade(t, exports, "fig7")
			m.experiment("resnet56", map[string]any{network: "resnet56"}, 0.1, 20)
			m.grid(mapOf("resnet56", "surface"), "surface", -1, 1, 17, false, ridge, nil)
			m.grid(mapOf("resnet56", "hessian"), "hessian", -1, 1, 9, false, ridge, c.ratio)
			m.close()
			if got, page := verdicts(t, exports); got["e"] != string(c.want) {
				t.Errorf("verdict %q, want %q\n%s", got["e"], c.want, page)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	for name, c := range map[string]struct {
		ratio  []float64
		random float64
		want   verdict
	}{
		"as in the paper":    {[]float64{0.6, 0.2, 0.2}, 1e-4, holds},
		"many components":    {[]float64{0.2, 0.1, 0.7}, 1e-4, fails},
		"random ones do too": {[]float64{0.6, 0.2, 0.2}, 0.1, fails},
	} {
		t.Run(name, func(t *testing.T) {
			exports := t.TempDir()
			m := newMade(t, exports, "fig9")
			m.experiment("sgd", nil, 0.1, 20)
			m.json(pipelines.Address{Experiment: "sgd", Map: "trajectory", Role: pipelines.RolePath}, "trajectory", pipelines.OutPath, trajectory.Path{
				Epochs: []int{0, 1, 2}, PCA: make([][2]float64, 3), Random: make([][2]float64, 3), Norm: make([]float64, 3), Distance: make([]float64, 3),
				Ratio: c.ratio, RandomRatio: c.random,
			})
			m.close()
			if got, page := verdicts(t, exports); got["f"] != string(c.want) {
				t.Errorf("verdict %q, want %q\n%s", got["f"], c.want, page)
			}
		})
	}
}

func TestSharedStepsCountOnce(t *testing.T) {
	exports := t.TempDir()
	for _, name := range []string{"fig3", "fig9"} {
		m := newMade(t, exports, name)
		m.json(training("a"), "train", pipelines.OutLog, trainlog.Log{})
		m.json(mapOf("a", "line"), string(pipelines.KindLine), pipelines.OutLog, trainlog.Log{})
		m.doc.Steps[0].Key = "the same"
		m.close()
	}
	_, page := verdicts(t, exports)
	for _, want := range []string{"| fig3 | 2 | 0 (0 %) | 20 | 10 | 10 | 0 | 0 (0 %) |", "| fig9 | 2 | 1 (50 %) | 10 | 0 | 10 | 0 | 10 (50 %) |", "| all | 4 | 1 (25 %) | 30 | 10 | 20 | 0 | 10 (25 %) |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no line %q:\n%s", want, page)
		}
	}
}

func TestRefusals(t *testing.T) {
	empty := t.TempDir()
	if err := run(empty, t.TempDir()); err == nil || !strings.Contains(err.Error(), "export sweep") {
		t.Errorf("of an empty folder: %v", err)
	}
	half := t.TempDir()
	m := newMade(t, half, "fig2")
	m.doc.Complete = false
	m.close()
	if err := run(half, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no whole export") {
		t.Errorf("of half an export: %v", err)
	}
	large := t.TempDir()
	m = newMade(t, large, "fig2")
	m.result(pipelines.Address{Figure: "norms", Role: pipelines.RoleFigure}, "render", pipelines.OutPNG, ".png", make([]byte, maxFigures+1))
	m.close()
	out := t.TempDir()
	if err := run(large, out); err == nil || !strings.Contains(err.Error(), "smaller") {
		t.Errorf("of too large figures: %v", err)
	}
	if left, _ := os.ReadDir(out); len(left) > 0 {
		t.Errorf("a page that was refused left %v", left)
	}
}
