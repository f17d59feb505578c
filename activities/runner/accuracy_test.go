package runner

import (
	"math"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/report"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestAccuracyIsMissing: a network whose logits are not finite, here by weights that overflow or by negative running
// variances, has no accuracy: not in the losses of an import, on a line, in a table of points, or on the page.
func TestAccuracyIsMissing(t *testing.T) {
	b := newBench(t)
	golden := written(t, goldenNet)
	net, err := networks.Of(golden, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	good, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range state {
		state[i] = -1
	}
	bad, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range theta {
		theta[i] *= 1e30
	}
	for i := range state {
		state[i] = 1
	}
	huge, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := b.run(Job{}).put(t.Context(), map[string][]byte{"good": good, "bad": bad, "huge": huge})
	if err != nil {
		t.Fatal(err)
	}
	imported := b.made(t, b.step(t, pipelines.KindImport,
		pipelines.ImportParams{Net: golden, Weights: blobs["huge"].Digest.String(), Data: b.trainParams(1).Data}, nil))
	final := b.final(t, imported)
	for name, v := range map[string]trainlog.Number{"train": final.TrainAccuracy, "test": final.TestAccuracy, "error": trainlog.Number(final.TestError())} {
		if !math.IsNaN(float64(v)) {
			t.Errorf("imported weights that overflow have the %s accuracy %v", name, v)
		}
	}

	page, err := report.Page(t.Context(), b.resultsOf(sweepOf(nil, "a"), map[string]artifacts.Action{"a/train": imported}), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `<td class="num" data-sort="">—</td>`; strings.Count(string(page), want) != 1 {
		t.Errorf("the page has the table %s, want one cell %s, of the test error", between(string(page), "<tbody>", "</tbody>"), want)
	}

	// Half way to the bad weights variances reach 0, beyond that the logits are NaN.
	dirs := b.made(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: golden, Problem: shapesProblem, States: true},
		map[string]Input{pipelines.OutWeights: {Digest: blobs["good"].Digest}, pipelines.InTowardX: {Digest: blobs["bad"].Digest}}))
	line := b.step(t, pipelines.KindLine, pipelines.MapParams{Net: golden, Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 5},
		X: pipelines.Axis{Max: 1, N: 5}, Batch: 4}, map[string]Input{pipelines.OutWeights: {Digest: blobs["good"].Digest}, pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
	grid, _ := b.mapped(t, line)
	for i, loss := range grid.Loss {
		if math.IsNaN(loss) != (i > 2) || math.IsNaN(grid.Accuracy[i]) != (i > 2) {
			t.Errorf("at α = %g the loss is %g, the accuracy %g", grid.X[i], loss, grid.Accuracy[i])
		}
	}
	if s := (surface.Grid{X: []float64{0, 1}, Y: []float64{0}, Loss: grid.Loss[3:], Accuracy: grid.Accuracy[3:], Mask: grid.Mask[3:]}).Stats(); !math.IsNaN(s.CenterAccuracy) {
		t.Errorf("the accuracy at a centre without a loss is %g", s.CenterAccuracy)
	}
	table, err := grid.CSV()
	if err != nil {
		t.Fatal(err)
	}
	if want := "1,0,NaN,,true\n"; !strings.HasSuffix(string(table), want) {
		t.Errorf("the table of points is\n%s\nand should end with %s", table, want)
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
