package atlas

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"lossatlas/activities/surface"
)

// TestEstimatedMap: a map with a stated error shows its evaluated points and its errors on demand, and a page without such a map offers neither.
func TestEstimatedMap(t *testing.T) {
	const n = 17
	data := sampleAtlas(1, n)
	g := data.Experiments[0].Maps[0].Grid
	e := &surface.Estimate{Error: 0.02, Evaluated: make([]bool, n*n), LossError: make([]float64, n*n), AccuracyError: make([]float64, n*n)}
	for i := range e.Evaluated {
		if e.Evaluated[i] = i%n%4 == 0 && i/n%4 == 0; !e.Evaluated[i] {
			e.LossError[i], e.AccuracyError[i] = 0.01*g.Loss[i]*(1+math.Abs(g.X[i%n])), 1+g.X[i%n]
		}
	}
	g.Estimate = e
	data.Experiments[0].Maps[0].Note = g.EstimateNote() + "."
	b := open(t, data, 1280, 1400)
	const plane = "#landscapes canvas.plane"
	const offers = `[...document.querySelectorAll("#landscapes .bar label")].filter(l => !l.hidden && l.textContent.includes("evaluated points")).length + " " +
		[...document.querySelectorAll("#landscapes .bar option")].map(o => o.textContent).filter(o => o.startsWith("error of")).join("; ")`
	if got := get[string](b, offers); got != "1 error of the loss (% of it); error of the accuracy (points)" {
		t.Errorf("the page offers %q", got)
	}
	pick := func(option string) string {
		return fmt.Sprintf(`{ const o = [...document.querySelectorAll("#landscapes .bar option")].find(o => o.textContent.startsWith(%q)); o.selected = true; o.closest("select").dispatchEvent(new Event("change")); }`, option)
	}
	b.at(plane, 0, 0) // scrolls there
	b.run(chromedp.Evaluate(pick("contours"), nil))
	b.drawn()
	looks := map[float64]string{b.look(plane): "the loss"}
	for _, step := range [][2]string{
		{"the points", `[...document.querySelectorAll("#landscapes .bar label")].find(l => l.textContent.includes("evaluated points")).querySelector("input").click()`},
		{"the errors of the loss", pick("error of the loss")},
		{"the errors of the accuracy", pick("error of the accuracy")},
		{"their heights", pick("surface and contours")},
	} {
		b.run(chromedp.Evaluate(step[1], nil))
		b.drawn()
		b.drawn()
		if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
			var shot []byte
			b.run(chromedp.CaptureScreenshot(&shot))
			if err := os.WriteFile(filepath.Join(dir, "estimated "+step[0]+".png"), shot, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if step[0] == "their heights" {
			continue // for the console's complaints
		}
		if same, ok := looks[b.look(plane)]; ok {
			t.Errorf("%s look as %s", step[0], same)
		}
		looks[b.look(plane)] = step[0]
	}
	b.done()

	curved := sampleAtlas(1, n)
	g = curved.Experiments[0].Maps[1].Grid
	c := g.Curvature
	g.Estimate = &surface.Estimate{Error: 0.05, Evaluated: make([]bool, len(g.Mask)), LossError: make([]float64, len(g.Mask)), AccuracyError: make([]float64, len(g.Mask))}
	c.MinError, c.MaxError = make([]float64, len(g.Mask)), make([]float64, len(g.Mask))
	for i := range g.Mask {
		if g.Estimate.Evaluated[i] = i%2 == 0; i%2 == 1 {
			c.MinError[i], c.MaxError[i] = 1, 0.5+g.X[i%len(g.X)]/2
		}
	}
	curved.Experiments[0].Maps = curved.Experiments[0].Maps[1:2]
	b = open(t, curved, 1280, 1400)
	b.at(plane, 0, 0)
	if got := get[string](b, offers); got != "1 error of λmin and λmax (% of the larger); error of the accuracy (points)" {
		t.Errorf("the page of eigenvalues offers %q", got)
	}
	b.run(chromedp.Evaluate(pick("error of λmin"), nil))
	b.drawn()
	b.drawn()
	if dir := os.Getenv("LOSSATLAS_LOOK"); dir != "" {
		var shot []byte
		b.run(chromedp.CaptureScreenshot(&shot))
		if err := os.WriteFile(filepath.Join(dir, "estimated eigenvalues.png"), shot, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.done()

	exact := open(t, sampleAtlas(1, n), 1280, 1400)
	if got := get[string](exact, offers); got != "0 " {
		t.Errorf("a page of exact maps offers %q", got)
	}
	exact.done()
}
