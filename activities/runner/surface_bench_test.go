package runner

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lossatlas/activities/data"
	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/activities/weights"
	"lossatlas/pipelines"
)

var (
	surfaceSide   = flag.Int("surface.side", 0, "points a side of the surfaces that TestSurfaceCost compares; 0 skips it")
	surfaceFile   = flag.String("surface.file", "", "the .npz of an exact grid to compare, in place of those around networks")
	surfaceNets   = flag.String("surface.nets", "small", "networks, with commas between: small, which is trained first, resnet20 and vgg9_w16 of the reference cases, resnet56 and resnet56-noshort of shared/models")
	surfaceImages = flag.Int("surface.images", 128, "images of a surface")
	surfaceCache  = flag.String("surface.cache", "", "a folder that keeps exact surfaces for later runs, by network, side and images")
)

// TestSurfaceCost prints what surfaces with a stated error cost and how large their errors are, against the exact ones: around
// networks, or of a file.
func TestSurfaceCost(t *testing.T) {
	if *surfaceSide == 0 && *surfaceFile == "" {
		t.Skip("go tool task bench-surface runs it")
	}
	if *surfaceFile != "" {
		compareCosts(*surfaceFile, readExact(t, *surfaceFile))
		return
	}
	for _, name := range strings.Split(*surfaceNets, ",") {
		compareCosts(fmt.Sprintf("%s, %d images", name, *surfaceImages), cachedSurface(t, name))
	}
}

// compareCosts prints the table of one surface. "Within stated" counts points that were not evaluated: the errors of the others are 0.
func compareCosts(name string, exact *surface.Grid) {
	fmt.Printf("%s: %d×%d points, losses from %.3g to %.3g\n", name, len(exact.X), len(exact.Y), slices.Min(exact.Loss), slices.Max(exact.Loss))
	fmt.Printf("%-8s %8s %8s %8s %8s %7s %11s %11s %13s %13s %12s %13s %8s\n", "error", "points", "in part", "over", "cost", "rounds", "largest", "95 %", "within error", "within stated", "accuracy", "within stated", "seconds")
	for _, relative := range []float64{0.05, 0.02, 0.01} {
		began := time.Now()
		l := refine.Lattice{NX: len(exact.X), NY: len(exact.Y), Error: relative}
		p := pipelines.MapParams{Y: &pipelines.Axis{}, StatedError: pipelines.StatedError{Error: relative}}
		p.Data.To = *surfaceImages
		var rounds []refine.Round
		for {
			next := l.Next(rounds)
			if len(next.Whole)+len(next.Part) == 0 {
				break
			}
			r := results.Samples(exact, slices.Concat(next.Whole, next.Part), l.Subset)
			for i := range next.Part {
				r.Samples[len(next.Whole)+i].PartOnly = true
			}
			r.Check = next.Check
			if rounds = append(rounds, r); len(rounds) == 1 {
				l.Subset = results.ChooseSubset(exact, l, next.Whole, p)
				rounds[0] = results.Samples(exact, next.Whole, l.Subset)
			}
		}
		compareCost(exact, l, rounds, time.Since(began))
	}
}

func compareCost(exact *surface.Grid, l refine.Lattice, rounds []refine.Round, took time.Duration) {
	f, relative := l.Estimate(rounds), l.Error
	errs, largest := []float64{0}, 0.0
	within, stated, accurate := 0, 0, 0
	for i, v := range exact.Loss {
		off := math.Abs(f.Loss[i] - v)
		if off <= relative*v {
			within++
		}
		if f.Evaluated[i] {
			continue
		}
		if off <= f.LossError[i] {
			stated++
		}
		errs = append(errs, off/v)
		off = math.Abs(f.Accuracy[i] - exact.Accuracy[i])
		if largest = max(largest, off); off <= f.AccuracyError[i] {
			accurate++
		}
	}
	slices.Sort(errs)
	n, estimated := len(exact.Loss), len(errs)-1
	share := func(k, of int) string {
		if of == 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f %%", 100*float64(k)/float64(of))
	}
	part, over, cost := 0, "-", float64(n-estimated)
	for _, r := range rounds {
		for _, s := range r.Samples {
			if s.PartOnly {
				part++
			}
		}
	}
	if l.Subset > 0 {
		size := float64(refine.SubsetSize(l.Subset, *surfaceImages)) / float64(*surfaceImages)
		over, cost = surface.Percent(size), cost+float64(part)*size
	}
	fmt.Printf("%-8s %8d %8d %8s %6.1f %% %7d %9.3f %% %9.3f %% %13s %13s %8.2f pts %13s %8.1f\n", surface.Percent(relative), n-estimated, part, over, 100*cost/float64(n), len(rounds),
		100*errs[estimated], 100*errs[len(errs)*95/100], share(within, n), share(stated, estimated), largest, share(accurate, estimated), took.Seconds())
}

