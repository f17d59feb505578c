package render

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/pairs"
	"lossatlas/activities/render/compare"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// sixPanels are the panels of the paper's Figure 5: three depths, with and without short cuts.
func sixPanels(n int) []Panel {
	var out []Panel
	for i, depth := range []int{20, 56, 110} {
		for j, cut := range []string{"", "-noshort"} {
			f := func(x, y float64) float64 { return 0.05 + (2+float64(i))*x*x + (3+float64(i))*y*y }
			if j == 1 && i > 0 {
				f = func(x, y float64) float64 { return chaotic(x, y) / float64(20/i) }
			}
			g := sampled(n, f)
			out = append(out, Panel{Title: fmt.Sprintf("resnet%d%s", depth, cut), Below: fmt.Sprintf("test error %.1f %%", 6+float64(3*j*i)), Row: j, Column: i, Data: Data{Grid: &g}})
		}
	}
	return out
}

// sheetFigures are figures over several experiments, of every kind.
func sheetFigures(t testing.TB) map[string]picture.Figure {
	t.Helper()
	out := map[string]picture.Figure{}
	add := func(name string, f picture.Figure, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = f
	}
	six := sixPanels(33)
	six[3].Grid = nil // a training that is not done
	for _, plot := range []string{"contour", "filled", "heat", "surface3d"} {
		f, err := Multiples(plot, six, picture.Options{Title: "ResNets with and without short cuts"})
		add("multiples-"+plot, f, err)
	}
	var ratios, lines, paths []Panel
	var curves []compare.LossLine
	for i := range 4 {
		g := curvedSample(21)
		title := fmt.Sprintf("batch_size=%d, weight_decay=%g", []int{128, 8192}[i%2], []float64{0, 5e-4}[i/2])
		ratios = append(ratios, Panel{Title: title, Below: "test error 6.1 %", Row: i / 2, Column: i % 2, Data: Data{Grid: &g}})
		steep := 2 + 3*float64(i)
		loss := func(x float64) float64 { return 0.01 + steep*x*x }
		train := sampledLine(-1, 1, 41, loss, func(x float64) float64 { return 100 * math.Exp(-3*x*x) })
		test := sampledLine(-1, 1, 41, func(x float64) float64 { return loss(x) + 0.4 }, func(x float64) float64 { return 92 * math.Exp(-3*x*x) })
		lines = append(lines, Panel{Title: title, Below: "test error 7.9 %", Row: i / 2, Column: i % 2, Data: Data{Train: train, Test: test}})
		curves = append(curves, compare.LossLine{Name: title, Train: train, Test: test})
		path, plane := spiral(12 + i)
		paths = append(paths, Panel{Title: title, Below: "test error 6.1 %", Row: i / 2, Column: i % 2, Data: Data{Grid: &plane, Path: &path}})
	}
	f, err := Multiples("ratio", ratios, picture.Options{Title: "Ratio of the extreme curvatures"})
	add("multiples-ratio", f, err)
	f, err = Multiples("line", lines, picture.Options{Title: "VGG-9"})
	add("multiples-line", f, err)
	f, err = Multiples("trajectory", paths, picture.Options{})
	add("multiples-trajectory", f, err)
	f, err = Multiples("filled", []Panel{{Title: "batch_size=32"}, {Title: "batch_size=128", Column: 1}}, picture.Options{})
	add("multiples-nothing", f, err)
	f, err = compare.Lines(append(curves, compare.LossLine{Name: "batch_size=512"}), picture.Options{Title: "VGG-9"})
	add("lines", f, err)

	var runs []compare.Run
	for i, n := range []int{100, 100, 60} {
		log := sampledLog(n)
		for j := range log.Epochs {
			log.Epochs[j].WeightNorm += 6 * trainlog.Number(i)
			log.Epochs[j].TrainLoss *= 1 + 0.2*trainlog.Number(i)
		}
		runs = append(runs, compare.Run{Name: fmt.Sprintf("batch_size=%d", 32<<(2*i)), Log: log})
	}
	runs = append(runs, compare.Run{Name: "batch_size=8192"})
	f, err = compare.Norms(runs, picture.Options{Title: "Norm of the weights"})
	add("norms", f, err)
	f, err = compare.Curves(runs, picture.Options{})
	add("curves", f, err)
	one := []compare.Run{{Name: "batch_size=32", Log: sampledLog(1)}, {Name: "batch_size=128", Log: sampledLog(1)}, {Name: "batch_size=512, seed=1", Group: "batch_size=512", Log: sampledLog(1)}, {Name: "batch_size=512, seed=2", Group: "batch_size=512", Log: sampledLog(1)}}
	for i, r := range one {
		r.Log.Epochs[0].TrainLoss *= 1 + 0.2*trainlog.Number(i)
		r.Log.Epochs[0].TestLoss *= 1 + 0.3*trainlog.Number(i)
	}
	f, err = compare.Curves(one, picture.Options{Title: "One epoch", Rate: true})
	add("curves-one", f, err)

	r := rand.New(rand.NewPCG(1, 2))
	networks := []compare.Weights{{Name: "batch_size=128"}, {Name: "batch_size=8192"}, {Name: "batch_size=512"}}
	for range 40000 {
		networks[0].Values = append(networks[0].Values, float32(0.02*r.NormFloat64()))
		networks[1].Values = append(networks[1].Values, float32(0.04*r.NormFloat64()))
	}
	f, err = compare.Histogram(networks, picture.Options{Title: "Weights"})
	add("histogram", f, err)
	f, err = compare.Histogram(networks, picture.Options{Title: "Weights", Scale: picture.ScaleLog})
	add("histogram-log", f, err)

	f, err = compare.Scatter([]compare.Dot{
		{Name: "resnet20", Flatness: 1.1, Error: 8.3}, {Name: "resnet56", Flatness: 1.2, Error: 7.1, AtLeast: true}, {Name: "resnet110", Flatness: 1.21, Error: 7.0},
		{Name: "resnet56-noshort", Flatness: 0.4, Error: 13.3}, {Name: "resnet110-noshort", Flatness: 0.38, Error: 16.4}, {Name: "diverged", Flatness: math.NaN(), Error: 90},
	}, "width0.5", "line-train", picture.Options{Title: "Test error and flatness"})
	add("scatter", f, err)
	f, err = compare.Scatter([]compare.Dot{{Name: "small", Flatness: 1.1, Error: 8.3, FlatnessBar: 0.2, ErrorBar: 0.7}, {Name: "large (2 of 3)", Flatness: 0.6, Error: 9.5, FlatnessBar: math.NaN(), ErrorBar: 1.2}},
		"width0.5", "line-train", picture.Options{Title: "Means"})
	add("scatter-means", f, err)
	f, err = compare.Scatter(nil, "sharp0.25", "", picture.Options{})
	add("scatter-nothing", f, err)
	many, few := manyPairs(28), manyPairs(5)
	few.Pairs[2].Barrier.Height.Value, few.Pairs[3].Barrier, few.Names[4] = math.Inf(1), nil, "batch_size=512, lr=0.1, seed=9"
	for name, r := range map[string]pairs.Result{"": many, "-few": few, "-nothing": {}} {
		for plot, draw := range map[string]func(pairs.Result, picture.Options) (picture.Figure, error){"barriers": compare.Barriers, "layout": compare.Layout, "components": compare.Components} {
			f, err = draw(r, picture.Options{Title: "Training loss"})
			add(plot+name, f, err)
		}
	}
	return out
}

