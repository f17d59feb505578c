package runner

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/refine"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

var (
	surfaceSide = flag.Int("surface.side", 0, "points a side of the surface that TestSurfaceCost compares; 0 skips it")
	surfaceFile = flag.String("surface.file", "", "the .npz of an exact grid to compare, in place of one around a small network")
)

// TestSurfaceCost prints what surfaces with a stated error cost and how large their errors are, against the exact one: around a
// small trained network, or of a file.
func TestSurfaceCost(t *testing.T) {
	if *surfaceSide == 0 && *surfaceFile == "" {
		t.Skip("go tool task bench-surface runs it")
	}
	exact := exactSurface(t)
	fmt.Printf("%-8s %8s %8s %7s %12s %12s %14s %14s\n", "error", "points", "share", "rounds", "largest", "95 %", "within error", "within stated")
	for _, relative := range []float64{0.05, 0.02, 0.01} {
		l := refine.Lattice{NX: len(exact.X), NY: len(exact.Y), Error: relative}
		var rounds []refine.Round
		for {
			next, check := l.Next(rounds)
			if len(next) == 0 {
				break
			}
			r := refine.Round{Check: check}
			for _, i := range next {
				r.Samples = append(r.Samples, refine.Sample{Index: i, Loss: exact.Loss[i], Accuracy: exact.Accuracy[i]})
			}
			rounds = append(rounds, r)
		}
		compareCost(exact, l.Estimate(rounds), len(rounds), relative)
	}
}

func compareCost(exact *surface.Grid, f refine.Field, rounds int, relative float64) {
	errs := []float64{0}
	points, within, stated := 0, 0, 0
	for i, v := range exact.Loss {
		off := math.Abs(f.Loss[i] - v)
		if off <= relative*v {
			within++
		}
		if off <= f.LossError[i] {
			stated++
		}
		if f.Evaluated[i] {
			points++
		} else {
			errs = append(errs, off/v)
		}
	}
	slices.Sort(errs)
	n := float64(len(exact.Loss))
	fmt.Printf("%-8s %8d %6.1f %% %7d %10.3f %% %10.3f %% %12.1f %% %12.1f %%\n", surface.Percent(relative), points, 100*float64(points)/n, rounds,
		100*errs[len(errs)-1], 100*errs[len(errs)*95/100], 100*float64(within)/n, 100*float64(stated)/n)
}

// exactSurface is the grid to compare with.
func exactSurface(t *testing.T) *surface.Grid {
	t.Helper()
	if *surfaceFile != "" {
		b, err := os.ReadFile(*surfaceFile)
		if err != nil {
			t.Fatal(err)
		}
		grid, err := surface.DecodeNPZ(b)
		if err != nil || strings.Contains(fmt.Sprint(grid.Mask), "false") || grid.Estimate != nil {
			t.Fatalf("%s is no exact grid: %v", *surfaceFile, err)
		}
		return grid
	}
	b := newBench(t)
	if plugin := os.Getenv("LOSSATLAS_PLUGIN"); plugin != "" {
		b.Engine = engine.Options{Backend: "xla", Plugin: plugin}
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
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "train", To: 128},
		X: pipelines.Axis{Min: -1, Max: 1, N: *surfaceSide}, Y: &pipelines.Axis{Min: -1, Max: 1, N: *surfaceSide}, Batch: 128,
	}, inputs)))
}