// cachedSurface is the exact surface around a network, from the cache where that has it.
func cachedSurface(t *testing.T, name string) *surface.Grid {
	t.Helper()
	path := filepath.Join(*surfaceCache, fmt.Sprintf("exact-%s-%d-%d.npz", name, *surfaceSide, *surfaceImages))
	if _, err := os.Stat(path); err == nil && *surfaceCache != "" {
		return readExact(t, path)
	}
	grid := exactSurface(t, name)
	b, err := grid.EncodeNPZ()
	if err == nil && *surfaceCache != "" {
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return grid
}

func readExact(t *testing.T, path string) *surface.Grid {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	grid, err := surface.DecodeNPZ(b)
	if err != nil || slices.Contains(grid.Mask, false) || grid.Estimate != nil {
		t.Fatalf("%s is no exact grid: %v", path, err)
	}
	return grid
}

// benchEngine is XLA, if there is a plugin.
func benchEngine() engine.Options {
	if plugin := os.Getenv("LOSSATLAS_PLUGIN"); plugin != "" {
		return engine.Options{Backend: "xla", Plugin: plugin}
	}
	return engine.Options{Backend: "go"}
}

// exactSurface evaluates all points.
func exactSurface(t *testing.T, name string) *surface.Grid {
	t.Helper()
	if name == "small" {
		return smallSurface(t)
	}
	net, theta, state := publicNetwork(t, name)
	b, err := engine.Open(benchEngine())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	e, err := engine.NewEvaluator(b, net, shared.Images(t, "test_batch.bin", 0, *surfaceImages), min(*surfaceImages, 128))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var axes [2][]float32
	for i := range axes {
		axes[i] = directions.Sample(net.Params(), 1, i)
		if err := directions.Normalize(net.Params(), axes[i], theta, directions.Filter, directions.BiasBN); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(axes[0], axes[1])); err != nil {
		t.Fatal(err)
	}
	grid := surface.NewGrid(surface.Lattice(-1, 1, *surfaceSide), surface.Lattice(-1, 1, *surfaceSide))
	for i := range grid.Mask {
		v, each, err := e.Examples(t.Context(), grid.X[i%len(grid.X)], grid.Y[i/len(grid.X)])
		if err != nil {
			t.Fatal(err)
		}
		grid.Loss[i], grid.Accuracy[i], grid.Mask[i] = v.Loss, v.Score, true
		parts := make(map[surface.PartKey]refine.Part)
		groups := refine.Deal(e.Classes(), *surfaceImages)
		for k, below := range refine.Subsets {
			over := e.Subset(each, groups, below)
			parts[surface.PartKey{Index: i, Subset: k + 1}] = refine.Part{Loss: over.Loss, Accuracy: over.Score}
		}
		if err := grid.AddParts(parts); err != nil {
			t.Fatal(err)
		}
	}
	return grid
}

// publicNetwork is a network of the reference cases or of the paper's authors, with its weights.
func publicNetwork(t *testing.T, name string) (net *nets.Net, theta, state []float32) {
	t.Helper()
	if !strings.HasPrefix(name, "resnet56") {
		c := shared.Open(t, name)
		theta, state = c.Weights(t, "weights_a.npz")
		return c.Net, theta, state
	}
	net, err := nets.ByName(name, shared.Problem)
	if err == nil {
		theta, state, _, err = weights.Read(filepath.Join(shared.Dir(t), "models", name+".t7"), net, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return net, theta, state
}

// smallSurface is the surface around a small network that is trained on drawn shapes.
func smallSurface(t *testing.T) *surface.Grid {
	t.Helper()
	b := newBench(t)
	if b.Engine = benchEngine(); b.Engine.Backend == "xla" {
		var err error
		if b.class, err = engine.Class(b.Engine); err != nil {
			t.Fatal(err)
		}
	}
	p := b.trainParams(5)
	p.Data.Train, p.Data.Test, p.BatchSize = 2000, 200, 50
	inputs := map[string]Input{pipelines.OutWeights: from(b.made(t, b.step(t, pipelines.KindTrain, p, nil)), pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, inputs))
	inputs[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	return b.read(t, b.made(t, b.step(t, pipelines.KindSurface, pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "train", To: *surfaceImages},
		X: pipelines.Axis{Min: -1, Max: 1, N: *surfaceSide}, Y: &pipelines.Axis{Min: -1, Max: 1, N: *surfaceSide}, Batch: min(*surfaceImages, 128),
	}, inputs)))
}
