package surface_test

import (
	"fmt"

	"lossatlas/activities/surface"
)

// exampleGrid is the loss 0.1 + α² + 4β² over a square.
func exampleGrid() *surface.Grid {
	side := surface.Lattice(-1, 1, 21)
	g := surface.NewGrid(side, side)
	var points []surface.Point
	for i := range g.Loss {
		x, y := side[i%21], side[i/21]
		points = append(points, surface.Point{Index: i, Loss: 0.1 + x*x + 4*y*y, Accuracy: 90})
	}
	if err := g.Add(points); err != nil {
		panic(err)
	}
	return g
}

// Values of a grid are row-major: that of (X[ix], Y[iy]) has the index iy·len(X) + ix.
func ExampleGrid() {
	g := exampleGrid()
	fmt.Printf("%d points, %d missing\n", len(g.Loss), len(g.Missing()))
	fmt.Printf("at the weights %.2f, at (1, 0) %.2f, at (0, 1) %.2f\n", g.At(0, 0), g.At(1, 0), g.At(0, 1))
	// Output:
	// 441 points, 0 missing
	// at the weights 0.10, at (1, 0) 1.10, at (0, 1) 4.10
}

// How flat a loss is around the weights. A bound is marked: the grid ends before the loss has risen by 2 along the first axis.
func ExampleGrid_Flatness() {
	f, err := exampleGrid().Flatness(surface.FlatnessOptions{Levels: []float64{0.25, 2}, Radii: []float64{0.5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, level := range []float64{0.25, 2} {
		for axis, w := range f.Widths[i] {
			fmt.Printf("up to %g above, along axis %d: %s\n", level, axis, w.Mark(fmt.Sprintf("%.2f", w.Value)))
		}
	}
	fmt.Printf("convex at %.0f %% of %d points\n", 100*f.Convex.Value, f.Judged)
	// Output:
	// up to 0.25 above, along axis 0: 1.00
	// up to 0.25 above, along axis 1: 0.49
	// up to 2 above, along axis 0: >2.00
	// up to 2 above, along axis 1: 1.41
	// convex at 100 % of 361 points
}