// Panels share their levels: a level has one colour in all of them, and one that only one of them reaches is in the bar.
func TestPanelsShareOneScale(t *testing.T) {
	low, high := sampled(9, func(x, y float64) float64 { return 0.1 + x*x }), sampled(9, func(x, y float64) float64 { return 0.1 + 9*x*x })
	panels := []Panel{{Data: Data{Grid: &low}}, {Data: Data{Grid: &high}, Column: 1}}
	lo, hi, err := spanOf(panels, false)
	if err != nil || lo != 0.1 || hi != 9.1 {
		t.Fatalf("span %g to %g, %v", lo, hi, err)
	}
	colors := func(g *surface.Grid) map[string]bool {
		opt, err := picture.Options{Panel: &picture.PanelOptions{Lo: lo, Hi: hi}}.Filled()
		if err != nil {
			t.Fatal(err)
		}
		f, err := Contour(*g, opt)
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, part := range strings.Split(string(b), `stroke="`)[1:] {
			out[part[:7]] = true
		}
		return out
	}
	first, second := colors(&low), colors(&high)
	for c := range first {
		if !second[c] {
			t.Errorf("the low surface has lines of the colour %s, which the high one has not", c)
		}
	}
	if len(second) <= len(first) {
		t.Errorf("the low surface has %d colours of lines, the high one %d", len(first), len(second))
	}
}

