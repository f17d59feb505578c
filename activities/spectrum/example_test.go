package spectrum_test

import (
	"context"
	"fmt"

	"lossatlas/activities/spectrum"
)

// The two ends of a spectrum, each to its own relative tolerance.
func ExampleExtremes() {
	h := make(diagonal, 100)
	for i := range h {
		h[i] = float64(i) - 3 // from -3 to 96
	}
	ends, err := spectrum.Extremes(context.Background(), h, spectrum.Options{Tolerance: 1e-4, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("λmin %.3f, λmax %.3f, |λmin/λmax| %.3f, converged: %v\n",
		ends.Min.Value, ends.Max.Value, -ends.Min.Value/ends.Max.Value, ends.Converged)
	// Output:
	// λmin -3.000, λmax 96.000, |λmin/λmax| 0.031, converged: true
}

// The trace of a diagonal matrix is exact for any vector of ±1: its standard error is 0.
func ExampleTrace() {
	trace, deviation, err := spectrum.Trace(context.Background(), diagonal{4, 2, 1}, 10, 1)
	fmt.Println(trace, deviation, err)
	// Output:
	// 7 0 <nil>
}