// TestPanelsNameTheirAxes: the note names the ranges of the axes where they differ, and leaves out panels without a result.
func TestPanelsNameTheirAxes(t *testing.T) {
	plane := func(x0, x1, y float64) Panel {
		g := surface.NewGrid([]float64{x0, x1}, []float64{-y, y})
		copy(g.Loss, []float64{1, 2, 3, 4})
		for i := range g.Mask {
			g.Mask[i] = true
		}
		return Panel{Data: Data{Grid: g}}
	}
	line := func(train, test float64) Panel {
		loss := func(x float64) float64 { return 1 + x*x }
		p := Panel{Data: Data{Test: sampledLine(-test, test, 5, loss, loss)}}
		if train > 0 {
			p.Train = sampledLine(-train, train, 5, loss, loss)
		}
		return p
	}
	for _, c := range []struct {
		plot   string
		panels []Panel
		want   string
	}{
		{"contour", []Panel{plane(-1, 1, 1), plane(-1, 1, 1), {}}, ""},
		{"contour", []Panel{plane(-1, 1, 1), plane(-1.001, 1, 1)}, ""},
		{"contour", []Panel{plane(-2.5, 2.5, 1.2), {}, plane(-4, 4, 3)}, "axes differ: α to ±2.5 and ±4"},
		{"heat", []Panel{plane(-1, 1, 1), plane(-2, 2, 1), plane(-1, 1, 1), plane(-3, 3, 1)}, "axes differ: α to ±1, ±2 and ±3"},
		{"surface3d", []Panel{plane(-1, 1, 1), plane(-1, 1, 2)}, "axes differ: β to ±1 and ±2"},
		{"filled", []Panel{plane(-1, 1, 1), plane(-0.5, 1.5, 1)}, "axes differ: α from −1 to 1 and from −0.5 to 1.5"},
		{"contour", []Panel{plane(-1, 1, 1), plane(-2, 2, 1), plane(-3, 3, 1), plane(-1, 4, 1)}, "axes differ: α from 2 to 6 wide"},
		{"line", []Panel{line(1, 2), line(0, 2)}, ""},
		{"line", []Panel{line(1, 1), line(0, 2)}, "axes differ: α to ±1 and ±2"},
	} {
		for i := range c.panels {
			c.panels[i].Column = i
		}
		f, err := Multiples(c.plot, c.panels, picture.Options{Width: 12})
		if err != nil {
			t.Fatal(err)
		}
		b, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		_, after, ok := strings.Cut(string(b), ">one scale of the loss, from ")
		note, _, _ := strings.Cut(after, "</text>")
		if _, axes, _ := strings.Cut(note, "; "); !ok || axes != c.want {
			t.Errorf("%s of %d panels: the note %q, want the axes %q", c.plot, len(c.panels), note, c.want)
		}
	}
}

// A sheet too narrow for its columns says how wide it must be, and is drawn at that width.
func TestSheetNeedsWidth(t *testing.T) {
	_, err := Multiples("contour", sixPanels(5), picture.Options{Width: 2})
	if err == nil || !strings.Contains(err.Error(), "take at least") {
		t.Fatalf("three columns in two inches: %v", err)
	}
	var width float64
	if _, scanErr := fmt.Sscanf(err.Error()[strings.Index(err.Error(), "take at least")+len("take at least "):], "%g", &width); scanErr != nil {
		t.Fatal(scanErr)
	}
	if _, err := Multiples("contour", sixPanels(5), picture.Options{Width: width}); err != nil {
		t.Errorf("at the width of %g that it asked for: %v", width, err)
	}
}

// Figures over any number of experiments draw, whichever of them have no result.
func TestAnyExperimentsDraw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(rt, "n")
		o := picture.Options{Scale: rapid.SampledFrom([]string{picture.ScaleAuto, picture.ScaleLinear, picture.ScaleLog}).Draw(rt, "scale")}
		var panels []Panel
		var lines []compare.LossLine
		var dots []compare.Dot
		var networks []compare.Weights
		for i := range n {
			p := Panel{Title: rapid.StringMatching(`[a-z=, ]{0,40}`).Draw(rt, "title"), Row: i / 2, Column: i % 2}
			if rapid.IntRange(0, 3).Draw(rt, "there") > 0 {
				g := genGrid(rt)
				p.Grid = &g
				p.Train = &surface.Grid{X: g.X, Y: g.Y[:1], Loss: g.Loss[:len(g.X)], Accuracy: g.Accuracy[:len(g.X)], Mask: g.Mask[:len(g.X)]}
			}
			panels = append(panels, p)
			lines = append(lines, compare.LossLine{Name: p.Title, Train: p.Train})
			dots = append(dots, compare.Dot{Name: p.Title, Flatness: rapid.Float64().Draw(rt, "flatness"), Error: rapid.Float64Range(0, 100).Draw(rt, "error")})
			networks = append(networks, compare.Weights{Name: p.Title, Values: rapid.SliceOf(rapid.Float32()).Draw(rt, "weights")})
		}
		for name, draw := range map[string]func() (picture.Figure, error){
			"contour": func() (picture.Figure, error) { return Multiples("contour", panels, o) },
			"filled":  func() (picture.Figure, error) { return Multiples("filled", panels, o) },
			"heat":    func() (picture.Figure, error) { return Multiples("heat", panels, o) },
			"3d":      func() (picture.Figure, error) { return Multiples("surface3d", panels, o) },
			"line":    func() (picture.Figure, error) { return Multiples("line", panels, o) },
			"lines":   func() (picture.Figure, error) { return compare.Lines(lines, o) },
			"scatter": func() (picture.Figure, error) { return compare.Scatter(dots, "width0.5", "", o) },
			"weights": func() (picture.Figure, error) { return compare.Histogram(networks, o) },
		} {
			checkFinite(rt, name, draw)
		}
	})
}

// BenchmarkFigure5 draws the paper's Figure 5 whole: six panels of 51×51 points.
func BenchmarkFigure5(b *testing.B) {
	panels := sixPanels(51)
	for _, plot := range []string{"contour", "surface3d"} {
		b.Run(plot, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := Multiples(plot, panels, picture.Options{Title: "ResNets"})
				if err != nil {
					b.Fatal(err)
				}
				for _, format := range []picture.Format{picture.PNG, picture.SVG, picture.PDF} {
					if _, err := f.Draw(format); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// manyPairs are n minimizers in cells of seven, with lower barriers within a cell.
func manyPairs(n int) pairs.Result {
	r := pairs.Result{Ratio: [2]float64{0.31, 0.12}, Stress: 0.21}
	for i := range n {
		cell, seed := i/7, i%7
		r.Names, r.Present = append(r.Names, fmt.Sprintf("batch_size=%d, lr=0.1, seed=%d", 128<<cell, seed+1)), append(r.Present, true)
		sin, cos := math.Sincos(float64(i))
		r.Layout = append(r.Layout, [2]float64{10*float64(cell%2) + 3*cos, 10*float64(cell/2) + 3*sin})
		r.Components = append(r.Components, [2]float64{10*float64(cell) + cos, 2 * sin})
		for a := range i {
			height := 0.2 + 0.1*math.Abs(sin)
			if a/7 != cell {
				height += 1.5 + 0.3*cos
			}
			r.Pairs = append(r.Pairs, pairs.Pair{A: a, B: i, Distance: 5, Barrier: &surface.Barrier{Height: surface.Measured{Value: height}, At: 0.5}})
		}
	}
	return r
}
